"""
Phone numbers as the API takes them: E.164, a plus sign and 7 to 15 digits.

Pure. Nothing is guessed or repaired: a wrong digit rings a stranger. What can be told is said.
"""

from __future__ import annotations

import re

from dialform.errors import InputError

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_NORTH_AMERICAN = re.compile(r"\+1[0-9]{10}")
"""The one plan whose numbers all have one length: needs no tables, which take 10 ms to load."""

_DRESSED = re.compile(r"(?:\+|00)[0-9 ().\-/\u00a0]+")


def checked_number(text: str) -> str:
    """
    ``text``, if it is the E.164 form of a number that can exist.

    Raises:
        InputError: it is not; the message has the E.164 form where that can be told.

    """
    if not isinstance(text, str):
        raise InputError(f"toNumber: a string like '+14155550123' is wanted, not {text!r}")
    if _NORTH_AMERICAN.fullmatch(text):
        return text
    import phonenumbers  # noqa: PLC0415 - see above

    if not _E164.fullmatch(text):
        raise InputError(f"toNumber: {text!r} is not in E.164 form; {_advice(text)}")
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise InputError(f"toNumber: {text} has no country code that exists") from None
    reason = phonenumbers.is_possible_number_with_reason(number)
    possible = phonenumbers.ValidationResult
    if reason not in (possible.IS_POSSIBLE, possible.IS_POSSIBLE_LOCAL_ONLY):
        what = {possible.TOO_SHORT: "too short", possible.TOO_LONG: "too long"}
        raise InputError(
            f"toNumber: {text} is {what.get(reason, 'of a wrong length')} for a number "
            f"of +{number.country_code}"
        )
    if reason == possible.IS_POSSIBLE_LOCAL_ONLY:
        raise InputError(f"toNumber: {text} lacks its area code")
    form = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if form != text:
        raise InputError(f"toNumber: {text} has a trunk prefix in it; write {form}")
    return text


def _advice(text: str) -> str:
    """What to write instead."""
    import phonenumbers  # noqa: PLC0415 - as above

    stripped = text.strip()
    if _DRESSED.fullmatch(stripped):
        candidate = "+" + re.sub(r"[^0-9]", "", stripped.removeprefix("00"))
        try:
            number = phonenumbers.parse(candidate)
        except phonenumbers.NumberParseException:
            number = None
        if number is not None and phonenumbers.is_possible_number(number):
            form = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            return f"write {form}"
    if not stripped.startswith("+"):
        return "write a plus sign, the country code and the number, like +14155550123"
    return "write the plus sign and digits only, like +14155550123"
