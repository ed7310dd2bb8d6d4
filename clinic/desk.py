"""The care desk: Django's admin site under our name."""

from django.contrib import admin


class CareDesk(admin.AdminSite):
    site_title = "Care desk"
    site_header = "Care desk"
    index_title = "Today"
    site_url = "/"
    enable_nav_sidebar = False
