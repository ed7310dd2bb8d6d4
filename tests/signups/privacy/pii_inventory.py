"""Which tables hold words about a person, found without asking those who erase and export them."""

from django.apps import apps
from django.db.models import CharField, JSONField, TextField

from signups.leads.models import Lead

# Text in tables about a person that erasure leaves: facts, codes and keys, none of them in anybody's words.
FACTS = {
    "CallbackRequest": {"outcome"},
    "Consent": {"channel"},
    "InboundMessage": {"channel", "external_id", "request"},
    "CallAttempt": {"outcome"},
    "AuditEvent": {"target", "actor_kind", "action", "detail", "signature", "chain_hash"},
    "Lead": {"email_failure", "status"},
    "OutboxMessage": {"channel", "kind", "dedupe_key", "subject", "calendar_method", "status"},
    "CallAlert": {"kind"},
    "OnboardingCall": {"answer", "host_zone", "organizer", "uid", "status", "request_fingerprint"},
    "SlotOffer": {"status"},
    "Trial": {"terms_version"},
}
# Tables with text that lead to no person; the parts of a copy are deleted with it. The rows of a list that waits to be
# imported are searched for whoever is erased (`actions/imports.py`, tests/signups/imports/test_import_jobs.py).
ABOUT_NOBODY = {
    *(
        "BulkJob",
        "CallType",
        "CloseReason",
        "ConsentText",
        "DailyMetric",
        "DataExportChunk",
        "DateOverride",
        "EmailTemplate",
        "EncryptionKeyCheck",
        "Holiday",
    ),
    *(
        "Host",
        "CalendarConnection",
        "ImportChunk",
        "ImportJob",
        "MailboxPosition",
        "RateLimitCounter",
        "SavedList",
        "SentBeforeRestore",
        "Suppression",
        "Tag",
        "TextStop",
        "WorkerHeartbeat",
    ),
}


def about():
    """Each model of this room that leads to a person over any foreign keys, however they are called."""
    leading = {Lead}
    models = list(apps.get_app_config("signups").get_models())
    while more := {one for one in models for field in one._meta.fields if field.related_model in leading} - leading:
        leading |= more
    return leading


def text_columns(model):
    return {field.name for field in model._meta.concrete_fields if isinstance(field, CharField | TextField | JSONField)}
