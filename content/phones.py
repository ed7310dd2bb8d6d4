"""Whether a number as written can be dialled."""


def dialable(number: str, region: str) -> str:
    """`number` in E.164 if it is a valid one in `region` (ISO 3166 alpha-2), else an empty string."""
    import phonenumbers  # 118 ms: only where a number is read

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
