"""What nobody uses goes: templates, functions, classes, constants; imports run one way."""

import ast
import re
import subprocess
import sys
from collections import Counter
from importlib import import_module

from . import PACKAGES, ROOT, text_of

# Django and crispy-forms ask for these by name.
CALLED_BY_NAME = {"400.html", "403.html", "403_csrf.html", "404.html", "500.html"}


def test_every_template_is_used():
    code = text_of("*.py") + text_of("*.html", ["templates"]) + text_of("*.txt", ["templates"])
    folder = ROOT / "templates"
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - CALLED_BY_NAME
    unused = []
    for name in sorted(names):
        stem = name.split("/")[-1].split(".")[0]
        by_kind = name.startswith(("emails/", "texts/")) and f'"{stem}"' in code
        by_block = name.startswith("content/blocks/") and (f'"{stem[1:]}"' in code)
        by_framework = name.startswith(
            ("crispy_clinic/", "admin/", "account/", "mfa/", "usersessions/")
        ) and not stem.startswith("_")
        if not (name in code or by_kind or by_block or by_framework):
            unused.append(name)
    assert unused == []


def test_imports_run_one_way():
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


# Asked for by frameworks by these names, without there being one of the same name to override.
ASKED_BY_NAME = {
    *("ContentConfig", "SignupsConfig", "to_url", "as_postgresql", "from_db_value", "has_view_permission"),
    *("app_name", "handler400", "handler403", "handler404"),
}


def test_nothing_is_defined_that_nobody_uses():
    """A function, class or constant whose name stands nowhere else in the packages and templates is dead, unless it
    overrides what a class of a framework has, or a decorator hands it to somebody (an admin, a check).
    """
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts]
    words = Counter(
        re.findall(r"\w+", text_of("*.py") + text_of("*.html", ["templates"]) + text_of("*.txt", ["templates"]))
    )
    dead = []
    for path in files:
        if path.name == "settings.py":  # (read by Django by their names; ours are looked after above)
            continue
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for name, owner in defined(ast.parse(path.read_text())):
            once = words[name] == 1 and not name.startswith(("__", "clean_")) and name not in ASKED_BY_NAME
            if once and not (owner and overrides(module, owner, name)):
                dead.append(f"{path.relative_to(ROOT)}: {name}")
    assert dead == []


def defined(tree):
    """(name, class it stands in) of every function, class and constant that no decorator hands on."""
    for node in tree.body:
        match node:
            case ast.FunctionDef() if not node.decorator_list:
                yield node.name, None
            case ast.ClassDef():
                if not node.decorator_list:
                    yield node.name, None
                methods = (part.name for part in node.body if isinstance(part, ast.FunctionDef))
                yield from ((name, node.name) for name in methods)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name, None


def overrides(module, owner, name):
    return any(name in vars(base) for base in getattr(import_module(module), owner).__mro__[1:])
