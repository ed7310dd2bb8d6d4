"""A field that templates name exists: Django renders an unknown one as nothing."""

import re

from content import models as content_models
from signups import models as signup_models

from . import ROOT

# What templates call their rows by.
ROWS = {
    "article": content_models.Article,
    "attempt": signup_models.CallAttempt,
    "call": signup_models.OnboardingCall,
    "consent": signup_models.Consent,
    "correction": content_models.Correction,
    "host": signup_models.Host,
    "job": signup_models.ImportJob,
    "lead": signup_models.Lead,
    "merge": signup_models.LeadMerge,
    "message": signup_models.OutboxMessage,
    "newest": content_models.Revision,
    "reply": signup_models.InboundMessage,
    "note": signup_models.Note,
    "revision": content_models.Revision,
    "signed": content_models.SignOff,
    "trial": signup_models.Trial,
}


def names_of(model):
    fields = model._meta.get_fields()
    return {*dir(model), *(field.name for field in fields), *(getattr(field, "attname", "") for field in fields)}


def test_every_field_in_the_templates_exists():
    unknown = [
        f"{path.relative_to(ROOT)}: {row}.{name}"
        for path in sorted((ROOT / "templates").rglob("*.*"))
        for row, name in re.findall(r"(?<![\w./])(\w+)\.(\w+)", path.read_text())
        if row in ROWS and name not in names_of(ROWS[row])
    ]
    assert unknown == []
