"""All function views for staff; the admin site (`clinic.desk`) puts them behind its sign-in."""

from signups.admin import booking, callbacks, calls, duplicates, hosts, imports, mail, record

from . import bulk_views, lead_actions

routes = [
    route
    for module in (
        lead_actions,
        bulk_views,
        booking,
        mail,
        imports,
        duplicates,
        callbacks,
        calls,
        hosts,
        record,
    )
    for route in module.routes
]
