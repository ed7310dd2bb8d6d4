"""Make what visitors read, and the profile of the clinic."""

import datetime as dt

import factory
from django.utils import timezone

from content import state_changes
from content.actions import drafts
from content.actions import texts as actions_texts
from content.models import (
    articles,
    claims,
    content_version,
    link_checks,
    people,
    profile,
    review_comments,
    revisions,
    snapshots,
    texts,
)
from content.models import sources as models_sources
from tests.factories import users


class ClinicProfileFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = profile.ClinicProfile
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


class ProfileProposalFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = profile.ProfileProposal

    values = factory.LazyFunction(dict)
    proposed_by = factory.SubFactory(users.UserFactory)
    proposed_at = factory.LazyFunction(timezone.now)


class PersonFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = people.Person

        skip_postgeneration_save = True

    key = factory.Sequence("person-{}".format)
    name = "Ada Moss"
    role = "Nurse"

    @factory.post_generation
    def confirmed(self, create, confirmed, **kwargs):
        """Somebody with an account signs off: name and role are confirmed, unless `confirmed=False`."""
        if create and self.user and confirmed is not False:
            CredentialConfirmationFactory(person=self)


class CredentialConfirmationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = people.CredentialConfirmation

    person = factory.SubFactory(PersonFactory)
    name = factory.SelfAttribute("person.name")
    role = factory.SelfAttribute("person.role")
    confirmed_by = factory.SubFactory(users.UserFactory)
    confirmed_at = factory.LazyFunction(timezone.now)


class SourceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models_sources.Source

    key = factory.Sequence("source-{}".format)
    type = models_sources.Source.Type.JOURNAL
    authors = ["Moss A", "Reed B"]
    title = factory.LazyAttribute(lambda source: f"A trial called {source.key}")
    container = "Journal of Trials"
    year = 2020
    url = "https://journal.example/trial"
    evidence_type = "trial"
    sample_size = 73
    status = "checked"


class QuotationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models_sources.Quotation

    key = factory.Sequence("quotation-{}".format)
    text = "these exact words"
    speaker = "Ada Moss"
    source = factory.SubFactory(SourceFactory)
    wording_checked = True


class ClaimFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = claims.Claim
        skip_postgeneration_save = True

    key = factory.Sequence("claim-{}".format)
    text = "Ketamine was given to 73 people."
    confidence = "high"
    checked_on = dt.date(2026, 11, 1)
    checked_by = "Ada Moss"

    @factory.post_generation
    def sources(self, create, sources, **kwargs):
        """`ClaimFactory(sources=[a, b])`; one of its own when none is named."""
        if create:
            self.sources.set(sources or [SourceFactory()])


class ArticleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = articles.Article
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
        drafts.create_shipped_revision(self, now=self.published_at or timezone.now())


class ArticleRedirectFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = articles.ArticleRedirect

    slug = factory.Sequence("old-address-{}".format)
    article = factory.SubFactory(ArticleFactory)


class LinkCheckFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = link_checks.LinkCheck

    source = factory.SubFactory(SourceFactory)
    checked_at = dt.datetime(2026, 11, 19, 14, tzinfo=dt.UTC)
    outcome = "alive"
    status = 200


class CrisisTextFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = texts.CrisisText

    crisis_name = "988 Lifeline"
    crisis_phone = "988"
    crisis_text = "In a crisis, call or text 988, or chat."
    emergency_phone = "911"


class RevisionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = revisions.Revision

    article = factory.SubFactory(ArticleFactory)
    title = "An article"
    summary = "What it says."
    description = "What it says, briefly."
    body = "Other prose."
    created_at = factory.LazyFunction(timezone.now)


class ReviewCommentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = review_comments.ReviewComment

    article = factory.SubFactory(ArticleFactory)
    text = "Please say in whom."
    author = factory.SubFactory(users.UserFactory)
    created_at = factory.LazyFunction(timezone.now)


class OpenEditorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = review_comments.OpenEditor

    article = factory.SubFactory(ArticleFactory)
    user = factory.SubFactory(users.UserFactory)
    seen_at = factory.LazyFunction(timezone.now)


class SignOffFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = revisions.SignOff

    article = factory.SubFactory(ArticleFactory)
    reviewer = factory.SubFactory(PersonFactory)
    reviewer_name = factory.SelfAttribute("reviewer.name")
    reviewer_role = factory.SelfAttribute("reviewer.role")
    revision = factory.LazyAttribute(lambda signed: signed.article.revisions.latest())
    content_hash = factory.SelfAttribute("revision.content_hash")
    snapshot = factory.LazyAttribute(lambda signed: state_changes.state_of(signed.article, signed.revision).store())
    signed_at = factory.LazyFunction(timezone.now)
    review_by = dt.date(2027, 5, 1)


class CorrectionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = revisions.Correction

    article = factory.SubFactory(ArticleFactory)
    corrected_at = dt.datetime(2026, 11, 10, 14, tzinfo=dt.UTC)
    text = "We wrote 2010 where 2012 was meant."


class LegalTextFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = texts.LegalText

    kind = texts.LegalText.Kind.TERMS
    version = "2026-11"
    title = "Our terms"
    summary = "In short."
    body = "## Free days\n\nThere are {trial_days}."
    effective_from = dt.date(2026, 11, 1)

    @factory.lazy_attribute
    def snapshot(self):
        text = texts.LegalText(title=self.title, summary=self.summary, body=self.body)
        return actions_texts.snapshot_of(text) if self.effective_from else None


class PageSnapshotFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = snapshots.PageSnapshot

    hash = factory.Sequence("{:064x}".format)
    data = factory.LazyFunction(dict)


class LedgerRevisionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = snapshots.LedgerRevision

    kind = snapshots.LedgerRevision.Kind.CLAIM
    key = factory.Sequence("claim-{}".format)
    values = factory.LazyFunction(dict)
    created_at = factory.LazyFunction(timezone.now)


class ContentVersionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = content_version.ContentVersion
        django_get_or_create = ["id"]

    id = 1
