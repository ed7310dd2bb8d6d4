"""The queue of those to call back, and the page of one call. Rules are the actions'; here they are asked."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from signups import daytime, diaries, terms, zones
from signups.actions import callbacks
from signups.forms.outcomes import HolderForm, OutcomeForm
from signups.models import CallAttempt, CallbackRequest
from signups.models.callbacks import MOST_ATTEMPTS
from signups.scheduling import attempts
from signups.states import CallOutcome

from . import reading
from .read_only import ReadOnly

PER_PAGE = 50
VIEWS = {"": "All", "due": "To call now", "overdue": "Overdue", "mine": "Mine"}


@dataclass(frozen=True)
class Row:
    """One request as the queue shows it."""

    request: CallbackRequest
    when: str
    is_overdue: bool
    city: str
    may_call: bool


@admin.register(CallbackRequest)
class CallbackAdmin(ReadOnly, admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        """Ours only: no page of Django's adds, changes or deletes a request, or shows its number."""

        def one(view: Callable[..., HttpResponse], name: str, method: Callable[..., Any]) -> URLPattern:
            route = f"<uuid:public_id>/{name}/" if name != "call" else "<uuid:public_id>/"
            return path(route, self._page(method(view)), name=f"signups_callbackrequest_{name}")

        return [
            path("", self._page(require_safe(self.queue)), name="signups_callbackrequest_changelist"),
            one(self.call, "call", require_safe),
            one(self.claim, "claim", require_POST),
            one(self.release, "release", require_POST),
            one(self.attempt, "attempt", require_POST),
            one(self.close, "close", require_POST),
            one(self.reassign, "reassign", require_POST),
        ]

    def _page(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        """For those who work callbacks; everybody else is refused."""

        def wrapper(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm("signups.work_callbackrequest"):
                raise PermissionDenied
            return view(request, **kwargs)

        return cast(Callable[..., HttpResponse], self.admin_site.admin_view(wrapper))

    def queue(self, request: HttpRequest) -> HttpResponse:
        """Whom to call, the one due next first."""
        now, chosen = timezone.now(), request.GET.get("view", "")
        waiting = CallbackRequest.objects.open()
        narrow: dict[str, Callable[[], Any]] = {
            "due": lambda: waiting.due(now),
            "overdue": lambda: waiting.overdue(now),
            "mine": lambda: waiting.claimed_by(cast(User, request.user)),
        }
        found = narrow.get(chosen, lambda: waiting)()
        found = found.select_related("lead", "claimed_by").annotate(tries=Count("attempts"))
        page = Paginator(found.soonest_first(), PER_PAGE).get_page(request.GET.get("page"))
        reading.listed(request, "callbacks", len(page))
        context = {
            **self.admin_site.each_context(request),
            "title": "Callbacks",
            "views": VIEWS,
            "chosen": chosen,
            "page": page,
            "rows": [_row(callback, now) for callback in page],
            "overdue": waiting.overdue(now).count(),
            "now": now,
            "most": MOST_ATTEMPTS,
        }
        return TemplateResponse(request, "admin/signups/callbacks/queue.html", context)

    def call(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Everything needed to make one call and to say how it went."""
        return self._call(request, _found(public_id))

    def claim(self, request: HttpRequest, public_id: str) -> HttpResponse:
        return self._do(request, public_id, callbacks.claim, "signups_callbackrequest_call")

    def release(self, request: HttpRequest, public_id: str) -> HttpResponse:
        return self._do(request, public_id, callbacks.release)

    def close(self, request: HttpRequest, public_id: str) -> HttpResponse:
        return self._do(request, public_id, callbacks.close)

    def attempt(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Notes how the call went."""
        callback = _found(public_id)
        form = OutcomeForm(request.POST, number=callback.attempts.count() + 1)
        if not form.is_valid():
            return self._call(request, callback, outcome_form=form, status=422)
        data = form.cleaned_data
        told = {**data, "outcome": CallOutcome(data["outcome"])}

        def log(callback: CallbackRequest, **who: Any) -> None:
            callbacks.log_attempt(callback, **told, **who)

        return self._do(request, public_id, log, done=f"Noted: {told['outcome'].label.lower()}.", outcome_form=form)

    def reassign(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Gives it to somebody else, whoever held it."""
        form = HolderForm(request.POST)
        if not form.is_valid():
            return self._call(request, _found(public_id), holder_form=form, status=422)

        def give(callback: CallbackRequest, **who: Any) -> None:
            callbacks.reassign(callback, to=form.cleaned_data["to"], **who)

        return self._do(request, public_id, give)

    def _do(
        self,
        request: HttpRequest,
        public_id: str,
        action: Callable[..., object],
        goes_to: str = "signups_callbackrequest_changelist",
        done: str = "",
        **forms: Any,
    ) -> HttpResponse:
        """Runs `action`; what it refuses is shown on the call's page, with its reason (409)."""
        callback = _found(public_id)
        try:
            action(callback, by=request.user, now=timezone.now())
        except callbacks.Refused as refused:
            return self._call(request, _found(public_id), refused=str(refused), status=409, **forms)
        if done:
            messages.success(request, done)
        if request.POST.get("back") == "lead":
            return HttpResponseRedirect(reverse("admin:signups_lead_change", args=[callback.lead_id]), status=303)
        args = [public_id] if goes_to.endswith("_call") else []
        return HttpResponseRedirect(reverse(f"admin:{goes_to}", args=args), status=303)

    def _call(
        self, request: HttpRequest, callback: CallbackRequest, *, refused: str = "", status: int = 200, **forms: Any
    ) -> HttpResponse:
        reading.read(request, callback.lead)
        now = timezone.now()
        tries = list(callback.attempts.select_related("by"))
        form = outcome_form(callback, tries, now)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Call {callback.lead}",
            "callback": callback,
            "row": _row(callback, now),
            "tries": tries,
            "number": len(tries) + 1,
            "most": MOST_ATTEMPTS,
            "refused": refused,
            "is_mine": callback.claimed_by == request.user,
            "proposed": form.initial["next_attempt_at"],
            "outcome_form": form,
            "may_log": callbacks.may_be_logged(callback, now),
            "holder_form": HolderForm() if request.user.has_perm("signups.reassign_callbackrequest") else None,
            "now": now,
            **forms,
        }
        return TemplateResponse(request, "admin/signups/callbacks/call.html", context, status=status)


def outcome_form(callback: CallbackRequest, tries: list[CallAttempt], now: dt.datetime) -> OutcomeForm:
    """To say how the try after `tries` went; the next one is proposed."""
    proposed = attempts.propose(
        [*(attempt.at for attempt in tries), now],
        diaries.clinic_hours(terms.current()),
        callback.time_zone,
        callback.best_time,
    )
    return OutcomeForm(number=len(tries) + 1, initial={"next_attempt_at": proposed})


def _found(public_id: str) -> CallbackRequest:
    return get_object_or_404(CallbackRequest.objects.timed().select_related("lead", "claimed_by"), public_id=public_id)


def _row(callback: CallbackRequest, now: dt.datetime) -> Row:
    return Row(
        request=callback,
        when=attempts.in_words(callback.call_at, now, timezone.get_current_timezone_name()),
        is_overdue=callback.closed_at is None and callback.call_at < now,
        city=zones.city(callback.time_zone),
        may_call=daytime.CALLS.include(now, callback.time_zone),
    )
