"""Rules about the repository itself."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("clinic", "content", "signups")


def text_of(pattern, folders=PACKAGES):
    return "\n".join(path.read_text() for folder in folders for path in (ROOT / folder).rglob(pattern))
