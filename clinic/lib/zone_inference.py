"""Where a person's clock is: time zones of states and area codes, and how other systems write a zone.

Staff must call at decent hours where the person is (47 CFR 64.1200(c)(1)). A state or an area code is only a hint:
while the hints and the stated zone disagree, `contact_zones` names all of them, and only hours decent in each count.
"""

import datetime as dt
import re
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from . import us_states
from .area_codes import AREA_CODE_ZONES

EASTERN, CENTRAL, MOUNTAIN, PACIFIC = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
PHOENIX, ALASKA, HAWAII = "America/Phoenix", "America/Anchorage", "Pacific/Honolulu"
ADAK, ATLANTIC, SAMOA, CHAMORRO = "America/Adak", "America/Puerto_Rico", "Pacific/Pago_Pago", "Pacific/Guam"

# The zones of a state, the one in which most people live first (49 CFR part 71). Military mail tells no zone.
STATES_OF_ZONES = {
    (EASTERN,): "CT DE DC GA ME MD MA NH NJ NY NC OH PA RI SC VT VA WV",
    (EASTERN, CENTRAL): "FL IN KY MI",
    (CENTRAL, EASTERN): "TN",
    (CENTRAL,): "AL AR IL IA LA MN MS MO OK WI",
    (CENTRAL, MOUNTAIN): "KS NE ND SD TX",
    (MOUNTAIN,): "CO MT NM UT WY",
    (MOUNTAIN, PACIFIC): "ID",
    (PHOENIX,): "AZ",
    (PACIFIC,): "CA NV WA",
    (PACIFIC, MOUNTAIN): "OR",
    (ALASKA, ADAK): "AK",
    (HAWAII,): "HI",
    (ATLANTIC,): "PR VI",
    (CHAMORRO,): "GU MP",
    (SAMOA,): "AS",
}
STATE_ZONES = {state: zones for zones, states in STATES_OF_ZONES.items() for state in states.split()}

# What other systems call a zone: Windows and Outlook, Rails (Zoho, Calendly), HubSpot, and what people write.
ZONE_WORDS = {
    EASTERN: "eastern|est|edt|et|est5edt|indiana east|indiana|us eastern|new york",
    CENTRAL: "central|cst|cdt|ct|cst6cdt|us central|chicago",
    MOUNTAIN: "mountain|mst|mdt|mt|mst7mdt|denver",
    PHOENIX: "arizona|us arizona|phoenix|mountain arizona|us mountain",
    PACIFIC: "pacific|pst|pdt|pt|pst8pdt|us pacific|los angeles",
    ALASKA: "alaska|akst|akdt|akt|us alaska|alaskan|anchorage",
    HAWAII: "hawaii|hst|hdt|hawaiian|hawaii aleutian|us hawaii|honolulu",
    ATLANTIC: "atlantic|ast|puerto rico|us virgin islands|san juan",
    SAMOA: "samoa|sst|american samoa|us samoa",
    CHAMORRO: "chamorro|chst|guam",
    "Europe/London": "london|uk|bst|united kingdom|uk ireland lisbon",
    "UTC": "utc|gmt|z|coordinated universal|universal|greenwich mean",
}
# Words of a zone's name that name no zone, and the offsets before or behind it: “(GMT-06:00) Central Time”.
FILLER = re.compile(
    r"\((?:gmt|utc)?\s*[+−-]?\s*\d{1,2}(?::?\d\d)?\)|\b(?:gmt|utc)\s*[+−-]\s*\d{1,2}(?::?\d\d)?\b"
    r"|\b(?:standard|daylight|daylight saving|savings|time|zone|timezone|stamp|and)\b|[^a-z0-9+]",
    re.IGNORECASE,
)


def zone_from_hints(state: str, e164: str, *, default: str) -> tuple[str, bool]:
    """Return (zone, guessed): of the state, else of the area code, else `default` (the clinic's).

    Only the zone of a state that lies in one zone is not guessed.
    """
    if zones := STATE_ZONES.get(state):
        return zones[0], len(zones) > 1
    if zones := zones_of_number(e164):
        return zones[0], True
    return default, True


def zones_of_number(e164: str) -> tuple[str, ...]:
    """Return the zones of the area code of a number of country code 1; () for any other."""
    return AREA_CODE_ZONES.get(e164[2:5], ()) if e164.startswith("+1") else ()


def contact_zones(zone: str, *, guessed: bool = False, state: str = "", e164: str = "") -> list[str]:
    """Return the zones in all of which it must be a decent hour: `zone`, and those of the hints that disagree.

    A hint agrees when one of its zones has the clock of `zone`. A guessed zone adds all zones of the state.
    """
    zones = [zone]
    for hint in (STATE_ZONES.get(state, ()), zones_of_number(e164)):
        agrees = any(same_clock(zone, other) for other in hint)
        if hint and (not agrees or (guessed and hint is STATE_ZONES.get(state))):
            zones += [other for other in hint if not any(same_clock(one, other) for one in zones)]
    return zones


@lru_cache(maxsize=4096)
def same_clock(one: str, other: str) -> bool:
    """Return whether two zones have had the same time of day, in winter and in summer, in these years."""
    year = dt.datetime.now(dt.UTC).year
    moments = [dt.datetime(year, month, 15, tzinfo=dt.UTC) for month in (1, 4, 7, 10)]
    offsets = [[moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in moments] for zone in (one, other)]
    return offsets[0] == offsets[1]


@lru_cache(maxsize=1024)
def parse_zone(text: str) -> str:
    """Return the IANA name of a zone as other systems write it, "" when it names none.

    `America/Chicago` for “Central Time - US & Canada”, “(GMT-06:00) Central Time”, “CST”, “us/central”.
    """
    if not text:
        return ""
    words = " ".join(FILLER.sub(" ", text.lower()).split()).removesuffix(" us canada")
    return _words().get(words) or _iana().get(text.strip().replace(" ", "_").lower(), "")


@cache
def _iana() -> dict[str, str]:
    return {zone.lower(): zone for zone in available_timezones()}


@cache
def _words() -> dict[str, str]:
    words = {word: zone for zone, spellings in ZONE_WORDS.items() for word in spellings.split("|")}
    for code, name in us_states.STATES.items():
        if len(STATE_ZONES.get(code, ())) == 1:
            words.setdefault(name.lower(), STATE_ZONES[code][0])
    for zone in sorted(available_timezones()):
        city = zone.rpartition("/")[2].replace("_", " ").lower()
        if "/" in zone and not zone.startswith(("Etc/", "US/")):
            words.setdefault(city, zone)
    return words
