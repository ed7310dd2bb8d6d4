"""“Did you mean …?” asks about slips, and about no real provider."""

import pytest

from clinic.lib import email_domains

SLIPS = {
    "gmial.com": "gmail.com", "gamil.com": "gmail.com", "gmal.com": "gmail.com", "gnail.com": "gmail.com",
    "gmaill.com": "gmail.com", "gmail.co": "gmail.com", "gmail.con": "gmail.com", "gmail.cm": "gmail.com",
    "gmail.com.au": "gmail.com", "gmail": "gmail.com", "gmailcom": "gmail.com", "hotmial.com": "hotmail.com",
    "hotmail.con": "hotmail.com", "hotmal.con": "hotmail.com", "yaho.com": "yahoo.com", "yahoo.con": "yahoo.com",
    "yaho.co.uk": "yahoo.co.uk", "outlok.com": "outlook.com", "icloud.co": "icloud.com", "aol.con": "aol.com",
    "msn.con": "msn.com", "email.con": "email.com", "comcast.nett": "comcast.net", "sbcglobal.com": "sbcglobal.net",
}  # fmt: skip
REAL = [
    "yahoo.com.mx",
    "yahoo.com.br",
    "yahoo.com.ph",
    "yahoo.co.in",
    "yahoo.ca",
    "hotmail.ca",
    "hotmail.co.uk",
    "outlook.de",
    "outlook.com.br",
    "live.ca",
    "live.com.au",
    "protonmail.ch",
    "proton.me",
    "pm.me",
    "fastmail.fm",
    "zohomail.com",
    "zoho.com",
    "yopmail.com",
    "ymail.com",
    "rocketmail.com",
    "comcast.com",
    "verizon.com",
    "cox.com",
    "att.com",
    "mail.ru",
    "gmx.at",
    "web.de",
    "me.com",
    "mac.com",
    "duck.com",
    "hey.com",
    "tuta.com",
    "posteo.de",
    "mailbox.org",
    "hushmail.com",
    "googlemail.com",
    "email.com",
    "mail.com",
    "usa.com",
    "example.com",
    "stanford.edu",
    "clinic.example",
    "qq.com",
]


@pytest.mark.parametrize(("typed", "meant"), SLIPS.items(), ids=SLIPS)
def test_slip_in_a_providers_name_is_asked_about(typed, meant):
    assert email_domains.suggest_email_correction(f"jo@{typed}") == f"jo@{meant}"


@pytest.mark.parametrize("domain", REAL)
def test_real_provider_is_not_asked_about(domain):
    assert email_domains.suggest_email_correction(f"jo@{domain}") == ""
