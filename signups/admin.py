"""Register every feature's admin with the site (Django's autodiscovery imports this module)."""

from .audit import admin as audit_admin
from .callbacks import admin as callback_admin
from .calls import admin as call_admin
from .desk import lead_admin
from .hosts import admin as host_admin
from .leads import admin as lead_tag_admin
from .messages import admin as message_admin

__all__ = ["audit_admin", "call_admin", "callback_admin", "host_admin", "lead_admin", "lead_tag_admin", "message_admin"]
