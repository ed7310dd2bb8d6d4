"""Link checks of sources."""

from django.db import models

from content.link_checker import LinkResult

from .sources import Source


class LinkCheck(models.Model):
    """Latest result of `manage.py check_links` for one source."""

    source = models.OneToOneField(Source, on_delete=models.CASCADE, primary_key=True, related_name="link_check")
    checked_at = models.DateTimeField("looked at")
    outcome = models.CharField("link", max_length=10, choices=LinkResult)
    status = models.PositiveSmallIntegerField("HTTP status", default=0, help_text="0: no answer.")
    final_url = models.CharField(max_length=500, blank=True)
    error = models.CharField(max_length=200, blank=True)
    archive_url = models.CharField("archive copy", max_length=500, blank=True)
    retraction_notice = models.CharField("retraction notice", max_length=500, blank=True)
    notice_known = models.BooleanField(default=False, help_text="Whether Crossref has a record of its DOI.")

    class Meta:
        verbose_name = "link check"
        verbose_name_plural = "link checks"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(retraction_notice="") | models.Q(notice_known=True),
                name="content_linkcheck_notice_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source.key}: {self.get_outcome_display()}"
