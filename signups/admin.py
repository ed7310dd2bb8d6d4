"""Register every feature's admin with the site (Django's autodiscovery imports this module)."""

from signups.callbacks import admin as callback_admin
from signups.calls import admin as call_admin
from signups.calls import call_type_admin, host_admin
from signups.desk import audit_log as audit_admin
from signups.desk import lead_admin
from signups.leads import admin as lead_tag_admin
from signups.messages import admin as message_admin

__all__ = [
    "audit_admin",
    "call_admin",
    "call_type_admin",
    "callback_admin",
    "host_admin",
    "lead_admin",
    "lead_tag_admin",
    "message_admin",
]
