"""App configuration: the receivers that invalidate the content version."""

from django.apps import AppConfig
from django.db.models.signals import m2m_changed, post_delete, post_save


class ContentConfig(AppConfig):
    name = "content"
    verbose_name = "Content"

    def ready(self) -> None:
        from content.models.content_version import ContentVersion
        from content.models.link_checks import LinkCheck
        from content.models.revisions import Revision
        from content.models.snapshots import LedgerRevision, PageSnapshot

        for model in self.get_models():
            if model not in (ContentVersion, Revision, LinkCheck, PageSnapshot, LedgerRevision):  # not shown to readers
                post_save.connect(ContentVersion.invalidate, sender=model)
                post_delete.connect(ContentVersion.invalidate, sender=model)
            for field in model._meta.many_to_many:
                m2m_changed.connect(ContentVersion.invalidate, sender=field.remote_field.through)
