"""schema.org JSON-LD of the public pages; states nothing that readers do not see."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings

from content.evidence import citation_formats
from content.models.articles import Article

from .page_rendering import Page, plain_text

Node = dict[str, Any]

WORKS = {
    "article-journal": "ScholarlyArticle",
    "article-newspaper": "NewsArticle",
    "chapter": "Chapter",
    "legislation": "Legislation",
    "report": "Report",
    "webpage": "WebPage",
}
SCHEMA_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# CSP does not apply to a data block, but HTML ends it at the first `</script`.
ESCAPES = {ord(special): f"\\u{ord(special):04x}" for special in "<>&"}


def json_ld_script(nodes: Iterable[Node]) -> str:
    """Return the content of a `<script type="application/ld+json">` element."""
    graph = {"@context": "https://schema.org", "@graph": [_without_empty(node) for node in nodes]}
    return json.dumps(graph, ensure_ascii=False, separators=(",", ":")).translate(ESCAPES)


def _without_empty(node: Node) -> Node:
    return {name: value for name, value in node.items() if value}


def _day(moment: dt.datetime | None) -> str:
    return moment.date().isoformat() if moment else ""


def clinic_node(
    *,
    site: str,
    name: str,
    email: str,
    phone: str,
    address: str,
    hours: Iterable[Mapping[str, Any]],
    trial_days: int,
) -> Node:
    """Return the clinic and its offer; `hours` as in the profile, `phone` in E.164."""
    return {
        "@type": "MedicalClinic",
        "@id": f"{site}/#clinic",
        "name": name,
        "url": f"{site}/",
        "email": email,
        "telephone": phone,
        "address": " ".join(address.split()),
        "openingHoursSpecification": [
            {
                "@type": "OpeningHoursSpecification",
                "dayOfWeek": f"https://schema.org/{SCHEMA_DAYS[row['weekday']]}",
                "opens": row["start"],
                # Parsers may not accept ISO 8601's 24:00.
                "closes": "23:59" if row["end"] == "24:00" else row["end"],
            }
            for row in hours
        ],
        "makesOffer": {
            "@type": "Offer",
            "name": f"First {trial_days} days of the care program",
            "description": "Onboarding and support by the care team. It never includes a drug. No credit card.",
            "price": 0,
            "priceCurrency": "USD",
            "url": f"{site}/start/",
        },
    }


def person_node(*, site: str, key: str, name: str, role: str) -> Node:
    return {
        "@type": "Person",
        "@id": f"{site}/#{key}",
        "name": name,
        "jobTitle": role,
        "worksFor": {"@id": f"{site}/#clinic"},
    }


def work_node(cited: citation_formats.Work) -> Node:
    node = {
        "@type": WORKS[cited.type],
        "name": cited.title,
        "url": cited.url,
        "datePublished": cited.published_on.isoformat() if cited.published_on else str(cited.year or ""),
        "archivedAt": cited.archive_url,
        "sameAs": f"https://pubmed.ncbi.nlm.nih.gov/{cited.pmid}/" if cited.pmid else "",
    }
    return _without_empty(node)


def quotation_node(*, text: str, speaker: str, source: citation_formats.Work) -> Node:
    """Return a quotation; `creditText` fits a person and an organization as speaker."""
    return {"@type": "Quotation", "text": text, "creditText": speaker, "isPartOf": {"@id": source.url}}


def questions_node(*, url: str, questions: Iterable[tuple[str, str]]) -> Node:
    """Return a FAQ page of (question, answer as HTML)."""
    return {
        "@type": "FAQPage",
        "@id": f"{url}#questions",
        "mainEntity": [
            {"@type": "Question", "name": question, "acceptedAnswer": {"@type": "Answer", "text": plain_text(answer)}}
            for question, answer in questions
        ],
    }


def page_node(
    *,
    site: str,
    url: str,
    title: str,
    description: str,
    author: str,
    published: dt.datetime | None,
    modified: dt.datetime | None,
    reviewer: str | None,
    reviewed: dt.datetime | None,
    sources: Iterable[citation_formats.Work],
    quotations: Iterable[Node],
) -> Node:
    """Return the page; `author` and `reviewer` are keys of `person_node`s."""
    return {
        "@type": "MedicalWebPage",
        "@id": url,
        "url": url,
        "name": title,
        "description": description,
        "inLanguage": "en-US",
        "datePublished": _day(published),
        "dateModified": _day(modified),
        "lastReviewed": _day(reviewed),
        "reviewedBy": {"@id": f"{site}/#{reviewer}"} if reviewer else None,
        "author": {"@id": f"{site}/#{author}"},
        "publisher": {"@id": f"{site}/#clinic"},
        "citation": [work_node(source) for source in sources],
        "hasPart": list(quotations),
    }


def json_ld_for(article: Article, page: Page) -> str:
    """Return the JSON-LD of an article or of the landing page."""
    site, url, profile = settings.SITE_URL, settings.SITE_URL + article.get_absolute_url(), page.clinic
    people = _people(article, page)
    is_article = article.kind == Article.Kind.ARTICLE  # the landing page tells its sources once, to readers
    quotations = [
        quotation_node(text=quotation.text, speaker=quotation.speaker, source=quotation.source)
        for quotation in page.quotations.values()
    ]
    nodes = [
        page_node(
            site=site,
            url=url,
            title=page.title,
            description=page.description,
            author=page.author.key if page.author else "",
            published=article.published_at,
            modified=article.updated_at,
            reviewer=article.reviewer_key or None,
            reviewed=article.last_reviewed,
            sources=[cited.source for cited in page.sources] if is_article else [],
            quotations=quotations if is_article else [],
        ),
        *people.values(),
        clinic_node(
            site=site,
            name=profile.name,
            email=profile.mailbox,
            phone=profile.phone_e164,
            address=profile.postal_address,
            hours=profile.opening_hours,
            trial_days=profile.trial_days,
        ),
    ]
    if page.questions:
        nodes.append(questions_node(url=url, questions=page.questions))
    return json_ld_script(nodes)


def _people(article: Article, page: Page) -> dict[str, Node]:
    """Return author and reviewer by key, under the names and roles that the page shows."""
    nodes = {}
    if page.author:
        author = page.author
        nodes[author.key] = person_node(site=settings.SITE_URL, key=author.key, name=author.name, role=author.role)
    if article.reviewer_key:
        nodes[article.reviewer_key] = person_node(
            site=settings.SITE_URL, key=article.reviewer_key, name=article.reviewer_name, role=article.reviewer_role
        )
    return nodes
