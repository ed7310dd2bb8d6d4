"""URLs of the portal, below `/my/<token>/`."""

from django.urls import path

from signups.callbacks import views as callback_views
from signups.calls import earlier_time_views
from signups.calls import portal_views as call_portal_views
from signups.privacy import portal_views as privacy_portal_views
from signups.trials import portal_views as trial_portal_views

from . import views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("callback/", callback_views.portal_request, name="callback"),
    path("callback/cancel/", callback_views.portal_cancel, name="callback-cancel"),
    path("call/", call_portal_views.call_page, name="call"),
    path("call/move/", call_portal_views.move_page, name="call-move"),
    path("call/cancel/", call_portal_views.cancel_page, name="call-cancel"),
    path("call/again/", call_portal_views.resend_page, name="call-resend"),
    path("call/earlier/", earlier_time_views.earlier_page, name="call-earlier"),
    path("call/earlier/keep/", earlier_time_views.decline_page, name="call-earlier-keep"),
    path("call/waiting-list/", earlier_time_views.join_page, name="call-waiting-list"),
    path("call/waiting-list/leave/", earlier_time_views.leave_page, name="call-waiting-list-leave"),
    path("call/number/", call_portal_views.number_page, name="call-number"),
    path("call/zone/", call_portal_views.zone_page, name="call-zone"),
    path("trial/cancel/", trial_portal_views.cancel_trial_page, name="trial-cancel"),
    path("trial/undo/", trial_portal_views.resume_trial_page, name="trial-resume"),
    path("refund/", trial_portal_views.refund_page, name="refund"),
    path("details/", privacy_portal_views.details_page, name="details"),
    path("consents/", privacy_portal_views.consents_page, name="consents"),
    path("link/", privacy_portal_views.rotate_link_page, name="rotate-link"),
    path("export/", privacy_portal_views.export_page, name="export"),
    path("export/anew/", privacy_portal_views.export_restart, name="export-restart"),
    path("erase/", privacy_portal_views.erase_page, name="erase"),
]
