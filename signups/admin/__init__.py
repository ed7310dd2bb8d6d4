"""The care desk's side of sign-ups, one file for each kind of record."""

from . import callbacks, calls, hosts, leads, mail, record, tags

__all__ = ["callbacks", "calls", "hosts", "leads", "mail", "record", "tags"]
