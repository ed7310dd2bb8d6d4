"""Every setting is documented in .env.example, and read."""

import re

from . import ROOT, text_of


def test_every_setting_is_in_the_example_file():
    read = re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "clinic/settings.py").read_text())
    named = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(read)


def test_every_setting_is_read():
    settings = (ROOT / "clinic/settings.py").read_text()
    named = re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', settings)
    code = text_of("*.py")
    # Django reads what it knows by itself: those are used in settings.py once more, or their names are Django's.
    known = {"DEBUG", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "ALLOWED_HOSTS"} | {
        name for name in named if "EMAIL_" in name
    }
    unread = [
        name
        for name in named
        if name not in known and len(re.findall(rf"\b{name}\b", settings)) < 3 and f"settings.{name}" not in code
    ]
    assert unread == []
