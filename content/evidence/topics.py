"""Topics by their words: a page covers one only if it tells it, whatever its marks say. Pure."""

import re

from .ledger import Topic

TOPIC_WORDS = {
    Topic.EFFICACY: r"respon\w+|improv\w+|better|remission|help\w*|relief|benefit\w*|effect\w*|advance|worked|works",
    Topic.DURATION: r"fad\w+|wears? off|worn off|return\w*|relapse\w*|comes? back|(?:\d+|one|two) (?:days?|weeks?)",
    Topic.NON_RESPONSE: (
        r"(?:no|not|nobody|none|neither|never)\b.{0,60}\b(?:respon\w+|benefit\w*|better|help\w*|differen\w+|everyone)"
        r"|some did not|not everyone"
    ),
    Topic.RISK: (
        r"misuse|abuse|mental health|psychiatric|blood pressure|breathing|respiratory|bladder|urinary|sedation|sleep\w*"
        r"|dissociat\w+|vital signs|cut off from|nausea|dizz\w+|liver|dependence|pregnan\w+|driv\w+|risks?|confusion"
    ),
    Topic.OFF_LABEL: r"off.label|not approved|has not approved|only as an anesthetic|only use|no psychiatric|not for",
    Topic.CERTAINTY: r"certain\w*|how sure|confidence|quality of the evidence",
    Topic.BLINDING: r"blind\w*|felt|guess\w*|could tell|can (?:often )?tell|masked|knew what|knew who",
    Topic.FORM: r"infusions?|vein|by mouth|lozenge\w*|injection\w*|nasal|oral\w*|mg/kg",
}
PATTERNS = {topic: re.compile(rf"\b(?:{words})\b", re.IGNORECASE | re.DOTALL) for topic, words in TOPIC_WORDS.items()}
RISKS_NAMED = 4  # so many harms of different names make a list of risks


def covers(topic: Topic, text: str) -> bool:
    """Return whether `text` tells of `topic`."""
    found = {match[0].lower() for match in PATTERNS[topic].finditer(text)}
    return len(found) >= (RISKS_NAMED if topic == Topic.RISK else 1)


def supports(topic: Topic, claim: str) -> bool:
    """Return whether a claim with this text can be about `topic`."""
    return bool(PATTERNS[topic].search(claim))
