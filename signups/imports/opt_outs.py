"""Opt-outs in other systems' lists: columns that say who must not be written to, called or texted, and their cells.

A column says it in one of two ways: “Do not call” with a yes, or “Call permission” with a no. What has an opt-out's
words but names no channel is asked about. Opt-outs of fax and post have no meaning here.
"""

import re

# Fields of the first kind, with the fields of the second kind that say the same.
OPT_OUTS = {"stopped": "email_ok", "do_not_call": "calls_ok", "no_texts": "texts_ok", "do_not_contact": "contact_ok"}
PERMISSIONS = {permission: opt_out for opt_out, permission in OPT_OUTS.items()}

_NEGATIVE = re.compile(
    r"unsub|\bopt(?:ed|ing|s)? ?out|\bdo ?not\b|\bdont\b|\bdn[cd]\b|suppress|(?:black|block) ?list|\bexclude"
    r"|\b(?:no|never) (?:more |phone )?(?:e ?mails?|calls?|texts?|sms|contact)\b"
    r"|\bstop(?:s|ped)? (?:our )?(?:e ?mails?|calls?|texts?)\b"
    r"|\bno (?:llamar|contactar|enviar|mandar|molestar)\b|\brehus\w+|\bbaja\b|desuscri|\bcancel\w* (?:la )?suscri"
    r"|^clean time$"  # Mailchimp's addresses that bounced for good
)
_ASKED_ABOUT = re.compile(
    r"\bblocked\b|\bdeceased\b|\bdied\b|\bhard bounced?\b"
    r"|\bcomplain|complaint|\bstop(?:ped|s)?\b|\bremoved? from\b|\brefused?\b|\bwithdr[ae]w|\brevoked?\b"
)
_IRRELEVANT = re.compile(
    r"\bfax(?:es)?\b|\btracking\b|\bpostal\b|\breasons?\b|\bcampaign|\bip\b|\bids?\b|\blink\b|\burl\b"
)
_POSITIVE = re.compile(
    r"\bopt(?:ed|ing|s)? ?in\b|consent|\bpermi(?:ssion|tted|so)|\bsubscribed?\b|\bsuscrit[oa]\b|\baccept(?:s|ed)?\b"
    r"|\ballow(?:s|ed)?\b|\bagree(?:s|d)?\b|\breceives?\b|\bok(?:ay)? to\b|\bsend\b|\bacepta\b|\bautoriza"
    r"|\b(?:may|can)(?: we| i)? (?:contact|call|phone|text|e ?mail|send)\b"
    r"|\bmarketing (?:ok|e ?mails?|sms|texts?|calls?)$"
    r"|\b(?:e ?mails?|texts?|sms|calls?|contact) ok\b|\bsolicit\b|\bmail(?:ing)? list\b"
    r"|\breminders? by (?:text|sms|e ?mail)\b|newsletter|\bboletin\b|\bgdpr\b|\brgpd\b|\btcpa\b"
    r"|^(?:e ?mail|sms|text) (?:marketing |subscription |permission )*(?:status|preference)$"
)
_NO_PERMISSION = re.compile(
    r"\btime(?:stamp)?\b|\bdate\b|\bat\b|\bon\b|\bsource\b|\bmethod\b|\btype\b|\bversion\b|\bcount\b"
    r"|(?<!mail )(?<!mailing )\blists?\b|\bform\b"
    r"|\bhipaa\b|\btreatment\b|\bvoice ?mail\b|\bplan\b|\bdouble\b|\bdetails?\b|\bwording\b|\bfecha\b"
)
_TEXTS = re.compile(r"\b(?:sms|mms|texts?|texting|whatsapp|mensajes?)\b")
_CALLS = re.compile(r"\b(?:calls?|calling|called|phone|phoned|telephone|ring|dnc|llamar|llamadas?|telefono)\b")
_EMAILS = re.compile(r"e ?mail|\bcorreos?\b|newsletter|\bboletin\b")
_MARKETING = re.compile(r"\bmarketing\b|\bpublicidad\b|\bmailings?\b")
_CONTACT = re.compile(r"contact|\bdisturb|\bdnd\b|molestar|communicat")

_NOT_SET = re.compile(
    r"|no?|0(?:\.0)?|f(?:alse|also)?|off|never|nunca|none|null|nil|n/?a|unknown|-+|–|—|☐|unchecked|unset"
    r"|(?:re-?)?subscribed|suscrito|active|activo|opt(?:ed)?[ -]?in|allow(?:ed)?|ok(?:ay)?(?: to .*)?|permitted"
    r"|not opted[ -]?out|no opt[ -]?out",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\A(?:no?|0(?:\.0)?|f(?:alse|also)?|off|denied|den(?:y|ies)|declined|refused|withdrawn|revoked|removed|disagreed?|never"
    r"|nunca|stop(?:ped)?|blocked|block ?listed|black ?listed|complained|spam|suppressed|cleaned|unmarketable|archived"
    r"|none|not (?:given|granted|allowed|permitted|subscribed|ok|consented)|(?:non|un)[ -]?subscribed?.*"
    r"|opt(?:ed)?[ -_]?out.*"
    r"|(?!not\b).*\bunsubscribed|do ?n[o']t .*|no .*|baja|dado de baja|desuscrito|☐)\Z",
    re.IGNORECASE,
)
_MAX_WORDS = 6  # a longer text only mentions such words


def opt_out_field(words: str) -> str:
    """Return the field of a heading (`headings.plain`) that says clearly whom not to contact, and how; else ""."""
    if _IRRELEVANT.search(words):
        return ""
    if _NEGATIVE.search(words):
        return _by_channel(words) or _without_channel(words)
    if not _POSITIVE.search(words) or _NO_PERMISSION.search(words):
        return ""
    if re.fullmatch(r"(?:is |currently )?(?:subscribed|suscrito|suscrita)", words):
        return "email_ok"
    if re.fullmatch(r"opt(?:ed)? ?in", words):
        return "contact_ok"
    return OPT_OUTS.get(_by_channel(words), "")


def may_be_opt_out(words: str, cells: frozenset[str]) -> bool:
    """Return whether a column may say whom not to contact, by its heading or by its different cells."""
    if _IRRELEVANT.search(words):
        return False
    if _NEGATIVE.search(words) or _ASKED_ABOUT.search(words):
        return True
    if _POSITIVE.search(words) and not _NO_PERMISSION.search(words) and any(map(says_no, cells)):
        return True
    return any(
        _OPT_OUT_CELL.fullmatch(part.strip(" *.!")) for cell in cells if len(cell) < 200 for part in _PARTS.split(cell)
    )


_PARTS = re.compile(r"[;,|\n]|:::")  # of a cell with several labels
_OPT_OUT_CELL = re.compile(
    r"(?:e-?mail )?unsubscribed|opt(?:ed)?[ -]?out(?: of .*)?|do[ -]?not[ -]?(?:call|e-?mail|text|contact)"
    r"|(?:please )?do ?n[o'’]?t (?:call|e-?mail|text|contact)(?: me| him| her| them)?"
    r"|please do not (?:call|e-?mail|text|contact)"
    r"|dn[cd]|suppressed|cleaned|(?:black|block)listed"
    r"|no (?:calls|texts|emails)",
    re.IGNORECASE,
)


def opt_out_in_words(text: str) -> str:
    """Return the opt-out that a status, a tag or a reason says: `do_not_call` for “DNC”; else ""."""
    words = re.sub(r"[^\w\s]|_", " ", text.lower().replace("e-mail", "email").replace("'", "").replace("’", ""))
    if words.strip() == "cleaned":
        return "stopped"
    if len(words.split()) > _MAX_WORDS or not _NEGATIVE.search(words) or _IRRELEVANT.search(words):
        return ""
    return _by_channel(words) or _without_channel(" ".join(words.split()))


def is_set(text: str) -> bool:
    """Return whether a cell of an opt-out says yes: a word, a mark or a date."""
    return not _NOT_SET.fullmatch(text)


def says_no(text: str) -> bool:
    """Return whether a cell of a permission says no; silence does not."""
    return bool(_NO.match(text.strip().replace("_", " ")))


def _by_channel(words: str) -> str:
    """Return the opt-out of the channel that is named; of several, that of all contact."""
    channels = ((_TEXTS, "no_texts"), (_CALLS, "do_not_call"), (_EMAILS, "stopped"))
    named = [field for pattern, field in channels if pattern.search(words)]
    if len(named) > 1:
        return "do_not_contact"
    if named:
        return named[0]
    return "do_not_contact" if _CONTACT.search(words) else "stopped" if _MARKETING.search(words) else ""


def _without_channel(words: str) -> str:
    if re.search(r"unsub|suppress|\bbaja\b|desuscri|\bcancel\w* (?:la )?suscri", words):
        return "stopped"
    return "do_not_contact" if re.search(r"\bopt(?:ed|ing|s)? ?out", words) else ""
