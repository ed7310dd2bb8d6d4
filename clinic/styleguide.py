"""Style guide: every component in each of its states, served in development only."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from content.evidence.markup import Block, Note
from content.models.sources import Quotation, Source
from content.page_rendering import ClaimUse, PageEvidence
from signups.trials.forms import TrialForm


def styleguide(request: HttpRequest) -> HttpResponse:
    """Render the components with unsaved sample data."""
    source = Source(
        title="A source", container="Its journal", year=2020, authors=["Moss A"], url="https://example.org/"
    )
    quotation = Quotation(key="Q1", text="These are somebody’s exact words.", speaker="Ada Moss", source=source)
    note = Note(1, "source", ["cite-1-1"])
    blocks = [
        Block("quotation", "Q1", note=note, anchor="cite-1-1"),
        Block("notice", "A notice", "<p>With a <a href='#'>link</a>.</p>"),
        Block("steps", html="<ol><li><strong>First.</strong> This.</li><li><strong>Then.</strong> That.</li></ol>"),
        Block("question", "A question?", "<p>Its answer.</p>"),
        Block("promises"),
        Block("crisis"),
        Block("call"),
        Block("care"),
        Block("team"),
        Block("start"),
        Block("figure", "party"),
    ]
    use = ClaimUse([("a", "cite-1-1")], (PageEvidence("randomized trial, 73 people", "", dt.date(2026, 11, 23)),))
    context = {
        "section": {"blocks": blocks},
        "page": {
            "quotations": {"Q1": quotation},
            "sources": [{"note": note, "source": source, "uses": [use]}],
            "team": [{"name": "Ada Moss", "role": "Nurse", "bio": "She answers."}],
        },
        "rows": [("A fact", "Its value"), ("A longer name of a fact", "A value that is long enough to need two lines")],
        "empty": TrialForm(),
        "form": TrialForm({"name": "Jo", "email": "jo@", "preferred_channel": "call"}),
    }
    return render(request, "styleguide.html", context)
