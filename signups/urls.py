from django.urls import path

from signups.callbacks import views as callback_views
from signups.calls import calendar_feed
from signups.calls import portal_views as call_portal_views
from signups.consents import views as consent_views
from signups.portal import views as portal_views
from signups.privacy import portal_views as privacy_portal_views
from signups.trials import portal_views as trial_portal_views
from signups.trials import views as trial_views

urlpatterns = [
    path("start/", trial_views.start_page, name="start"),
    path("start/check-your-email/", trial_views.check_your_email, name="check-your-email"),
    path("start/elsewhere/", trial_views.waitlist_page, name="elsewhere"),
    path("start/elsewhere/thanks/", trial_views.waitlist_thanks, name="elsewhere-noted"),
    path("confirm/<str:token>/", trial_views.confirm_page, name="confirm"),
    path("confirm/<str:token>/again/", trial_views.confirm_resend, name="confirm-again"),
    path("callback/", callback_views.request_callback_page, name="callback"),
    path("callback/thanks/", callback_views.thanks, name="callback-thanks"),
    path("stop/<str:token>/", consent_views.unsubscribe_page, name="stop"),
    path("lost-link/", portal_views.resend_portal_link_page, name="lost-link"),
    path("lost-link/sent/", portal_views.resend_portal_link_sent, name="lost-link-sent"),
    path("my/<str:token>/", portal_views.home, name="my"),
    path("my/<str:token>/callback/", callback_views.portal_request, name="my-callback"),
    path("my/<str:token>/callback/cancel/", callback_views.portal_cancel, name="my-callback-cancel"),
    path("my/<str:token>/call/", call_portal_views.call_page, name="my-call"),
    path("my/<str:token>/call/move/", call_portal_views.move_page, name="my-call-move"),
    path("my/<str:token>/call/cancel/", call_portal_views.cancel_page, name="my-call-cancel"),
    path("my/<str:token>/call/again/", call_portal_views.resend_page, name="my-call-again"),
    path("my/<str:token>/call/zone/", call_portal_views.zone_page, name="my-call-zone"),
    path("my/<str:token>/trial/cancel/", trial_portal_views.cancel_trial_page, name="my-cancel"),
    path("my/<str:token>/trial/undo/", trial_portal_views.resume_trial_page, name="my-undo"),
    path("my/<str:token>/refund/", trial_portal_views.refund_page, name="my-refund"),
    path("my/<str:token>/details/", privacy_portal_views.details_page, name="my-details"),
    path("my/<str:token>/consents/", privacy_portal_views.consents_page, name="my-consents"),
    path("my/<str:token>/link/", privacy_portal_views.rotate_link_page, name="my-link"),
    path("my/<str:token>/export/", privacy_portal_views.export_page, name="my-export"),
    path("my/<str:token>/export/anew/", privacy_portal_views.export_restart, name="my-export-anew"),
    path("my/<str:token>/erase/", privacy_portal_views.erase_page, name="my-erase"),
    path("hosts/<str:token>.ics", calendar_feed.host_feed, name="host-feed"),
]
