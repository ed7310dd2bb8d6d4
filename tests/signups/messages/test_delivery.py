"""The outbox: nothing lost, nothing sent twice, whatever dies in the middle."""

import datetime as dt
import signal
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from io import StringIO

import pytest
from django.core.cache import caches
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.messages import delivery
from signups.messages.models import OutboxMessage
from signups.offer import current_offer
from tests import processes
from tests.factories.messages import OutboxMessageFactory
from tests.services import WAIT_TIMEOUT
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db


def clock(at=NOW):
    return lambda: at


def written(**fields):
    return OutboxMessageFactory(**{"created_at": NOW, **fields})


def state(message):
    message.refresh_from_db()
    return message.status, message.attempts


def worker_process(mail_server):
    return processes.manage(
        "run_worker",
        DATABASE_URL=processes.database_url(),
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=str(mail_server.port),
        EMAIL_SECURITY="none",
    )


def five_written():
    """Five messages that are due for a worker with the real clock, one after the other."""
    now = timezone.now()
    return [OutboxMessageFactory(created_at=now - dt.timedelta(seconds=5 - second)) for second in range(5)]


def test_due_message_is_sent_as_it_was_written(clinic, mail_server):
    message = written(subject="Ünïcode", text="A text.\n", html="<p>A text.</p>")
    assert delivery.deliver_due(clock()) == 1
    (sent,) = mail_server.messages
    assert (sent["To"], sent["Subject"], sent["From"]) == (
        message.to,
        "Ünïcode",
        "Harbor Clinic <care@harbor.example>",
    )
    assert [part.get_content_type() for part in sent.iter_parts()] == ["text/plain", "text/html"]
    assert state(message) == ("sent", 1)
    assert message.sent_at == NOW


def test_message_waits_for_its_time(clinic, mail_server):
    written(send_at=NOW + dt.timedelta(seconds=1))
    assert delivery.deliver_due(clock()) == 0
    assert delivery.deliver_due(clock(NOW + dt.timedelta(seconds=1))) == 1


def test_nothing_is_sent_for_what_was_rolled_back(clinic, mail_server):
    with transaction.atomic():
        written()
        transaction.set_rollback(True)
    assert (delivery.deliver_due(clock()), mail_server.messages) == (0, [])


@pytest.mark.parametrize("url", [lead_links.confirmation_url, lead_links.portal_url, lead_links.unsubscribe_url])
def test_private_link_is_sent_and_then_forgotten(clinic, mail_server, url):
    message = written()
    link = url(message.lead)
    OutboxMessage.objects.update(text=f"Press {link} now", html=f'<a href="{link}">Press</a>')
    delivery.deliver_due(clock())
    message.refresh_from_db()
    assert link in mail_server.messages[0].get_body(["plain"]).get_content()
    token = link.split("/")[-2]
    assert token not in message.text + message.html
    assert message.text.startswith("Press http")


def test_refusal_for_now_is_tried_again_later_and_later(clinic, mail_server):
    message = written()
    mail_server.answer = lambda _: "451 try later"
    at = NOW
    pauses = []
    for _ in range(4):
        assert delivery.deliver_due(clock(at)) == 1
        message.refresh_from_db()
        pauses.append(message.send_at - at)
        assert delivery.deliver_due(clock(message.send_at - dt.timedelta(seconds=1))) == 0
        at = message.send_at
    assert [pause / dt.timedelta(minutes=1) for pause in pauses] == [1, 2, 4, 8]
    assert message.last_error == "SMTPDataError 451"
    mail_server.answer = lambda _: "250 OK"
    delivery.deliver_due(clock(at))
    assert state(message) == ("sent", 5)


def test_every_attempt_has_the_same_message_id(clinic, mail_server):
    message = written()
    seen = []
    mail_server.answer = lambda sent: seen.append((sent["Message-ID"], sent["Date"])) or "451 try later"
    delivery.deliver_due(clock())
    delivery.deliver_due(clock(NOW + dt.timedelta(hours=1)))
    assert len(seen) == 2
    assert set(seen) == {(f"<{message.pk}@harbor.example>", seen[0][1])}


@pytest.mark.parametrize("waited", [dt.timedelta(), dt.timedelta(days=7)], ids=["at once", "a week ahead"])
def test_date_is_the_moment_of_the_first_attempt(clinic, mail_server, waited):
    """Not that of writing: mail programs sort by it, and gateways refuse what is a week old (RFC 5322 §3.6.1)."""
    message = written(send_at=NOW + waited)
    seen = []
    mail_server.answer = lambda sent: seen.append(parsedate_to_datetime(sent["Date"])) or "451 try later"
    delivery.deliver_due(clock(NOW + waited))
    delivery.deliver_due(clock(NOW + waited + dt.timedelta(hours=1)))
    message.refresh_from_db()
    assert (seen, message.first_attempt_at) == ([NOW + waited] * 2, NOW + waited)


def test_message_held_until_daytime_is_dated_when_it_leaves(clinic, mail_server):
    night = dt.datetime(2026, 11, 21, 6, tzinfo=dt.UTC)  # 1 a.m. in New York
    written(kind="waitlist_opened", send_at=night)
    delivery.deliver_due(clock(night))
    delivery.deliver_due(clock(night + dt.timedelta(hours=8)))
    (sent,) = mail_server.messages
    assert parsedate_to_datetime(sent["Date"]) == night + dt.timedelta(hours=8)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("552 5.2.2 mailbox full", "SMTPDataError 552 5.2.2"),
        ("552 over quota", "SMTPDataError 552"),
        ("550 5.2.2 quota exceeded", "SMTPDataError 550 5.2.2"),
        ("554 5.3.1 system full", "SMTPDataError 554 5.3.1"),
    ],
)
def test_full_mailbox_is_tried_again(clinic, mail_server, answer, error):
    message = written()
    mail_server.answer = lambda _: answer
    delivery.deliver_due(clock())
    assert (*state(message), message.last_error) == ("pending", 1, error)


@pytest.mark.parametrize("answer", ["552 5.3.4 too big", "554 5.7.1 no spam", "550 5.1.1 no such user"])
def test_other_refusals_with_a_detail_are_final(clinic, mail_server, answer):
    message = written()
    mail_server.answer = lambda _: answer
    delivery.deliver_due(clock())
    assert state(message) == ("failed", 1)


def test_clinic_with_quotation_marks_in_its_name_writes_a_valid_sender(clinic, mail_server):
    type(clinic).objects.update(name='The "Joy" Clinic')
    caches["memory"].clear()
    type(clinic).objects.get().save()
    written()
    delivery.deliver_due(clock())
    (address,) = mail_server.messages[0]["From"].addresses
    assert (address.display_name, address.addr_spec) == ('The "Joy" Clinic', "care@harbor.example")


def test_refusal_for_good_gives_up_at_once(clinic, mail_server, settings):
    message = written(text=f"Your page: {settings.SITE_URL}/my/WyJh:1x:b_c/")
    mail_server.answer = lambda _: "550 no such mailbox"
    delivery.deliver_due(clock())
    assert (*state(message), message.last_error) == ("failed", 1, "SMTPDataError 550")
    assert message.text == f"Your page: {settings.SITE_URL}/my/…/"


def test_message_is_given_up_after_enough_attempts(clinic, mail_server):
    message = written(attempts=delivery.MAX_ATTEMPTS - 1)
    mail_server.answer = lambda _: "451 try later"
    delivery.deliver_due(clock())
    assert state(message) == ("failed", delivery.MAX_ATTEMPTS)


def test_one_bad_message_keeps_back_no_other(clinic, mail_server):
    bad, good = written(subject="two\nlines"), written()
    delivery.deliver_due(clock())
    assert (state(bad), state(good)) == (("pending", 1), ("sent", 1))


def test_absent_mail_server_costs_an_attempt_and_loses_nothing(clinic, settings):
    message = written()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 1, False  # nobody listens there
    delivery.deliver_due(clock())
    assert (*state(message), message.last_error) == ("pending", 1, "ConnectionRefusedError")


@pytest.mark.django_db(transaction=True)
def test_worker_that_lost_its_lease_sends_nothing(clinic, mail_server):
    written()
    stolen = written(created_at=NOW + dt.timedelta(seconds=1))

    def another_worker_takes_over(message):
        OutboxMessage.objects.filter(pk=stolen.pk).update(lease_token=uuid.uuid4())
        connection.close()
        return "250 OK"

    mail_server.answer = another_worker_takes_over
    assert delivery.deliver_due(clock(NOW + dt.timedelta(seconds=1))) == 2
    assert (len(mail_server.messages), state(stolen)) == (1, ("pending", 0))


def test_slow_batch_never_comes_near_the_end_of_its_lease(clinic, mail_server):
    for _ in range(8):
        written()
    at, left = NOW, []

    def slow_clock():
        nonlocal at
        at += dt.timedelta(seconds=45)
        held = OutboxMessage.objects.pending().exclude(lease_token=None)
        left.extend(until - at for until in held.values_list("lease_expires_at", flat=True))
        return at

    assert delivery.deliver_due(slow_clock) == 8
    assert min(left) >= dt.timedelta(minutes=3)


def lost(**fields):
    """A message that was in the hands of a worker that died."""
    return written(lease_token=uuid.uuid4(), lease_expires_at=NOW - dt.timedelta(seconds=1), **fields)


def test_what_a_dead_worker_held_is_taken_alone(clinic, mail_server):
    held, others = [lost(), lost()], [written(), written()]
    assert [delivery.deliver_due(clock()) for _ in range(4)] == [1, 1, 2, 0]
    assert {state(message) for message in held + others} == {("sent", 1)}


def test_refused_after_a_loss_it_is_still_taken_alone(clinic, mail_server):
    lost()
    mail_server.answer = lambda _: "451 try later"
    delivery.deliver_due(clock())
    later = clock(NOW + dt.timedelta(hours=1))
    written(send_at=later())
    assert [delivery.deliver_due(later) for _ in range(2)] == [1, 1]


@pytest.mark.parametrize(
    ("crashes", "end"), [(delivery.MAX_WORKER_CRASHES - 2, "sent"), (delivery.MAX_WORKER_CRASHES - 1, "failed")]
)
def test_message_is_given_up_after_enough_workers_died(clinic, mail_server, crashes, end):
    message = lost(crash_count=crashes)
    delivery.deliver_due(clock())
    message.refresh_from_db()
    assert (message.status, message.crash_count, message.lease_token) == (end, crashes + 1, None)
    assert message.last_error == ("" if end == "sent" else "5 workers died with it in hand")
    assert len(mail_server.messages) == (end == "sent")


def test_who_is_erased_is_forgotten_when_word_of_it_is_given_up(clinic, mail_server):
    message = lost(crash_count=delivery.MAX_WORKER_CRASHES, kind="erasure_receipt", lead__status="erased")
    delivery.deliver_due(clock())
    message.refresh_from_db()
    assert (message.status, message.to) == ("failed", "")


def test_what_was_sent_while_the_disk_was_full_is_noted_later_and_not_sent_again(clinic, mail_server, monkeypatch):
    first, second = written(), written(send_at=NOW + dt.timedelta(seconds=1))
    rows = type(OutboxMessage.objects.all())
    update = rows.update

    def full(self, **values):
        if "sent_at" in values:
            raise OperationalError("database or disk is full")
        return update(self, **values)

    with monkeypatch.context() as patch:
        patch.setattr(rows, "update", full)
        for _ in range(2):
            with pytest.raises(OperationalError):
                delivery.deliver_due(clock(NOW + dt.timedelta(seconds=1)))
    assert len(mail_server.messages) == 1  # until the first is noted, the second waits
    delivery.deliver_due(clock(NOW + delivery.LEASE * 2))
    assert (len(mail_server.messages), state(first), state(second)) == (2, ("sent", 1), ("sent", 1))


def test_what_a_message_asks_of_the_database(clinic, mail_server, django_assert_num_queries):
    for _ in range(3):
        written()
    current_offer()  # is remembered
    with django_assert_num_queries(
        5 + 3 * 3
    ):  # taking the batch, and what a restore says of it; then the person, the clinic and the outcome of each
        delivery.deliver_due(clock())


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_share_the_work(clinic, mail_server):
    for _ in range(60):
        written()

    def work(_):
        try:
            while delivery.deliver_due(clock(NOW)):
                pass
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    assert sorted(message["Message-ID"] for message in mail_server.messages) == sorted(
        f"<{pk}@harbor.example>" for pk in OutboxMessage.objects.values_list("pk", flat=True)
    )


@pytest.mark.real_clock
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("accepted", [False, True], ids=["before-acceptance", "before-the-reply"])
def test_killed_in_the_middle_nothing_is_lost(clinic, mail_server, accepted):
    """kill -9 while the server holds the third of five messages, before or after it kept it."""
    five_written()
    third, go_on = threading.Event(), threading.Event()
    count = iter(range(1, 100))

    def answer(message):
        if next(count) == 3:
            if accepted:
                mail_server.messages.append(message)
            third.set()
            assert go_on.wait(WAIT_TIMEOUT)
            return "451 the client is gone"
        return "250 OK"

    mail_server.answer = answer
    worker = worker_process(mail_server)
    try:
        assert third.wait(WAIT_TIMEOUT)
        worker.send_signal(signal.SIGKILL)
        worker.wait(WAIT_TIMEOUT)
    finally:
        go_on.set()
        worker.kill()
        worker.communicate()
    assert OutboxMessage.objects.filter(status="sent").count() == 2

    later = timezone.now() + delivery.LEASE + dt.timedelta(minutes=1)  # the dead worker's lease has run out
    while delivery.deliver_due(clock(later)):
        pass
    ids = [message["Message-ID"] for message in mail_server.messages]
    assert set(ids) == {f"<{pk}@harbor.example>" for pk in OutboxMessage.objects.values_list("pk", flat=True)}
    assert len(ids) == (6 if accepted else 5)
    assert not OutboxMessage.objects.exclude(status="sent").exists()


@pytest.mark.real_clock
@pytest.mark.django_db(transaction=True)
def test_message_that_kills_every_worker_is_given_up_and_keeps_back_no_other(clinic, mail_server):
    """kill -9 each time the server is given the second of five messages."""
    messages = five_written()
    poison, others = messages[1], [messages[0], *messages[2:]]
    workers = []

    def answer(message):
        if message["To"] == poison.to:
            mail_server.messages.append(message)
            workers[-1].kill()
            workers[-1].wait(WAIT_TIMEOUT)
            return "451 the client is gone"
        return "250 OK"

    def die_with_it():
        """Once the leases of the workers before have run out."""
        OutboxMessage.objects.exclude(lease_token=None).update(lease_expires_at=timezone.now())
        workers.append(worker_process(mail_server))
        try:
            assert workers[-1].wait(WAIT_TIMEOUT) == -signal.SIGKILL
        finally:
            workers[-1].kill()
            workers[-1].communicate()

    mail_server.answer = answer
    for _ in range(2):
        die_with_it()
    now = clock(timezone.now())
    assert [delivery.deliver_due(now) for _ in range(4)] == [1, 1, 1, 0]  # while the poison is still leased
    assert [state(message) for message in others] == [("sent", 1)] * 4
    for _ in range(delivery.MAX_WORKER_CRASHES - 2):
        die_with_it()
    assert (state(poison), len(workers)) == (("pending", 0), delivery.MAX_WORKER_CRASHES)
    now = clock(timezone.now())
    OutboxMessage.objects.exclude(lease_token=None).update(lease_expires_at=now())
    delivery.deliver_due(now)
    assert state(poison) == ("failed", 0)
    assert len({sent["Message-ID"] for sent in mail_server.messages}) == 5
    assert len(mail_server.messages) == len(others) + delivery.MAX_WORKER_CRASHES  # at most once more for each kill


@pytest.mark.real_clock
@pytest.mark.django_db(transaction=True)
def test_worker_stops_when_told_to(clinic, mail_server):
    OutboxMessageFactory()
    worker = worker_process(mail_server)
    try:
        mail_server.arrivals.get(timeout=WAIT_TIMEOUT)
        worker.terminate()
        assert worker.wait(WAIT_TIMEOUT) == 0
    finally:
        worker.kill()
        worker.communicate()


def test_command_sends_what_is_due_and_ends(clinic, mail_server):
    for _ in range(delivery.DELIVERY_BATCH + 1):
        written()
    call_command("run_worker", once=True, stdout=StringIO())
    assert len(mail_server.messages) == delivery.DELIVERY_BATCH + 1


def test_mail_on_one_machine_is_a_file_and_its_links_are_printed(clinic, settings, tmp_path, capsys):
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "clinic.email_backend.FileBackend", tmp_path
    message = written()
    link = lead_links.confirmation_url(message.lead)
    OutboxMessage.objects.update(text=f"Press this:\n\n{link}\n")
    delivery.deliver_due(clock())
    assert [path.name for path in tmp_path.glob("*.eml")] == [f"{message.pk}.eml"]
    assert f"    {link}\n" in capsys.readouterr().out


def test_nothing_is_sent_to_who_is_gone(clinic, mail_server):
    message = written()
    Lead.objects.update(status="erased")
    delivery.deliver_due(clock())
    message.refresh_from_db()
    assert (mail_server.messages, message.status, message.lease_token) == ([], "cancelled", None)
