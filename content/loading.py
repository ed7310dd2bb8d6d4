"""The texts that ship with the project: from `content/files/`, where a diff shows them, to the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from . import pages
from .actions import drafts
from .evidence.findings import MarkupError
from .models import Article, Claim, ClinicProfile, LegalText, Person, Quotation, Source

FILES = Path(__file__).parent / "files"


class ContentError(Exception):
    """A file cannot be loaded; the message names the file and, where there is one, the line."""


@dataclass
class Loaded:
    """How many rows were made, replaced, found as in the files, and left alone because they differ."""

    created: int = 0
    updated: int = 0
    same: int = 0
    kept: int = 0


@transaction.atomic
def load(folder: Path = FILES, *, update: bool = False) -> Loaded:
    """Make what is missing, or nothing at all. What an editor changed stays, unless `update`. Raises ContentError."""
    loaded = Loaded()
    for path, model, key, row, first_line in rows(folder):
        try:
            _save(model, key, row, loaded, update)
        except (ValidationError, TypeError, models.ObjectDoesNotExist) as error:
            why = "; ".join(error.messages) if isinstance(error, ValidationError) else error
            raise ContentError(f"{path.name}: {key}: {why}") from error
        if "body" in row:
            _check(path, row, first_line)
    return loaded


def rows(folder: Path) -> Iterator[tuple[Path, type[models.Model], dict[str, Any], dict[str, Any], int]]:
    """(file, model, its natural key, all its fields, the line its body begins on), what others refer to first."""
    profile = folder / "profile.yaml"
    yield profile, ClinicProfile, {"pk": 1}, _yaml(profile), 1
    for name, model in (("people", Person), ("sources", Source), ("quotations", Quotation), ("claims", Claim)):
        path = folder / f"{name}.yaml"
        for row in _yaml(path):
            yield path, model, {"key": row.get("key")}, row, 1
    for path in sorted(folder.glob("*.md")):
        row, first_line = _front_matter(path)
        if row["kind"] in LegalText.Kind.values:
            yield path, LegalText, {"kind": row["kind"], "version": row.get("version")}, row, first_line
        else:
            yield path, Article, {"slug": row.get("slug")}, row, first_line


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ContentError(f"{path.name}: {error}") from error


def _front_matter(path: Path) -> tuple[dict[str, Any], int]:
    """The fields between the `---` lines, with the rest as `body`, and the line on which that begins."""
    _, fields, body = path.read_text("utf-8").split("---\n", 2)
    row = yaml.safe_load(fields)
    return {**row, "body": body.strip() + "\n"}, fields.count("\n") + 3 + (len(body) - len(body.lstrip("\n")))


def _save(model: type[models.Model], key: dict[str, Any], row: dict[str, Any], loaded: Loaded, update: bool) -> None:
    values = {name: _value(model, name, value) for name, value in row.items()}
    found = model._default_manager.filter(**key).first()
    if found is None:
        _write(model(**key), values)
        loaded.created += 1
    elif all(_held(found, name) == value for name, value in values.items()):
        loaded.same += 1
    elif not update:
        loaded.kept += 1
    elif isinstance(found, LegalText):
        raise ValidationError("people may have agreed to this version: give a changed text a new one.")
    else:
        _write(found, values)
        loaded.updated += 1


def _write(item: models.Model, values: dict[str, Any]) -> None:
    many = {field.name for field in item._meta.many_to_many}
    for name, value in values.items():
        if name not in many:
            setattr(item, name, value)
    item.full_clean()
    item.save()
    for name in many & values.keys():
        getattr(item, name).set(values[name])
    if isinstance(item, Article):  # its words are also a revision, so that an editor can come back to them
        drafts.ship(item, now=timezone.now())


def _held(item: models.Model, name: str) -> Any:
    held = getattr(item, name)
    return set(held.all()) if isinstance(held, models.Manager) else held


def _value(model: type[models.Model], name: str, value: Any) -> Any:
    """What the field holds for `value` of a file: a person or source is named there by its key."""
    field: Any = model._meta.get_field(name)
    if isinstance(field, models.ManyToManyField):
        if not value:
            raise ValidationError(f"{name}: at least one is needed.")
        return {field.related_model._default_manager.get(key=key) for key in value}
    if isinstance(field, models.ForeignKey) and value is not None:
        return field.related_model._default_manager.get(key=value)
    return field.to_python(value.strip() if isinstance(value, str) and name != "body" else value)


def _check(path: Path, row: dict[str, Any], first_line: int) -> None:
    """The file's text names only what exists."""
    profile = ClinicProfile.current()
    try:
        pages.build(title=row["title"], summary=row["summary"], body=row["body"], profile=profile)
    except MarkupError as error:
        where = "; ".join(f"line {finding.line + first_line - 1}: {finding.message}" for finding in error.findings)
        raise ContentError(f"{path.name}: {where}") from error
