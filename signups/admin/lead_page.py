"""One lead on one page: who it is, what to do next, everything that was done. Each button has an address of its own."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from signups import daytime, masking, zones
from signups.actions import callbacks, consents, leads, privacy, trials, turns
from signups.forms.desk import ConsentForm, EraseForm, MoveForm, NoteForm, OwnerForm, TagForm, TryForm
from signups.models import EmailTemplate, Lead, Tag
from signups.next_action import next_action
from signups.states import CONTACTS, GONE, CallStatus, LeadStatus

from . import reading, timeline
from .callbacks import outcome_form
from .staff import owners, who

Deed = Callable[..., Any]


class LeadPage(admin.ModelAdmin):
    def get_urls(self) -> list[URLPattern]:
        deeds = {
            "assign": self.assign,
            "assign-next": self.assign_next,
            "move": self.move,
            "note": self.note,
            "try": self.log_try,
            "convert": self.convert,
            "refund": self.refund,
            "refund-undo": self.refund_undo,
            "tag": self.tag,
            "untag": self.untag,
            "consent": self.consent,
            "erase": self.erase,
        }
        own = [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(view),
                name=f"signups_lead_{name.replace('-', '_')}",
            )
            for name, view in deeds.items()
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        lead = self._found(request, object_id)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return self._page(request, lead)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The timeline is the history: Django's own list would know nothing of what actions did."""
        lead = self._found(request, object_id)
        return HttpResponseRedirect(reverse("admin:signups_lead_change", args=[lead.pk]) + "#timeline")

    def assign(self, request: HttpRequest, pk: int) -> HttpResponse:
        def do(lead: Lead, *, owner: Any, **who: Any) -> None:
            leads.assign(lead=lead, to=owner, **who)

        return self._do(request, pk, OwnerForm(request.POST, owners=owners()), do, "The owner is changed.")

    def assign_next(self, request: HttpRequest, pk: int) -> HttpResponse:
        def do(lead: Lead, **who: Any) -> None:
            if not turns.assign_next(lead=lead, **who):
                raise leads.Refused("Nobody who takes leads is there today.")

        return self._do(request, pk, forms.Form(request.POST), do, "It is given to whose turn it was.")

    def move(self, request: HttpRequest, pk: int) -> HttpResponse:
        def do(lead: Lead, *, seen: str, **told: Any) -> None:
            lead.status = seen
            leads.transition(lead=lead, **told)

        return self._do(request, pk, MoveForm(request.POST), do, "The lead is moved.")

    def note(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._do(request, pk, NoteForm(request.POST), leads.write_note, "The note is saved.")

    def log_try(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._do(request, pk, TryForm(request.POST), leads.log_try, "It is noted.")

    def convert(self, request: HttpRequest, pk: int) -> HttpResponse:
        def do(lead: Lead, **who: Any) -> None:
            trial = lead.current_trial()
            if trial is None:
                raise leads.Refused("There is no trial to convert.")
            trials.convert(trial, **who)

        return self._do(request, pk, forms.Form(request.POST), do, "They are a patient now.")

    def refund(self, request: HttpRequest, pk: int) -> HttpResponse:
        def do(lead: Lead, **who: Any) -> None:
            trial = lead.trials.refund_owed().first() or lead.trials.first()
            if trial is None:
                raise leads.Refused("There is no trial, and no request.")
            trials.settle_refund(trial, **who)

        return self._do(request, pk, forms.Form(request.POST), do, "It is noted, and their own page says so.")

    def refund_undo(self, request: HttpRequest, pk: int) -> HttpResponse:
        def do(lead: Lead, **who: Any) -> None:
            trial = lead.trials.exclude(refund_settled_at=None).order_by("-refund_settled_at").first()
            if trial:
                trials.undo_settle_refund(trial, **who)

        return self._do(request, pk, forms.Form(request.POST), do, "It is taken back: the money is still to be sent.")

    def tag(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._do(request, pk, TagForm(request.POST), leads.add_tag, "The tag is added.")

    def untag(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._do(request, pk, TagForm(request.POST), leads.remove_tag, "The tag is taken off.")

    def consent(self, request: HttpRequest, pk: int) -> HttpResponse:
        def do(lead: Lead, *, agrees: bool, **told: Any) -> None:
            (consents.grant if agrees else consents.revoke)(lead, **told)

        return self._do(request, pk, ConsentForm(request.POST), do, "It is noted, and holds from now on.")

    def erase(self, request: HttpRequest, pk: int) -> HttpResponse:
        """For who asks by telephone or letter."""
        if not request.user.has_perm("signups.erase_lead"):
            raise PermissionDenied

        def do(lead: Lead, *, asked: bool, **told: Any) -> None:
            privacy.erase(lead, **told)

        return self._do(request, pk, EraseForm(request.POST), do, "Everything about them is erased.")

    def _do(self, request: HttpRequest, pk: int, form: forms.Form, deed: Deed, done: str) -> HttpResponse:
        """Does it and shows the page anew (303), or says on the page why not: 422 for the form, 409 for a rule."""
        lead = self._found(request, pk)
        user = who(request)
        if not (leads.may_work(user, lead) or (deed is leads.write_note and leads.may_note(user, lead))):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not form.is_valid():
            wrong = [str(error) for errors in form.errors.values() for error in errors]
            return self._page(request, lead, refused=wrong, status=422)
        try:
            deed(lead=lead, by=user, now=timezone.now(), **form.cleaned_data)
        except leads.Refused as refused:
            return self._page(request, self._found(request, pk), refused=[str(refused)], status=409)
        messages.success(request, done)
        return HttpResponseRedirect(reverse("admin:signups_lead_change", args=[pk]), status=303)

    def _found(self, request: HttpRequest, object_id: Any) -> Lead:
        """Raises Http404, or PermissionDenied for whoever may not read about leads."""
        if not request.user.has_perm("signups.view_lead"):
            raise PermissionDenied
        try:
            pk = int(object_id)
        except ValueError:
            raise Http404 from None
        return get_object_or_404(Lead.objects.select_related("owner"), pk=pk)

    def _page(
        self, request: HttpRequest, lead: Lead, *, refused: list[str] | None = None, status: int = 200
    ) -> HttpResponse:
        reading.read(request, lead)
        user, now = who(request), timezone.now()
        trial = lead.trials.first()
        callback = lead.callbacks.open().select_related("claimed_by").first()
        calls = list(lead.calls.select_related("host__user"))
        unsettled = min(
            (call for call in calls if call.is_unsettled(now)), key=lambda call: call.starts_at, default=None
        )
        kind, before = self._asked(request)
        entries, more = timeline.of(lead, seen_by=user, kind=kind, before=before)
        context = {
            **self.admin_site.each_context(request),
            "title": str(lead),
            "opts": self.opts,
            "lead": lead,
            "email": masking.contacts(lead.email, user),
            "phone": masking.contacts(lead.phone, user),
            "heard_from": masking.contacts(lead.heard_from, user),
            "sees_contact": user.has_perm("signups.see_contact"),
            "may_call": lead.may_be_called(now),
            "city": zones.city(lead.time_zone),
            "now": now,
            "trial": trial,
            "may_undo_refund": trial is not None and trial.may_be_owed_again(now),
            "trial_state": trial.state(now) if trial else "none",
            "callback": callback,
            "calls": calls,
            "unsettled": unsettled,
            "may_book": not any(call.status == CallStatus.BOOKED and call.starts_at > now for call in calls),
            "outcome_form": outcome_form(callback, list(callback.attempts.all()), now)
            if callback and callback.claimed_by in (None, user)
            else None,
            "may_dial": callback is not None and daytime.CALLS.include(now, callback.time_zone),
            "may_log": callback is not None and callbacks.may_be_logged(callback, now),
            "is_day": daytime.CALLS.include(now, lead.time_zone),
            "consents": lead.consents.select_related("text"),
            "next_action": next_action(
                lead,
                trial,
                now,
                callback_at=callback.call_at if callback else None,
                began_at=unsettled.starts_at if unsettled else None,
                contact_at=lead.events.filter(verb__in=CONTACTS).aggregate(last=Max("at"))["last"],
            ),
            "may_convert": trial is not None and trial.may_be_converted and lead.status == LeadStatus.QUALIFIED,
            "may_note": leads.may_note(user, lead),
            "may_work": leads.may_work(user, lead),
            "ways": leads.ways(lead, user),
            "closed": LeadStatus.CLOSED,
            "owner_form": OwnerForm(owners=owners(), initial={"owner": lead.owner_id}, auto_id="owner_%s"),
            "move_form": MoveForm(auto_id="move_%s"),
            "try_form": TryForm(auto_id="try_%s"),
            "erase_form": EraseForm(),
            "consent_form": ConsentForm(auto_id="consent_%s"),
            "tags": [tagging.tag for tagging in lead.taggings.named()],
            "all_tags": Tag.objects.filter(offered=True),
            "letters": EmailTemplate.objects.filter(is_active=True),
            "may_erase": user.has_perm("signups.erase_lead") and lead.status not in GONE,
            "note_form": NoteForm(auto_id="note_%s"),
            "entries": entries,
            "older": entries[-1].at.isoformat() if more else "",
            "kinds": timeline.KINDS,
            "kind": kind,
            "refused": refused,
        }
        return TemplateResponse(request, "admin/signups/lead/page.html", context, status=status)

    def _asked(self, request: HttpRequest) -> tuple[str, dt.datetime | None]:
        """The part of the timeline that the address names. Raises BadRequest."""
        kind, told = request.GET.get("kind", ""), request.GET.get("before", "")
        try:
            before = dt.datetime.fromisoformat(told) if told else None
            if kind not in timeline.KINDS or (before and before.tzinfo is None):
                raise ValueError(told)
            return kind, before and before.astimezone(dt.UTC)
        except (ValueError, OverflowError):  # (the first and the last hours there are have no UTC)
            raise BadRequest("There is no such part of the timeline.") from None
