"""Where browsers tell that a page broke its content policy: counted by directive and kind of page, nothing kept."""

import datetime as dt
import json
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from signups import throttle
from signups.models import PolicyReport
from signups.views.decorators import throttled

from .headers import POLICY

MOST = 10_000  # bytes


@csrf_exempt  # browsers send it by themselves, without a form
@require_POST
@throttled
def report(request: HttpRequest) -> HttpResponse:
    """Always an empty answer: who sends nonsense learns nothing."""
    now = timezone.now()
    throttle.check("policy report", throttle.client(request), limit=60, per=dt.timedelta(hours=1), now=now)
    if told := _read(request):
        directive = str(told.get("effective-directive") or told.get("violated-directive") or "").split(" ")[0]
        directive = directive.removesuffix("-elem").removesuffix("-attr")
        page = _kind(str(told.get("document-uri", "")))
        PolicyReport.objects.count_one(timezone.localdate(now), directive if directive in POLICY else "other", page)
    return HttpResponse(status=204)


def _read(request: HttpRequest) -> dict[str, Any]:
    """The report (CSP 3 §5.3), or nothing where it is none."""
    try:
        body = json.loads(request.body[:MOST])
    except (ValueError, RecursionError):
        return {}
    told = body.get("csp-report") if isinstance(body, dict) else None
    return told if isinstance(told, dict) else {}


def _kind(address: str) -> str:
    """The name of the page at `address`: the address itself can be somebody's private link."""
    try:
        return resolve(urlsplit(address).path).url_name or "other"
    except (Resolver404, ValueError):
        return "other"
