"""Style guide: every component is on the page."""

from pathlib import Path

import pytest
from django.test import RequestFactory

from clinic.styleguide import styleguide
from content.evidence.markup import BLOCKS

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


@pytest.mark.django_db
def test_every_component_is_shown(clinic, monkeypatch):
    rendered = []
    from django.template.base import Template

    render = Template._render
    monkeypatch.setattr(Template, "_render", lambda self, context: rendered.append(self.name) or render(self, context))
    assert styleguide(RequestFactory().get("/styleguide/")).status_code == 200
    expected = {f"components/{path.name}" for path in (TEMPLATES / "components").iterdir()}
    expected |= {f"content/blocks/_{name}.html" for name in BLOCKS} | {
        "crispy_clinic/_error_summary.html",
        "crispy_clinic/field.html",
    }
    assert expected - set(rendered) == set()


def test_visitors_do_not_see_it(db, clinic, client):
    assert client.get("/styleguide/").status_code == 404
