"""No edit of ledger, people or profile breaks a page, and a page that is broken all the same stays as it was."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.db.models import CharField, QuerySet, TextField
from django.urls import reverse

from clinic.lib.form_fields import JSONListField
from content import page_rendering
from content.models.claims import Claim
from content.models.content_version import ContentVersion
from content.models.people import Person
from content.models.profile import ClinicProfile
from content.models.snapshots import PageSnapshot
from content.models.sources import Quotation, Source
from tests.factories import content, users

PUBLIC = ["/", "/learn/", "/learn/a-page/", "/learn/feed.xml", "/learn/a-page/sources.bib", "/learn/a-page/claims.json"]
BODY = "Ketamine may help. [^c01; @one-2020]\n\n::: quotation q01\n:::\n"


@pytest.fixture
def editor(client, clinic):
    source, other = content.SourceFactory(key="one-2020"), content.SourceFactory(key="two-2021")
    content.ClaimFactory(key="c01", sources=[source, other])
    content.QuotationFactory(key="q01", source=source, wording_checked=True)
    content.ArticleFactory(slug="a-page", body=BODY)
    content.ArticleFactory(slug="home", kind="landing", body=BODY)
    client.force_login(users.UserFactory(is_superuser=True))
    client.raise_request_exception = False
    assert [client.get(path).status_code for path in PUBLIC] == [200] * len(PUBLIC)
    return client


def form_of(client, row):
    """The fields of the admin's form of `row`, as the browser would send them back, and its address."""
    url = reverse(f"admin:content_{row._meta.model_name}_change", args=[row.pk])
    page = client.get(url)
    form = page.context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    inlines = {
        f"{formset.formset.prefix}-{name}": formset.formset.management_form[name].value()
        for formset in page.context["inline_admin_formsets"]
        for name in formset.formset.management_form.fields
    }
    return url, {name: value for name, value in (data | inlines).items() if value not in (None, False)}


def save(client, row, **changed):
    url, form = form_of(client, row)
    return client.post(url, {**form, **changed})


def refused(response):
    return response.status_code == 200 and bool(response.context["errors"])


EDITS = {
    "another source of a claim": (Claim, lambda: {"sources": [Source.objects.get(key="two-2021").pk]}),
    "wording unchecked": (Quotation, lambda: {"wording_checked": ""}),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", EDITS)
def test_a_ledger_row_in_use_is_not_saved_into_what_pages_cannot_render(editor, name):
    model, change = EDITS[name]
    response = save(editor, model.objects.get(), **change())
    assert refused(response)
    assert re.search("The page / could not be shown any more: line [13]", response.content.decode())
    ContentVersion.invalidate()
    assert [editor.get(path).status_code for path in PUBLIC] == [200] * len(PUBLIC)


@pytest.mark.django_db
def test_an_edit_that_pages_can_bear_is_saved(editor):
    claim = Claim.objects.get()
    response = save(editor, claim, detail="Six weeks")
    assert response.status_code == 302, response.context["errors"]
    assert Claim.objects.get().detail == "Six weeks"


JSON_FIELDS = [
    (Source, "authors"),
    (Source, "recheck_fields"),
    (Claim, "topics"),
    (ClinicProfile, "opening_hours"),
    (ClinicProfile, "states"),
]
BAD_JSON = [
    "null", "NaN", "[NaN]", "[Infinity]", "[1]", "[[1]]", "[null]", "[{}]", "{}", '{"a": 1}', '"text"', "1", "true",
    "[true]", r'["\ud800"]', r'["\u0000"]', r'["\udfff x"]', "[" * 50_000, "[" * 900 + "]" * 900,
    "[" + "1" * 5_000 + "]",
    '[{"weekday": 0.0, "start": "09:00", "end": "17:00"}]', '[{"weekday": true, "start": "09:00", "end": "17:00"}]',
    '[{"weekday": "0", "start": "09:00", "end": "17:00"}]', '[{"weekday": 0, "start": "0９:00", "end": "17:00"}]',
    r'[{"weekday": 0, "start": "09:00", "end": "17:00", "note": "\ud800"}]', '[["weekday", 0]]', '["NY", 5]', "[9e999]",
]  # fmt: skip


def accepted(model, field, typed):
    """Whether the form's field and the model take these characters."""
    row, value = model(), JSONListField(required=False)
    try:
        setattr(row, field, value.clean(typed))
        row.clean_fields(exclude={other.name for other in model._meta.fields if other.name != field})
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("typed", BAD_JSON)
def test_json_that_a_page_cannot_show_is_refused(typed):
    assert not [f"{model.__name__}.{field}" for model, field in JSON_FIELDS if accepted(model, field, typed)]


def test_json_that_a_page_can_show_is_taken():
    good = ['["Moss A"]', "", '["efficacy"]', '[{"weekday": 0, "start": "09:00", "end": "17:00"}]', '["NY"]']
    assert [accepted(*JSON_FIELDS[number], typed) for number, typed in zip((0, 1, 2, 3, 4), good, strict=True)] == [
        True
    ] * 5


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "field"), JSON_FIELDS[3:], ids=lambda value: getattr(value, "__name__", value))
def test_json_that_breaks_a_page_is_refused_in_the_form(editor, model, field):
    for typed in ["null", "[NaN]", r'["\ud800"]', '[{"weekday": 0.0, "start": "09:00", "end": "17:00"}]']:
        assert refused(save(editor, model.objects.first(), **{field: typed})), typed


@pytest.mark.django_db
def test_names_one_a_line_and_boxes_hold_nothing_that_breaks_a_page(editor):
    source, claim = Source.objects.get(key="one-2020"), Claim.objects.get()
    assert refused(save(editor, source, authors="Moss A\0"))
    assert refused(save(editor, claim, topics=["elsewhere"]))
    for typed in ("[" * 900, "{nobody}](`<b>\u2028", '["Moss A"]', "a" * 5_000):
        save(editor, source, authors=typed, recheck_fields=typed)
    ContentVersion.invalidate()
    assert [editor.get(path).status_code for path in PUBLIC] == [200] * len(PUBLIC)


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["{nobody}](`<b>\u2028"])
@pytest.mark.parametrize("model", [Source, Quotation, Claim, Person, ClinicProfile])
def test_text_that_a_form_takes_breaks_no_page(editor, model, typed):
    row = model.objects.first()
    url, form = form_of(editor, row)
    columns = {
        field.name for field in model._meta.fields if isinstance(field, CharField | TextField) and not field.choices
    }
    for name in columns & form.keys():
        assert editor.post(url, {**form, name: typed}).status_code in (200, 302), name
    ContentVersion.invalidate()
    assert [editor.get(path).status_code for path in [*PUBLIC, "/start/"]] == [200] * (len(PUBLIC) + 1)


@pytest.mark.django_db
def test_a_page_that_cannot_be_rendered_keeps_its_last_good_state(editor):
    before = {path: editor.get(path).content for path in PUBLIC}
    kept = dict(QuerySet(PageSnapshot).values_list("pk", "data"))
    QuerySet(PageSnapshot).update(data={})  # as somebody with the database at hand might
    page_rendering._cached_page.cache_clear()
    ContentVersion.invalidate()
    assert {path: editor.get(path + "?utm_source=x").content for path in PUBLIC} == before
    assert editor.get("/health/ready").status_code == 503
    for key, data in kept.items():
        QuerySet(PageSnapshot).filter(pk=key).update(data=data)
    assert {path: editor.get(path).content for path in PUBLIC} == before


@pytest.mark.django_db
def test_what_was_withdrawn_does_not_come_back_as_the_last_good_state(editor, monkeypatch):
    page = content.ArticleFactory(slug="gone")
    assert editor.get("/learn/gone/").status_code == 200
    type(page).objects.filter(pk=page.pk).update(published_at=None)
    assert editor.get("/learn/gone/").status_code == 404
