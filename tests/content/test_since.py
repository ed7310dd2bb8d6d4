"""Comparison with an earlier copy of the files: pairs, lines, kinds of change, exit statuses."""

import datetime as dt
import shutil
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from content.evidence.meaning import changes_between
from content.fixtures import loader

TODAY = dt.date(2026, 11, 30)


@pytest.fixture
def earlier(tmp_path):
    return shutil.copytree(loader.FILES, tmp_path / "earlier")


def run(earlier):
    out = StringIO()
    try:
        call_command("check_evidence", since=earlier, today=TODAY, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue().splitlines()[:-1]
    return 0, out.getvalue().splitlines()[:-1]


def was(file, now, before):
    """Make the earlier copy of `file` say `before` where it says `now`; return the line of `now`."""
    text = file.read_text()
    assert now in text
    file.write_text(text.replace(now, before, 1))
    return text[: text.index(now)].count("\n") + 1


def test_same_files_exit_with_0(earlier):
    assert run(earlier) == (0, [])


def test_change_for_a_reviewer_exits_with_2_and_names_file_line_and_kind(earlier):
    line = was(earlier / "how-ketamine-works.md", "One day later, 64%", "One day later, 46%")
    status, lines = run(earlier)
    assert status == 2
    assert lines[0].startswith(f"how-ketamine-works.md:{line}: number: “One day later, 46% had")
    assert lines[0].endswith("28% to midazolam.” (for a reviewer)")


def test_refusal_exits_with_1_whatever_there_is_for_a_reviewer(earlier, monkeypatch, tmp_path):
    files = shutil.copytree(loader.FILES, tmp_path / "files")
    line = was(files / "how-ketamine-works.md", "One day later, 64%", "One day later, 46%")
    monkeypatch.setattr(loader, "FILES", files)
    status, lines = run(earlier)
    assert status == 1
    assert lines[0].startswith(f"how-ketamine-works.md:{line}: number-differs: “46%” stands in no claim of")
    assert lines[1].startswith(f"how-ketamine-works.md:{line}: number: “One day later, 64% had")


def test_folder_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"profile\.yaml"):
        call_command("check_evidence", since=tmp_path, today=TODAY, stdout=StringIO())


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        ("It was 71% of them.", "It was 91% of them.", {"number"}),
        ("It took two hours.", "It took two minutes.", {"unit"}),
        ("It was 0.5 mg per kg.", "It was 0.5 g per kg.", {"unit"}),
        ("It did better.", "It did not do better.", {"negation"}),
        ("Some got better.", "All got better.", {"quantifier"}),
        ("It may act there.", "It acts there.", {"hedge"}),
        ("In rats, it grew.", "In people, it grew.", {"species"}),
        ("Duman said so.", "Moss said so.", {"speaker"}),
        ("Later Duman said so.", "Later Yale said so.", {"name", "speaker"}),
        ("It raised the level.", "It lowered the level.", {"direction"}),
        ("You must be called.", "You can be called.", {"obligation", "hedge"}),
        ("64% here and 28% there.", "28% here and 64% there.", {"number"}),
        ("71% got better and 29% felt well.", "71% felt well and 29% got better.", {"number"}),
        ("Someone will call you.", "A doctor will call you.", {"name"}),
        ("It is given in a clinic.", "It is given in a house.", {"wording"}),
        ("It came, and went.", "It came and went.", set()),
    ],
)
def test_change_of_meaning_has_its_kind(old, new, kinds):
    assert set(changes_between(old, new)) == kinds
