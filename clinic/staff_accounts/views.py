"""Pages with which the Head keeps the accounts of staff."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinic.staff_auth.signals import MFA_TYPES
from signups.audit.staff_users import display_name, staff_user
from signups.callbacks.models import CallbackRequest
from signups.followups.models import FollowUp
from signups.leads.locking import ActionError
from signups.leads.models import Lead
from signups.web.responses import redirect_after_post
from signups.web.staff_views import render_page, staff_view

from . import actions
from .forms import NewStaffForm, OffboardForm, RolesForm

manage = staff_view("signups.manage_staff")


@manage
@require_safe
def staff_list(request: HttpRequest) -> HttpResponse:
    """List the accounts that may sign in or could, with their roles."""
    second_step = Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=MFA_TYPES))
    people = User.objects.filter(is_staff=True).annotate(second_step=second_step).prefetch_related("groups")
    people = people.order_by("-is_active", "last_name", "first_name", "username")
    return render_page(request, "admin/staff/list.html", "Staff", people=people)


@manage
@require_http_methods(["GET", "HEAD", "POST"])
def staff_add(request: HttpRequest) -> HttpResponse:
    form = NewStaffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user, password = actions.add_staff(**form.cleaned_data, by=staff_user(request), now=timezone.now())
        return _password_page(request, user, password)
    status = 422 if request.method == "POST" else 200
    return render_page(request, "admin/staff/add.html", "Add a staff member", form=form, status=status)


@manage
@require_http_methods(["GET", "HEAD", "POST"])
def staff_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an account with everything the Head may do to it; POST sets the roles."""
    user = _get(pk)
    if request.method != "POST":
        return _person(request, user)
    form = RolesForm(request.POST)
    if not form.is_valid():
        return _person(request, user, form=form, status=422)
    done = f"Roles of {display_name(user)}: {', '.join(form.cleaned_data['roles'])}."
    return _do(request, user, actions.change_roles, done, roles=form.cleaned_data["roles"])


@manage
@require_POST
def staff_password(request: HttpRequest, pk: int) -> HttpResponse:
    user = _get(pk)
    try:
        password = actions.renew_password(user, by=staff_user(request), now=timezone.now())
    except ActionError as why:
        return _person(request, user, refused=str(why), status=409)
    return _password_page(request, user, password)


@manage
@require_http_methods(["GET", "HEAD", "POST"])
def staff_offboard(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask who takes over what; POST does all of it at once."""
    user, now = _get(pk), timezone.now()
    is_sent, refused = request.method == "POST", ""
    form = OffboardForm(request.POST if is_sent else None, user=user)
    if form.is_valid():
        try:
            actions.offboard(user, **form.cleaned_data, by=staff_user(request), now=now)
        except ActionError as why:
            refused = str(why)
        else:
            messages.success(request, f"{display_name(user)} can no longer sign in. Their work was handed over.")
            return redirect_after_post("admin:signups_staff_list")
    status = 409 if refused else 422 if is_sent else 200
    context = {"person": user, "form": form, "refused": refused, "work": _work_of(user)}
    return render_page(request, "admin/staff/offboard.html", f"Offboard {display_name(user)}", status=status, **context)


@manage
@require_POST
def staff_reset(request: HttpRequest, pk: int) -> HttpResponse:
    done = "Asked. Somebody else now has to confirm it, within 24 hours: it is on their My day."
    return _do(request, _get(pk), actions.ask_for_reset, done)


@staff_view("signups.confirm_reset")
@require_http_methods(["GET", "HEAD", "POST"])
def staff_confirm_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Show who lost the second step and who asked for the reset; POST resets it."""
    user, now, refused = _get(pk), timezone.now(), ""
    if request.method == "POST":
        try:
            actions.confirm_reset(user, by=staff_user(request), now=now)
        except ActionError as why:
            refused = str(why)
        else:
            messages.success(request, f"Second step of {display_name(user)} reset.")
            return redirect_after_post("admin:index")
    context = {"person": user, "asked": actions.pending_reset(user, now), "refused": refused}
    title, status = f"Reset the second step of {display_name(user)}?", 409 if refused else 200
    return render_page(request, "admin/staff/confirm_reset.html", title, status=status, **context)


def _get(pk: int) -> User:
    return get_object_or_404(User.objects.filter(is_staff=True), pk=pk)


def _do(request: HttpRequest, user: User, action: Any, done: str, **about: Any) -> HttpResponse:
    try:
        action(user, **about, by=staff_user(request), now=timezone.now())
    except ActionError as why:
        return _person(request, user, refused=str(why), status=409)
    messages.success(request, done)
    return redirect_after_post("admin:signups_staff_change", user.pk)


def _person(
    request: HttpRequest, user: User, *, form: RolesForm | None = None, refused: str = "", status: int = 200
) -> HttpResponse:
    now = timezone.now()
    context: dict[str, Any] = {
        "person": user,
        "form": form or RolesForm(initial={"roles": [group.name for group in user.groups.all()]}),
        "refused": refused,
        "has_second_step": Authenticator.objects.filter(user=user, type__in=MFA_TYPES).exists(),
        "asked": actions.pending_reset(user, now),
        "is_own": user == request.user,
    }
    return render_page(request, "admin/staff/person.html", display_name(user), status=status, **context)


def _password_page(request: HttpRequest, user: User, password: str) -> HttpResponse:
    title = f"Password of {display_name(user)}"
    return render_page(request, "admin/staff/password.html", title, person=user, password=password)


def _work_of(user: User) -> list[tuple[str, int]]:
    """Return what `user` would leave behind, with numbers."""
    return [
        ("leads", Lead.objects.filter(owner=user, status__in=actions.HANDED_OVER).count()),
        ("follow-ups", FollowUp.objects.open().owned_by(user).count()),
        ("claimed callbacks", CallbackRequest.objects.open().claimed_by(user).count()),
        ("upcoming calls", actions.upcoming_calls(user, timezone.now()).count()),
    ]


routes = [
    path("staff/", staff_list, name="signups_staff_list"),
    path("staff/add/", staff_add, name="signups_staff_add"),
    path("staff/<int:pk>/", staff_change, name="signups_staff_change"),
    path("staff/<int:pk>/password/", staff_password, name="signups_staff_password"),
    path("staff/<int:pk>/offboard/", staff_offboard, name="signups_staff_offboard"),
    path("staff/<int:pk>/reset/", staff_reset, name="signups_staff_reset"),
    path("staff/<int:pk>/reset/confirm/", staff_confirm_reset, name="signups_staff_confirm_reset"),
]
