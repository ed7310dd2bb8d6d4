"""URLs of the public pages."""

from django.urls import path, register_converter

from content.models.texts import LegalText

from . import views


class LegalTextKindConverter:
    """Match kinds of legal text only, so that other paths are 404 without a query."""

    regex = "|".join(LegalText.Kind.values)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(LegalTextKindConverter, "legal-text")

urlpatterns = [
    path("", views.landing, name="landing"),
    path("site.webmanifest", views.manifest, name="manifest"),
    path("robots.txt", views.robots, name="robots"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("learn/", views.learn, name="learn"),
    path("learn/feed.xml", views.feed, name="feed"),
    path("learn/claims.schema.json", views.claims_schema, name="claims-schema"),
    path(".well-known/evidence-keys.json", views.evidence_keys, name="evidence-keys"),
    path("learn/<slug:slug>/", views.article, name="article"),
    path("learn/<slug:slug>/sources.bib", views.sources_bib, name="sources-bib"),
    path("learn/<slug:slug>/sources.ris", views.sources_ris, name="sources-ris"),
    path("learn/<slug:slug>/sources.json", views.sources_json, name="sources-json"),
    path("learn/<slug:slug>/claims.json", views.claims_json, name="claims-json"),
    path("preview/<str:token>/", views.preview, name="preview"),
    path("<legal-text:kind>/", views.legal_text, name="legal-text"),
]
