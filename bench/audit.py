"""How long `manage.py verify_audit` takes: `DATABASE_URL=… python bench/audit.py 1000000`, on a database of its own.

Writes that many events, seals them as the worker does, verifies, and prints how long each took.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ |= {"ENVIRONMENT": "local", "ENV_FILE": "", "LOG_LEVEL": "WARNING", "DATA_DIR": tempfile.mkdtemp()}
os.environ["DJANGO_SETTINGS_MODULE"] = "clinic.settings"

import django

django.setup()

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from signups.audit import chain
from signups.audit.choices import ActorKind, AuditAction
from signups.audit.models import AuditEvent


def main(count: int) -> None:
    call_command("migrate", verbosity=0)
    now = timezone.now()
    started = seconds()
    for first in range(0, count, 10_000):
        AuditEvent.objects.bulk_create(
            AuditEvent(
                target=f"host:{n}",
                occurred_at=now,
                actor_kind=ActorKind.SYSTEM,
                action=AuditAction.CHANGED,
                detail={"fields": ["x"]},
            )
            for n in range(first, min(first + 10_000, count))
        )
    say("written", started)
    started = seconds()
    while chain.append_to_chain(timezone.now):
        pass
    say("sealed", started)
    started = seconds()
    call_command("verify_audit")
    say("verified", started)


def seconds() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def say(what: str, started: tuple[float, float]) -> None:
    wall, cpu = (now - then for now, then in zip(seconds(), started, strict=True))
    sys.stdout.write(f"{connection.vendor}: {what} in {wall:.1f} s ({cpu:.1f} s of one core)\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
