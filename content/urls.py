from django.urls import path, register_converter

from . import views
from .models import LegalText


class TextKind:
    """Only kinds of legal text, so that an unknown address is a plain 404 and never reaches the database."""

    regex = "|".join(LegalText.Kind.values)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(TextKind, "text")

urlpatterns = [
    path("", views.landing, name="landing"),
    path("site.webmanifest", views.manifest, name="manifest"),
    path("learn/", views.learn, name="learn"),
    path("learn/<slug:slug>/", views.article, name="article"),
    path("<text:kind>/", views.text, name="text"),
]
