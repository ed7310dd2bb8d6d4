"""How a stored number is shown and dialed."""

from clinic.lib import phone_numbers


class PhoneDisplay:
    """For models with `phone` (as given), `phone_e164` and `phone_extension`."""

    phone: str
    phone_e164: str
    phone_extension: str

    @property
    def phone_formatted(self) -> str:
        """The number as staff read it, with its extension; as given if it has no dialable form."""
        return phone_numbers.format_phone(self.phone_e164, self.phone_extension) or self.phone

    @property
    def tel_link(self) -> str:
        """The number as a link that dials it, with its extension (RFC 3966 §3)."""
        extension = f";ext={self.phone_extension}" if self.phone_extension else ""
        return f"tel:{self.phone_e164}{extension}"

    @property
    def special_number(self) -> str:
        """What the number is if staff should not dial it: "premium-rate number"; else ""."""
        return phone_numbers.special_number(self.phone_e164)
