"""One factory for each model. What a test does not name is plausible and unimportant."""

import datetime as dt

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from content import models as content
from content.actions import drafts
from signups import models as signups
from signups import states


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence("staff{}".format)
    password = factory.django.Password("a long password for tests")
    is_staff = True

    @factory.post_generation
    def role(self, create, role, **kwargs):
        """`UserFactory(role=roles.HEAD)` joins that role's group."""
        if role:
            self.groups.add(Group.objects.get(name=role))


class ClinicProfileFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = content.ClinicProfile
        django_get_or_create = ["id"]

    id = 1
    name = "Harbor Clinic"
    phone = "800-555-0199"
    mailbox = "care@harbor.example"
    postal_address = "1 Quay Street\nHarbor, NY 10001"
    time_zone = "America/New_York"
    opening_hours = [{"weekday": 0, "start": "09:00", "end": "17:00"}]
    crisis_name = "988 Lifeline"
    crisis_phone = "988"
    crisis_text = "In a crisis, call or text 988."
    emergency_phone = "911"


class PersonFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = content.Person

    key = factory.Sequence("person-{}".format)
    name = "Ada Moss"
    role = "Nurse"


class SourceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = content.Source

    key = factory.Sequence("source-{}".format)
    type = content.Source.Type.JOURNAL
    authors = ["Moss A", "Reed B"]
    title = factory.LazyAttribute(lambda source: f"A trial called {source.key}")
    container = "Journal of Trials"
    year = 2020
    url = "https://journal.example/trial"
    status = "checked"


class QuotationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = content.Quotation

    key = factory.Sequence("Q{}".format)
    text = "these exact words"
    speaker = "Ada Moss"
    source = factory.SubFactory(SourceFactory)
    wording_checked = True


class ClaimFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = content.Claim
        skip_postgeneration_save = True

    key = factory.Sequence("claim-{}".format)
    text = "Ketamine was given to 73 people."
    kind = "trial"
    people = 73
    confidence = "high"
    checked_on = dt.date(2026, 11, 1)

    @factory.post_generation
    def sources(self, create, sources, **kwargs):
        """`ClaimFactory(sources=[a, b])`; one of its own when none is named."""
        if create:
            self.sources.set(sources or [SourceFactory()])


class ArticleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = content.Article
        skip_postgeneration_save = True

    slug = factory.Sequence("article-{}".format)
    title = "An article"
    summary = "What it says."
    description = "What it says, briefly."
    body = "## A heading\n\nSome prose."
    author = factory.SubFactory(PersonFactory)
    published_at = dt.datetime(2026, 11, 1, 14, tzinfo=dt.UTC)
    review_by = dt.date(2027, 5, 1)

    @factory.post_generation
    def live(self, create, extracted, **kwargs):
        """As if it had shipped: its words are its only revision, which readers see if it is published."""
        drafts.ship(self, now=self.published_at or timezone.now())


class SourceCheckFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = content.SourceCheck

    source = factory.SubFactory(SourceFactory)
    at = dt.datetime(2026, 11, 19, 14, tzinfo=dt.UTC)
    outcome = "alive"
    status = 200


class CrisisTextFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = content.CrisisText

    crisis_name = "988 Lifeline"
    crisis_phone = "988"
    crisis_text = "In a crisis, call or text 988, or chat."
    emergency_phone = "911"


class RevisionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = content.Revision

    article = factory.SubFactory(ArticleFactory)
    title = "An article"
    summary = "What it says."
    description = "What it says, briefly."
    body = "Other prose."
    at = factory.LazyFunction(timezone.now)


class SignOffFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = content.SignOff

    article = factory.SubFactory(ArticleFactory)
    reviewer = factory.SubFactory(PersonFactory)
    content_hash = factory.LazyAttribute(lambda signed: signed.article.revisions.latest().content_hash)
    at = factory.LazyFunction(timezone.now)
    review_by = dt.date(2027, 5, 1)


class CorrectionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = content.Correction

    article = factory.SubFactory(ArticleFactory)
    at = dt.datetime(2026, 11, 10, 14, tzinfo=dt.UTC)
    text = "We wrote 2010 where 2012 was meant."


class LegalTextFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = content.LegalText

    kind = content.LegalText.Kind.TERMS
    version = "2026-11"
    title = "Our terms"
    summary = "In short."
    body = "## Free days\n\nThere are {trial_days}."
    published = dt.date(2026, 11, 1)


class EditionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = content.Edition
        django_get_or_create = ["id"]

    id = 1


class LeadFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Lead

    name = "Jo Miller"
    email = factory.Sequence("jo{}@example.com".format)
    email_key = factory.SelfAttribute("email")
    time_zone = "America/New_York"
    created_at = factory.LazyFunction(timezone.now)


class MergeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Merge

    lead = factory.SubFactory(LeadFactory)
    other = factory.SubFactory(LeadFactory, status=states.LeadStatus.MERGED)
    by = factory.SubFactory(UserFactory)
    at = factory.LazyFunction(timezone.now)


class TwoPeopleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.TwoPeople

    older = factory.SubFactory(LeadFactory)
    newer = factory.SubFactory(LeadFactory)
    by = factory.SubFactory(UserFactory)
    at = factory.LazyFunction(timezone.now)


class TrialFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Trial

    lead = factory.SubFactory(LeadFactory)
    days = 7
    guarantee_days = 30
    terms_version = "2026-11"
    requested_at = factory.LazyFunction(timezone.now)


class ConsentTextFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.ConsentText

    purpose = states.Purpose.TERMS
    version = "2026-11"
    sha256 = factory.Sequence("{:064x}".format)
    text = "The terms."


class ConsentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Consent

    lead = factory.SubFactory(LeadFactory)
    text = factory.SubFactory(ConsentTextFactory)
    granted = True
    channel = states.ConsentChannel.WEB
    at = factory.LazyFunction(timezone.now)


class EventFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Event

    lead = factory.SubFactory(LeadFactory)
    at = factory.LazyFunction(timezone.now)
    actor_kind = states.ActorKind.PATIENT
    verb = states.Verb.SIGNED_UP


class OutboxMessageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.OutboxMessage

    lead = factory.SubFactory(LeadFactory)
    kind = "confirm_trial"
    dedupe_key = factory.Sequence("message:{}".format)
    to = factory.SelfAttribute("lead.email")
    subject = "A subject"
    text = "A text."
    html = "<p>A text.</p>"
    created_at = factory.LazyFunction(timezone.now)
    send_at = factory.SelfAttribute("created_at")


class EmailTemplateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.EmailTemplate

    name = factory.Sequence("A letter {}".format)
    purpose = "transactional"
    subject = "A word from {clinic}"
    text = "Hello {first_name},\n\nyour page: {my_link}\n\nCall us at {clinic_phone}."


class RateCountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.RateCount

    key = factory.Sequence("{:064x}".format)
    window = factory.LazyFunction(timezone.now)
    count = 1


class CallbackRequestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.CallbackRequest

    lead = factory.SubFactory(LeadFactory)
    phone = "(212) 555-0123"
    phone_e164 = "+12125550123"
    time_zone = factory.SelfAttribute("lead.time_zone")
    topic = states.Topic.COST
    created_at = factory.LazyFunction(timezone.now)
    consent = factory.SubFactory(
        ConsentFactory,
        lead=factory.SelfAttribute("..lead"),
        at=factory.SelfAttribute("..created_at"),
        text__purpose=states.Purpose.CALLBACKS,
    )
    due_at = factory.LazyAttribute(lambda request: request.created_at + dt.timedelta(hours=4))


class CallAttemptFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.CallAttempt

    request = factory.SubFactory(CallbackRequestFactory)
    number = 1
    at = factory.LazyFunction(timezone.now)
    by = factory.SubFactory(UserFactory)
    outcome = states.CallOutcome.NO_ANSWER
    next_attempt_at = factory.LazyAttribute(
        lambda attempt: (
            attempt.at + dt.timedelta(hours=2) if attempt.outcome in states.TRY_AGAIN and attempt.number < 3 else None
        )
    )


class CanaryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Canary


class PolicyReportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.PolicyReport

    day = dt.date(2026, 11, 20)
    directive = "script-src"
    page = factory.Sequence("page-{}".format)


class ImportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Import

    by = factory.SubFactory(UserFactory)
    created_at = factory.LazyFunction(timezone.now)
    header = ("Name", "E-mail")
    columns = ("name", "email")
    size = 1


class ImportPartFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.ImportPart

    whole = factory.SubFactory(ImportFactory)
    number = 0
    rows = ((2, ["Jo Miller", "jo@example.com"]),)
    size = 1


class NoteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Note

    lead = factory.SubFactory(LeadFactory)
    author = factory.SubFactory(UserFactory)
    text = "Prefers mornings."
    at = factory.LazyFunction(timezone.now)


class TagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Tag

    name = factory.Sequence("tag {}".format)


class TaggingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Tagging

    lead = factory.SubFactory(LeadFactory)
    tag = factory.SubFactory(TagFactory)


class TurnFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Turn

    user = factory.SubFactory(UserFactory)


class OpeningRequestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.OpeningRequest

    lead = factory.SubFactory(LeadFactory)
    state = "TX"
    asked_at = factory.LazyFunction(timezone.now)


class SuppressionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Suppression

    digest = factory.Sequence("{:064x}".format)
    at = factory.LazyFunction(timezone.now)


class HostFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Host

    user = factory.SubFactory(UserFactory)
    time_zone = "America/New_York"


class AvailabilityRuleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.AvailabilityRule

    host = factory.SubFactory(HostFactory)
    weekday = 0
    start = 9 * 60
    end = 12 * 60


class DateOverrideFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.DateOverride

    host = factory.SubFactory(HostFactory)
    date = dt.date(2026, 11, 30)


class TimeOffFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.TimeOff

    host = factory.SubFactory(HostFactory)
    starts_at = factory.LazyFunction(timezone.now)
    ends_at = factory.LazyAttribute(lambda off: off.starts_at + dt.timedelta(days=1))


class HolidayFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Holiday

    date = dt.date(2026, 12, 25)
    name = "Christmas Day"


class OnboardingCallFactory(factory.django.DjangoModelFactory):
    """A call of half an hour, without buffers."""

    class Meta:
        model = signups.OnboardingCall

    lead = factory.SubFactory(LeadFactory)
    host = factory.SubFactory(HostFactory)
    starts_at = factory.LazyFunction(lambda: timezone.now() + dt.timedelta(days=1))
    ends_at = factory.LazyAttribute(lambda call: call.starts_at + dt.timedelta(minutes=30))
    blocked_from = factory.SelfAttribute("starts_at")
    blocked_to = factory.SelfAttribute("ends_at")
    uid = factory.Sequence("call-{}@harbor.example".format)
    created_at = factory.LazyFunction(timezone.now)
    changed_at = factory.SelfAttribute("created_at")


class HeartbeatFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Heartbeat

    worker = factory.Sequence("machine:{}".format)
    at = factory.LazyFunction(timezone.now)


class TallyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.Tally

    day = dt.date(2026, 11, 20)
    measure = states.Measure.STARTED
    count = 1


class DataCopyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.DataCopy

    lead = factory.SubFactory(LeadFactory)
    asked_at = factory.LazyFunction(timezone.now)


class CopyPartFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = signups.CopyPart

    copy = factory.SubFactory(DataCopyFactory)
    number = factory.Sequence(int)
    model = "signups.Note"
    keys = []
