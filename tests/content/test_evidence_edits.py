"""Adversarial and innocent edits of the shipped files: refused, put before a reviewer, or let through.

`evidence_edits/given.yaml` came from readers who did not know the rules; `own.yaml` was written before the rules were
tuned, `fresh.yaml` after. `evidence_edits/files/` are the shipped files as they were when the edits were made.
"""

import datetime as dt
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from content.fixtures import checks, loader, since

TODAY = dt.date(2026, 11, 30)
FILES = Path(__file__).parent / "evidence_edits/files"
EDITS = [
    edit
    for name in ("given", "own", "fresh")
    for edit in yaml.safe_load((Path(__file__).parent / f"evidence_edits/{name}.yaml").read_text())["edits"]
]
BLOCK_END = re.compile(r"(::: (?:quotation|crisis) ?\w*) :::")


def find(edit, folder=FILES):
    """Return (file, match of the words that the edit replaces, whatever their line breaks)."""
    file = folder / Path(edit["file"]).name
    words = r"\s+".join(map(re.escape, edit["edit"]["find"].split()))
    return file, re.search(words, file.read_text())


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit["id"])
def test_edit_is_refused_or_reviewed_or_let_through(edit, tmp_path):
    folder = shutil.copytree(FILES, tmp_path / "files")
    file, match = find(edit, folder)
    text = file.read_text()
    replacement = BLOCK_END.sub(r"\1\n:::", edit["edit"]["replace"])
    file.write_text(text[: match.start()] + replacement + text[match.end() :])
    try:
        refused = bool(checks.check_fixtures(folder, today=TODAY).findings)
    except loader.FixtureError:
        refused = True
    verdict = "refused" if refused else "review" if since.changes_since(FILES, folder) else "silent"
    if edit["should_be_caught"]:
        assert verdict != "silent"
    else:
        assert verdict in ({"refused", "review"} if edit["verdict"] == "refused" else {"review", "silent"})


def test_set_is_caught_and_innocent_edits_are_not_refused():
    verdicts = Counter((edit["should_be_caught"], edit["verdict"]) for edit in EDITS)
    caught = verdicts[True, "refused"] + verdicts[True, "review"]
    assert caught / (caught + verdicts[True, "silent"]) >= 0.95
    assert verdicts[False, "refused"] <= 2


def test_files_have_no_finding_without_an_edit():
    assert checks.check_fixtures(FILES, today=TODAY).findings == []
    assert since.changes_since(FILES, FILES) == []
