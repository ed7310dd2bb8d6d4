"""`claims.json` of an article: its claims with their evidence, and the history of their approvals, signed."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse

from content.models.articles import Article
from content.models.snapshots import canonical_json

from . import evidence_signature
from .page_rendering import Page

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parent / "evidence/claims.schema.json").read_text("utf-8"))


def signed_claims(article: Article, page: Page) -> dict[str, Any]:
    """Return the content of `claims.json`, with its signature."""
    url = settings.SITE_URL + article.get_absolute_url()
    history = _history(article)
    live = article.live_snapshot.data if article.live_snapshot else {}
    hashes = _claim_hashes(live)
    return evidence_signature.sign(
        {
            "schema": settings.SITE_URL + reverse("claims-schema"),
            "article": url,
            "version": article.live_snapshot_id,
            "changed": article.updated_at,
            "reviewedBy": article.reviewer_name or None,
            "reviewed": article.last_reviewed,
            "claims": [{**claim, "hash": hashes.get(claim["id"], "")} for claim in page.statements(url)],
            "history": history,
        }
    )


def _history(article: Article) -> list[dict[str, Any]]:
    """Return the approvals, newest first, with the claims that each found changed."""
    approvals, before = [], dict[str, str]()
    for sign_off in article.sign_offs.select_related("snapshot").order_by("pk"):
        hashes = _claim_hashes(sign_off.snapshot.data)
        changed = {key for key in {**before, **hashes} if before.get(key) != hashes.get(key)}
        approvals.append(
            {
                "version": sign_off.snapshot_id,
                "signed": sign_off.signed_at,
                "reviewedBy": sign_off.reviewer_name,
                "changedClaims": sorted(changed),
            }
        )
        before = hashes
    return approvals[::-1]


def _claim_hashes(state: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of each claim with its sources, by key; who checked it and when is left out."""
    hashes = {}
    for key, claim in state.get("claims", {}).items():
        words = {name: value for name, value in claim.items() if name not in ("checked_on", "checked_by")}
        sources = {source: state.get("sources", {}).get(source) for source in claim.get("sources", [])}
        hashes[key] = hashlib.sha256(canonical_json({"claim": words, "sources": sources}).encode()).hexdigest()
    return hashes
