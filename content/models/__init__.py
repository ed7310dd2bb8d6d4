from .articles import Article, ArticleRedirect
from .claims import Claim
from .content_version import ContentVersion
from .link_checks import LinkCheck
from .people import CredentialConfirmation, Person
from .profile import ClinicProfile, ProfileProposal
from .review_comments import OpenEditor, ReviewComment
from .revisions import Correction, Revision, SignOff
from .snapshots import LedgerRevision, PageSnapshot
from .sources import Quotation, Source
from .texts import CrisisText, LegalText

__all__ = [
    "Article",
    "ArticleRedirect",
    "Claim",
    "ClinicProfile",
    "ContentVersion",
    "Correction",
    "CredentialConfirmation",
    "CrisisText",
    "LedgerRevision",
    "LegalText",
    "LinkCheck",
    "OpenEditor",
    "PageSnapshot",
    "Person",
    "ProfileProposal",
    "Quotation",
    "ReviewComment",
    "Revision",
    "SignOff",
    "Source",
]
