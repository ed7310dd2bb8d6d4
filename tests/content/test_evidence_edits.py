"""Adversarial and innocent edits of the shipped files: refused, put before a reviewer, or let through.

`evidence_edits/given.yaml` came from readers who did not know the rules; `own.yaml` was written before the rules were
tuned, `fresh.yaml` after. `unseen.yaml` are two later sets (u1, u2), each written before anybody looked at what the
rules do with it. `evidence_edits/files/` are the shipped files as they were when the edits were made.
"""

import datetime as dt
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from content.evidence import linter, markup
from content.fixtures import checks, loader, since

TODAY = dt.date(2026, 11, 30)
FOLDER = Path(__file__).parent / "evidence_edits"
FILES = FOLDER / "files"
SETS = {
    name: yaml.safe_load((FOLDER / f"{name}.yaml").read_text())["edits"] for name in ("given", "own", "fresh", "unseen")
}
BLOCK_END = re.compile(r"(::: (?:quotation|crisis) ?\w*) :::")


def once(function, *, key):
    """Cache `function` by `key` of its arguments, compared by value: an edit leaves nine of ten files as they are."""
    answers = {}

    def cached(*args, **kwargs):
        name, rest = key(*args, **kwargs)
        known = answers.setdefault(name, [])
        for earlier, answer in reversed(known):
            if earlier == rest:
                return answer
        known.append((rest, function(*args, **kwargs)))
        return known[-1][1]

    return cached


@pytest.fixture(autouse=True)
def once_each(monkeypatch):
    monkeypatch.setattr(markup, "parse", once(markup.parse, key=lambda text, **others: (text, others)))
    monkeypatch.setattr(linter, "lint", once(linter.lint, key=lambda **fields: (fields["body"], fields)))
    monkeypatch.setattr(loader, "_parse", once(loader._parse, key=lambda text: (text, None)))


def find(edit, folder=FILES):
    """Return (file, match of the words that the edit replaces, whatever their line breaks)."""
    file = folder / Path(edit["file"]).name
    words = r"\s+".join(map(re.escape, edit["edit"]["find"].split()))
    return file, re.search(words, file.read_text())


def verdict_on(edit, folder):
    file, match = find(edit, folder)
    text = file.read_text()
    replacement = BLOCK_END.sub(r"\1\n:::", edit["edit"]["replace"])
    file.write_text(text[: match.start()] + replacement + text[match.end() :])
    try:
        if checks.check_fixtures(folder, today=TODAY).findings:
            return "refused"
    except loader.FixtureError:
        return "refused"
    finally:
        changed = shutil.copytree(folder, folder.with_name("changed"), dirs_exist_ok=True)
        file.write_text(text)
    return "review" if since.changes_since(FILES, changed) else "silent"


@pytest.mark.parametrize("name", SETS)
def test_edits_are_refused_or_reviewed_or_let_through(name, tmp_path):
    folder, surprises = shutil.copytree(FILES, tmp_path / "files"), []
    for edit in SETS[name]:
        verdict = verdict_on(edit, folder)
        expected = {"refused", "review"}
        if not edit["should_be_caught"]:
            expected = {"refused", "review"} if edit["verdict"] == "refused" else {"review", "silent"}
        if verdict not in expected:
            surprises.append((edit["id"], verdict))
    assert surprises == []


def test_edits_are_caught_and_innocent_ones_are_not_refused():
    verdicts = Counter((edit["should_be_caught"], edit["verdict"]) for edits in SETS.values() for edit in edits)
    caught = verdicts[True, "refused"] + verdicts[True, "review"]
    assert caught / (caught + verdicts[True, "silent"]) >= 0.95
    assert verdicts[False, "refused"] <= 2


def test_files_have_no_finding_without_an_edit():
    assert checks.check_fixtures(FILES, today=TODAY).findings == []
    assert since.changes_since(FILES, FILES) == []
