"""Business hours and states as a form: proposed by the Head, in effect once somebody else confirms."""

import pytest

from clinic import roles
from content.models.profile import ClinicProfile, ProfileProposal
from tests.factories import users

pytestmark = pytest.mark.django_db
PAGE = "/admin/clinic-hours/"


@pytest.fixture
def head(client, clinic):
    user = users.UserFactory(role=roles.HEAD)
    client.force_login(user)
    return user


def shown(client):
    form = client.get(PAGE).context["form"]
    return {field.name: field.value() for field in form if field.value()}


def test_hours_and_states_are_typed_as_people_write_them_and_confirmed_by_a_second_person(client, head):
    ClinicProfile.objects.update(opening_hours=[{"weekday": 0, "start": "09:00", "end": "17:00"}], states=["NY"])
    form = shown(client)
    assert (form["monday"], "tuesday" in form, form["licensed_states"]) == ("09:00–17:00", False, ["NY"])
    client.post(PAGE, form)
    assert ProfileProposal.objects.count() == 0
    wanted = form | {"tuesday": "13:00-17:00, 9:00-12:00", "monday": "", "licensed_states": ["NJ", "NY"]}
    answer = client.post(PAGE, wanted)
    assert (answer.status_code, answer["Location"]) == (303, "/admin/content/clinicprofile/1/change/")
    assert ClinicProfile.current().states == ["NY"]
    proposal = ProfileProposal.objects.get()
    client.post(f"/admin/content/clinicprofile/proposals/{proposal.pk}/confirm/")
    assert ClinicProfile.current().states == ["NY"]  # (not by who proposed it)
    client.force_login(users.UserFactory(role=roles.EDITOR))
    client.post(f"/admin/content/clinicprofile/proposals/{proposal.pk}/confirm/")
    profile = ClinicProfile.current()
    hours = [{"weekday": 1, "start": start, "end": end} for start, end in (("09:00", "12:00"), ("13:00", "17:00"))]
    assert (profile.opening_hours, profile.states) == (hours, ["NJ", "NY"])
    assert shown(client)["tuesday"] == "09:00–12:00, 13:00–17:00"


def test_hours_that_no_day_has_and_unknown_states_come_back_as_typed(client, head):
    for changed in ("9-5 or so", "17:00–09:00", "09:00–25:00", "09:00–12:00, 11:00–13:00", "09:00–09:00"):
        page = client.post(PAGE, shown(client) | {"friday": changed})
        assert (changed, page.status_code, changed in page.content.decode()) == (changed, 422, True)
    assert client.post(PAGE, shown(client) | {"licensed_states": ["XX"]}).status_code == 422
    assert client.post(PAGE, shown(client) | {"friday": "00:00–24:00"}).status_code == 303
    assert ProfileProposal.objects.count() == 1


def test_each_step_of_the_set_up_leads_to_where_it_is_done_or_to_who_does_it(client, head):
    ClinicProfile.objects.update(opening_hours=[], postal_address="", states=[])
    page = client.get("/admin/")
    steps = {step.text.partition(".")[0]: step for step in page.context["pending_steps"]}
    assert steps["Add your business hours"].url == PAGE
    assert steps["Set availability for at least one host"].url == "/admin/signups/host/"
    address = steps["Add the clinic’s mailing address"]
    assert (address.url, address.who) == ("", "No one has the role for this yet. Add someone under Staff.")
    users.UserFactory(role=roles.EDITOR, first_name="Eddie", last_name="Tor")
    assert "Ask Eddie Tor." in client.get("/admin/").content.decode()
    client.force_login(users.UserFactory(role=roles.COORDINATOR))
    assert client.get("/admin/").context["pending_steps"] == []
    for step in page.context["pending_steps"]:
        client.force_login(head)
        assert not step.url or client.get(step.url).status_code == 200, step
