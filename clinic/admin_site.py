"""The care desk: the project's `AdminSite`, shown in the clinic's time zone."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from clinic.lib import time_zones
from content.models.profile import ClinicProfile
from signups.audit.model_admin import with_audit


class CareDesk(admin.AdminSite):
    """Admin site whose every model admin writes to the audit log."""

    site_title = "Care desk"
    site_header = "Care desk"
    index_title = "Today"
    site_url = "/"
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register as Django does, with an admin class that records its writes."""
        super().register(model_or_iterable, with_audit(admin_class), **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return the function views, wrapped in `admin_view`, then Django's URLs."""
        from content.admin import articles
        from signups.desk import urls as desk_urls

        from . import clinic_hours
        from .staff_accounts import views as staff_accounts

        routes = [
            path("roles/", require_safe(self.roles), name="roles"),
            path("my-day/", require_safe(refresh_my_day), name="my_day"),
            path("stay-signed-in/", require_safe(stay_signed_in), name="stay_signed_in"),
            *articles.routes,
            *desk_urls.routes,
            *staff_accounts.routes,
            *clinic_hours.routes,
        ]
        protected = [URLPattern(route.pattern, self.admin_view(route.callback), name=route.name) for route in routes]
        return [*protected, *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        from signups.desk import list_state

        from . import navigation

        context = super().each_context(request)
        return {
            **context,
            "navigation": navigation.group_admin_pages(context["available_apps"], request.user),
            "leads_url": list_state.leads_url(request),
            "idle_minutes": settings.STAFF_SESSION_IDLE_MINUTES,
            "zone_city": time_zones.city_name(timezone.get_current_timezone_name()),
        }

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Render the dashboard.

        Charts need `signups.view_lead`, the setup checklist `signups.work_any_lead`.
        """
        from signups.audit import access_log

        from . import dashboard, setup_checklist

        now, days = timezone.now(), dashboard.parse_period(request)
        shown = dashboard.my_day(request.user, now)
        access_log.log_list_view(request, "in_hand", len(shown["my_tasks"]))
        context = {
            **shown,
            "content_alerts": dashboard.content_alerts(request.user, now),
            "charts": dashboard.build_charts(days, now) if request.user.has_perm("signups.view_lead") else [],
            "periods": dashboard.PERIODS,
            "days": days,
            "pending_steps": setup_checklist.linked_steps(request.user),
        }
        return super().index(request, {**context, **(extra_context or {})})

    def logout(  # type: ignore[override] # it redirects
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign out, and have the browser forget what it keeps of the desk (ASVS 5.0 V14.3.1)."""
        response: HttpResponse = super().logout(request, extra_context)
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response

    def roles(self, request: HttpRequest) -> HttpResponse:
        """Render the permission matrix of the roles."""
        from . import roles as clinic_roles  # imports models, which are not loaded yet when the site is created

        context = {
            **self.each_context(request),
            "title": "Roles",
            "subtitle": None,
            "roles": list(clinic_roles.ROLES),
            "permission_matrix": clinic_roles.permission_matrix(),
        }
        return TemplateResponse(request, "admin/roles.html", context)


def stay_signed_in(request: HttpRequest) -> HttpResponse:
    """Answer with nothing: that it was asked keeps the session in use (`staff_auth/middleware.py`)."""
    return HttpResponse(status=204)


def refresh_my_day(request: HttpRequest) -> HttpResponse:
    """Return My day for the page that shows it, or 304 when it shows this already (`If-None-Match`).

    It is asked by a script and keeps no session in use (`staff_auth/middleware.py`). New content is logged as a view.
    """
    from signups.audit import access_log

    from . import dashboard

    shown = dashboard.my_day(request.user, timezone.now())
    tag = quote_etag(dashboard.version_of(shown))
    response = get_conditional_response(request, etag=tag, response=HttpResponse(headers={"ETag": tag}))
    assert response is not None  # noqa: S101 - for the type checker
    if response.status_code == HTTPStatus.OK:
        access_log.log_list_view(request, "in_hand", len(shown["my_tasks"]))
        response.content = render_to_string("admin/_my_day.html", shown, request)
    return response


def activate_clinic_time_zone(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: activate the clinic's time zone for the admin."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(reverse("admin:index")):
            return get_response(request)
        with timezone.override(caches["memory"].get_or_set("clinic.zone", _zone, 60)):
            return get_response(request)

    return middleware


def _zone() -> str:
    profile = ClinicProfile.objects.first()
    return profile.time_zone if profile else timezone.get_default_timezone_name()
