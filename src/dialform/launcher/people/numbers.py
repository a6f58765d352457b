"""
The numbers of a people file, by the rules of `dialform.launcher.numbers`, a million at a time.

Pure. Nothing is guessed: what a spreadsheet made of a number is recognised and said. National
forms are let in only for a region that was named.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dialform.errors import InputError, UsageError
from dialform.launcher.numbers import checked_number
from dialform.launcher.people.records import BadCell

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = "+14155550123"

_NORTH_AMERICAN = re.compile(r"\+1[0-9]{10}").fullmatch
_E164 = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch
_NATIONAL = re.compile(r"\+?[0-9 ().\-/\u00a0\u2010-\u2013]{2,40}").fullmatch
_SCIENTIFIC = re.compile(r"\+?([0-9])(?:[.,]([0-9]+))?[eE]\+?([0-9]{1,2})").fullmatch
_FRACTION = re.compile(r"\+?([0-9]{7,15})[.,]0+").fullmatch
_DATE = re.compile(
    r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?:[0-9]{4}|[0-9]{2})|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?"
    r"|[0-9]{1,2}[ -][A-Za-z]{3,4}(?:[ -][0-9]{2,4})?|[A-Za-z]{3,4}[ -][0-9]{2,4}"
).fullmatch
_APOSTROPHES = "'\u2018\u2019\u02bc`\u00b4"
_NOTHING = {"n/a", "na", "nan", "none", "null", "nil", "-", "--", "?", "unknown", "undefined"}
_ERROR_CELL = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|#+)").fullmatch
_DIGITS = re.compile(r"[1-9][0-9]{6,14}").fullmatch
_LONGEST_CODE = 3
_EXAMPLES = 3
_REGION = ", or name the country of national forms with --region"


class Numbers:
    """What makes the E.164 form of a cell; it remembers what it knows of each country."""

    def __init__(self, region: str | None = None) -> None:
        """
        ``region``: whose national forms are let in, like ``US``; None: E.164 alone.

        Raises:
            UsageError: there is no such region.

        """
        self._region = None if region is None else _known(region)
        self._plans: dict[str, _Plan | None] = {}
        self.read_as: dict[str, str] = {}
        """The first few national forms, each with the E.164 form that it was read as."""

    def checked(self, text: str) -> str:
        """
        The E.164 form of ``text``. Blanks around it make no difference.

        Raises:
            BadCell: it is none, or none that can exist.

        """
        if _NORTH_AMERICAN(text):
            return text
        if _E164(text) and self._is_regular(text):
            return text
        return self._careful(text.strip())

    def _is_regular(self, text: str) -> bool:
        """Whether the number is surely possible and its own E.164 form: by country and length."""
        for end in range(2, _LONGEST_CODE + 2):
            code = text[1:end]
            try:
                plan = self._plans[code]
            except KeyError:
                plan = self._plans[code] = _plan(int(code))
            if plan is not None:
                rest = text[end:]
                return len(rest) in plan.lengths and not (plan.trunk and plan.trunk(rest))
        return False

    def _careful(self, text: str) -> str:
        found = _mangled(text)
        if found:
            raise BadCell("spreadsheet", found)
        if self._region is not None and _NATIONAL(text) and not _E164(text):
            return self._national(text)
        try:
            return checked_number(text)
        except InputError as error:
            said = str(error).removeprefix("toNumber: ").removeprefix(f"{text!r} ")
            raise BadCell("number", _advice(text) or said.removeprefix(f"{text} ")) from None

    def _national(self, text: str) -> str:
        import phonenumbers  # noqa: PLC0415 - 10 ms, and most files need none of it

        try:
            number = phonenumbers.parse(text, self._region)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_valid_number(number):
            raise BadCell("number", f"{self._region} has no such number; write it like {EXAMPLE}")
        form = f"+{number.country_code}{phonenumbers.national_significant_number(number)}"
        if len(self.read_as) < _EXAMPLES:
            self.read_as[text] = form
        return form


class _Plan(NamedTuple):
    """What is known of a country code without parsing a number."""

    lengths: frozenset[int]
    trunk: Callable[[str], object] | None
    """Whether the digits after it may begin with what is not dialled from abroad."""


def _plan(code: int) -> _Plan | None:
    import phonenumbers  # noqa: PLC0415 - as above

    region = phonenumbers.region_code_for_country_code(code)
    if region == "ZZ":
        return None
    about = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if about is None or about.general_desc is None:
        return None
    trunk = about.national_prefix_for_parsing
    return _Plan(
        frozenset(about.general_desc.possible_length), re.compile(trunk).match if trunk else None
    )


def _mangled(text: str) -> str | None:  # noqa: PLR0911 - a list of what spreadsheets do
    """What a spreadsheet made of a number, and what to do; None where it made nothing of it."""
    again = "format the column as text and export the file again"
    scientific = _SCIENTIFIC(text)
    if scientific:
        first, more, exponent = scientific[1], scientific[2] or "", int(scientific[3])
        if len(more) == exponent and _DIGITS(first + more):
            return f"a spreadsheet wrote it with an exponent: {_written(first + more)}, or {again}"
        return f"a spreadsheet wrote it with an exponent and its last digits are lost: {again}"
    fraction = _FRACTION(text)
    if fraction:
        return f"a program read it as a decimal number: {_written(fraction[1])}, or {again}"
    if _ERROR_CELL(text):
        return "a spreadsheet's error stands where the number should be: correct it there"
    if _DATE(text):
        return f"a spreadsheet made a date of it: {again}"
    bare = text.removeprefix("=").strip(_APOSTROPHES + '"')
    if bare != text:
        said = _written(bare.removeprefix("+")) if bare else "write the number"
        return f"a spreadsheet's quote marks are part of it: {said}"
    return None


def mangled_key(text: str) -> str | None:
    """What a spreadsheet made of what tells people apart, and what to do; None for nothing."""
    if _SCIENTIFIC(text):
        return "a spreadsheet wrote it with an exponent: format the column as text and export again"
    if _ERROR_CELL(text) or text.casefold() in _NOTHING:
        return "stands for nobody: leave the cell empty where there is no such value"
    return None


def is_error_cell(text: str) -> bool:
    """Whether a cell is a spreadsheet's error, like ``#N/A``."""
    return _ERROR_CELL(text) is not None


def _written(digits: str) -> str:
    """The advice to write ``digits`` as E.164, where they can be such a number."""
    if not _DIGITS(digits):
        return f"write it like {EXAMPLE}"
    try:
        return f"write {checked_number('+' + digits)} if that is who is meant"
    except InputError:
        return f"write it like {EXAMPLE}"


def _advice(text: str) -> str | None:
    """What to say where the rules for one number say too little about a row's."""
    if text.casefold() in _NOTHING:
        return f"stands for no number: remove the row, or write one like {EXAMPLE}"
    if _DIGITS(text):
        said = _written(text)
        return f"has no plus sign: {said}{'' if 'if that' in said else _REGION}"
    if _NATIONAL(text) and not text.startswith(("+", "00")):
        return f"is not in E.164 form: write it like {EXAMPLE}{_REGION}"
    return None


def _known(region: str) -> str:
    import phonenumbers  # noqa: PLC0415 - as above

    name = region.upper()
    if name not in phonenumbers.SUPPORTED_REGIONS:
        raise UsageError(f"--region {region}: there is no such region; write one like US or DE")
    return name
