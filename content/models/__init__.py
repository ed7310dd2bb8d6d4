from .articles import Article
from .claims import Claim
from .editions import Edition
from .people import Person
from .profile import ClinicProfile
from .sources import Quotation, Source
from .texts import LegalText

__all__ = ["Article", "Claim", "ClinicProfile", "Edition", "LegalText", "Person", "Quotation", "Source"]
