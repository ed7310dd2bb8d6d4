"""Webhooks of the providers of texts and mail.

Each request is signed by the provider with our token; the provider may repeat it, and everything is idempotent.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from anymail.exceptions import AnymailWebhookValidationFailure
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import escape
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from signups.offer import current_offer
from signups.ops import rate_limit
from signups.web.decorators import rate_limited

from . import incoming, reports

HOUR = dt.timedelta(hours=1)
MAX_REQUESTS = 20_000  # of one address, an hour; the provider sends a few for each text
MAX_FORGERIES = 60
# Final error codes of a text that was accepted: unreachable carrier, landline, unknown number.
DEAD_NUMBER_CODES = {"30005", "30006", "21614"}

TRACKING_VIEWS = {
    "mailgun": "anymail.webhooks.mailgun.MailgunTrackingWebhookView",
    "postmark": "anymail.webhooks.postmark.PostmarkTrackingWebhookView",
    "sendgrid": "anymail.webhooks.sendgrid.SendGridTrackingWebhookView",
}
INBOUND_VIEWS = {
    "mailgun": "anymail.webhooks.mailgun.MailgunInboundWebhookView",
    "postmark": "anymail.webhooks.postmark.PostmarkInboundWebhookView",
    "sendgrid": "anymail.webhooks.sendgrid.SendGridInboundWebhookView",
}

Webhook = Callable[..., HttpResponse]


def text_webhook(view: Webhook) -> Webhook:
    """Verify the provider's signature: 403 without it, 404 when the clinic has no provider, 429 for a flood."""

    @csrf_exempt
    @require_POST
    @never_cache
    @rate_limited
    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.TWILIO_AUTH_TOKEN:
            raise Http404
        client, now = rate_limit.client_key(request), timezone.now()
        if not _is_signed(request):
            rate_limit.hit("webhook-forgery", client, limit=MAX_FORGERIES, per=HOUR, now=now)
            return HttpResponse(status=403)
        rate_limit.hit("webhook", client, limit=MAX_REQUESTS, per=HOUR, now=now)
        return view(request, *args, now=now, **kwargs)

    return wrapper


def _is_signed(request: HttpRequest) -> bool:
    from twilio.request_validator import RequestValidator

    validator = RequestValidator(settings.TWILIO_AUTH_TOKEN)
    # The address as the provider knows it: the Host header can be forged, and proxies change the scheme.
    url = settings.SITE_URL + request.get_full_path()
    signature = request.headers.get("X-Twilio-Signature", "")
    return bool(validator.validate(url, request.POST.dict(), signature))


@csrf_exempt
@never_cache
@rate_limited
def email_reports(request: HttpRequest) -> HttpResponse:
    """Take in reports of the mail provider about our mail: Anymail sends `tracking`."""
    return _by_anymail(request, TRACKING_VIEWS)


@csrf_exempt
@never_cache
@rate_limited
def email_received(request: HttpRequest) -> HttpResponse:
    """Take in mail that the provider received for us, calendar replies among it: Anymail sends `inbound`."""
    return _by_anymail(request, INBOUND_VIEWS)


def _by_anymail(request: HttpRequest, views: Mapping[str, str]) -> HttpResponse:
    """Hand the request to Anymail, which verifies it.

    Answers 400 to what is not authentic, 404 when the clinic has no such provider, 429 to a flood.
    """
    if not settings.EMAIL_PROVIDER:
        raise Http404
    client, now = rate_limit.client_key(request), timezone.now()
    view = import_string(views[settings.EMAIL_PROVIDER]).as_view()
    try:
        response: HttpResponse = view(request)
    except AnymailWebhookValidationFailure:
        rate_limit.hit("webhook-forgery", client, limit=MAX_FORGERIES, per=HOUR, now=now)
        return HttpResponse(status=400)
    rate_limit.hit("webhook", client, limit=MAX_REQUESTS, per=HOUR, now=now)
    return response


@text_webhook
def text_received(request: HttpRequest, *, now: dt.datetime) -> HttpResponse:
    """Take in a text. Answers TwiML: nothing to say, but for HELP of a number that nobody has here."""
    external_id, number = request.POST.get("MessageSid", ""), request.POST.get("From", "")
    if not external_id or not number:
        return HttpResponse(status=400)
    clinic = current_offer()
    needs_help = incoming.receive_text(
        external_id=external_id,
        number=number[:40],  # in E.164, or a short code
        body=request.POST.get("Body", ""),
        carrier_answered="OptOutType" in request.POST,
        now=now,
    )
    words = f"{clinic.clinic_name}: Call {clinic.clinic_phone} or email {clinic.mailbox}." if needs_help else ""
    message = f"<Message>{escape(words)}</Message>" if words else ""
    return HttpResponse(f"<Response>{message}</Response>", content_type="text/xml")


@text_webhook
def text_status(request: HttpRequest, message_id: uuid.UUID, *, now: dt.datetime) -> HttpResponse:
    """Take in a delivery report of our text `message_id`."""
    status, code = request.POST.get("MessageStatus", ""), request.POST.get("ErrorCode", "")[:20]
    if status == "delivered":
        reports.record_delivered(message_id, at=now)
    elif status in ("failed", "undelivered"):
        dead = code in DEAD_NUMBER_CODES
        reports.record_returned(message_id, code=f"not delivered {code}".strip(), dead_address=dead, now=now)
    return HttpResponse(status=204)
