"""What machines are told of a page: its rows of the database as schema.org JSON-LD."""

from django.conf import settings

from .evidence import structured_data
from .models import Article, ClinicProfile
from .pages import Page


def of(article: Article, page: Page, profile: ClinicProfile) -> str:
    """The data block of an article or of the landing page, which alone describes the clinic in full."""
    site, url = settings.SITE_URL, settings.SITE_URL + article.get_absolute_url()
    people = {person.key: person for person in (article.author, article.reviewer) if person}
    quotations = [
        structured_data.quotation(text=quotation.text, speaker=quotation.speaker, source=quotation.source)
        for quotation in page.quotations.values()
    ]
    nodes = [
        structured_data.page(
            site=site,
            url=url,
            title=page.title,
            description=article.description,
            author=article.author.key,
            published=article.published_at,
            modified=article.updated_at,
            reviewer=article.reviewer.key if article.reviewer else None,
            reviewed=article.last_reviewed,
            sources=[cited.source for cited in page.sources],
            quotations=quotations,
        ),
        *(
            structured_data.person(site=site, key=person.key, name=person.name, role=person.role)
            for person in people.values()
        ),
        structured_data.clinic(
            site=site,
            name=profile.name,
            email=profile.mailbox,
            phone=profile.phone_e164,
            address=profile.postal_address,
            hours=profile.opening_hours,
            trial_days=profile.trial_days,
        ),
    ]
    if page.questions:
        nodes.append(structured_data.questions(url=url, asked=page.questions))
    return structured_data.script(nodes)
