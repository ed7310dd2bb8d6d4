"""What a client writes into X-Forwarded-For moves it into no other bucket."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "forged", ["10.0.{n}.1, 198.51.100.7", "{n}, , rubbish, 198.51.100.7", "10.0.{n}.1, 2001:db8:1:2::{n}"]
)
def test_rotating_addresses_are_one_bucket(send, settings, forged):
    settings.TRUSTED_PROXY_COUNT = 1
    codes = [send("/start/", {"HTTP_X_FORWARDED_FOR": forged.format(n=n)}, name="").status_code for n in range(61)]
    assert codes == [422] * 60 + [429]
