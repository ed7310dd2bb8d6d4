"""claims.json: its schema, its signature, and what another site learns from its history."""

import datetime as dt
import json
from io import StringIO
from urllib.parse import urlsplit

import jsonschema
import pytest
from django.core.management import CommandError, call_command

from clinic.lib.outgoing_requests import Response
from content import evidence_signature
from content.actions import sign_offs
from content.management.commands import verify_evidence
from content.models.claims import Claim
from tests.content.test_sign_offs import LATER, sign, signed_page

pytestmark = pytest.mark.django_db
URL = "https://clinic.example/learn/a-page/claims.json"


@pytest.fixture
def signed(clinic, client):
    return signed_page()


def claims(client):
    return json.loads(client.get("/learn/a-page/claims.json").content)


@pytest.fixture
def site(client, monkeypatch):
    """Answer `verify_evidence` as the site would; `changed` may alter what it sends."""
    changed = {}

    def fetch(url, *, timeout):
        response = client.get(urlsplit(url).path)
        body = changed.get(urlsplit(url).path, lambda body: body)(response.content)
        return Response(response.status_code, url, None, body)

    monkeypatch.setattr(verify_evidence, "fetch", fetch)
    return changed


def verify(*arguments):
    out = StringIO()
    try:
        call_command("verify_evidence", *arguments, stdout=out)
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def test_document_follows_the_served_schema(client, signed):
    schema = json.loads(client.get("/learn/claims.schema.json").content)
    jsonschema.Draft202012Validator.check_schema(schema)
    document = claims(client)
    assert document["schema"].endswith("/learn/claims.schema.json")
    jsonschema.validate(document, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "more": 1}, schema)


def test_genuine_document_is_told_from_every_changed_one(client, signed, site):
    status, said = verify(URL, "--claim", "c1")
    assert (status, "c1: as approved 2026-11-20 by Rita Reed, MD" in said) == (0, True)
    assert "Ketamine was given to 73 people." in said
    [key] = json.loads(client.get("/.well-known/evidence-keys.json").content)["keys"]
    assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
    assert verify(URL, "--key", key["x"])[0] == 0
    assert verify(URL, "--key", "another")[0] == 1
    assert verify(URL, "--claim", "c9")[0] == 1
    for old, new in ((b"73 people", b"93 people"), (b"Rita Reed", b"Rita Weed"), (b'"signature"', b'"signed"')):
        site["/learn/a-page/claims.json"] = lambda body, old=old, new=new: body.replace(old, new)
        status, said = verify(URL)
        assert (status, said.startswith("Not genuine: ")) == (1, True), (old, said)
    for body in (b"[]", b"<html>", b"\xff"):
        site["/learn/a-page/claims.json"] = lambda _, body=body: body
        assert verify(URL)[0] == 2


def test_change_of_a_claim_or_its_source_shows_once_it_was_signed(client, signed):
    article, reviewer = signed
    before = claims(client)
    Claim.objects.update(detail="In one hospital.")
    assert claims(client) == before
    sign(article, reviewer, now=LATER)
    after = claims(client)
    assert after["claims"][0]["hash"] != before["claims"][0]["hash"]
    assert [(each["version"], each["changedClaims"]) for each in after["history"]] == [
        (after["version"], ["c1"]),
        (before["version"], ["c1"]),
    ]
    Claim.objects.update(checked_on=dt.date(2026, 11, 2))
    sign(article, reviewer, now=LATER)
    assert claims(client)["history"][0]["changedClaims"] == []
    assert claims(client)["claims"][0]["hash"] == after["claims"][0]["hash"]
    assert sign_offs.state_hash(article, article.revisions.latest()) == claims(client)["version"]


def test_former_key_still_verifies_and_without_a_key_nothing_is_signed(client, signed, settings):
    old = claims(client)
    settings.EVIDENCE_SIGNING_KEYS = [evidence_signature.new_key(), *settings.EVIDENCE_SIGNING_KEYS]
    keys = json.loads(client.get("/.well-known/evidence-keys.json").content)["keys"]
    assert evidence_signature.verify(old, keys) == keys[1]["kid"]
    assert claims(client)["signature"]["key"] == keys[0]["kid"]
    settings.EVIDENCE_SIGNING_KEYS = []
    assert claims(client)["signature"] is None
    with pytest.raises(evidence_signature.SignatureInvalid):
        evidence_signature.verify(claims(client), keys)
