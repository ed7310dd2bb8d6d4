"""Rules about the documents and the lock files."""

import re

from . import ROOT


def test_locks_name_no_index():
    for lock in ("requirements.lock", "tests/requirements.lock"):
        text = (ROOT / lock).read_text()
        assert "://" not in text
        assert "--hash=sha256:" in text


def test_links_between_documents_lead_somewhere():
    documents = {*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")}
    lost = [
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", document.read_text())
        if not (document.parent / target).exists()
    ]
    assert lost == []


def test_pictures_of_the_documents_are_small_and_shown():
    shown = "".join(path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
    pictures = list((ROOT / "docs/images").glob("*.png"))
    assert [path.name for path in pictures if path.stat().st_size > 150 * 1024] == []
    assert [path.name for path in pictures if f"images/{path.name}" not in shown] == []


def test_every_threat_is_met_over_http_too():
    rows = {path.stem for path in (ROOT / "tests/threats").glob("test_[0-9]*.py")}
    over_http = re.findall(r"^def (test_\d\d)", (ROOT / "tests/threats/test_over_http.py").read_text(), re.MULTILINE)
    assert sorted(over_http) == sorted(row[:7] for row in rows)
    assert len(rows) == 29
