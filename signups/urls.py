from django.urls import include, path

from signups.callbacks import views as callback_views
from signups.calls import calendar_feed
from signups.consents import views as consent_views
from signups.messages import views as message_views
from signups.portal import views as portal_views
from signups.trials import views as trial_views

WEBHOOKS = [
    path("email/", message_views.email_reports, name="email-reports"),
    path("email/inbound/", message_views.email_received, name="email-received"),
    path("texts/", message_views.text_received, name="text-received"),
    path("texts/status/<uuid:message_id>/", message_views.text_status, name="text-status"),
]

urlpatterns = [
    path("start/", trial_views.start_page, name="start"),
    path("start/check-your-email/", trial_views.check_your_email, name="check-your-email"),
    path("start/elsewhere/", trial_views.waitlist_page, name="waitlist"),
    path("start/elsewhere/thanks/", trial_views.waitlist_thanks, name="waitlist-thanks"),
    path("confirm/<str:token>/", trial_views.confirm_page, name="confirm"),
    path("confirm/<str:token>/again/", trial_views.confirm_resend, name="confirm-resend"),
    path("callback/", callback_views.request_callback_page, name="callback"),
    path("callback/thanks/", callback_views.thanks, name="callback-thanks"),
    path("stop/<str:token>/", consent_views.unsubscribe_page, name="unsubscribe"),
    path("lost-link/", portal_views.resend_portal_link_page, name="resend-portal-link"),
    path("lost-link/sent/", portal_views.resend_portal_link_sent, name="resend-portal-link-sent"),
    path("my/<str:token>/", include("signups.portal.urls")),
    path("webhooks/", include(WEBHOOKS)),
    path("hosts/<str:token>.ics", calendar_feed.host_feed, name="host-feed"),
]
