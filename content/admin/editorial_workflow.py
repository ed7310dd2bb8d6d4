"""Editorial workflow pages; the rules and writes are in `content/actions/`."""

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

from content import evidence_search, merge, snapshots, word_diff
from content import previews as content_previews
from content.actions import comments, drafts, publication, sign_offs, withdrawal
from content.actions import previews as actions_previews
from content.actions.exceptions import EditorialError
from content.evidence.findings import Finding, MarkupError
from content.forms import DraftForm, NewArticleForm, ScheduleForm, SignOffForm
from content.models.articles import Article, Text
from content.models.profile import ClinicProfile
from content.models.revisions import Revision

View = Callable[..., HttpResponse]


def article_view(permission: str) -> Callable[[View], View]:
    """Decorate a view of one article: load the article and require `permission` (403).

    An EditorialError becomes messages on the article's page.
    """

    def decorator(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponse:
            require_permission(request, permission)
            article = get_object_or_404(Article.objects.select_related("author", "reviewer", "live_revision"), pk=pk)
            try:
                return view(request, article, **kwargs)
            except EditorialError as error:
                for reason in error.reasons:
                    messages.error(request, reason)
                return redirect_to_article(article)

        return wrapper

    return decorator


def add_view(request: HttpRequest) -> HttpResponse:
    """Create an article with its first draft."""
    require_permission(request, "add_article")
    form = NewArticleForm(request.POST or None)
    if form.is_valid():
        article = form.start(by=user(request), now=timezone.now())
        messages.success(request, "Draft created.")
        return redirect_to_article(article)
    return render_page(request, "admin/content/add.html", "Start an article", form=form)


@article_view("view_article")
def edit_view(request: HttpRequest, article: Article) -> HttpResponse:
    """Show the editor with findings and preview; a POST saves a draft.

    With `?restore=1` it starts with what this editor typed and never saved.
    """
    newest, by, now = article.revisions.latest(), user(request), timezone.now()
    if request.method != "POST":
        if not has_permission(request, "change_article"):
            return render_editor(request, article, newest, newest, None)
        form = DraftForm.of(newest, is_live=newest.pk == article.live_revision_id)
        typed = comments.unsaved_words(article, of=by, newest=newest.words)
        if typed and "restore" in request.GET:
            form.initial |= typed.unsaved
            return render_editor(request, article, newest, Revision(**typed.unsaved), form)
        return render_editor(request, article, newest, newest, form, unsaved=typed)
    require_permission(request, "change_article")
    form = DraftForm(request.POST)
    if not form.is_valid():
        return render_editor(request, article, newest, draft_from_form(form), form)
    if newest.pk != form.cleaned_data["based_on"]:
        return merge_view(request, article, newest, form)
    try:
        saved = form.save_draft(article, by=by, now=now)
    except EditorialError as error:
        for reason in error.reasons:
            form.add_error(None, reason)
        return render_editor(request, article, newest, draft_from_form(form), form)
    comments.forget_unsaved(article, by=by)
    messages.success(request, "Nothing was changed." if saved == newest else "The draft is saved.")
    return redirect_to_article(article)


def merge_view(request: HttpRequest, article: Article, newest: Revision, form: DraftForm) -> HttpResponse:
    """Show the editor with the typed text and the one that somebody saved meanwhile as one text, to be saved."""
    base = article.revisions.filter(pk=form.cleaned_data["based_on"]).first()
    words, conflicts = {}, 0
    for name, mine in form.words.items():
        merged = merge.merge(getattr(base, name) if base else "", mine, getattr(newest, name))
        words[name], conflicts = merged.text, conflicts + merged.conflicts
    merged_form = DraftForm.of(newest, is_live=False)
    note = {name: form.cleaned_data[name] for name in ("correction_note", "is_minor_edit")}
    merged_form.initial = {**merged_form.initial, **words, **note, "based_on": newest.pk}
    who = (newest.author.get_full_name() or newest.author.username) if newest.author else "somebody"
    both = f"both versions of what you both changed ({conflicts}), yours first" if conflicts else "the changes of both"
    messages.warning(
        request,
        f"While you wrote, {who} saved this text. Yours is not saved yet, and not lost: the text below has {both}. "
        "Read it and save.",
    )
    changes = revision_changes(base, newest) if base else []
    return render_editor(request, article, newest, Revision(**words), merged_form, their_changes=changes)


@article_view("change_article")
def preview_view(request: HttpRequest, article: Article) -> HttpResponse:
    """Show the editor with the submitted text; nothing is published, and what was typed is kept for its writer."""
    form, newest = DraftForm(request.POST), article.revisions.latest()
    form.is_valid()
    text, found = draft_from_form(form), []
    comments.keep_unsaved(article, text.words, by=user(request), now=timezone.now())
    if query := request.POST.get("find", "").strip()[:200]:
        found = evidence_search.find_entries(query, snapshots.current_rows())
    return render_editor(request, article, newest, text, form, found=found, query=query)


@article_view("view_article")
def comment_view(request: HttpRequest, article: Article) -> HttpResponse:
    """Add a comment of a reviewer or editor."""
    if not (has_permission(request, "sign_off_article") or has_permission(request, "change_article")):
        raise PermissionDenied
    passage, text = request.POST.get("passage", ""), request.POST.get("comment", "")
    comments.add_comment(article, passage=passage, text=text, by=user(request), now=timezone.now())
    messages.success(request, "Comment added.")
    return redirect_to_article(article)


@article_view("change_article")
def answer_view(request: HttpRequest, article: Article, number: int) -> HttpResponse:
    comments.resolve_comment(
        article, number, answer=request.POST.get("answer", ""), by=user(request), now=timezone.now()
    )
    messages.success(request, "Answered.")
    return redirect_to_article(article)


@article_view("sign_off_article")
def sign_off_view(request: HttpRequest, article: Article) -> HttpResponse:
    """Show the changes since the live text and the complete text; a POST signs off."""
    newest, now = article.revisions.latest(), timezone.now()
    state_hash = sign_offs.state_hash(article, newest)
    unbound = SignOffForm.of(newest, state_hash=state_hash, now=now)
    form = SignOffForm(request.POST) if request.method == "POST" else unbound
    if form.is_valid():
        sign_offs.sign_off_article(
            article,
            revision_id=form.cleaned_data["read"],
            state_hash=form.cleaned_data["state_hash"],
            review_by=form.cleaned_data["review_by"],
            by=user(request),
            now=now,
        )
        messages.success(request, "Approved.")
        return redirect_to_article(article)
    return render_page(
        request,
        "admin/content/sign_off.html",
        f"Sign off: {newest.title}",
        article=article,
        form=form,
        denied_reason=sign_offs.sign_off_denied_reason(user(request), article, newest),
        findings=with_lines(newest),
        changes=revision_changes(article.live_revision, newest) if article.live_revision else [],
        state_changes=sign_offs.changes_to_sign(article, newest),
        preview=render_preview(request, article, newest),
        pairs=sign_offs.evidence_pairs(article, newest),
        comments=article.comments.select_related("author", "answered_by"),
    )


@article_view("publish_article")
def publish_view(request: HttpRequest, article: Article) -> HttpResponse:
    publication.publish_article(article, by=user(request), now=timezone.now())
    messages.success(request, "Published.")
    return redirect_to_article(article)


@article_view("publish_article")
def schedule_view(request: HttpRequest, article: Article) -> HttpResponse:
    form = ScheduleForm(request.POST)
    if not form.is_valid():
        raise EditorialError(["Choose a date and time."])
    publication.schedule_article(article, at=form.cleaned_data["at"], by=user(request), now=timezone.now())
    messages.success(request, "Scheduled. Editing the article cancels the schedule.")
    return redirect_to_article(article)


@article_view("publish_article")
def unschedule_view(request: HttpRequest, article: Article) -> HttpResponse:
    publication.unschedule_article(article, by=user(request), now=timezone.now())
    messages.success(request, "Schedule canceled.")
    return redirect_to_article(article)


@article_view("change_article")
def withdraw_view(request: HttpRequest, article: Article) -> HttpResponse:
    withdrawal.withdraw_article(article, reason=request.POST.get("reason", ""), by=user(request), now=timezone.now())
    messages.success(request, "Page withdrawn. Its address shows the reason.")
    return redirect_to_article(article)


@article_view("publish_article")
def rename_view(request: HttpRequest, article: Article) -> HttpResponse:
    withdrawal.rename_article(article, slug=request.POST.get("slug", ""), by=user(request), now=timezone.now())
    messages.success(request, "Page renamed. The old address redirects to the new one.")
    return redirect_to_article(article)


@article_view("change_article")
def create_preview_link(request: HttpRequest, article: Article) -> HttpResponse:
    """Show the editor with a new preview link, which is not stored."""
    newest = article.revisions.latest()
    form = DraftForm.of(newest, is_live=newest.pk == article.live_revision_id)
    return render_editor(request, article, newest, newest, form, link=content_previews.preview_url(article, newest))


@article_view("change_article")
def revoke_preview_links(request: HttpRequest, article: Article) -> HttpResponse:
    actions_previews.revoke_previews(article, by=user(request), now=timezone.now())
    messages.success(request, "All preview links revoked.")
    return redirect_to_article(article)


@article_view("view_article")
def revisions_view(request: HttpRequest, article: Article) -> HttpResponse:
    log = LogEntry.objects.filter(content_type__app_label="content", content_type__model="article")
    return render_page(
        request,
        "admin/content/revisions.html",
        f"Revisions: {article.title}",
        article=article,
        revisions=article.revisions.select_related("author"),
        sign_offs=article.sign_offs.select_related("reviewer"),
        corrections=article.corrections.all(),
        log=log.filter(object_id=str(article.pk)).select_related("user"),
    )


@article_view("view_article")
def revision_view(request: HttpRequest, article: Article, number: int) -> HttpResponse:
    """Show a revision's changes from the one before, and its preview."""
    revision = get_object_or_404(article.revisions.select_related("author"), pk=number)
    before = article.revisions.filter(pk__lt=number).first()
    return render_page(
        request,
        "admin/content/revision.html",
        f"Revision {number}: {article.title}",
        article=article,
        revision=revision,
        before=before,
        newest=article.revisions.latest(),
        changes=revision_changes(before, revision) if before else [],
        preview=render_preview(request, article, revision),
        may_change=has_permission(request, "change_article"),
    )


@article_view("change_article")
def revert_view(request: HttpRequest, article: Article, number: int) -> HttpResponse:
    """Make an older revision's text the newest draft."""
    older = get_object_or_404(article.revisions, pk=number)
    newest = article.revisions.latest()
    drafts.revert_to(article, to=older, based_on=newest.pk, by=user(request), now=timezone.now())
    messages.success(request, f"The draft has the words of revision {number} again.")
    return redirect_to_article(article)


# --- What the views above share ---------------------------------------------------------------------------------------


def has_permission(request: HttpRequest, permission: str) -> bool:
    return user(request).has_perm(f"content.{permission}")


def require_permission(request: HttpRequest, permission: str) -> None:
    """Raise PermissionDenied unless the user has this permission of the content app."""
    if not has_permission(request, permission):
        raise PermissionDenied


def user(request: HttpRequest) -> User:
    return cast(User, request.user)  # `admin_view` requires a signed-in user


def redirect_to_article(article: Article) -> HttpResponse:
    return redirect("admin:content_article_change", article.pk)


def render_page(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    """Render an admin template with the context that every page of the admin needs."""
    common = {**admin.site.each_context(request), "title": title, "subtitle": None, "opts": Article._meta}
    return TemplateResponse(request, template, {**common, **context})


def draft_from_form(form: DraftForm) -> Text:
    """Return the submitted text as an unsaved revision, even if the form is invalid."""
    return Revision(**{name: form.cleaned_data.get(name) or "" for name in Text.FIELDS})


def render_editor(
    request: HttpRequest, article: Article, newest: Revision, text: Text, form: DraftForm | None, **more: Any
) -> HttpResponse:
    """Render the editor of `article` with findings and preview of `text`."""
    now = timezone.now()
    return render_page(
        request,
        "admin/content/edit.html",
        article.title,
        article=article,
        newest=newest,
        form=form,
        findings=with_lines(text),
        preview=render_preview(request, article, text),
        is_live=newest.pk == article.live_revision_id,
        sign_off=sign_offs.valid_sign_off(article, newest),
        state_changes=sign_offs.changes_to_sign(article, newest),
        blocking_reasons=publication.blocking_reasons(article, newest, now=now),
        schedule_form=ScheduleForm(),
        may_publish=has_permission(request, "publish_article"),
        may_sign_off=has_permission(request, "sign_off_article"),
        comments=article.comments.select_related("author", "answered_by"),
        others=comments.others_editing(article, user=user(request), now=now),
        placeholders=sorted(ClinicProfile.current().placeholders),
        **more,
    )


def with_lines(text: Text) -> list[tuple[Finding, str]]:
    """Return each finding with the source line that it refers to."""
    pairs = []
    for finding in sign_offs.findings(text, now=timezone.now()):
        lines = str(getattr(text, finding.field, "")).splitlines()
        pairs.append((finding, lines[finding.line - 1] if 0 < finding.line <= len(lines) else ""))
    return pairs


def render_preview(request: HttpRequest, article: Article, text: Text) -> str:
    """Return the page as HTML in the site's design; empty if the markup is invalid."""
    try:
        context = content_previews.preview_context(article, text, layout="admin/content/preview.html")
    except MarkupError:
        return ""
    return render_to_string(content_previews.preview_template(article), context, request)


def revision_changes(old: Text, new: Revision) -> list[tuple[str, list[word_diff.DiffLine]]]:
    """Return (name, changed lines) of each field that differs."""
    compared = [(name, word_diff.diff_lines(getattr(old, name), getattr(new, name))) for name in Text.FIELDS]
    return [(name, lines) for name, lines in compared if lines]
