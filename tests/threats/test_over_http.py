"""Each row of the list of threats once more, over HTTP against the real server: `manage.py run_local` as it is started.

The details of each row are in its own file; here it is the whole way through granian, Django and the worker.
"""

import csv
import datetime as dt
import io
import os
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from clinic import roles
from signups.audit import chain, triggers
from signups.audit.choices import AuditAction
from signups.audit.models import AuditEvent
from signups.leads import links as lead_links
from signups.leads.models import Lead
from signups.leads.note_models import Note
from signups.messages.models import OutboxMessage
from signups.trials.models import Trial
from tests.clinic.test_security_headers import SAFE
from tests.clinic.test_staff_auth import PASSWORD
from tests.conftest import open_clinic
from tests.factories import content, leads, trials, users

from . import live_site
from .test_13_csv_injection import ATTACK
from .test_14_xss import MARKUP
from .test_19_role_matrix import BY_OTHER_MEANS, EVERY_STAFF, address, addresses, may_open
from .test_22_framing_and_redirects import EVIL
from .test_23_cache_poisoning import POISON

ANN = "ann@example.com"
# A spaced international number begins with + and is neither a formula nor a number to a spreadsheet.
FORMULA = re.compile(r"[=@-]|\+(?!\d{1,3} [\d ]+(?: ext\. \d+)?$)")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_clock]


@pytest.fixture
def _django_db_helper(site):
    """Instead of pytest-django's own, which empties the tables after each test: `site` does so after all of them."""


SECRETS = (ANN, "Secret", "555-0123", "2125550123", "one@example.com", "Zebulon")


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker, tmp_path_factory):
    """One site for all of them: each has people and addresses of its own. What it logged names none of them."""
    with django_db_blocker.unblock():
        try:
            open_clinic()
            content.ArticleFactory(kind="landing", slug="landing")
            with live_site.running(tmp_path_factory.mktemp("site")) as site:
                yield site
            log = "".join(site.log)
            assert [secret for secret in SECRETS if secret in log] == [], log
        finally:
            live_site.empty()


@pytest.fixture(scope="module")
def ann(site):
    """Somebody whose trial runs."""
    lead = leads.LeadFactory(
        name="Ann Secret", email=ANN, email_key=ANN, phone="(212) 555-0123", phone_e164="+12125550123"
    )
    trial = trials.TrialFactory(lead=lead)
    Trial.objects.filter(pk=trial.pk).update(started_at=trial.requested_at)
    return lead


@pytest.fixture(scope="module")
def head(site):
    return signed_in(site, "head", roles.HEAD)


def signed_in(site, username, role):
    visitor = site.visitor()
    visitor.user = users.UserFactory(username=username, role=role)
    assert visitor.sign_in(username, PASSWORD).status == 302
    return visitor


def path_of(site, url):
    return url.removeprefix(f"http://127.0.0.1:{site.port}").removeprefix("http://127.0.0.1:8000")


def at_home(site, lead, make=lead_links.portal_url):
    """The path of a private link of `lead`."""
    return path_of(site, make(lead))


def test_01_same_form_twice(site):
    visitor, stamp = site.visitor(), live_site.stamp()
    first, second = (visitor.send("/start/", stamp=stamp, email="one@example.com") for _ in range(2))
    assert (first.status, first.headers["location"]) == (second.status, second.headers["location"])
    assert first.status == 303
    site.mail.next_to("one@example.com")
    assert Trial.objects.filter(lead__email="one@example.com").count() == 1
    assert OutboxMessage.objects.filter(to="one@example.com").count() == 1


def test_02_identical_posts_in_parallel(site):
    visitor, stamp = site.visitor(), live_site.stamp()
    visitor.get("/start/")
    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda _: visitor.send("/start/", stamp=stamp, email="two@example.com"), range(12))
        assert [answer.status for answer in answers] == [303] * 12
    assert Trial.objects.filter(lead__email="two@example.com").count() == 1


def test_03_forged_host(site):
    assert site.raw(b"GET /start/ HTTP/1.1\r\nHost: evil.example\r\n\r\n").startswith(b"HTTP/1.1 400")
    forged = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    assert site.visitor().send("/start/", forged, email="three@example.com").status == 303
    text = site.mail.next_to("three@example.com").get_body(["plain"]).get_content()
    assert (f"http://127.0.0.1:{site.port}/confirm/" in text, "evil" in text) == (True, False)


def test_04_rotating_forwarded_for(site):
    visitor = site.visitor()
    codes = [
        visitor.send("/lost-link/", {"X-Forwarded-For": f"10.0.{n}.1, 198.51.100.7"}, stamp="forged").status
        for n in range(21)
    ]
    assert codes == [422] * 20 + [429]


def test_05_signup_flood(site):
    spellings = ["f.ive@example.com", "five+a@example.com", "FIVE@example.com"]
    answers = [site.visitor().send("/lost-link/", email=spellings[n % 3]) for n in range(11)]
    assert [answer.status for answer in answers] == [303] * 10 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3601


@pytest.mark.parametrize("path", ["/start/", "/start/elsewhere/", "/lost-link/"])
def test_06_known_and_new_address(site, ann, path):
    known, new = (site.visitor().send(path, email=email) for email in (ANN, f"new{len(path)}@example.com"))
    for answer in (known, new):
        del answer.headers["date"], answer.headers["expires"]  # what the clock said
    assert (known.status, known) == (303, new)


def test_07_too_much_body(site):
    visitor = site.visitor()
    visitor.get("/start/")
    assert visitor.post("/start/", b"name=" + b"x" * 200_000).status == 400
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhello\r\n--x--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert visitor.post("/start/", form, **kind).status == 400
    assert visitor.post("/start/", form.replace(b"hello", b"x" * 200_000), **kind).status == 400
    # Ten gigabytes are refused when they are announced, not when they came.
    lines = [f"{name}: {value}" for name, value in {"Host": f"127.0.0.1:{site.port}", **head_of(visitor)}.items()]
    request = "\r\n".join(["POST /start/ HTTP/1.1", *lines, "Content-Length: 10000000000", "", "name="])
    assert site.raw(request.encode()).startswith(b"HTTP/1.1 400")


def head_of(visitor):
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    return {"Cookie": cookies, "X-CSRFToken": visitor.token, "Content-Type": live_site.TYPED}


def test_08_fields_many_or_twice(site):
    visitor = site.visitor()
    assert visitor.send("/start/", email="eight@example.com", **{f"f{n}": "1" for n in range(1001)}).status == 400
    assert visitor.send("/start/", email=["eight@example.com", "b@example.com"]).status == 400
    assert not Lead.objects.filter(email="eight@example.com").exists()


def test_09_no_text_at_all(site):
    visitor = site.visitor()
    visitor.get("/start/")
    for bad in (b"%00", b"%FF%FE", b"\x00", b"\xff\xfe", b"%ED%A0%80"):
        assert visitor.post("/start/", b"name=" + bad).status == 422, bad
        for path in (b"/my/" + bad + b"/", b"/start/?source=" + bad, b"/" + bad):
            answer = site.raw(b"GET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert answer[9:12] in (b"200", b"400", b"404"), (path, answer)


def test_10_line_breaks_in_names(site):
    visitor = site.visitor()
    assert visitor.send("/start/", name="Jo\r\nBcc: victim@example.com", email="ten@example.com").status == 422
    assert visitor.send("/start/", name="Zebulon Quill", email="ten@example.com").status == 303
    assert "Zebulon" not in str(site.mail.next_to("ten@example.com").items())


def test_11_invisible_characters(site):
    visitor = site.visitor()
    assert visitor.send("/start/", name="\u202e\u200b", email="eleven@example.com").status == 422
    assert visitor.send("/start/", name="مر\u202eیم O'Neil\u200b", email="eleven@example.com").status == 303
    assert Lead.objects.get(email="eleven@example.com").name == "مریم O'Neil"


def test_12_lookalike_addresses(site, ann):
    visitor = site.visitor()
    assert visitor.send("/start/", email="\u212aim@example.com").status == 422
    assert visitor.send("/start/", email=ANN.replace("example", "ex\u0430mple")).status == 303
    assert Lead.objects.filter(email_key="ann@xn--exmple-4nf.com").count() == 1


def test_13_formulas_in_cells(site, head):
    leads.LeadFactory(name=ATTACK, phone="(212) 555-0123", phone_e164="+12125550123")
    head.get("/admin/signups/lead/export/")
    answer = head.post("/admin/signups/lead/export/", {"kind": "csv", "reason": "report"})
    rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert f"'{ATTACK}" in [row["Name"] for row in rows]
    assert [cell for row in rows for cell in row.values() if FORMULA.match(cell)] == []


def test_14_markup_is_text(site, head):
    lead = leads.LeadFactory(name=MARKUP, first_touch_source=MARKUP, referral_answer=MARKUP)
    for path in ("", "?q=script", f"{lead.pk}/change/"):
        page = head.get(f"/admin/signups/lead/{path}")
        assert (page.status, "<script>alert" in page.text, "<img src=x" in page.text) == (200, False, False)


def test_15_mail_scanners(site):
    lead = trials.TrialFactory().lead
    path = at_home(site, lead, lead_links.confirmation_url)
    assert [site.visitor().ask(method, path).status for method in ("GET", "HEAD")] == [200, 200]
    assert Trial.objects.get(lead=lead).started_at is None
    assert site.visitor().post(path).status == 200
    assert Trial.objects.get(lead=lead).started_at


def test_16_guessed_tokens(site, ann):
    path, visitor = at_home(site, ann), site.visitor()
    unknown = {start: visitor.get(f"{start}unknown/").body for start in ("/my/", "/confirm/")}
    altered = path[:-2] + ("B" if path[-2] == "A" else "A") + "/"
    for other in (altered, path.replace("/my/", "/confirm/"), path.swapcase().replace("/MY/", "/my/")):
        answer = visitor.get(other)
        assert (answer.status, answer.body) == (404, unknown[other[: other.index("/", 1) + 1]]), other


def test_17_old_links(site):
    lead = trials.TrialFactory(lead__name="Ann Secret").lead
    with time_machine.travel(timezone.now() - dt.timedelta(hours=49)):
        path = at_home(site, lead, lead_links.confirmation_url)
    answer = site.visitor().get(path)
    assert (answer.status, "Email me a new link" in answer.text, "Secret" in answer.text) == (410, True, False)


def test_18_one_patients_link(site, ann):
    bob = leads.LeadFactory(name="Bob Onlyhis")
    mine, theirs = (at_home(site, lead).split("/")[2] for lead in (ann, bob))
    for token in (f"{mine.split(':')[0]}:{theirs.split(':', 1)[1]}", str(bob.pk), str(bob.public_id)):
        assert site.visitor().get(f"/my/{token}/").status == 404
    assert "Onlyhis" not in site.visitor().get(f"/my/{mine}/").text


def test_19_staff_guessing_addresses(site, ann):
    editor = signed_in(site, "editor", roles.EDITOR)
    editor.get("/admin/")
    refused = 0
    for name, keys in addresses():
        if name not in EVERY_STAFF | BY_OTHER_MEANS and not may_open(editor.user, name):
            path = address(name, keys, {"signups_lead": ann})
            shown, sent = editor.get(path), editor.post(path)
            # (A GET of the address of a button shows nothing: it leads back to the button's page.)
            for answer in (sent,) if shown.status == 302 else (shown, sent):
                not_there = (answer.status, answer.headers.get("location")) == (302, "/admin/")
                assert answer.status in (403, 404, 405) or not_there, path
            refused += 1
    assert refused > 40
    editor.user.groups.clear()
    assert editor.get("/admin/content/article/").status == 403


@pytest.mark.parametrize("query", ["owner__password__startswith=a", "id__in=1", "_to_field=id"])
def test_20_filter_oracle(head, query):
    assert head.get(f"/admin/signups/lead/?{query}").status == 400
    assert head.get(f"/admin/signups/lead/?q={'%25' * 2000}").status == 200


def test_21_sessions(site):
    users.UserFactory(username="thief", role=roles.HEAD)
    visitor = site.visitor()
    visitor.cookies["sessionid"] = "planted" * 5
    assert visitor.sign_in("thief", PASSWORD).status == 302
    assert visitor.cookies["sessionid"] != "planted" * 5
    assert (visitor.get("/admin/logout/").status, visitor.get("/admin/").status) == (405, 200)
    other = site.visitor()
    assert [other.sign_in("thief", "wrong").status for _ in range(6)] == [200] * 5 + [429]


def test_22_framing_and_redirects(site, ann, head):
    for path in ("/", "/start/", at_home(site, ann), "/admin/", "/nowhere/"):
        headers = head.get(path).headers
        assert {name: headers.get(name.lower()) for name in SAFE} == SAFE, path
    for evil in EVIL:
        visitor = site.visitor()
        visitor.get("/admin/login/")
        answer = visitor.post("/admin/login/", {"login": "head", "password": PASSWORD, "next": evil})
        assert re.match(r"/[^/\\]", answer.headers["location"]), evil


def test_23_cache_poisoning(site, ann):
    poison = {name.removeprefix("HTTP_"): value for name, value in POISON.items()}
    for path in ("/", "/terms/"):
        poisoned, plain = site.visitor().get(path, **poison), site.visitor().get(path)
        assert (plain.status, plain.body, plain.headers.get("set-cookie")) == (200, poisoned.body, None)
        assert plain.headers["vary"] == "Accept-Encoding"
    for path in ("/start/", at_home(site, ann)):
        assert "no-store" in site.visitor().get(path).headers["cache-control"]


def test_24_personal_data_leaks(site, ann):
    """(That the log names nobody is asked when all of these are done.)"""
    path = at_home(site, ann)
    assert site.visitor().get(path).headers["referrer-policy"] == "no-referrer"
    site.visitor().get(path[:-2] + "x/")
    site.visitor().post(path, {"name": "Zebulon"})
    assert path.split("/")[2][:30] not in "".join(site.log)


def test_25_slow_bodies(site, ann):
    """Senders that never end hold no page back; nor do they hold what is sent whole once one of them is gone."""
    start = b"POST /start/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 20\r\n\r\n{"
    slow = [site.connect() for _ in range(12)]
    for line in slow:
        line.sendall(start)
    assert [site.visitor().get(path).status for path in ("/", "/start/", at_home(site, ann))] == [200] * 3
    for line in slow:
        line.close()
    assert site.visitor().send("/start/", email="late@example.com").status == 303
    for missing in ("stamp", "aq_7"):
        assert site.visitor().send("/start/", email="none@example.com", **{missing: None}).status == 422


def test_26_selling_the_list(site, head):
    path = "/admin/signups/lead/export/"
    auditor = signed_in(site, "auditor", roles.AUDITOR)
    assert auditor.get(path).status == 403
    assert ANN not in auditor.get("/admin/signups/lead/").text
    head.get(path)
    before = AuditEvent.objects.filter(action=AuditAction.EXPORTED).count()
    assert head.post(path, {"kind": "csv", "reason": ""}).status == 422
    answer = head.post(path, {"kind": "csv", "reason": "report"})
    rows = csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig")))
    assert {row["Exported by"].split(",")[0] for row in rows} == {"head"}
    assert AuditEvent.objects.filter(action=AuditAction.EXPORTED).count() == before + 1


def test_27_edited_audit_trail(site, ann, head, settings):
    head.get(f"/admin/signups/lead/{ann.pk}/change/")
    settings.AUDIT_CHAIN_HEAD_FILE = site.audit_head
    event = AuditEvent.objects.filter(lead=ann, action=AuditAction.READ).earliest("id")
    call_command("verify_audit")
    edited = "UPDATE signups_auditevent SET action = %s WHERE id = %s"
    triggers.drop_triggers(connection)
    with connection.cursor() as cursor:
        cursor.execute(edited, ["noted", event.pk])
        triggers.install_triggers()
        with pytest.raises(CommandError, match=f"Event {event.pk} does not say what was written"):
            call_command("verify_audit")
        triggers.drop_triggers(connection)
        cursor.execute(edited, ["read", event.pk])
        triggers.install_triggers()
    chain.verify_chain()


def test_28_outages(site):
    """All is killed outright and started again: what was acknowledged is kept and told, and work goes on."""
    assert site.visitor().send("/start/", email="kept@example.com").status == 303
    site.kill()
    site.start()
    site.mail.next_to("kept@example.com")
    assert Trial.objects.filter(lead__email="kept@example.com").count() == 1
    assert site.visitor().send("/start/", email="after@example.com").status == 303
    site.mail.next_to("after@example.com")


def test_29_stolen_backup(head, ann):
    head.get(f"/admin/signups/lead/{ann.pk}/change/")
    note = {"text": "prefers the early morning", "form_key": "6b2f1a52-0d9e-4a55-9c0e-3f1f2ad0c001"}
    assert head.post(f"/admin/signups/lead/{ann.pk}/note/", note).status == 303
    assert Note.objects.get(lead=ann).text == note["text"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM signups_note WHERE lead_id = %s", [ann.pk])
        assert "morning" not in cursor.fetchone()[0]


def test_fifty_sign_ups_at_one_moment(site):
    """From fifty addresses: each is confirmed by its page, kept and written to, and none meets a server error."""
    emails = [f"fifty{number}@example.com" for number in range(50)]
    visitors = [site.visitor(f"10.{number}.7.1") for number in range(50)]
    for visitor in visitors:
        visitor.get("/start/")
    together = threading.Barrier(50)

    def sign_up(visitor, email):
        together.wait()
        return visitor.send("/start/", email=email).status

    with ThreadPoolExecutor(50) as pool:
        assert [*pool.map(sign_up, visitors, emails)] == [303] * 50
    assert Trial.objects.filter(lead__email__in=emails).count() == 50
    assert OutboxMessage.objects.filter(to__in=emails).count() == 50


def test_a_method_of_any_length_holds_no_process(site):
    def used():
        stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in site.family()]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")

    before = used()
    for method in (b"X" * 60_000, b"a." * 30_000, b"G" * 7_900):
        site.raw(method + b" / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert used() - before < 2  # seconds of CPU, of all its processes
