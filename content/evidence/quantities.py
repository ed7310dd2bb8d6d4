"""Quantities of a text: numbers with their units, in one form (“two hours” and “120 minutes” are the same). Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
WORDS = {word: number for number, word in enumerate(ONES)} | {word: 10 * (n + 2) for n, word in enumerate(TENS)}
WORDS |= {"dozen": 12, "once": 1, "twice": 2}
PARTS = {
    "half": (1, 2),
    "halves": (1, 2),
    "third": (1, 3),
    "thirds": (1, 3),
    "quarter": (1, 4),
    "quarters": (1, 4),
    "fifth": (1, 5),
    "fifths": (1, 5),
    "tenth": (1, 10),
    "tenths": (1, 10),
}
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_TIME = {"second": Fraction(1, 60), "minute": Fraction(1), "hour": Fraction(60), "day": Fraction(1440)}
_TIME |= {"week": Fraction(10080), "month": Fraction(43200), "year": Fraction(525600)}
_TIME |= {"min": _TIME["minute"], "hr": _TIME["hour"], "h": _TIME["hour"]}
_MASS = {
    "microgram": 1,
    "mcg": 1,
    "milligram": 10**3,
    "mg": 10**3,
    "gram": 10**6,
    "g": 10**6,
    "kilogram": 10**9,
    "kg": 10**9,
}
_COUNTED = {
    "percent": ("%", "percent", "percentage"),
    "times": ("time", "fold", "times"),
    "people": (
        *("people", "person", "patient", "participant", "volunteer", "adult", "man", "men", "woman", "women"),
        *("subject", "inpatient", "teen"),
    ),
    "studies": ("study", "studies", "trial", "review"),
    "doses": ("infusion", "dose", "session", "injection"),
    "milliliters": ("ml", "milliliter"),
}
# Unit -> (kind, factor); quantities of a kind are compared in its smallest unit.
UNITS: dict[str, tuple[str, Fraction]] = {
    **{name: ("time", factor) for name, factor in _TIME.items()},
    **{name: ("mass", Fraction(factor)) for name, factor in _MASS.items()},
    **{name: (kind, Fraction(1)) for kind, names in _COUNTED.items() for name in names},
}
_NUMBER_WORD = "|".join([*WORDS, *SCALES])
_NUMBER = (
    r"(?P<digits>(?<![\w.,-])\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?<![\w.,])\d+(?:\.\d+)?)"
    rf"|(?P<words>\b(?:{_NUMBER_WORD})(?:[ -](?:and )?(?:{_NUMBER_WORD})){{0,6}}\b)"
)
_PART = (
    r"(?P<part>\b(?:(?P<count>an?|one|two|three|four|nine)[ -](?P<name>half|thirds?|quarters?|fifths?|tenths?)|half)\b)"
)
_RATIO = (
    rf"(?P<ratio>\b(?P<of>{_NUMBER_WORD}|\d+)(?: (?:people|patients))? (?:in|out of) (?:every )?"
    rf"(?P<out>{_NUMBER_WORD}|\d+)\b(?! (?:{_NUMBER_WORD}|minute|hour|day|week|month|year)))"
)
_ARTICLE = r"(?P<article>\ban? (?=(?:minute|hour|day|week|month|year|dozen|hundred|thousand|million)\b))"
QUANTITY = re.compile(rf"{_RATIO}|{_PART}|{_ARTICLE}|{_NUMBER}", re.IGNORECASE)
_UNIT = re.compile(
    r"[ -]?(?:more |other |hospital |of the |healthy |full )?"
    rf"(?P<unit>{'|'.join(sorted(map(re.escape, UNITS), key=len, reverse=True))})(?P<plural>e?s)?(?!\w)",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s?(?:to|–|-|or|and)\s?", re.IGNORECASE)
_PER = re.compile(r"\s?(?:/|per )\s?(?:kg|kilogram|day|week|dose)\b", re.IGNORECASE)
_MONTH = re.compile(rf"\b({'|'.join(MONTHS)})\.? ?$", re.IGNORECASE)
_YEAR_BEHIND = re.compile(r",? ?(?:of )?((?:19|20)\d\d)\b")


@dataclass(frozen=True)
class Quantity:
    """A number in the smallest unit of its kind; kind "" if it has no unit known here; `start` is its offset."""

    value: Fraction
    kind: str
    words: str = ""
    start: int = 0

    @property
    def key(self) -> tuple[Fraction, str]:
        return self.value, self.kind


def find_quantities(text: str) -> Iterator[Quantity]:
    """Yield the quantities of `text` in order; a range such as “3 to 14 days” gives both its ends the unit."""
    pending: list[tuple[Fraction, int, int]] = []
    for match in QUANTITY.finditer(text):
        value = _value(match)
        if value is None:
            continue
        if match["part"] or match["ratio"]:
            yield Quantity(value, "part", match[0], match.start())
            continue
        if year := _is_date(text, match, value):
            yield year
            continue
        unit = _UNIT.match(text, match.end())
        if not unit and (link := _RANGE.match(text, match.end())) and QUANTITY.match(text, link.end()):
            pending.append((value, match.start(), match.end()))
            continue
        for earlier, start, end in pending:
            yield _with_unit(text, earlier, unit, start, end)
        pending = []
        yield _with_unit(text, value, unit, match.start(), match.end())
    for earlier, start, end in pending:
        yield _with_unit(text, earlier, None, start, end)


def _with_unit(text: str, value: Fraction, unit: re.Match[str] | None, start: int, end: int) -> Quantity:
    if not unit:
        kind = "year" if value.denominator == 1 and 1900 <= value < 2100 and text[start:end].isdigit() else ""
        return Quantity(value, kind, text[start:end], start)
    kind, factor = UNITS[unit["unit"].lower()]
    per = _PER.match(text, unit.end())
    if per:
        kind += "/" + per[0].strip(" /").removeprefix("per ").replace("kilogram", "kg")
    if kind == "studies" and 1900 <= value < 2100:
        return Quantity(value, "year", text[start : unit.end()], start)
    return Quantity(value * factor, kind, text[start : per.end() if per else unit.end()], start)


def _is_date(text: str, match: re.Match[str], value: Fraction) -> Quantity | None:
    """Return “August 12” as a number of its own kind; its year follows as another."""
    month = _MONTH.search(text[max(0, match.start() - 12) : match.start()])
    if not month or not match["digits"]:
        return None
    number = MONTHS.index(month[1].lower()) + 1
    if value >= 1900:
        return Quantity(value * 12 + number, "month", f"{month[0]}{match[0]}", match.start())
    year = _YEAR_BEHIND.match(text, match.end())
    return Quantity(
        value + 100 * number + (10000 * int(year[1]) if year else 0), "date", f"{month[0]}{match[0]}", match.start()
    )


def _value(match: re.Match[str]) -> Fraction | None:
    if match["digits"]:
        return Fraction(match["digits"].replace(",", ""))
    if match["article"]:
        return Fraction(1)
    if match["part"]:
        top, bottom = PARTS[(match["name"] or "half").lower()]
        return Fraction(top, bottom) * int(_word_value(match["count"] or "one"))
    if match["ratio"]:
        out = _word_value(match["out"])
        return Fraction(_word_value(match["of"]), out) if out else None
    return Fraction(_word_value(match["words"]))


def _word_value(words: str) -> int:
    total = current = 0
    for word in re.findall(r"[a-z]+|\d+", words.lower()):
        if word in SCALES:
            current = max(current, 1) * SCALES[word]
            if SCALES[word] > 100:
                total, current = total + current, 0
        else:
            current += int(word) if word.isdigit() else WORDS.get(word, 1 if word in ("a", "an") else 0)
    return total + current
