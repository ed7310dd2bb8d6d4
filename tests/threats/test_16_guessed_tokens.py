"""A token that is guessed, altered or for something else: the same 404 as any unknown address."""

import pytest

pytestmark = pytest.mark.django_db

ROOMS = ("my", "confirm", "stop")


@pytest.mark.parametrize("room", ROOMS)
def test_altered_tokens_are_unknown(client, urls, room):
    token = urls[room].split("/")[2]
    unknown = client.get(f"/{room}/unknown/")
    altered = [token[:-1], token + "A", token.swapcase(), "", token.replace(":", ";"), token.split(":", 1)[0]]
    altered += [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(0, len(token) - 1, 7)]
    for other in altered:
        if other and other != token:
            response = client.get(f"/{room}/{other}/")
            assert (response.status_code, response.content) == (404, unknown.content), other


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("other", ROOMS)
def test_token_opens_only_what_it_was_made_for(client, urls, room, other):
    token = urls[other].split("/")[2]
    assert (client.get(f"/{room}/{token}/").status_code == 404) == (room != other)


def test_token_is_signed_with_256_bits(urls):
    import base64

    for url in urls.values():
        signature = url.split("/")[2].rsplit(":", 1)[1]
        assert len(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))) == 32


def test_404_says_nothing_about_anybody(client, urls, lead):
    page = client.get("/my/unknown/").content.decode()
    assert (lead.name in page, lead.email in page) == (False, False)
