"""Lint checks of the shipped texts."""

import datetime as dt
import shutil
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from clinic.lib.advertising import find_advertising
from content.fixtures import checks, loader

TODAY = dt.date(2026, 11, 25)  # the shipped texts are due again some day; what this proves is not


@pytest.fixture
def files(tmp_path):
    return shutil.copytree(loader.FILES, tmp_path / "files")


def test_shipped_texts_have_no_finding():
    report = checks.check_fixtures(today=TODAY)
    assert report.findings == []
    assert report.claimed > 80
    assert set(report.exempt) <= {"advice", "offer", "page", "word"}


def test_no_template_advertises():
    templates = [path for path in settings.BASE_DIR.joinpath("templates").rglob("*.*") if path.is_file()]
    assert len(templates) > 50
    assert [(path.name, found.words) for path in templates for found in find_advertising(path.read_text())] == []


def replaced(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("file", "old", "new", "above", "message"),
    [
        ("landing.md", "[^c02]", "", 1, "unsourced: no claim behind the fact “The review behind that story"),
        ("landing.md", "[^c28]", "[^c99]", 0, "markup: there is no claim “c99”"),
        ("landing.md", "title: When other", "title: A cure when other", 0, "promotion: “cure” advertises"),
        ("terms.md", "free days of our", "miracle days of our", 0, "promotion: “miracle” advertises"),
        ("people.yaml", "bio: >-\n    Michaela", "bio: >-\n    A miracle, Michaela", 0, "promotion: “miracle” adver"),
        ("profile.yaml", "It’s free", "It cures, free", 1, "promotion: “cures” advertises"),
        ("how-ketamine-works.md", "[^c25]", "", 1, "unsourced: no claim behind the fact “In the U.S., it has been"),
        ("how-ketamine-works.md", "In mice, behavior", "Behavior", 0, "animals-unsaid: this rests on a study in mice"),
    ],
)
def test_broken_file_is_named_with_its_line(files, file, old, new, above, message):
    """`above` is the number of lines from the finding to the change."""
    line = replaced(files / file, old, new) - above
    assert checks.check_fixtures(files, today=TODAY).findings[0].startswith(f"{file}:{line}: {message}")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: rats", "kind: trial", "claim-without-kind: states “trial”, and its weakest source is “rats”"),
        ("people: 73", "people: 7300", "claim-without-kind: no source of it has 7300 people"),
    ],
)
def test_claim_that_states_more_than_its_sources_is_named(files, old, new, message):
    line = replaced(files / "claims.yaml", old, new)
    assert checks.check_fixtures(files, today=TODAY).findings == [f"claims.yaml:{line}: {message}"]


@pytest.mark.parametrize("name", ["claims", "sources"])
def test_what_nobody_uses_is_named_with_its_line(files, name):
    file = files / f"{name}.yaml"
    text = file.read_text()
    rows = text[text.index("- key:") :].split("\n\n")
    key = rows[0].split("\n")[0].removeprefix("- key: ")
    file.write_text(text + "\n" + rows[0].replace(f"key: {key}", "key: nobodys"))
    line = text.count("\n") + 2
    message = f"no text uses the {name[:-1]} “nobodys”"
    assert checks.check_fixtures(files, today=TODAY).findings == [f"{name}.yaml:{line}: unused: {message}"]


def test_every_text_and_claim_falls_due(files):
    findings = checks.check_fixtures(files, today=dt.date(2029, 1, 1)).findings
    assert {finding.split(": ")[1] for finding in findings} == {"overdue"}
    line = (files / "landing.md").read_text().split("\n").index("review_by: 2027-05-23") + 1
    assert f"landing.md:{line}: overdue: was to be read again by 2027-05-23" in findings


def test_command_counts_and_is_quiet_about_good_texts():
    out = StringIO()
    call_command("check_evidence", today=TODAY, stdout=out)
    report = checks.check_fixtures(today=TODAY)
    reasons = ", ".join(f"{report.exempt[reason]} {reason}" for reason in sorted(report.exempt))
    assert out.getvalue() == (
        f"Evidence: {report.claimed} sentences carry claims; marked as needing none: {reasons}.\n"
    )


def test_command_prints_findings_and_fails():
    out = StringIO()
    with pytest.raises(CommandError, match=r"^\d+ findings\.$"):
        call_command("check_evidence", "--today", "2029-01-01", stdout=out)
    assert ": overdue: was to be read again by 2027-05-23" in out.getvalue()
