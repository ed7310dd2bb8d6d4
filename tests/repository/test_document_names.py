"""What the documents name is there, under that name."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")})
FOLDERS = {"bench", "clinic", "content", "deploy", "docs", "signups", "templates", "tests"}
ENDINGS = (
    ".py",
    ".md",
    ".html",
    ".txt",
    ".css",
    ".js",
    ".yaml",
    ".yml",
    ".conf",
    ".toml",
    ".json",
    ".lock",
    ".example",
)


def code_in(document):
    """What stands between backticks in a line; blocks of commands aside."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", text)


def is_path(code):
    """Whether `code` names a file or folder of this repository, whole, from its top."""
    if not re.fullmatch(r"[\w.-]+(/[\w.@-]+)*/?", code):
        return False
    top, below = code.split("/")[0], "/" in code
    return (below and top != "var" and (top in FOLDERS or code.endswith(ENDINGS))) or code in {
        ".env.example",
        "pyproject.toml",
    }


def test_every_path_in_the_documents_exists():
    paths = {(document.name, code) for document in DOCUMENTS for code in code_in(document) if is_path(code)}
    assert len(paths) > 100
    assert [path for path in sorted(paths) if not (ROOT / path[1]).exists()] == []


def test_every_command_in_the_documents_exists():
    there = {path.stem for path in ROOT.glob("*/management/commands/*.py")}
    there |= {"axes_reset", "changepassword", "check", "collectstatic", "createsuperuser", "makemigrations", "migrate"}
    targets = set(re.findall(r"^([a-z./-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        text = document.read_text()
        named = set(re.findall(r"manage(?:\.py)? ([a-z_]+)\b", "\n".join(re.findall(r"`[^`]+`", text))))
        assert (document.name, named - there) == (document.name, set())
        named = set(re.findall(r"`make ([a-z./-]+)", text))
        assert (document.name, named - targets) == (document.name, set())


def test_every_setting_in_the_documents_exists():
    text = (ROOT / "clinic/settings.py").read_text()
    prefixes = ("RETENTION_", "EMAIL_", "STAFF_", "SIGNUPS_", "CONTENT_", "DATABASE_", "AUDIT_", "WORKER_", "KEEP_")
    for document in DOCUMENTS:
        named = {code for code in code_in(document) if re.fullmatch(r"[A-Z][A-Z_]+[A-Z]", code)}
        lost = {name for name in named if name.startswith(prefixes) and not re.search(rf"\b{name}\b", text)}
        assert (document.name, lost) == (document.name, set())


def test_decisions_are_numbered_without_gaps_and_by_their_names():
    files = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    for path in files:
        assert path.read_text().startswith(f"# {int(path.name[:4])}. ")


def test_order_of_features_is_that_of_the_import_contract():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each.get("containers") == ["signups"])
    order = [feature for layer in layers for feature in sorted(re.findall(r"\w+", layer))][::-1]
    section = (
        (ROOT / "docs/developers.md").read_text().partition("from the bottom:")[2].partition("A feature imports")[0]
    )
    named = [
        feature
        for group in re.findall(r"`([^`]+)`", section.replace("\n", " "))
        for feature in sorted(group.split(" | "), reverse=True)
    ]
    assert named == [feature for feature in order if feature not in {"urls", "admin", "models", "management"}]
