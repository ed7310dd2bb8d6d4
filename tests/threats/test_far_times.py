"""The first and the last moments there are, and an offset that leads beyond them: refused, never a failure."""

import uuid

import pytest

from clinic import roles
from signups.calls.choices import CallStatus
from signups.hosts.models import Holiday, TimeOff
from tests.content.test_publication import NEXT_YEAR
from tests.factories import audit, callbacks, calls, content, leads, users
from tests.signups.conftest import NOW

pytestmark = pytest.mark.django_db

FAR = ["0001-01-01T00:00", "9999-12-31T23:59", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:59"]
FAR += ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01", "9999-12-31"]


@pytest.fixture(params=["America/New_York", "Pacific/Kiritimati"], autouse=True)
def head(request, clinic, client, time_machine):
    """Signed in where the clinic's own time is behind UTC, and where it is ahead."""
    clinic.time_zone = request.param
    clinic.save()
    time_machine.move_to(NOW, tick=False)
    user = users.UserFactory(is_superuser=True, role=roles.HEAD)
    client.force_login(user)
    client.raise_request_exception = False
    return user


@pytest.mark.parametrize("far", FAR)
def test_in_an_address(client, far):
    lead = leads.LeadFactory()
    audit.AuditEventFactory(lead=lead, occurred_at=NOW)
    asked = [
        (f"/admin/signups/lead/{lead.pk}/change/", {"before": far}),
        (f"/admin/signups/lead/{lead.pk}/change/", {"before": far, "kind": "reads"}),
        (f"/admin/signups/lead/{lead.pk}/change/", {"before": far, "kind": "notes"}),
        ("/admin/signups/onboardingcall/", {"day": far}),
        ("/admin/signups/onboardingcall/", {"day": far, "span": "day"}),
        ("/admin/signups/lead/", {"created": far}),
        ("/admin/signups/lead/", {"created": far[:7]}),
        ("/admin/signups/lead/", {"created": far[:4]}),
        (f"/admin/signups/holiday/federal/{far[:4].lstrip('0')}/", {}),
    ]
    answers = [(path, query, client.get(path, query).status_code) for path, query in asked]
    assert [answer for answer in answers if answer[2] >= 500] == []


@pytest.mark.parametrize("far", FAR)
def test_in_a_form_of_the_desk(client, head, far):
    call = calls.OnboardingCallFactory(starts_at=NOW, status=CallStatus.BOOKED)
    callback = callbacks.CallbackRequestFactory(claimed_by=head, claimed_at=NOW)
    reviewer = content.PersonFactory(user=head)
    article = content.ArticleFactory(published_at=None)
    content.SignOffFactory(article=article, reviewer=reviewer, review_by=NEXT_YEAR)
    text = content.LegalTextFactory(kind="terms", version="2027-01", effective_from=None)
    host = call.host
    plan = {f"{prefix}-{name}": 1 for prefix in ("overrides", "time_off") for name in ["TOTAL_FORMS"]}
    plan |= {f"{prefix}-INITIAL_FORMS": 0 for prefix in ("overrides", "time_off")}
    plan |= {"overrides-0-date": far, "time_off-0-starts_at": far, "time_off-0-ends_at": far}
    outcome = {"form_key": str(uuid.uuid4()), "outcome": "no_answer", "next_attempt_at": far}
    forms = [
        (f"/admin/signups/onboardingcall/{call.public_id}/move/", {"start": far}),
        (f"/admin/signups/onboardingcall/{call.public_id}/move/", {"start": far, "forced": "agreed"}),
        (f"/admin/signups/lead/{leads.LeadFactory().pk}/book/", {"start": far}),
        (f"/admin/signups/callbackrequest/{callback.public_id}/attempt/", outcome),
        (f"/admin/content/article/{article.pk}/schedule/", {"at": far}),
        (f"/admin/content/article/{article.pk}/sign-off/", {"read": article.revisions.latest().pk, "review_by": far}),
        (f"/admin/signups/host/{host.pk}/change/", {"time_zone": "UTC", "weight": 1, "active": "on", **plan}),
        ("/admin/signups/holiday/add/", {"date": far, "name": "Far"}),
        (f"/admin/content/legaltext/{text.pk}/publish/", {"on": far}),
    ]
    answers = [(path, client.post(path, data).status_code) for path, data in forms]
    assert [answer for answer in answers if answer[1] not in (200, 302, 400, 409, 422)] == []
    article.refresh_from_db()
    text.refresh_from_db()
    assert (article.scheduled_for, text.effective_from) == (None, None)
    assert Holiday.objects.count() == TimeOff.objects.count() == 0
