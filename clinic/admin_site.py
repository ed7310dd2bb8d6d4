"""The care desk: Django's admin site under our name, in the clinic's own time."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic.lib import time_zones
from content.models.profile import ClinicProfile
from signups.audit.model_admin import with_audit


class CareDesk(admin.AdminSite):
    site_title = "Care desk"
    site_header = "Care desk"
    index_title = "Today"
    site_url = "/"
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """As Django's, and what is done there is recorded."""
        super().register(model_or_iterable, with_audit(admin_class), **options)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return the function views behind the site's sign-in, before the addresses that Django makes for models."""
        from content.admin import articles
        from signups.desk import urls as desk_urls

        routes = [path("roles/", require_safe(self.roles), name="roles"), *articles.routes, *desk_urls.routes]
        own = [URLPattern(each.pattern, self.admin_view(each.callback), name=each.name) for each in routes]
        return [*own, *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **super().each_context(request),
            "zone_city": time_zones.city_name(timezone.get_current_timezone_name()),
        }

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """What waits for this reader, and how the clinic is doing for those who may read about leads."""
        from signups.audit import access_log

        from . import dashboard, navigation, setup_checklist

        now, days = timezone.now(), dashboard.parse_period(request)
        in_hand = dashboard.my_tasks(request.user, now)
        access_log.log_list_view(request, "in_hand", len(in_hand))
        context = {
            "numbers": dashboard.counters(request.user, now),
            "in_hand": in_hand,
            "now": now,
            "evidence": dashboard.content_alerts(request.user, now),
            "charts": dashboard.build_charts(days, now) if request.user.has_perm("signups.view_lead") else [],
            "periods": dashboard.PERIODS,
            "days": days,
            "first_steps": setup_checklist.pending_steps() if request.user.has_perm("signups.work_any_lead") else [],
            "rooms": navigation.group_admin_pages(self.get_app_list(request), request.user),
        }
        return super().index(request, {**context, **(extra_context or {})})

    def roles(self, request: HttpRequest) -> HttpResponse:
        """Who may do what, read from where it is decided."""
        from . import roles as clinic_roles  # models, which are not there yet when the site is made

        context = {
            **self.each_context(request),
            "title": "Roles",
            "subtitle": None,
            "roles": list(clinic_roles.ROLES),
            "rights": clinic_roles.permission_matrix(),
        }
        return TemplateResponse(request, "admin/roles.html", context)


def activate_clinic_time_zone(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: staff read and filter in the clinic's time zone, wherever the server stands."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(reverse("admin:index")):
            return get_response(request)
        with timezone.override(caches["memory"].get_or_set("clinic.zone", _zone, 60)):
            return get_response(request)

    return middleware


def _zone() -> str:
    profile = ClinicProfile.objects.first()
    return profile.time_zone if profile else timezone.get_default_timezone_name()
