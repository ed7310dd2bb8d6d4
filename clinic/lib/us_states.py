"""US states, territories and military mail: postal codes (USPS Publication 28, appendix B) and names."""

import re
from functools import cache, lru_cache

STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky",
    "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "PR": "Puerto Rico", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont",
    "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
    "AS": "American Samoa", "GU": "Guam", "MP": "Northern Mariana Islands", "VI": "US Virgin Islands",
    "AA": "Military mail, Americas (AA)", "AE": "Military mail, Europe (AE)", "AP": "Military mail, Pacific (AP)",
}  # fmt: skip
OUTSIDE_US = "ZZ"  # not a state's code: ISO 3166 reserves it for private use
ELSEWHERE_CHOICE = ("ZX", "Another state or country")
STATE_CHOICES = [("", "Select a state"), *STATES.items(), (OUTSIDE_US, "Outside the United States")]

# How people write a state besides its code and its name: the Associated Press’s and older abbreviations.
ABBREVIATIONS = {
    "AL": "Ala", "AK": "Alas", "AZ": "Ariz", "AR": "Ark", "CA": "Calif|Cal|Cali", "CO": "Colo|Col", "CT": "Conn",
    "DE": "Del", "DC": "Washington DC|Wash DC|District Columbia", "FL": "Fla|Flor", "GA": "Geo", "HI": "Haw",
    "ID": "Ida", "IL": "Ill|Ills", "IN": "Ind", "IA": "Ioa", "KS": "Kans|Kan", "KY": "Ken|Kent", "LA": "Lou",
    "ME": "Mne", "MD": "Mary", "MA": "Mass", "MI": "Mich", "MN": "Minn", "MS": "Miss", "MO": "Mis|Mizz", "MT": "Mont",
    "NE": "Nebr|Neb", "NV": "Nev", "NH": "N Hamp|New Hamp", "NJ": "N Jersey|New Jers", "NM": "N Mex|New Mex",
    "NY": "N York|NYS|New York State|New York City|NYC", "NC": "N Car|N Carolina|No Carolina",
    "ND": "N Dak|N Dakota|No Dak", "OH": "Oh", "OK": "Okla", "OR": "Ore|Oreg", "PA": "Penn|Penna", "RI": "R Isl",
    "SC": "S Car|S Carolina|So Carolina", "SD": "S Dak|S Dakota|So Dak", "TN": "Tenn", "TX": "Tex",
    "UT": "Uta", "VT": "Verm", "VA": "Virg", "WA": "Wash|Wn|Washington State", "WV": "W Va|W Virg|W Virginia",
    "WI": "Wis|Wisc", "WY": "Wyo", "PR": "P Rico|Porto Rico", "GU": "Guahan", "AS": "Amer Samoa|Samoa",
    "MP": "CNMI|Northern Marianas|N Mariana Islands|Northern Mariana", "AA": "Armed Forces Americas|APO AA|FPO AA",
    "VI": "Virgin Islands|U S Virgin Islands|USVI|United States Virgin Islands|V I",
    "AE": "Armed Forces Europe|APO AE|FPO AE|DPO AE|Armed Forces Africa|Armed Forces Canada|Armed Forces Middle East",
    "AP": "Armed Forces Pacific|APO AP|FPO AP|DPO AP",
}  # fmt: skip
COUNTRY = re.compile(r"[\s,]{0,9}\b(?:u\.?s\.?a?\.?|united states(?: of america)?)\s*$", re.IGNORECASE)


def state_name(code: str) -> str:
    """Return the name of a state for use in a sentence.

    "your country" outside the US, "" for an unknown code.
    """
    return STATES.get(code, "your country" if code == OUTSIDE_US else "")


@lru_cache(maxsize=4096)
def parse_state(text: str) -> str:
    """Return the code of a state written in any usual way, `TX` for “Tex.” or “TX - Texas”; else "".

    Where a cell names several things (“Austin, TX 78701, USA”), every part that is a state must be the same one.
    """
    for spelling in (text, COUNTRY.sub("", text)):
        if found := _spellings().get(_plain(spelling)):
            return found
    text = COUNTRY.sub("", text)
    parts = {_spellings().get(_plain(part), "") for part in re.split(r"[,;/|()]|\s[-–—]\s|\d+(?:-\d+)?", text)} - {""}
    return parts.pop() if len(parts) == 1 else ""


@cache
def _spellings() -> dict[str, str]:
    """Return plain spelling → code."""
    names = {_plain(word): code for code, name in STATE_CHOICES if code for word in (name, code)}
    for code, words in ABBREVIATIONS.items():
        for word in words.split("|"):
            names.setdefault(_plain(word), code)
    for word in ("state of ", "commonwealth of "):
        names |= {word + _plain(name): code for code, name in STATES.items()}
    return names


def _plain(text: str) -> str:
    """Return the words in lower case without dots: `ny` for “N.Y.”, `n mex` for “N. Mex.”"""
    text = re.sub(r"\b(\w)\.\s?(?=\w\b\.?)", r"\1", text.strip())
    text = re.sub(r"^(?:us|usa)[-_ ](?=\w\w$)", "", text.lower())  # ISO 3166-2: US-TX
    return " ".join(re.sub(r"[^\w\s]", " ", text).split())
