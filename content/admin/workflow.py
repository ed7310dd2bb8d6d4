"""The pages on which articles are written, signed off and published. `content/actions/` decides and writes."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone

from content import diffs, previews
from content.actions import drafts, publication
from content.actions import previews as preview_actions
from content.actions.refusals import Refused
from content.evidence.findings import Finding, MarkupError
from content.forms import DraftForm, NewArticleForm, ScheduleForm, SignOffForm
from content.models import Article, Revision
from content.models.articles import Text

View = Callable[..., HttpResponse]


def allowed(right: str) -> Callable[[View], View]:
    """The view gets the article; staff without `right` get a 403, a refused deed its reasons on the article's page."""

    def decorator(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponse:
            require(request, right)
            article = get_object_or_404(Article.objects.select_related("author", "reviewer", "live"), pk=pk)
            try:
                return view(request, article, **kwargs)
            except Refused as refused:
                for reason in refused.reasons:
                    messages.error(request, reason)
                return to(article)

        return wrapper

    return decorator


def add(request: HttpRequest) -> HttpResponse:
    require(request, "add_article")
    form = NewArticleForm(request.POST or None)
    if form.is_valid():
        article = form.start(by=user(request), now=timezone.now())
        messages.success(request, "The article is started. Nobody sees it before it is published.")
        return to(article)
    return page(request, "admin/content/add.html", "Start an article", form=form)


@allowed("view_article")
def edit(request: HttpRequest, article: Article) -> HttpResponse:
    """The text with what is wrong with it and what it will look like; a POST saves a draft."""
    newest = article.revisions.latest()
    if request.method != "POST":
        form = DraftForm.of(newest, is_live=newest.pk == article.live_id) if may(request, "change_article") else None
        return editor(request, article, newest, newest, form)
    require(request, "change_article")
    form = DraftForm(request.POST)
    if not form.is_valid():
        return editor(request, article, newest, typed(form), form)
    try:
        saved = form.save_draft(article, by=user(request), now=timezone.now())
    except Refused as refused:
        for reason in refused.reasons:
            form.add_error(None, reason)
        return editor(request, article, newest, typed(form), form)
    messages.success(request, "Nothing was changed." if saved == newest else "The draft is saved.")
    return to(article)


@allowed("change_article")
def preview(request: HttpRequest, article: Article) -> HttpResponse:
    """The same page with the words as they were typed, of which nothing is saved."""
    form = DraftForm(request.POST)
    form.is_valid()
    return editor(request, article, article.revisions.latest(), typed(form), form)


@allowed("sign_off_article")
def sign_off(request: HttpRequest, article: Article) -> HttpResponse:
    """What changed since the text readers see, the whole text, and a button for whoever stands for it."""
    newest, now = article.revisions.latest(), timezone.now()
    form = SignOffForm(request.POST or None) if request.method == "POST" else SignOffForm.of(newest, now=now)
    if form.is_valid():
        publication.sign_off(article, **form.cleaned_data, by=user(request), now=now)
        messages.success(request, "You signed off this text.")
        return to(article)
    return page(
        request,
        "admin/content/sign_off.html",
        f"Sign off: {newest.title}",
        article=article,
        form=form,
        refusal=publication.no_sign_off_by(user(request), newest),
        findings=with_lines(newest),
        changes=changes(article.live, newest) if article.live else [],
        preview=shown(request, article, newest),
    )


@allowed("publish_article")
def publish(request: HttpRequest, article: Article) -> HttpResponse:
    publication.publish(article, by=user(request), now=timezone.now())
    messages.success(request, "Readers see this text from now on.")
    return to(article)


@allowed("publish_article")
def schedule(request: HttpRequest, article: Article) -> HttpResponse:
    form = ScheduleForm(request.POST)
    if not form.is_valid():
        raise Refused(["Say on which day and at what time it is to be published."])
    publication.schedule(article, at=form.cleaned_data["at"], by=user(request), now=timezone.now())
    messages.success(request, "The publication is planned. An edit before then calls it off.")
    return to(article)


@allowed("publish_article")
def unschedule(request: HttpRequest, article: Article) -> HttpResponse:
    publication.unschedule(article, by=user(request), now=timezone.now())
    messages.success(request, "The planned publication is called off.")
    return to(article)


@allowed("change_article")
def make_link(request: HttpRequest, article: Article) -> HttpResponse:
    """The link is shown on this answer alone: it is kept nowhere."""
    newest = article.revisions.latest()
    form = DraftForm.of(newest, is_live=newest.pk == article.live_id)
    return editor(request, article, newest, newest, form, link=previews.url(article, newest))


@allowed("change_article")
def call_back_links(request: HttpRequest, article: Article) -> HttpResponse:
    preview_actions.call_back(article, by=user(request), now=timezone.now())
    messages.success(request, "No preview link given out so far works any more.")
    return to(article)


@allowed("view_article")
def revisions(request: HttpRequest, article: Article) -> HttpResponse:
    log = LogEntry.objects.filter(content_type__app_label="content", content_type__model="article")
    return page(
        request,
        "admin/content/revisions.html",
        f"Revisions: {article.title}",
        article=article,
        revisions=article.revisions.select_related("by"),
        sign_offs=article.sign_offs.select_related("reviewer"),
        corrections=article.corrections.all(),
        log=log.filter(object_id=str(article.pk)).select_related("user"),
    )


@allowed("view_article")
def revision(request: HttpRequest, article: Article, number: int) -> HttpResponse:
    """What this revision changed, and what readers saw of it."""
    this = get_object_or_404(article.revisions.select_related("by"), pk=number)
    before = article.revisions.filter(pk__lt=number).first()
    return page(
        request,
        "admin/content/revision.html",
        f"Revision {number}: {article.title}",
        article=article,
        revision=this,
        before=before,
        newest=article.revisions.latest(),
        changes=changes(before, this) if before else [],
        preview=shown(request, article, this),
        may_change=may(request, "change_article"),
    )


@allowed("change_article")
def revert(request: HttpRequest, article: Article, number: int) -> HttpResponse:
    """The words of an older revision become the draft; nothing that readers see changes."""
    older = get_object_or_404(article.revisions, pk=number)
    newest = article.revisions.latest()
    drafts.revert(article, to=older, based_on=newest.pk, by=user(request), now=timezone.now())
    messages.success(request, f"The draft has the words of revision {number} again.")
    return to(article)


# --- What the views above share ---------------------------------------------------------------------------------------


def may(request: HttpRequest, right: str) -> bool:
    return user(request).has_perm(f"content.{right}")


def require(request: HttpRequest, right: str) -> None:
    if not may(request, right):
        raise PermissionDenied


def user(request: HttpRequest) -> User:
    return cast(User, request.user)  # `admin_view` lets nobody else in


def to(article: Article) -> HttpResponse:
    return redirect("admin:content_article_change", article.pk)


def page(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    common = {**admin.site.each_context(request), "title": title, "subtitle": None, "opts": Article._meta}
    return TemplateResponse(request, template, {**common, **context})


def typed(form: DraftForm) -> Text:
    """The words of a form that may still be wrong."""
    return Revision(**{name: form.cleaned_data.get(name) or "" for name in Text.FIELDS})


def editor(
    request: HttpRequest, article: Article, newest: Revision, text: Text, form: DraftForm | None, *, link: str = ""
) -> HttpResponse:
    """The editing page of `article`, with findings and preview of `text`."""
    now = timezone.now()
    return page(
        request,
        "admin/content/edit.html",
        article.title,
        article=article,
        newest=newest,
        form=form,
        link=link,
        findings=with_lines(text),
        preview=shown(request, article, text),
        is_live=newest.pk == article.live_id,
        signed=article.sign_offs.filter(content_hash=newest.content_hash).select_related("reviewer").first(),
        obstacles=publication.obstacles(article, newest, now=now),
        schedule_form=ScheduleForm(),
        may_publish=may(request, "publish_article"),
        may_sign_off=may(request, "sign_off_article"),
    )


def with_lines(text: Text) -> list[tuple[Finding, str]]:
    """Each finding with the line on which it stands."""
    found = []
    for finding in publication.findings(text, now=timezone.now()):
        lines = str(getattr(text, finding.field, "")).splitlines()
        found.append((finding, lines[finding.line - 1] if 0 < finding.line <= len(lines) else ""))
    return found


def shown(request: HttpRequest, article: Article, text: Text) -> str:
    """The page's HTML within the site's own looks; empty while the markup cannot be read."""
    try:
        context = previews.context(article, text, layout="admin/content/preview.html")
    except MarkupError:
        return ""
    return render_to_string(previews.template(article), context, request)


def changes(old: Text, new: Revision) -> list[tuple[str, list[diffs.Line]]]:
    """Each field that differs, by name, with its changed lines."""
    compared = [(name, diffs.lines(getattr(old, name), getattr(new, name))) for name in Text.FIELDS]
    return [(name, lines) for name, lines in compared if lines]
