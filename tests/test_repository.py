"""Rules about the repository itself."""

import ast
import re
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("clinic", "content", "signups")
# Django and crispy-forms ask for these by name.
CALLED_BY_NAME = {"400.html", "403.html", "403_csrf.html", "404.html", "500.html"}


def text_of(pattern, folders=ROOMS):
    return "\n".join(path.read_text() for folder in folders for path in (ROOT / folder).rglob(pattern))


@pytest.mark.django_db
def test_migrations_are_current():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_template_is_used():
    code = text_of("*.py") + text_of("*.html", ["templates"]) + text_of("*.txt", ["templates"])
    folder = ROOT / "templates"
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - CALLED_BY_NAME
    unused = []
    for name in sorted(names):
        stem = name.split("/")[-1].split(".")[0]
        by_kind = name.startswith("emails/") and f'"{stem}"' in code
        by_block = name.startswith("content/blocks/") and (f'"{stem[1:]}"' in code)
        by_framework = name.startswith(
            ("clinic/", "admin/", "account/", "mfa/", "usersessions/")
        ) and not stem.startswith("_")
        if not (name in code or by_kind or by_block or by_framework):
            unused.append(name)
    assert unused == []


def test_every_setting_is_in_the_example_file():
    read = re.findall(r'env\.\w+\("([A-Z_]+)"', (ROOT / "clinic/settings.py").read_text())
    named = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(read)


def test_imports_run_one_way():
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_model_has_a_factory():
    from django.apps import apps

    from . import factories

    made = {factory._meta.model for factory in vars(factories).values() if hasattr(factory, "_meta")}
    ours = {model for room in ("content", "signups") for model in apps.get_app_config(room).get_models()}
    assert {model.__name__ for model in ours - made} == set()


def test_no_payment_field_exists():
    """“No credit card” is kept by there being no place for one."""
    from django.apps import apps

    words = ("card", "payment", "iban", "account_number", "cvc", "expiry", "billing")
    fields = [str(field) for model in apps.get_models() for field in model._meta.get_fields()]
    assert [field for field in fields if any(word in field.lower() for word in words)] == []


def test_locks_name_no_index():
    for lock in ("requirements.lock", "tests/requirements.lock"):
        text = (ROOT / lock).read_text()
        assert "://" not in text
        assert "--hash=sha256:" in text


def test_every_setting_is_read():
    settings = (ROOT / "clinic/settings.py").read_text()
    named = re.findall(r'env\.\w+\("([A-Z_]+)"', settings)
    code = text_of("*.py")
    # Django reads what it knows by itself: those are used in settings.py once more, or their names are Django's.
    known = {"DEBUG", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "ALLOWED_HOSTS"} | {
        name for name in named if "EMAIL_" in name
    }
    unread = [
        name
        for name in named
        if name not in known and len(re.findall(rf"\b{name}\b", settings)) < 3 and f"settings.{name}" not in code
    ]
    assert unread == []


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


def test_every_text_about_a_person_is_erased_or_a_fact():
    """A new table or column with words in it is declared personal, or named there as what it is."""
    from django.apps import apps

    from signups.privacy.models import DataExportChunk, DataExportJob
    from tests.signups.privacy.pii_inventory import ABOUT_NOBODY, FACTS, about, text_columns

    kept = {
        model.__name__: text_columns(model) - set(model.PII_FIELDS)
        for model in (about() - {DataExportJob, DataExportChunk})
    }
    assert {name: columns for name, columns in kept.items() if columns} == FACTS
    others = {
        model for model in apps.get_app_config("signups").get_models() if model not in about() - {DataExportChunk}
    }
    assert {model.__name__ for model in others if text_columns(model)} == ABOUT_NOBODY


def test_every_threat_is_met_over_http_too():
    rows = {path.stem for path in (ROOT / "tests/threats").glob("test_[0-9]*.py")}
    over_http = re.findall(r"^def (test_\d\d)", (ROOT / "tests/threats/test_over_http.py").read_text(), re.MULTILINE)
    assert sorted(over_http) == sorted(row[:7] for row in rows)
    assert len(rows) == 29


# Asked for by frameworks by these names, without there being one of the same name to override.
ASKED_BY_NAME = {
    *("ContentConfig", "SignupsConfig", "to_url", "as_postgresql", "from_db_value", "has_view_permission"),
    *("handler400", "handler403", "handler404"),
}


def test_nothing_is_defined_that_nobody_uses():
    """A function, class or constant whose name stands nowhere else in the rooms and templates is dead, unless it
    overrides what a class of a framework has, or a decorator hands it to somebody (an admin, a check).
    """
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts]
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
