from .articles import Article
from .people import Person
from .profile import ClinicProfile
from .sources import Quotation, Source
from .texts import LegalText

__all__ = ["Article", "ClinicProfile", "LegalText", "Person", "Quotation", "Source"]
