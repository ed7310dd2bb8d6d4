"""Quotation check: quoted words in prose must match the ledger exactly. Pure."""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from .findings import Finding, Rule
from .ledger import HEDGE, Ledger, LedgerQuotation
from .meaning import NEGATIONS, word_set, words_of
from .sentences import Passage

# Up to three quoted words are a term or figure of speech (“off-label”, “Keep it down”), unless they are said to be
# somebody’s.
MAX_TERM_WORDS = 3
RUN = 5  # so many words in a row of a quotation are that quotation
QUOTED = re.compile(
    r"“([^“”„]*)”|„([^„“”]*)[“”]|«([^«»]*)»|»([^«»]*)«|‹([^‹›]*)›|「([^「」]*)」|『([^『』]*)』|❝([^❝❞]*)❞|〝([^〝〞]*)〞"
    r"|“([^“”\"]*)\"|\"([^\"“”]*)”|\"([^\"]*)\"|``([^`]{1,600}?)(?:''|``)|<q>([^<]{1,600})</q>"
    r"|(?<!\w)‘([^‘]*?)’(?!\w)|(?<!\w)'([^'\n]*?)'(?!\w)"
)
PARTNERLESS = re.compile("[“”„«»‹›「」『』❝❞〝〞]|</?q>")
ELLIPSIS = re.compile(r"\s{0,9}(?:\[(?:…|\.\.\.)\]|…|\.\.\.)\s*")
SMART = str.maketrans("‘’“”", "''\"\"")
NAME = r"(?P<{}>[A-Z][\w’.-]*(?:\s+(?:of |the )?[A-Z][\w’.-]*){{0,5}})"
SAYS = (
    r"(?:said|says|wrote|writes|told|called|calls|stated|states|claimed|claims|found|finds|put it|puts it|declared"
    r"|announced|concluded|reported|argued|explained|spoke of|speaks of|praised)"
)
ATTRIBUTION = re.compile(
    rf"\b[Aa]ccording to (?:the )?{NAME.format('by')}"
    rf"|{NAME.format('before')} (?:(?:has|have|had|itself|himself|herself) )?{SAYS}\b"
    rf"|{NAME.format('of')}[’']s? (?:own )?(?:verdict|view|words|opinion|finding|conclusion|statement|praise)\b"
    rf"|\b(?:said|says|wrote|writes) {NAME.format('behind')}"
)
PRONOUN_SPEAKER = re.compile(rf"\b(?:he|she|they|it)\b.{{0,30}}\b(?:{SAYS})\b", re.IGNORECASE)
NOT_SPEAKERS = {"He", "She", "They", "It", "We", "I", "This", "That", "The", "In", "You", "What", "Who", "There"}
# Words the reader could say are no quotation.
READERS_OWN = re.compile(
    r"\byou (?:can|could|might|may)\b[^.“\"]{0,40}\b(?:say|ask|tell|write|answer|start|add)\b[^.“\"]{0,20}$"
    r"|(?:^|[.!?] )(?:Say|Ask|Write|Answer|Try)\b[^.“\"]{0,20}$",
    re.IGNORECASE,
)
POPULATION = word_set("people patients person men women children adults rats mice animals resistant some most many few")
GENERIC_NAMES = word_set("the of and at for university school institute prof professor")


@dataclass(frozen=True)
class QuotedSpan:
    """Quoted words; `start` and `end` include the quotation marks."""

    words: str
    start: int
    end: int


def quoted_spans(text: str, *, longer_than: int = MAX_TERM_WORDS) -> Iterator[QuotedSpan]:
    """Yield the quoted spans of more than `longer_than` words."""
    for match in QUOTED.finditer(text):
        words = next(group for group in match.groups() if group is not None)
        if len(words.split()) > longer_than:
            yield QuotedSpan(words, match.start(), match.end())


def check_quotations(passage: Passage, ledger: Ledger) -> tuple[list[Finding], str]:
    """Return the findings of a passage's quotations, and its text with exact quotations and titles blanked."""
    findings: list[Finding] = []
    pieces, without_marks, at = [], [], 0
    for span in _spans(passage):
        exact, found = _check_span(span, passage, ledger)
        findings += found
        blank = " " * (span.end - span.start)
        pieces += [passage.text[at : span.start], blank if exact else passage.text[span.start : span.end]]
        without_marks += [passage.text[at : span.start], blank]
        at = span.end
    own_words = "".join([*pieces, passage.text[at:]])
    outside = "".join([*without_marks, passage.text[at:]])
    if not passage.quoted and PARTNERLESS.search(outside):
        findings.append(Finding(passage.line, "a quotation mark has no partner", Rule.QUOTATION))
    findings += _unmarked_runs(passage, outside, ledger)
    findings += _reported_speech(passage, outside, ledger)
    return findings, own_words


def _spans(passage: Passage) -> list[QuotedSpan]:
    """Return what stands in quotation marks, or is emphasized behind a word of saying."""
    if passage.quoted:
        return [QuotedSpan(passage.text, 0, len(passage.text))]
    spans = list(quoted_spans(passage.text, longer_than=0))
    for start, end in passage.emphasized:
        after_saying = re.search(rf"\b{SAYS}\W*$", passage.text[max(0, start - 30) : start])
        if after_saying and not any(span.start < end and start < span.end for span in spans):
            spans.append(QuotedSpan(passage.text[start:end], start, end))
    return sorted(spans, key=lambda span: span.start)


def _check_span(span: QuotedSpan, passage: Passage, ledger: Ledger) -> tuple[bool, list[Finding]]:
    """Return whether the words are exact or a title, and their findings."""
    if span.words.strip(" .,;").casefold() in _titles(ledger):
        return True, []
    before = passage.text[max(0, span.start - 120) : span.start]
    behind = passage.text[span.end : span.end + 120]
    is_term = len(span.words.split()) <= MAX_TERM_WORDS and not passage.quoted
    speakers = _speakers_near(before, behind, ledger) if is_term else []
    if (is_term and not speakers) or (not passage.quoted and READERS_OWN.search(before)):
        return False, []
    entries = [entry for entry in ledger.quotations.values() if not is_term or _spoken_by(entry, speakers)]
    matching = [entry for entry in entries if matches(span.words.strip(" .,") if is_term else span.words, entry.text)]
    line = passage.line_at(span.start)
    if not matching:
        closest = closest_quotation(span.words, ledger.quotations.values())
        message = f"“{span.words}” is not in the ledger to the character"
        message += f"; closest is “{closest}”" if closest else ""
        return False, [Finding(line, message, Rule.QUOTATION)]
    checked = [entry for entry in matching if entry.wording_checked]
    if not checked:
        message = f"the wording of quotation “{matching[0].key}” was not checked against its source"
        return True, [Finding(line, message, Rule.UNCHECKED)]
    if passage.quoted or is_term:
        return not is_term, []
    return True, list(check_attribution(passage.text, line, checked[0], named=True))


def check_attribution(text: str, line: int, quotation: LedgerQuotation, *, named: bool) -> Iterator[Finding]:
    """Yield findings for a wrong speaker and, with `named`, for a missing one."""
    others = [
        name for name in attributed_speakers(text) if not _speaker_words(name) & _speaker_words(quotation.speaker)
    ]
    if others:
        yield Finding(line, f"{quotation.speaker} said “{quotation.key}”, not {others[0]}", Rule.SPEAKER)
    elif named and not names_speaker(text, quotation.speaker):
        yield Finding(line, f"“{quotation.key}” is not said to be {quotation.speaker}’s", Rule.SPEAKER)


def check_lead_in(text: str, line: int, quotation: LedgerQuotation) -> Iterator[Finding]:
    """Yield a finding if the sentence before a quotation block gives it to somebody else."""
    findings = list(check_attribution(text, line, quotation, named=False))
    names = re.findall(r"(?<!^)(?<![.!?] )\b[A-Z][\w’-]{2,}", text)
    named = names_speaker(text, quotation.speaker) or PRONOUN_SPEAKER.search(text)
    if not findings and text.rstrip().endswith(":") and names and not named:
        findings.append(Finding(line, f"{quotation.speaker} said “{quotation.key}”, not {names[0]}", Rule.SPEAKER))
    yield from findings


def matches(words: str, original: str) -> bool:
    """Return whether `words` are complete words of the original, in order.

    Smart quotes and the first letter's case do not count. An ellipsis may leave out words, but no doubt, denial or
    population.
    """
    rest = _plain(original)
    for number, part in enumerate(_parts(words)):
        first = re.escape(part[0]) if number else f"[{re.escape(part[0].lower() + part[0].upper())}]"
        match = re.search(rf"(?<!\w){first}{re.escape(part[1:])}(?!\w)", rest)
        if not match or (number and _limits(rest[: match.start()])):
            return False
        rest = rest[match.end() :]
    return bool(_parts(words))


def _limits(left_out: str) -> bool:
    """Return whether the words left out limit what is said."""
    return bool(HEDGE.search(left_out)) or any(word in NEGATIONS | POPULATION for word in words_of(left_out))


def exact_match(words: str, ledger: Ledger) -> LedgerQuotation | None:
    """Return the checked quotation that these words are."""
    return next(
        (entry for entry in ledger.quotations.values() if entry.wording_checked and matches(words, entry.text)), None
    )


def closest_quotation(words: str, quotations: Iterable[LedgerQuotation]) -> str:
    """Return the key of the most similar quotation, or "" below a ratio of 0.6."""
    plain = _plain(words).lower()[:600]
    similarity = {
        quotation.key: difflib.SequenceMatcher(None, plain, _plain(quotation.text).lower(), autojunk=False).ratio()
        for quotation in quotations
    }
    best = max(similarity, key=similarity.__getitem__, default="")
    return best if best and similarity[best] > 0.6 else ""


def names_speaker(text: str, speaker: str) -> bool:
    """Return whether the text names the speaker: “Duman” for “Duman RS”, “the news story” for “Yale news text”."""
    return bool(_speaker_words(speaker) & {word.lower().removesuffix("'s") for word in words_of(text)})


def attributed_speakers(text: str) -> list[str]:
    """Return every attributed speaker: “according to Yale”, “Duman said”."""
    speakers = (match[match.lastgroup or 0] for match in ATTRIBUTION.finditer(text))
    return [name for name in speakers if name not in NOT_SPEAKERS]


def _speaker_words(name: str) -> set[str]:
    """Return the words that name a speaker, without initials and general ones."""
    words = [word for word in re.findall(r"[^\W\d_]+", name) if len(word) > 2 and word.lower() not in GENERIC_NAMES]
    return {word.lower() for word in words} or {name.lower()}


def _speakers_near(before: str, behind: str, ledger: Ledger) -> list[str]:
    """Return who is said to have said a few quoted words: speakers of the ledger, and names right beside them."""
    people = {entry.speaker for entry in ledger.quotations.values() if not re.search(r"\btext\b", entry.speaker)}
    words = set(words_of(f"{before} {behind}"))
    found = [speaker for speaker in people if _speaker_words(speaker.split()[-1]) & words]
    name_before = re.search(rf"{NAME.format('name')} {SAYS}[,:]?\s*$", before)
    name_behind = re.match(rf"\W*(?:said|says|wrote|writes) {NAME.format('name')}", behind)
    return found + [
        match["name"] for match in (name_before, name_behind) if match and match["name"] not in NOT_SPEAKERS
    ]


def _spoken_by(entry: LedgerQuotation, speakers: list[str]) -> bool:
    return any(_speaker_words(entry.speaker) & _speaker_words(name) for name in speakers)


def _unmarked_runs(passage: Passage, outside: str, ledger: Ledger) -> Iterator[Finding]:
    """Yield a finding for each quotation whose words stand in the text without quotation marks."""
    if passage.quoted:
        return
    runs = _runs(tuple(ledger.quotations.values()))
    words = list(re.finditer(r"[^\W_]+(?:[’'][^\W_]+)*", outside))
    plain = [word[0].lower().replace("’", "'") for word in words]
    seen: set[str] = set()
    for index in range(len(plain) - RUN + 1):
        key = runs.get(tuple(plain[index : index + RUN]))
        if key and key not in seen:
            seen.add(key)
            message = f"words of quotation “{key}” stand outside quotation marks"
            yield Finding(passage.line_at(words[index].start()), message, Rule.QUOTATION)


def _reported_speech(passage: Passage, outside: str, ledger: Ledger) -> Iterator[Finding]:
    """Yield a finding where a speaker of the ledger “said: …” without quotation marks."""
    speakers = {_speaker.split()[-1] for _speaker in (entry.speaker for entry in ledger.quotations.values())}
    for match in re.finditer(rf"\b([A-Z][\w’-]+) {SAYS}: (?=\w+(?: \w+){{3}})", outside):
        if match[1] in speakers:
            message = f"what {match[1]} said stands without quotation marks"
            yield Finding(passage.line_at(match.start()), message, Rule.QUOTATION)


@lru_cache(maxsize=8)
def _runs(quotations: tuple[LedgerQuotation, ...]) -> dict[tuple[str, ...], str]:
    """Return the key of the quotation for each run of its words."""
    found: dict[tuple[str, ...], str] = {}
    for quotation in quotations:
        words = words_of(quotation.text)
        for index in range(len(words) - RUN + 1):
            found.setdefault(tuple(words[index : index + RUN]), quotation.key)
    return found


def _titles(ledger: Ledger) -> set[str]:
    return {source.title.strip(" .").casefold() for source in ledger.sources.values() if source.title}


def _parts(words: str) -> list[str]:
    return [part for part in ELLIPSIS.split(_plain(words)) if part]


def _plain(text: str) -> str:
    return " ".join(text.translate(SMART).split())
