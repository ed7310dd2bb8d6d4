"""Find what no text of a clinic may say about treatment: promotion, promises of safety, testimonials, urgency. Pure.

A denial (“no miracle”, “it is not proven”) is no advertising, nor is a question whether something is so. Patterns match
words only; a clinician still reads what is published.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PEOPLE = r"(?:patients|members|clients|customers|people we treat)"
_TREATMENT = r"(?:treatment|therapy|medicine|medication|drug|clinic|answer|cure|way out|hope)"
_ILLNESS = r"(?:depression|anxiety|sadness|pain|symptoms)"
_RIVALS = (
    r"(?:any|all|every|other|prozac|zoloft|lexapro|ssris?|antidepressants|pills|ect|(?:talk )?therapy|medications?)"
)
_UNSAFE = r"(?:drive|drink|stop|skip|quit|halve|double|cut|drop|mix)"
_MEDICINE = r"(?:medic\w+|pills?|tablets?|antidepressants?|drugs?|doses?|alcohol|session|home|after)"
# Wrong even when something is denied in them: “no side effects”.
ABSOLUTE = (
    # safety
    r"(?:without|no|zero|free of|hardly any|few)(?: any| known| real| serious)? (?:side effects?|risks?|dangers?)\b",
    r"non.?addictive\b",
    r"(?:not|never|isn[’']t|aren[’']t) (?:habit.forming|addictive|dangerous|risky)\b",
    r"no ?(?:one|body) (?:is|gets|was) (?:hurt|harmed|addicted)\b",
    (
        r"(?:you|anyone|everyone|patients) (?:can|may|could|should|are (?:free|able|allowed) to)"
        rf"(?! (?:ask|talk|read|tell|say|call|book|choose))(?: \w+){{0,2}} {_UNSAFE}\b(?=[^.]{{0,80}}\b{_MEDICINE}\b)"
    ),
    rf"(?:feel free|no need|it(?: is|’s|'s) (?:fine|ok(?:ay)?|safe)) to (?:{_UNSAFE}|keep taking|see a doctor)\b",
    r"no need (?:for|of) (?:a |any )?(?:doctor|clinician|monitoring|supervision|prescription)\b",
    r"never (?:fails?|relapses?|harms?|comes? back)\b",
    # urgency
    r"(?:only|just) (?:\w+ )?(?:places?|spots?|seats?|days|hours|slots?)(?: are| is)? left\b",
    r"(?:act|hurry|book) now\b|last chance\b|before it(?:’s| is) too late\b|limited.time\b|today only\b",
    r"while (?:places|spots) last\b",
    # testimonials
    r"(?:my|her|him|them|your)sel(?:f|ves) again\b|(?:happy|whole|alive|well|normal) again\b",
    r"(?:my|her|his|their|your) (?:life|smile|joy|husband|wife|mother|father) back\b",
    r"saved (?:me|him|her|them)\b",
    r"(?:saved|changed|transformed|turned around) (?:my|her|his|their|your) (?:life|lives|world|marriage|family)\b",
    r"after (?:\w+ )?(?:days?|weeks?|months?|sessions?|doses?) (?:with|of) (?:us|our)\b",
    rf"our {_PEOPLE}\b[^.]{{0,120}}\b(?:happ\w+|better|love|recover\w*|thrive|relapse|relief|improv\w*|free of)\b",
)
# Advertising unless denied.
CLAIMS = (
    r"(?:risk|side.effect)s?.free\b|harmless\b|cannot (?:fail|harm|hurt)\b",
    r"(?:break.?throughs?|miracles?|miraculous\w*|wonder drugs?|magic(?:al(?:ly)?)?|game.?chang\w+|life.?chang\w+)\b",
    r"(?:cur(?:e|es|ed|ing)|heals?|healed|healing)\b|revolution(?:ary|i[zs]\w+)\b|unprecedented\b|proven\b",
    r"guaranteed? (?:relief|results?|recovery|success|remission)\b|guaranteed? to (?:work|help|heal)\b",
    r"(?:immediate|instant|permanent|lasting|fast|quick|rapid|complete|total)(?:,? \w+)? relief\b",
    r"works (?:for|in|on) (?:(?:nearly|almost|just about|practically) )?(?:everyone|everybody|all|anyone|every)\b",
    r"(?:nearly|almost|practically|virtually) (?:everyone|everybody|all (?:patients|people)|always)\b",
    r"will (?:help|heal|fix|work for|change|free|lift|save) you\b|once and for all\b|for good (?:with|by|in|after)\b",
    (
        r"(?:ends?|ended|beats?|erases?|banish\w*|conquers?|vanquish\w*|defeats?|eliminates?|eradicates?|melts? away"
        rf"|wipes? out|reverses?|dissolves?) (?:(?:your|all|the|hard|severe|chronic) ){{0,3}}{_ILLNESS}\b"
    ),
    rf"{_ILLNESS} (?:ends?|vanish\w*|disappears?|melts? away|is gone|are gone|lifts?) (?:for good|forever|at once)\b",
    r"safe(?:ly)? and (?:effective|proven|gentle)\b|(?:perfectly|completely|totally|entirely|very) safe\b",
    (
        rf"(?:{_TREATMENT}|(?:es)?ketamine|infusions?|doses?|sessions?|spravato|it|this|that|they)"
        r" (?:is|are|was|remains?) (?:(?:quite|so|really|also|always) )?safe\b(?! to (?:ask|say))"
    ),
    r"it[’']s (?:(?:quite|so|really) )?safe\b(?! to (?:ask|say))|safer than\b",
    rf"(?:better|faster|stronger|more effective|superior) (?:than|to) {_RIVALS}\b|beats? {_RIVALS}\b",
    (
        r"(?:leading|foremost|premier|top.rated|number.one|best.in.class|world.class|most trusted|award.winning)"
        r" (?:\w+ ){0,2}(?:clinic|provider|treatment|therapy|program|care|groups?|experts?|team|choice)\b|#1\b"
    ),
    rf"the (?:best|fastest|safest|kindest|strongest|most effective|only) (?:\w+ )?{_TREATMENT}\b",
    (
        r"FDA[- ](?:approved|cleared|endorsed|certified|backed)"
        r" (?:program|clinic|ketamine|therapy|treatment|care|team|lozenges?)\b"
    ),
)
_ABSOLUTE = re.compile(rf"(?<!\w)(?:{'|'.join(ABSOLUTE)})", re.IGNORECASE)
_CLAIMS = re.compile(rf"(?<!\w)(?:{'|'.join(CLAIMS)})", re.IGNORECASE)
_INSTANT = re.compile(r"\binstantly\b", re.IGNORECASE)
_BODY = re.compile(
    r"\b(?:depress\w+|anxi\w+|relief|symptoms?|mood|feel\w*|better|works?|ketamine|pain|brain)\b", re.IGNORECASE
)
_CLAUSE = re.compile(
    r"[.;:!?]\s|—|–|\bbut\b|\bthough\b|\byet\b|,\s+(?:and |so )?(?:you|we|it|they|he|she|this|i|our|ketamine)\b",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"\b(?:no(?!t only|t just|t merely| other| better| longer)|not(?! only| just| merely| simply)|never|nobody|none"
    r"|neither|nor|without|cannot|can[’']t|isn[’']t|aren[’']t|wasn[’']t|won[’']t|doesn[’']t|don[’']t|didn[’']t|hardly"
    r"|far from|instead of|rather than|whether|beware|wary)\b",
    re.IGNORECASE,
)
_DENIED_BEHIND = re.compile(r"\W{0,20}(?:nobody|no one|nothing|none)\b", re.IGNORECASE)
_REGULATORS_TERM = re.compile(r"\bbreakthrough therapy\b", re.IGNORECASE)
DENIAL_WINDOW = 60  # characters before the words


@dataclass(frozen=True)
class Advertising:
    """Words that advertise, and their offset."""

    words: str
    start: int


def find_advertising(text: str) -> Iterator[Advertising]:
    """Yield what advertises in `text`, in order; linear in its length."""
    found = [Advertising(match[0], match.start()) for match in _ABSOLUTE.finditer(text)]
    found += [
        Advertising(match[0], match.start())
        for match in _CLAIMS.finditer(text)
        if not is_denied(text, match.start(), match.end()) and not _is_term(text, match) and not _is_asked(text, match)
    ]
    for match in _INSTANT.finditer(text):
        if _BODY.search(text, max(0, match.start() - DENIAL_WINDOW), match.end() + DENIAL_WINDOW):
            found.append(Advertising(match[0], match.start()))
    yield from sorted(found, key=lambda each: each.start)


def is_denied(text: str, start: int, end: int | None = None) -> bool:
    """Return whether the clause before `start` denies what follows, or the word after `end` does (“heals nobody”)."""
    if end is not None and _DENIED_BEHIND.match(text, end):
        return True
    before = text[max(0, start - DENIAL_WINDOW) : start]
    clause = _CLAUSE.split(before)[-1]
    return bool(_DENIAL.search(clause))


def _is_term(text: str, match: re.Match[str]) -> bool:
    """Return whether this is the FDA's “Breakthrough Therapy”."""
    return (
        bool(_REGULATORS_TERM.match(text, match.start())) and "FDA" in text[max(0, match.start() - 80) : match.start()]
    )


def _is_asked(text: str, match: re.Match[str]) -> bool:
    """Return whether the words stand in a plain question: “Is it safe?”."""
    end = text.find("?", match.end(), match.end() + 80)
    if end < 0 or re.search(r"[.!]", text[match.end() : end]):
        return False
    before = re.split(r"[.!?]\s", text[max(0, match.start() - 80) : match.start()])[-1]
    return bool(re.match(r"\W*(?:is|are|was|will|does|do|can|could|what)\b", before + match[0], re.IGNORECASE))
