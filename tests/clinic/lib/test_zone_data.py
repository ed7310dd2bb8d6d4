"""Zones are those of the locked tzdata in every process, and its age is told."""

import datetime as dt
import re
import subprocess
import sys
import zoneinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import tzdata

from clinic.lib import zone_data
from clinic.setup_checklist import check_zone_data

ROOT = Path(__file__).parents[3]
DECEMBER = dt.datetime(2026, 12, 5, 17, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("America/Vancouver", -7),
        ("America/Edmonton", -6),
        ("America/Winnipeg", -5),
        ("Africa/Casablanca", 0),
        ("America/Havana", -4),
        ("America/New_York", -5),
    ],
)
def test_rules_of_this_year_hold(zone, hours):
    """Most of these laws are of 2026: the data of many operating systems is older."""
    packaged = ZoneInfo.from_file((Path(tzdata.__file__).parent / "zoneinfo" / zone).open("rb"), key=zone)
    assert DECEMBER.astimezone(ZoneInfo(zone)).utcoffset() == DECEMBER.astimezone(packaged).utcoffset()
    assert DECEMBER.astimezone(ZoneInfo(zone)).utcoffset() == dt.timedelta(hours=hours)


@pytest.mark.parametrize("start", ["import clinic.settings", "import clinic.wsgi", "import manage"])
def test_every_process_reads_the_locked_data(start, tmp_path):
    """Also one that is given another path by its environment."""
    code = (
        f"{start}; import clinic.settings, zoneinfo; print(zoneinfo.TZPATH, len(zoneinfo.available_timezones()) > 400)"
    )
    env = {"ENVIRONMENT": "local", "ENV_FILE": "", "DATA_DIR": str(tmp_path), "PYTHONTZPATH": "/usr/share/zoneinfo"}
    env["DJANGO_SETTINGS_MODULE"] = "clinic.settings"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "() True\n"


def test_date_of_the_release_is_that_of_the_lock():
    locked = re.search(r"^tzdata==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert locked is not None
    assert locked[1] == zone_data.LOCKED_VERSION == tzdata.__version__


@pytest.mark.parametrize(("days", "warned"), [(0, False), (183, False), (184, True)])
def test_old_data_is_warned_about(days, warned, time_machine):
    time_machine.move_to(dt.datetime.combine(zone_data.LOCKED_RELEASED_ON, dt.time(12), dt.UTC) + dt.timedelta(days))
    assert [message.id for message in check_zone_data()] == (["clinic.W002"] if warned else [])


def test_data_of_the_operating_system_is_warned_about(monkeypatch):
    monkeypatch.setattr(zoneinfo, "TZPATH", ("/usr/share/zoneinfo",))
    assert "operating system" in zone_data.why_outdated(zone_data.LOCKED_RELEASED_ON)


def test_other_data_than_locked_is_warned_about(monkeypatch):
    monkeypatch.setattr(tzdata, "__version__", "2024.1")
    assert "tzdata 2024.1 is installed" in zone_data.why_outdated(zone_data.LOCKED_RELEASED_ON)
