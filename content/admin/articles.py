"""Article list in the admin, and the routes of the editorial workflow."""

# Django's generic classes take no type arguments at runtime.
# mypy: allow-any-generics

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from content.models.articles import Article, ArticleQuerySet
from content.state_changes import changed_pages

from . import editorial_workflow, review_queue

get_and_post = require_http_methods(["GET", "HEAD", "POST"])


class ProgressFilter(admin.SimpleListFilter):
    """Filter by editorial progress; an unknown value matches nothing."""

    title = "progress"
    parameter_name = "progress"
    OPTIONS: dict[str, tuple[str, Callable[[Any], QuerySet[Article]]]] = {
        "draft": ("Awaiting review", lambda articles: articles.to_review(changed_pages().signed)),
        "reviewed": ("Approved, not published", lambda articles: articles.to_publish(changed_pages().signed)),
        "changed": (
            "Changed since approval",
            lambda articles: articles.filter(pk__in=changed_pages().published),
        ),
        "late": ("Scheduled publish failed", lambda articles: articles.due(timezone.now())),
        "withdrawn": ("Withdrawn", lambda articles: articles.withdrawn()),
        "overdue": ("review overdue", lambda articles: articles.overdue(timezone.localdate())),
        "published": ("Live", lambda articles: articles.current()),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, label) for value, (label, _) in self.OPTIONS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Article]) -> QuerySet[Article]:
        if value := self.value():
            return self.OPTIONS[value][1](queryset) if value in self.OPTIONS else queryset.none()
        return queryset


@admin.register(Article)
class ArticleAdmin(admin.ModelAdmin):
    """Change list only: the actions of `content/actions/` write articles.

    Django's own add, change, delete and history pages have no address: `routes` stands in their place. Laid over them,
    an id that `int()` takes and `<int:pk>` does not (`+1`, `%D9%A1`) would reach Django's form.
    """

    change_list_template = "admin/content/articles.html"
    list_display = ["title", "kind", "progress", "published_at", "last_reviewed", "review_by"]
    list_filter = [ProgressFilter, "kind"]
    search_fields = ["title", "slug"]
    search_help_text = "Search by title or URL"

    def get_urls(self) -> list[URLPattern]:
        return [url for url in super().get_urls() if url.name == "content_article_changelist"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        articles: ArticleQuerySet = super().get_queryset(request)  # type: ignore[assignment]
        changed = changed_pages()
        return articles.with_progress().annotate(
            is_outdated=Case(When(pk__in=changed.published, then=True), default=False),
            is_sign_off_outdated=Case(When(pk__in=changed.signed, then=True), default=False),
        )

    @admin.display(description="Progress")
    def progress(self, article: Any) -> str:
        if article.withdrawn_at:
            return "withdrawn"
        if article.newest_id == article.live_revision_id:
            return "published, changed since approval" if article.is_outdated else "published"
        state = "signed off" if article.is_signed_off and not article.is_sign_off_outdated else "draft"
        return f"{state}, an older text is published" if article.published_at else state

    def has_delete_permission(self, request: HttpRequest, obj: Article | None = None) -> bool:
        return False


def _route(suffix: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
    return path(f"content/article/{suffix}", view, name=f"content_article_{name}")


routes = [
    _route("attention/", require_safe(review_queue.review_queue), "attention"),
    _route("add/", get_and_post(editorial_workflow.add_view), "add"),
    _route("<int:pk>/change/", get_and_post(editorial_workflow.edit_view), "change"),
    _route("<int:pk>/preview/", require_POST(editorial_workflow.preview_view), "preview"),
    _route("<int:pk>/sign-off/", get_and_post(editorial_workflow.sign_off_view), "sign_off"),
    _route("<int:pk>/comment/", require_POST(editorial_workflow.comment_view), "comment"),
    _route("<int:pk>/comments/<int:number>/answer/", require_POST(editorial_workflow.answer_view), "answer"),
    _route("<int:pk>/publish/", require_POST(editorial_workflow.publish_view), "publish"),
    _route("<int:pk>/schedule/", require_POST(editorial_workflow.schedule_view), "schedule"),
    _route("<int:pk>/unschedule/", require_POST(editorial_workflow.unschedule_view), "unschedule"),
    _route("<int:pk>/withdraw/", require_POST(editorial_workflow.withdraw_view), "withdraw"),
    _route("<int:pk>/rename/", require_POST(editorial_workflow.rename_view), "rename"),
    _route("<int:pk>/links/", require_POST(editorial_workflow.create_preview_link), "make_link"),
    _route("<int:pk>/links/call-back/", require_POST(editorial_workflow.revoke_preview_links), "call_back_links"),
    _route("<int:pk>/revisions/", require_safe(editorial_workflow.revisions_view), "revisions"),
    _route("<int:pk>/revisions/<int:number>/", require_safe(editorial_workflow.revision_view), "revision"),
    _route("<int:pk>/revisions/<int:number>/revert/", require_POST(editorial_workflow.revert_view), "revert"),
]
