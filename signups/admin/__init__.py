"""The care desk's side of sign-ups, one file for each kind of record. The leads themselves are `signups.desk`."""

from . import callbacks, calls, hosts, mail, record, tags

__all__ = ["callbacks", "calls", "hosts", "mail", "record", "tags"]
