"""A row of the list of leads: a page has fifty, and made here they take half of what the template language takes."""

import datetime as dt
from typing import Any

from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from signups import masking
from signups.states import LeadStatus

from .next_best_action import next_action

ROW = """<tr>{pick}
<th scope="row"><a href="{address}">{name}</a><span class="quiet">{email}</span>
<span class="quiet nowrap">{phone}</span>{tags}</th>
<td data-label="Next">{next}</td>
<td data-label="Status"><span class="status status-{status}">{status_label}</span></td>
<td data-label="Trial" class="nowrap">{trial}</td>
<td data-label="Owner">{owner}</td>
<td data-label="Last contact" class="nowrap">{last_contact}</td>
<td data-label="Signed up" class="nowrap">{signed_up}</td>
</tr>
"""
PICK = """
<td class="pick">
<label><input type="checkbox" name="pk" value="{}"><span class="visually-hidden">Select {}</span></label></td>"""
TAGS = """
<span class="tags">{}</span>"""
TAG = """<span class="tag">{}</span>"""
NEXT = """{}<span class="quiet nowrap{}">{}</span>"""


def row(lead: Any, user: Any, now: dt.datetime) -> SafeString:
    """A lead of `lead_list.listed` as `user` may see it; with a box to tick for those who may change it."""
    trials = list(lead.trials.all())
    trial = trials[0] if trials else None
    return format_html(
        ROW,
        pick=format_html(PICK, lead.pk, lead.name) if user.has_perm("signups.change_lead") else "",
        address=reverse("admin:signups_lead_change", args=[lead.pk]),
        name=str(lead),
        email=masking.contacts(lead.email, user),
        phone=masking.contacts(lead.phone, user),
        tags=_tags(lead),
        next=_next(lead, trial, now),
        status=lead.status,
        status_label=LeadStatus(lead.status).label,
        trial=trial.state(now) if trial else "none",
        owner=(lead.owner.get_full_name() or lead.owner.username) if lead.owner else "nobody",
        last_contact=_local(lead.last_contact, "N j, P") if lead.last_contact else "never",
        signed_up=_local(lead.created_at, "N j, Y, P"),
    )


def _tags(lead: Any) -> str:
    names = [(tagging.tag.name,) for tagging in lead.taggings.all()]
    return format_html(TAGS, format_html_join(" ", TAG, names)) if names else ""


def _next(lead: Any, trial: Any, now: dt.datetime) -> str:
    when = {"callback_at": lead.callback_at, "began_at": lead.began_at, "contact_at": lead.last_contact}
    action = next_action(lead, trial, now, **when)
    if not action or not action.at:
        return action.text if action else ""
    return format_html(NEXT, action.text, " late" if action.at < now else "", _local(action.at, "N j, P"))


def _local(at: dt.datetime, form: str) -> str:
    """In the clinic's time (`clinic.desk.clinic_time`)."""
    return dateformat.format(timezone.localtime(at), form)
