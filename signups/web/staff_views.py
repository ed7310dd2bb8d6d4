"""Shared code of staff pages.

A page is a plain function in the `routes` of a module; the admin site adds the sign-in. Checks run in this order:
permission (403), unknown lead (404), lead of another owner (403), then the method (405).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone

from signups.audit.staff_users import staff_user
from signups.leads.access import can_work_lead
from signups.leads.drafts import add_to_draft
from signups.leads.models import Lead

from .responses import redirect_after_post
from .staff_forms import typed_words

View = Callable[..., Any]


def staff_view(permission: str) -> Callable[[View], View]:
    """Require `permission`. Raises PermissionDenied."""

    def decorator(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            require_permission(request, permission)
            return view(request, *args, **kwargs)

        return wrapper

    return decorator


def lead_view(
    permission: str = "signups.view_lead", *, allowed: Callable[[User, Lead], bool] = can_work_lead
) -> Callable[[View], View]:
    """Call the view with the lead `pk`.

    Raises PermissionDenied for staff without `permission` or when `allowed(user, lead)` is false, Http404 for an
    unknown `pk`.
    """

    def decorator(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, pk: int, **kwargs: Any) -> Any:
            require_permission(request, permission)
            lead = get_lead(request, pk)
            if not allowed(staff_user(request), lead):
                raise PermissionDenied
            return view(request, lead, **kwargs)

        return wrapper

    return decorator


def require_permission(request: HttpRequest, permission: str) -> None:
    """Raise PermissionDenied for staff without `permission`."""
    if not request.user.has_perm(permission):
        raise PermissionDenied


def get_lead(request: HttpRequest, pk: int | str) -> Lead:
    """Return the lead `pk` with its owner.

    Raises PermissionDenied for staff who may not view leads, then Http404 for an unknown `pk`.
    """
    require_permission(request, "signups.view_lead")
    try:
        key = int(pk)
    except ValueError:
        raise Http404 from None
    return get_object_or_404(Lead.objects.select_related("owner"), pk=key)


def redirect_to_lead(pk: int) -> HttpResponse:
    """Redirect to the lead's page after a POST."""
    return redirect_after_post("admin:signups_lead_change", pk)


def render_page(
    request: HttpRequest, template: str, title: str, /, *, status: int = 200, **context: Any
) -> TemplateResponse:
    """Render a page of the care desk."""
    context = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, template, context, status=status)


def ask_first(
    request: HttpRequest,
    lead: Lead,
    *,
    title: str,
    button: str,
    consequences: list[str],
    back: str,
    other: tuple[str, str, str] | None = None,
) -> HttpResponse | None:
    """Return the page that says what is about to happen to whom, or None once that was confirmed.

    The page repeats the form with `confirmed`. `consequences` are sentences, what is sent among them.
    `other` is a second button to confirm by: name, value, label. Who goes back keeps a note as a draft.
    """
    note = typed_words(request.POST, ["note"])
    if "go_back" in request.POST:
        add_to_draft(lead, author=staff_user(request), text=note, now=timezone.now())
        return redirect_after_post(back)
    if "confirmed" in request.POST:
        return None
    fields = [(name, value) for name, value in request.POST.items() if name != "csrfmiddlewaretoken"]
    return render_page(
        request,
        "admin/confirm.html",
        title,
        action=request.path,
        lead=lead,
        consequences=consequences,
        button=button,
        other=other,
        fields=fields,
        note=note,
        back=back,
    )
