"""One patient's link with another's ids is a 404, and no public address carries a sequential id."""

import re

import pytest
from django.urls import get_resolver

from signups.leads import links as lead_links
from tests.clinic.test_security_headers import addresses
from tests.factories import leads

pytestmark = pytest.mark.django_db


def test_no_public_address_has_a_number_for_an_id():
    public = [path for _, path in addresses() if not path.startswith("/admin/")]
    assert len(public) > 15
    routes = [str(pattern.pattern) for pattern in get_resolver().url_patterns if str(pattern.pattern) != "admin/"]
    assert [route for route in routes if "<int:" in route] == []


def test_token_of_one_person_opens_nothing_of_another(client, clinic):
    ann, bob = leads.LeadFactory(name="Ann Onlyhers"), leads.LeadFactory(name="Bob Onlyhis")
    mine, theirs = (lead_links.portal_url(lead).split("/")[-2] for lead in (ann, bob))
    page = client.get(f"/my/{mine}/").content.decode()
    assert "Onlyhis" not in page
    for path in {path for _, path in addresses() if path.startswith("/my/x/") and path != "/my/x/"}:
        for foreign in (str(bob.pk), str(bob.public_id), theirs):
            own = path.replace("/my/x/", f"/my/{mine}/")
            address = re.sub(r"/1(?=/|$)", f"/{foreign}", own)
            if address != own:
                assert client.get(address).status_code == 404, address
    # A token whose payload was exchanged under the other's signature.
    head, tail = mine.split(":", 1)[0], theirs.split(":", 1)[1]
    assert client.get(f"/my/{head}:{tail}/").status_code == 404
