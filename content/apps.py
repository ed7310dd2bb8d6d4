from django.apps import AppConfig
from django.db.models.signals import m2m_changed, post_delete, post_save


class ContentConfig(AppConfig):
    name = "content"
    verbose_name = "What visitors read"

    def ready(self) -> None:
        from .models import Edition, Revision, SignOff, SourceCheck

        for model in self.get_models():
            if model not in (Edition, Revision, SignOff, SourceCheck):  # which no reader sees
                post_save.connect(Edition.bump, sender=model)
                post_delete.connect(Edition.bump, sender=model)
            for field in model._meta.many_to_many:
                m2m_changed.connect(Edition.bump, sender=field.remote_field.through)
