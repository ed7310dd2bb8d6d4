"""Every address of the desk × every role × every method: who may not is refused; a revoked role bites at once."""

import uuid

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import URLPattern, URLResolver, reverse
from django.urls.converters import UUIDConverter

from clinic import roles
from signups.models import Event
from signups.states import Verb
from tests import factories

pytestmark = pytest.mark.django_db

# Addresses that Django's admin makes for a model, by the end of their name, and the right on the model they need.
OF_A_MODEL = {"changelist": "view", "add": "add", "change": "view", "delete": "delete", "history": "view"}
# What other addresses need, by the whole or the beginning of their names; by default, to see the model they are below.
NEEDS = {
    "signups_lead_assign": "signups.change_lead",
    "signups_lead_book": "signups.change_lead",
    "signups_lead_bulk": "signups.change_lead",
    "signups_lead_duplicates": "signups.merge_lead",
    "signups_lead_merge": "signups.merge_lead",
    "signups_lead_export": "signups.export_lead",
    "signups_lead_mail": "signups.change_lead",
    "signups_lead_import": "signups.import_lead",
    "signups_lead_refund": "signups.change_lead",
    "signups_lead_erase": "signups.erase_lead",
    "signups_lead_tag": "signups.change_lead",
    "signups_lead_untag": "signups.change_lead",
    "signups_lead_consent": "signups.change_lead",
    "signups_lead_move": "signups.change_lead",
    "signups_lead_note": "signups.change_lead",
    "signups_lead_try": "signups.change_lead",
    "signups_lead_convert": "signups.change_lead",
    "signups_callbackrequest": "signups.work_callbackrequest",
    "signups_onboardingcall": "signups.change_onboardingcall",
    "auth_user_password_change": "auth.change_user",
    "signups_holiday_delete": "signups.change_holiday",  # a plan, and no record of anybody
    "autocomplete": "nobody.asks",
    "view_on_site": "nobody.asks",
}
EVERY_STAFF = {"index", "roles", "login", "logout", "password_change", "password_change_done", "jsi18n"}
BY_OTHER_MEANS = {"app_list"}  # shows what its reader may see of an app; nothing of it is a 404


def addresses(patterns=None, before=""):
    """Name and arguments of every address below /admin/ that has a name."""
    for pattern in admin.site.get_urls() if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, before)
        elif isinstance(pattern, URLPattern) and pattern.name:
            keys = dict.fromkeys(pattern.pattern.regex.groupindex) | pattern.pattern.converters
            yield pattern.name, keys


def right(name):
    for beginning, permission in NEEDS.items():
        if name.startswith(beginning):
            return permission
    app, model, page = name.split("_", 2)
    return f"{app}.{OF_A_MODEL.get(page, 'view')}_{model}"


@pytest.fixture
def there(clinic):
    """The key of one record of each kind that the desk shows, by the beginning of its addresses' names."""
    made = {factory._meta.model: factory for factory in vars(factories).values() if hasattr(factory, "_meta")}
    records = {Group: Group.objects.first()}
    for model in admin.site._registry:
        if model in made:
            records[model] = model._default_manager.first() or made[model]()
    return {f"{model._meta.app_label}_{model._meta.model_name}": record.pk for model, record in records.items()}


def address(name, keys, there):
    key = next((pk for model, pk in there.items() if name.startswith(f"{model}_")), 1)
    known = {"content_type_id": 1, "app_label": "signups"}
    wanted = {
        name: uuid.uuid4() if isinstance(converter, UUIDConverter) else known.get(name, key)
        for name, converter in keys.items()
    }
    return reverse(f"admin:{name}", kwargs=wanted)


@pytest.mark.parametrize("role", [*roles.ROLES, None])
def test_who_may_not_is_refused(client, there, role):
    user = factories.UserFactory(role=role)
    client.force_login(user)
    refused = opened = 0
    for name, keys in addresses():
        if name in EVERY_STAFF | BY_OTHER_MEANS:
            continue
        path, may = address(name, keys, there), user.has_perm(right(name))
        for method in ("get", "post", "put"):
            status = getattr(client, method)(path).status_code
            if not may:
                # (405: the address takes no such method from anybody, and nothing was done)
                assert status in (403, 404, 405), (role, method, path, status)
                refused += 1
            elif method == "get" and name.endswith("changelist"):
                assert status == 200, (role, path)
                opened += 1
    assert refused > 100
    assert (opened > 0) == (role is not None)


RARE = ("patch", "delete", "options")


@pytest.mark.parametrize("role", [roles.AUDITOR, None])
def test_who_may_not_is_refused_whatever_the_method(client, there, role):
    user = factories.UserFactory(role=role)
    client.force_login(user)
    refused = 0
    for name, keys in addresses():
        if name in EVERY_STAFF | BY_OTHER_MEANS or user.has_perm(right(name)):
            continue
        path = address(name, keys, there)
        for method in ("head", *RARE):
            response = getattr(client, method)(path)
            says_nothing = method == "options" and response.content == b""  # but which methods there are
            assert says_nothing or response.status_code in (403, 404, 405), (role, method, path, response.status_code)
            refused += 1
    assert refused > 100


def test_no_rare_method_does_anything_for_who_may(client, there):
    client.force_login(factories.UserFactory(role=roles.HEAD))

    def stands():
        changed = admin.site._registry.keys() - {Event}  # (reading is an event)
        kept = {model._meta.label: model._default_manager.count() for model in changed}
        return kept, Event.objects.exclude(verb__in=[Verb.READ, Verb.LISTED]).count()

    before = stands()
    for name, keys in addresses():
        if name not in EVERY_STAFF:
            for method in RARE:
                assert getattr(client, method)(address(name, keys, there)).status_code < 500, (method, name)
    assert stands() == before


def test_strangers_learn_nothing(client, there):
    for name, keys in addresses():
        if name in {"login", "logout", "view_on_site"}:
            continue
        path = address(name, keys, there)
        for method in ("get", "post"):
            response = getattr(client, method)(path)
            assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/admin/login/"), path


def test_revoked_role_bites_on_the_next_request(client, clinic):
    user = factories.UserFactory(role=roles.HEAD)
    client.force_login(user)
    page = f"/admin/signups/lead/{factories.LeadFactory().pk}/change/"
    assert client.get(page).status_code == 200
    user.groups.clear()
    assert client.get(page).status_code == 403
    user.is_active = False
    user.save()
    assert client.get(page).status_code == 302
