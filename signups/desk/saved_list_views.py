"""Save and delete views of the lead list."""

from django import forms
from django.contrib import messages
from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from signups.audit.staff_users import staff_user
from signups.web.responses import redirect_after_post
from signups.web.staff_views import staff_view

from . import list_state
from .lead_list import requested_list
from .models import MAX_VIEWS, SavedList


class SaveListForm(forms.Form):
    name = forms.CharField(max_length=40, error_messages={"required": "Enter a name for the view."})
    is_shared = forms.BooleanField(required=False)


@staff_view("signups.view_lead")
@require_POST
def save_list(request: HttpRequest) -> HttpResponse:
    """Save the filters, order and columns of the address under a name; the same name again replaces it."""
    requested_list(request)  # (an address that shows no list is refused)
    form, user = SaveListForm(request.POST), staff_user(request)
    query = _without_words(request.GET)
    back = reverse("admin:signups_lead_changelist") + f"?{query}"
    if not form.is_valid() or len(query) > 500:
        messages.error(request, "Enter a name of at most 40 characters for the view.")
        return redirect_after_post(back)
    name, is_shared = form.cleaned_data["name"], form.cleaned_data["is_shared"]
    if user.saved_lists.exclude(name=name).count() >= MAX_VIEWS:
        messages.error(request, f"You have {MAX_VIEWS} views. Delete one first.")
        return redirect_after_post(back)
    values = {"query": query, "is_shared": is_shared, "created_at": timezone.now()}
    SavedList.objects.update_or_create(owner=user, name=name, defaults=values)
    left_out = " Search words aren’t saved." if request.GET.get(SEARCH_VAR) else ""
    messages.success(request, f"View saved: {name}.{left_out}")
    return redirect_after_post(back)


def _without_words(query: QueryDict) -> str:
    kept = query.copy()
    for name in (SEARCH_VAR, PAGE_VAR):
        kept.pop(name, None)
    return kept.urlencode()


@staff_view("signups.view_lead")
@require_POST
def delete_list(request: HttpRequest, pk: int) -> HttpResponse:
    saved = get_object_or_404(SavedList.objects.seen_by(staff_user(request)), pk=pk)
    if not saved.may_be_deleted_by(staff_user(request)):
        raise PermissionDenied
    saved.delete()
    messages.success(request, f"View deleted: {saved}.")
    return redirect_after_post(list_state.leads_url(request))


routes = [
    path("signups/lead/views/save/", save_list, name="signups_lead_save_view"),
    path("signups/lead/views/<int:pk>/delete/", delete_list, name="signups_lead_delete_view"),
]
