"""
Where calls may go: countries, beginnings of numbers, or anywhere.

Pure, but for the tables of numbers, which are loaded where countries are named.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dialform.launcher.calling.whereabouts import country_of

if TYPE_CHECKING:
    from collections.abc import Sequence

ANYWHERE = "any"

_PREFIX = re.compile(r"\+[1-9][0-9]{0,14}")
_COUNTRY = re.compile(r"[A-Z]{2}")


def destination(text: str) -> str:
    """
    ``text``, if it is a country (``US``), the beginning of numbers (``+4930``), or ``any``.

    Raises:
        ValueError: it is none of them.

    """
    if text == ANYWHERE or _PREFIX.fullmatch(text):
        return text
    if _COUNTRY.fullmatch(text):
        import phonenumbers  # noqa: PLC0415 - takes 10 ms; a declaration's only

        if text in phonenumbers.SUPPORTED_REGIONS:
            return text
    hint = {"UK": "; the United Kingdom is GB", "EU": "; name its countries one by one"}
    raise ValueError(
        f"{text!r} is neither a country, like US, nor the beginning of numbers, like +4930"
        + hint.get(text, "")
    )


def is_allowed(number: str, destinations: Sequence[str]) -> bool:
    """Whether a number in E.164 is one of ``destinations``."""
    if ANYWHERE in destinations:
        return True
    countries = []
    for one in destinations:
        if one.startswith("+"):
            if number.startswith(one):
                return True
        else:
            countries.append(one)
    return bool(countries) and country_of(number) in countries
