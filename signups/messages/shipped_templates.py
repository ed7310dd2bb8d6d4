"""E-mail templates of a new installation; staff edit them at the desk."""

from typing import Any

from .choices import EmailPurpose
from .template_models import EmailTemplate

SHIPPED = [
    {
        "name": "How is it going?",
        "subject": "How is it going?",
        "purpose": EmailPurpose.TRANSACTIONAL,
        "text": """Hello {first_name},

we would like to know how it is going, and what you want to ask us. Answer this e-mail, or call {clinic_phone}: a person reads it, and a person picks up.

On your own page you can book a free call, see how things stand, or leave:

{my_link}

Kind regards
Your care team at {clinic}""",
    },
    {
        "name": "We tried to call you",
        "subject": "We tried to call you",
        "purpose": EmailPurpose.TRANSACTIONAL,
        "text": """Hello {first_name},

we tried to call you and did not reach you. You do not have to do anything.

If you would like to talk, choose a time on your own page, and we call you then:

{my_link}

Or answer this e-mail. If you would rather hear nothing more, the link at the end stops our e-mail.

Kind regards
Your care team at {clinic}""",
    },
]


def create_shipped_templates(**kwargs: Any) -> None:
    """Create the shipped templates in an empty table (receiver of `post_migrate`).

    Templates are never deleted, so a table with rows stays unchanged.
    """
    if not EmailTemplate.objects.exists():
        EmailTemplate.objects.bulk_create(EmailTemplate(**fields) for fields in SHIPPED)
