from .articles import Article
from .checks import SourceCheck
from .claims import Claim
from .editions import Edition
from .people import Person
from .profile import ClinicProfile
from .revisions import Correction, Revision, SignOff
from .sources import Quotation, Source
from .texts import CrisisText, LegalText

__all__ = [
    "Article",
    "Claim",
    "ClinicProfile",
    "Correction",
    "CrisisText",
    "Edition",
    "LegalText",
    "Person",
    "Quotation",
    "Revision",
    "SignOff",
    "Source",
    "SourceCheck",
]
