"""Messages a second through the outbox to a mail server that answers at once. `python -m bench.delivery`"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests import services
from tests.processes import ROOT, free_port

from . import servers
from .harness import Target, alternate, report, say

WORKERS = (1, 2, 4)
SELF = [sys.executable, "-m", "bench.delivery"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fill or options.work:
        return part(options)
    with ExitStack() as stack:
        url = stack.enter_context(services.throwaway_postgres(servers.postgres_programs()))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = free_port()
        stack.enter_context(servers.started([sys.executable, "-m", "bench.sink", str(port)], env=dict(os.environ)))
        env = servers.site_environment(url, folder, EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(port), EMAIL_SECURITY="none")
        servers.set_up(env)
        figures = alternate(
            {f"{count} at work": lambda count=count: drain(env, count, options.messages) for count in WORKERS},
            options.rounds,
        )
    one, cores = figures["1 at work"], os.cpu_count() or 1
    targets = [
        Target("messages a second of one worker", one, 200, "/s"),
        # More workers than cores cannot go faster still; they must not go slower.
        Target("two workers, of one", figures["2 at work"] / one, 1.5 if cores > 2 else 1.2, "x"),
        Target("four workers, of two", figures["4 at work"] / figures["2 at work"], 1.5 if cores > 4 else 0.8, "x"),
    ]
    return report("delivery", figures, targets, "messages/s")


def drain(env: dict[str, str], workers: int, messages: int) -> float:
    """Messages a second, from the word to begin to the end of the last worker."""
    subprocess.run([*SELF, "--fill", f"--messages={messages}"], cwd=ROOT, env=env, check=True)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([*SELF, "--work"], cwd=ROOT, env=env, **pipes) for _ in range(workers)]
    for process in processes:
        process.stdout.readline()  # it has started
    started = time.perf_counter()
    for process in processes:
        process.stdin.write("begin\n")
        process.stdin.flush()
    sent = sum(int(process.communicate()[0]) for process in processes)
    took = time.perf_counter() - started
    if sent != messages:
        raise servers.NotThere(f"{sent} of {messages} messages were sent")
    return messages / took


def part(options: argparse.Namespace) -> int:
    """What runs in a process of the site: filling the outbox, or emptying it at a word."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "clinic.settings"
    import django

    django.setup()
    from django.utils import timezone

    from signups.leads.models import Lead
    from signups.messages import delivery
    from signups.messages.models import OutboxMessage
    from signups.offer import current_offer
    from tests.factories import leads
    from tests.factories import messages as factories_messages

    if options.fill:
        OutboxMessage.objects.all().delete()
        lead = Lead.objects.first() or leads.LeadFactory()
        words = {"text": "A line of text. " * 60, "html": "<p>A line of text.</p>" * 60}
        OutboxMessage.objects.bulk_create(
            factories_messages.OutboxMessageFactory.build_batch(options.messages, lead=lead, **words)
        )
        return 0
    current_offer()
    say("ready")
    sys.stdin.readline()
    sent = 0
    while taken := delivery.deliver_due(timezone.now):
        sent += taken
    say(str(sent))
    return 0


if __name__ == "__main__":
    sys.exit(min(main(), 1))
