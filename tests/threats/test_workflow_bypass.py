"""Django's own forms stay unreachable beside a workflow, however the id is spelled."""

import pytest
from django.contrib import admin
from django.urls import get_resolver

from clinic import roles
from content.models.articles import Article
from tests.factories import content, users

# What int() takes and `<int:pk>` does not, and what a URL can do to a number.
SPELLINGS = [
    "+{pk}", "%2B{pk}", "%20{pk}", "{pk}%20", "%09{pk}", "{pk}%0A", "0{pk}", "000{pk}", "{pk}_0", "0_{pk}", "-{pk}",
    "{pk}.0", "{pk}/x", "_{pk}", "%D9%A1", "%EF%BC%91", "%E0%A5%A7", "_31", "_2B{pk}", "{pk};", "%2F{pk}", "./{pk}",
]  # fmt: skip
DJANGOS_OWN = {"admin/change_form.html", "admin/delete_confirmation.html", "admin/object_history.html"}
PAGES = ["change/", "delete/", "history/", ""]


def rewritten(article):
    """Django's own form of this article, filled in with other words."""
    text = "Ketamine cures every depression for good."
    form = {"title": text, "summary": text, "description": text, "body": text, "post": "yes"}
    return {**form, "slug": article.slug, "kind": article.kind, "author": article.author_id, "review_by": "2099-01-01"}


@pytest.mark.django_db
@pytest.mark.parametrize("role", [roles.EDITOR, roles.REVIEWER, roles.HEAD, None])
def test_no_spelling_of_an_id_writes_an_article_beside_its_workflow(client, clinic, role):
    article = content.ArticleFactory(pk=1)
    before = Article.objects.values().get()
    client.force_login(users.UserFactory(role=role) if role else users.UserFactory(is_staff=True, is_superuser=True))
    for spelling in [spelling.format(pk=1) for spelling in SPELLINGS]:
        for page in PAGES:
            url = f"/admin/content/article/{spelling}/{page}"
            for response in (client.get(url), client.post(url, rewritten(article))):
                assert response.status_code < 500, url
                shown = {template.name for template in response.templates}
                assert not shown & DJANGOS_OWN, url
    assert Article.objects.values().get() == before
    assert article.revisions.count() == 1


def patterns(resolver):
    for pattern in resolver.url_patterns:
        yield from patterns(pattern) if hasattr(pattern, "url_patterns") else [pattern]


def test_every_admin_page_has_one_address_and_none_is_laid_over_another():
    """A page of ours in front of Django's of the same name leaves Django's reachable by another spelling."""
    names = [pattern.name for pattern in patterns(get_resolver()) if pattern.name]
    ours = {f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry}
    twice = {name for name in names if names.count(name) > 1 and name.rpartition("_")[0] in ours}
    assert twice == set()
