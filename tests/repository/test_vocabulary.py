"""Names and docstrings use the field's standard terms, and a public name means one thing in an app.

vocabulary_allowed.txt lists what is left over, with counts, and may only shrink. After taking some out, write it again:
`python -m tests.repository.test_vocabulary`.
"""

import ast
import re
from collections import Counter, defaultdict

from . import PACKAGES, ROOT

ALLOWED = ROOT / "tests/repository/vocabulary_allowed.txt"
IN_NAMES = re.compile(r"(?:^|_)(told|said|deeds?|anew|wanted|put_up|whole|held|lay)(?=_|$)")
IN_DOCSTRINGS = re.compile(r"\b(told|deeds?|anew|wanted|hearsay|diar(?:y|ies)|seal(?:s|ed)?)\b", re.IGNORECASE)
SHARED = {"Command", "app_name", "logger", "routes", "urlpatterns"}  # what frameworks or habit ask of many modules
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def found():
    """How often each line of the list applies: `name FILE NAME`, `docstring FILE WORD` or `twice APP NAME`."""
    lines, homes = Counter(), defaultdict(set)
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        file = path.relative_to(ROOT)
        if "migrations" in file.parts:
            continue
        tree = ast.parse(path.read_text())
        names = [*file.with_suffix("").parts[-1:], *(name for node in ast.walk(tree) for name in names_of(node))]
        lines.update(f"name {file} {name}" for name in names if IN_NAMES.search(snake_case(name)))
        texts = [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, DOCUMENTED)]
        lines.update(f"docstring {file} {word.lower()}" for text in texts for word in IN_DOCSTRINGS.findall(text))
        for name in set(public_names(tree)) - SHARED:
            homes[file.parts[0], name].add(file)
    return lines + Counter(f"twice {app} {name}" for (app, name), files in homes.items() if len(files) > 1)


def names_of(node):
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
            yield name
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.alias(name=name):
            yield from name.split(".")


def public_names(tree):
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) if not name.startswith("_"):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield from () if name.startswith("_") else (name,)


def snake_case(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def test_words_are_the_fields_own():
    allowed = Counter()
    for line in ALLOWED.read_text().splitlines():
        what, _, count = line.rpartition(" ")
        allowed[what] += int(count)
    now = found()
    assert sorted((now - allowed).items()) == [], "home-made words or names with two meanings; see the docstring above"
    assert sorted((allowed - now).items()) == [], "no longer there: take them out of vocabulary_allowed.txt"


if __name__ == "__main__":
    ALLOWED.write_text("".join(f"{what} {count}\n" for what, count in sorted(found().items())))
