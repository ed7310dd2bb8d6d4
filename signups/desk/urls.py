"""All staff function views; `clinic.admin_site` protects them with its sign-in."""

from signups.callbacks import admin as callback_admin
from signups.calls import admin as call_admin
from signups.calls import admin_booking, calendar_admin, host_admin
from signups.duplicates import admin as duplicate_admin
from signups.imports import admin as import_admin
from signups.messages import admin as message_admin

from . import audit_log, bulk_views, contact_views, follow_ups, lead_actions, patient_requests, saved_list_views

routes = [
    route
    for module in (
        lead_actions,
        follow_ups,
        patient_requests,
        contact_views,
        bulk_views,
        saved_list_views,
        admin_booking,
        message_admin,
        import_admin,
        duplicate_admin,
        callback_admin,
        call_admin,
        host_admin,
        calendar_admin,
        audit_log,
    )
    for route in module.routes
]
