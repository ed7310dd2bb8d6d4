"""“No contracts”: two clicks from the private link end it; no login, no call, no reason."""

import pytest

from signups.trials.models import Trial

pytestmark = pytest.mark.django_db


def test_two_clicks_end_it(client, started, now):
    page = client.get(started).content.decode()
    first = started + "trial/cancel/"
    assert f'href="{first}"' in page
    form = client.get(first).content.decode().split("<form")[1].split("</form>")[0]
    assert ("<input" in form, "<textarea" in form, "<select" in form) == (False, False, False)
    assert client.post(first).status_code == 303
    assert Trial.objects.get().cancelled_at == now


def test_leaving_needs_no_account(client, started):
    client.cookies.clear()
    client.post(started + "trial/cancel/")
    assert (Trial.objects.get().state(Trial.objects.get().cancelled_at), dict(client.cookies)) == ("cancelled", {})
