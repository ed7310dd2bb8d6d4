"""What readers see today becomes each article's first revision."""

import datetime as dt
import hashlib
import json

from django.db import migrations

FIELDS = ("title", "summary", "description", "body")


def keep_what_readers_see(apps, schema_editor):
    Article = apps.get_model("content", "Article")
    Revision = apps.get_model("content", "Revision")
    now = dt.datetime.now(dt.UTC)
    for article in Article.objects.all():
        words = {name: getattr(article, name) for name in FIELDS}
        fingerprint = hashlib.sha256(json.dumps([*words.values(), ""]).encode()).hexdigest()
        revision = Revision.objects.create(article=article, at=now, content_hash=fingerprint, **words)
        if article.published:
            article.published_at = dt.datetime.combine(article.published, dt.time(14), dt.UTC)
            article.live = revision
            article.last_reviewed = article.published_at if article.reviewer_id else None
        else:
            article.reviewer = None  # nobody can have reviewed what may still change
        article.save()


class Migration(migrations.Migration):
    dependencies = [("content", "0006_editors_workflow")]
    operations = [migrations.RunPython(keep_what_readers_see, migrations.RunPython.noop)]
