"""All function views for staff; the admin site (`clinic.admin_site`) puts them behind its sign-in."""

from signups.audit import admin as audit_admin
from signups.callbacks import admin as callback_admin
from signups.calls import admin as call_admin
from signups.calls import admin_booking
from signups.duplicates import admin as duplicate_admin
from signups.hosts import admin as host_admin
from signups.imports import admin as import_admin
from signups.messages import admin as message_admin

from . import bulk_views, lead_actions

routes = [
    route
    for module in (
        lead_actions,
        bulk_views,
        admin_booking,
        message_admin,
        import_admin,
        duplicate_admin,
        callback_admin,
        call_admin,
        host_admin,
        audit_admin,
    )
    for route in module.routes
]
