"""Review queue: counts of content that needs an editor, each with its list."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from content.link_checker import LinkResult
from content.models.articles import Article
from content.models.claims import Claim
from content.models.sources import Quotation, Source, VerificationStatus
from content.models.texts import CrisisText, LegalText
from content.state_changes import ChangedPages, changed_pages


@dataclass(frozen=True)
class ReviewItem:
    """A count and the change list of `model` whose `filters` select those rows."""

    label: str
    count: int
    model: str
    filters: dict[str, str]

    @property
    def url(self) -> str:
        return f"{reverse(f'admin:content_{self.model}_changelist')}?{urlencode(self.filters)}"


Query = tuple[str, models.QuerySet[Any], dict[str, str]]


def review_items(now: dt.datetime) -> list[ReviewItem]:
    """Return all counts, most urgent first."""
    changed = changed_pages()
    queries = [*_article_queries(now, changed), *_evidence_queries(changed)]
    return [ReviewItem(label, rows.count(), rows.model._meta.model_name, filters) for label, rows, filters in queries]


def _article_queries(now: dt.datetime, changed: ChangedPages) -> list[Query]:
    """What concerns published pages and drafts: a label, its rows and the filters of the list that shows them."""
    today = timezone.localdate(now)
    return [
        ("Failed scheduled publications", Article.objects.due(now), {"progress": "late"}),
        (
            "Sources with a notice against them",
            Source.objects.filter(link_check__retraction_notice__gt=""),
            {"notice": "yes"},
        ),
        ("Articles whose review is overdue", Article.objects.overdue(today), {"progress": "overdue"}),
        ("Claims not yet checked against their sources", Claim.objects.unchecked(), {"review": "unchecked"}),
        ("Claims whose check is overdue", Claim.objects.overdue(today), {"review": "overdue"}),
        (
            "Live pages whose evidence changed",
            Article.objects.filter(pk__in=changed.published),
            {"progress": "changed"},
        ),
        ("Withdrawn pages", Article.objects.withdrawn(), {"progress": "withdrawn"}),
        ("Drafts awaiting review", Article.objects.to_review(changed.signed), {"progress": "draft"}),
        ("Approved but not published", Article.objects.to_publish(changed.signed), {"progress": "reviewed"}),
    ]


def _evidence_queries(changed: ChangedPages) -> list[Query]:
    """What concerns the evidence and the texts that the Head publishes."""
    return [
        (
            "Quotes not verified",
            Quotation.objects.filter(wording_checked=False),
            {"wording_checked__exact": "0"},
        ),
        (
            "Sources to recheck",
            Source.objects.filter(status=VerificationStatus.NEEDS_CHECK),
            {"status__exact": "recheck"},
        ),
        (
            "Broken source links",
            Source.objects.filter(link_check__outcome=LinkResult.DEAD),
            {"link_check__outcome__exact": LinkResult.DEAD},
        ),
        (
            "Sources whose link did not answer",
            Source.objects.filter(link_check__outcome=LinkResult.NO_RESPONSE),
            {"link_check__outcome__exact": LinkResult.NO_RESPONSE},
        ),
        (
            "Legal documents with outdated clinic facts",
            LegalText.objects.filter(pk__in=changed.texts),
            {"facts": "changed"},
        ),
        (
            "Legal documents awaiting publication",
            LegalText.objects.filter(effective_from=None),
            {"effective_from__isempty": "1"},
        ),
        (
            "Crisis texts that wait for the Head",
            CrisisText.objects.filter(effective_from=None),
            {"effective_from__isempty": "1"},
        ),
    ]


def review_queue(request: HttpRequest) -> HttpResponse:
    """Show the review queue to staff with `view_article`."""
    if not request.user.has_perm("content.view_article"):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": "Needs attention",
        "subtitle": None,
        "opts": Article._meta,
        "review_items": review_items(timezone.now()),
    }
    return TemplateResponse(request, "admin/content/review_queue.html", context)
