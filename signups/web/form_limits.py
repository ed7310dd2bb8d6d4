"""Rate limits of public forms: rubbish counts against who sends it, and only what was accepted against everybody."""

import datetime as dt

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from signups.leads.models import Lead
from signups.ops import rate_limit
from signups.ops.rate_limit import Hit

from .public_form import PublicForm

ONE_HOUR, ONE_DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
PER_CLIENT = 60  # forms an hour, good or bad, from one address (IPv6: /64)
PER_NETWORK = 10  # times as many from its neighbors (/24, IPv6: /48)
PER_MAILBOX = 12  # accepted forms a day about one mailbox, over all forms and its tags
PER_LINK = 60  # changes a day with one private link
WHEN_CROWDED = (
    5  # accepted forms an hour from one address, once everybody's limit is reached; networks: PER_NETWORK times
)


def count_attempt(scope: str, request: HttpRequest, *, per_client: int = PER_CLIENT) -> None:
    """Count a submitted form, whatever is in it. Raises RateLimitExceeded."""
    rate_limit.hit_in_turn(_client_hits(scope, request, per_client), now=timezone.now())


def may_accept(scope: str, request: HttpRequest, form: PublicForm, mailbox: str) -> bool:
    """Count a valid form about a mailbox or number that is about to be accepted; return False when it must wait first.

    Above settings.PUBLIC_FORM_RATE_LIMIT nobody is turned away: the form is asked for a second time after a delay
    (`PublicForm.ask_to_wait`), and each client gets a smaller share. Raises RateLimitExceeded.
    """
    now, about = timezone.now(), _mailbox_hits(scope, mailbox)
    everyone = Hit(scope, rate_limit.GLOBAL, settings.PUBLIC_FORM_RATE_LIMIT, ONE_HOUR)
    try:
        rate_limit.hit_in_turn([everyone, *about], now=now)
    except rate_limit.RateLimitExceeded as exceeded:
        if exceeded.who != rate_limit.GLOBAL:
            raise
        if not form.has_waited():
            form.ask_to_wait()
            return False
        rate_limit.hit_in_turn([*_client_hits(f"{scope}-crowded", request, WHEN_CROWDED), *about], now=now)
    return True


def count_mailbox(scope: str, address: str) -> None:
    """Count an accepted form about a mailbox or number: of this form for the hour, of all for the day.

    Raises RateLimitExceeded.
    """
    rate_limit.hit_in_turn(_mailbox_hits(scope, address), now=timezone.now())


def count_link_use(lead: Lead) -> None:
    """Count a change with the private link of `lead`: each may add events and messages. Raises RateLimitExceeded."""
    rate_limit.hit("link-use", str(lead.public_id), limit=PER_LINK, per=ONE_DAY, now=timezone.now())


def _mailbox_hits(scope: str, address: str) -> list[Hit]:
    return [Hit(scope, address, 10, ONE_HOUR), Hit("any-form", address, PER_MAILBOX, ONE_DAY)]


def _client_hits(scope: str, request: HttpRequest, limit: int) -> list[Hit]:
    return [
        Hit(scope, rate_limit.client_key(request), limit, ONE_HOUR),
        Hit(f"{scope}-network", rate_limit.network_key(request), limit * PER_NETWORK, ONE_HOUR),
    ]
