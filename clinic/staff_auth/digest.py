"""The daily e-mail about failed sign-ins, to those who run the desk (45 CFR 164.308(a)(5)(ii)(C))."""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from email.utils import formataddr
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string
from django.urls import reverse

from clinic.lib import normalization, time_zones
from signups.audit.actions import record_event
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent
from signups.audit.staff_users import BACKEND, display_name
from signups.offer import ClinicOffer, current_offer
from signups.ops import rate_limit

SENT_FROM = dt.time(7)  # in the clinic's time zone
OLDEST = dt.timedelta(days=7)  # what a digest reports at most
RETRY_AFTER = dt.timedelta(minutes=10)
FAILURES = {
    AuditAction.SECOND_STEP_FAILED: ("wrong code after the right password", "wrong codes after the right password"),
    AuditAction.SIGN_IN_FAILED: ("wrong password", "wrong passwords"),
    AuditAction.LOCKED_OUT: ("lockout", "lockouts"),
}


def send_failed_sign_ins(clock: Callable[[], dt.datetime]) -> int:
    """Worker job: once a day send the failed sign-ins since the last digest; return how many messages were sent.

    Sent again after a failure of the mail server; a worker that dies between sending and recording sends it twice.
    """
    now, clinic = clock(), current_offer()
    local = now.astimezone(ZoneInfo(clinic.time_zone))
    key = uuid.uuid5(uuid.NAMESPACE_URL, f"clinic.staff_auth.digest:{local.date()}")
    if local.time() < SENT_FROM or AuditEvent.objects.filter(idempotency_key=key).exists():
        return 0
    since = _last_sent(now)
    failures = _failures(since, now)
    recipients = heads() if failures else []
    if not recipients:
        return 0
    try:
        rate_limit.hit("sign-in-digest", str(local.date()), limit=1, per=RETRY_AFTER, now=now)
    except rate_limit.RateLimitExceeded:  # another worker sends it, or it failed a moment ago
        return 0
    sent: int = get_connection().send_messages([_message(user, failures, since, clinic) for user in recipients]) or 0
    counted = sum(sum(counts.values()) for counts in failures.values())
    record_event(
        None,
        AuditAction.SIGN_IN_DIGEST_SENT,
        by=ActorKind.SYSTEM,
        now=now,
        target=f"digest:{local.date()}",
        idempotency_key=key,
        count=counted,
    )
    return sent


def heads() -> list[User]:
    """Return the active users with an address who read the audit log and may work on every lead."""
    readers = User.objects.with_perm("signups.view_auditevent", backend=BACKEND)
    heads = User.objects.with_perm("signups.work_any_lead", backend=BACKEND)
    return list(readers.filter(pk__in=heads.values("pk")).exclude(email="").order_by("pk"))


def _last_sent(now: dt.datetime) -> dt.datetime:
    last = AuditEvent.objects.filter(action=AuditAction.SIGN_IN_DIGEST_SENT).order_by("-id").first()
    return max(last.occurred_at, now - OLDEST) if last else now - OLDEST


def _failures(since: dt.datetime, now: dt.datetime) -> Mapping[str, Counter[AuditAction]]:
    """Return user name -> how many failures of each kind; "" for names that no account has."""
    events = AuditEvent.objects.filter(action__in=FAILURES, occurred_at__gt=since, occurred_at__lte=now)
    targets = Counter(events.order_by().values_list("target", "action"))
    keys = {target.partition(":")[2] for target, _ in targets}
    users = User.objects.in_bulk([int(key) for key in keys if key.isdigit()])
    found: defaultdict[str, Counter[AuditAction]] = defaultdict(Counter)
    for (target, action), count in targets.items():
        key = target.partition(":")[2]
        user = users.get(int(key)) if key.isdigit() else None
        found[display_name(user) if user else ""][AuditAction(action)] += count
    return found


def _message(
    user: User, failures: Mapping[str, Counter[AuditAction]], since: dt.datetime, clinic: ClinicOffer
) -> EmailMessage:
    lines = []
    for name, counts in sorted(failures.items(), key=lambda one: (not one[0], one[0])):
        kinds = [
            f"{counts[action]} {words[counts[action] > 1]}" for action, words in FAILURES.items() if counts[action]
        ]
        lines.append(f"{name or 'names that no account has'}: {', '.join(kinds)}")
    context = {
        "lines": lines,
        "since": time_zones.format_moment(since, clinic.time_zone),
        "has_codes": any(counts[AuditAction.SECOND_STEP_FAILED] for counts in failures.values()),
        "url": settings.SITE_URL + reverse("admin:signups_auditevent_changelist"),
    }
    return EmailMessage(
        subject="Failed sign-ins to the care desk",
        body=render_to_string("staff/failed_sign_ins.txt", context),
        from_email=formataddr((normalization.single_line(clinic.clinic_name), clinic.mailbox)),
        to=[user.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
