"""Root URLconf."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from . import health
from .security_txt import security_txt
from .styleguide import styleguide

handler400 = "clinic.error_views.bad_request"
handler403 = "clinic.error_views.forbidden"
handler404 = "clinic.error_views.not_found"
handler500 = "clinic.error_views.server_error"

urlpatterns = [
    path("admin/", include("clinic.staff_auth.urls")),
    path("admin/", admin.site.urls),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("health/metrics", health.metrics, name="health-metrics"),
    path(".well-known/security.txt", security_txt, name="security-txt"),
    path("", include("signups.urls")),
    path("", include("content.urls")),
]

if settings.DEBUG:
    urlpatterns.insert(0, path("styleguide/", styleguide))
