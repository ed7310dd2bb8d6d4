"""Whatever is written in the admin is recorded, by name and without its values."""

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from clinic import roles
from signups.audit.model_admin import AuditedAdmin
from signups.audit.models import AuditEvent
from tests.factories import content, users

pytestmark = pytest.mark.django_db


def trail():
    return list(AuditEvent.objects.order_by("id").values_list("actor__username", "action", "target", "detail"))


def test_every_page_of_the_admin_is_audited():
    assert [model for model, page in admin.site._registry.items() if not isinstance(page, AuditedAdmin)] == []


def test_change_of_content_names_its_fields_and_no_value(client, clinic):
    editor = users.UserFactory(role=roles.EDITOR)
    client.force_login(editor)
    person = {"key": "ada", "name": "Ada Moss", "role": "Nurse"}
    assert client.post("/admin/content/person/add/", person).status_code == 302
    added = editor.logentry_set.get().object_id
    assert client.post(f"/admin/content/person/{added}/change/", {**person, "name": "Secret"}).status_code == 302
    assert trail() == [
        (editor.username, "added", f"person:{added}", {}),
        (editor.username, "changed", f"person:{added}", {"fields": ["Name"]}),
    ]


def test_what_editors_do_to_an_article_is_on_record(client, clinic):
    editor = users.UserFactory(role=roles.EDITOR)
    client.force_login(editor)
    article = content.ArticleFactory()
    assert client.post(f"/admin/content/article/{article.pk}/links/call-back/").status_code == 302
    assert trail() == [(editor.username, "changed", f"article:{article.pk}", {})]


def test_who_gives_a_role_is_on_record(client):
    root = users.UserFactory(is_superuser=True)
    client.force_login(root)
    user = users.UserFactory()
    form = {
        "username": user.username,
        "groups": [Group.objects.get(name=roles.HEAD).pk],
        "is_active": "on",
        "is_staff": "on",
        "date_joined_0": "2026-11-01",
        "date_joined_1": "10:00",
    }
    assert client.post(f"/admin/auth/user/{user.pk}/change/", form).status_code == 302
    ((by, verb, subject, detail),) = trail()
    assert (by, verb, subject) == (root.username, "changed", f"user:{user.pk}")
    assert "Groups" in detail["fields"]


def test_each_of_several_deletions_is_recorded(client):
    root = users.UserFactory(is_superuser=True)
    client.force_login(root)
    gone = users.UserFactory.create_batch(2)
    form = {"action": "delete_selected", "_selected_action": [user.pk for user in gone], "post": "yes"}
    assert client.post("/admin/auth/user/", form).status_code == 302
    assert get_user_model().objects.count() == 1
    assert sorted(trail()) == [(root.username, "deleted", f"user:{user.pk}", {}) for user in gone]
