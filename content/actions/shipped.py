"""The shipped pages before anybody signed or published them: they follow what the clinic says at its set-up."""

import datetime as dt

from django.db import transaction

from content import state_changes
from content.models.articles import Article
from content.models.texts import LegalText

from . import texts


@transaction.atomic
def refresh_articles(*, now: dt.datetime) -> int:
    """Show today's rows on published articles that nobody has ever signed off; return how many changed.

    Called at the shell only (`load_content --update`, `setup_clinic`): no form of the desk leads here.
    """
    changed = 0
    articles = Article.objects.published().filter(sign_offs=None).select_related("author", "live_revision")
    for article in articles.select_for_update(of=("self",)):
        if (
            article.live_revision
            and article.live_snapshot_id
            != (snapshot := state_changes.state_of(article, article.live_revision).store()).pk
        ):
            article.live_snapshot, article.changed_at = snapshot, now
            article.save(update_fields=["live_snapshot", "changed_at"])
            changed += 1
    return changed


@transaction.atomic
def refresh_texts() -> int:
    """Fill the shipped legal texts with today's values; return how many changed.

    Never to be called once somebody may have agreed to them.
    """
    changed = 0
    for text in LegalText.objects.filter(effective_from__isnull=False, published_by=None).select_for_update():
        snapshot = texts.snapshot_of(text)
        if snapshot.pk != text.snapshot_id:
            text.snapshot = snapshot
            text.save(update_fields=["snapshot"])
            changed += 1
    return changed
