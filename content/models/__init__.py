from .articles import Article
from .claims import Claim
from .content_version import ContentVersion
from .link_checks import LinkCheck
from .people import Person
from .profile import ClinicProfile
from .revisions import Correction, Revision, SignOff
from .sources import Quotation, Source
from .texts import CrisisText, LegalText

__all__ = [
    "Article",
    "Claim",
    "ClinicProfile",
    "ContentVersion",
    "Correction",
    "CrisisText",
    "LegalText",
    "LinkCheck",
    "Person",
    "Quotation",
    "Revision",
    "SignOff",
    "Source",
]
