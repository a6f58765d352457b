"""
Cells as what the preset declares and the ledger holds: canonical JSON, zones, times.

Pure but for the time zone database, which `zoneinfo` reads. The inputs of a row are spliced from
pieces, which gives the bytes of RFC 8785 without building what they stand for.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.errors import InputError
from dialform.launcher.inputs import finding, reader
from dialform.launcher.people.numbers import is_error_cell, mangled_key
from dialform.launcher.people.records import BadCell, Finding
from dialform.presets.canonical import NotCanonical, canonical_text, member_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
).fullmatch
_NUL = "\\u0000"
_ERROR = '"#'
_MOST_REMEMBERED = 4096


class _Input(NamedTuple):
    """How the cells of one input are written."""

    name: str
    at: int
    key: str
    """``"name":`` as it stands in the JSON."""

    written: Callable[[Any], str]
    """A cell's canonical JSON. Raises ValueError with what is wrong with it."""

    required: str | None
    """What to say where the cell is empty and the preset requires it; None where it does not."""

    sensitive: bool


class Inputs:
    """What makes the canonical JSON of a row's inputs."""

    def __init__(
        self,
        declared: Mapping[str, Mapping[str, Any]],
        places: Iterable[tuple[str, int]],
        *,
        text: bool,
    ) -> None:
        """
        Know where each input stands.

        Args:
            declared: the preset's declarations.
            places: name and position in a row of each input that the file has.
            text: whether cells are text, as in CSV, and become what is declared; else they
                are values already, and must be of the declared type.

        """
        found = [_input(name, at, declared[name], text=text) for name, at in places]
        self._inputs = sorted(found, key=lambda one: member_order(one.name))

    def json(self, cells: Sequence[Any], findings: list[Finding]) -> str:
        """The inputs that ``cells`` give; what is wrong with them is added to ``findings``."""
        pieces = []
        for name, at, key, written, required, sensitive in self._inputs:
            cell = cells[at]
            if cell is None or (cell.__class__ is str and (not cell or cell.isspace())):
                if required is not None:
                    findings.append(Finding(name, "required", None, required))
                continue
            try:
                pieces.append(key + written(cell))
            except ValueError as error:
                value = None if sensitive else cell
                findings.append(Finding(name, "input", value, str(error)))
        whole = "{" + ",".join(pieces) + "}"
        if not whole.isascii() or _NUL in whole or _ERROR in whole:
            self._check_text(cells, findings)
        return whole

    def _check_text(self, cells: Sequence[Any], findings: list[Finding]) -> None:
        for one in self._inputs:
            cell = cells[one.at]
            if cell is None:
                continue
            value = None if one.sensitive else cell
            said = wrong_text(cell)
            if said:
                findings.append(Finding(one.name, "text", value, said))
            elif isinstance(cell, str) and is_error_cell(cell.strip()):
                said = "a spreadsheet's error stands where a value should be: correct it there"
                findings.append(Finding(one.name, "spreadsheet", value, said))


def wrong_text(cell: object) -> str | None:
    """What is wrong with the characters of a cell, or None."""
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False, default=str)
    if not isinstance(cell, str):
        text = text.replace(_NUL, "\0")
    if "\0" in text:
        return "has a NUL character: the file is damaged, or of another encoding; save it as UTF-8"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is not UTF-8: save the file as UTF-8 (in Excel: CSV UTF-8)"
    return None


def _input(name: str, at: int, declaration: Mapping[str, Any], *, text: bool) -> _Input:
    required = None
    if declaration.get("required") and "default" not in declaration:
        required = "is empty, and the preset requires this input: fill it in, or remove the row"
    return _Input(
        name,
        at,
        encode_basestring(name) + ":",
        _writer(declaration, text=text),
        required,
        bool(declaration.get("sensitive")),
    )


def _writer(declaration: Mapping[str, Any], *, text: bool) -> Callable[[Any], str]:
    """What writes the cells of an input, or says in a ValueError what is wrong with one."""
    quiet = {**declaration, "sensitive": True}  # an error has the value beside its message
    if not text:
        return lambda cell: _value(quiet, cell)
    if declaration.get("type", "string") in ("string", "any"):
        pattern = declaration.get("pattern")
        return encode_basestring if pattern is None else _matching(quiet, pattern)
    read = reader(declaration)
    known: dict[str, str] = {}

    def remembered(cell: str) -> str:
        found = known.get(cell)
        if found is None:
            if len(known) >= _MOST_REMEMBERED:
                known.clear()
            found = known[cell] = _value(quiet, read(cell))
        return found

    return remembered


def _matching(declaration: Mapping[str, Any], pattern: str) -> Callable[[str], str]:
    """`_writer` of text that must match."""
    matches = re.compile(pattern).fullmatch

    def written(cell: str) -> str:
        if matches(cell):
            return encode_basestring(cell)
        raise ValueError(finding(declaration, cell) or f"must match {pattern}")

    return written


def _value(declaration: Mapping[str, Any], value: Any) -> str:
    """The canonical JSON of a value. Raises ValueError with what is wrong with it."""
    said = finding(declaration, value)
    if said:
        raise ValueError(said)
    try:
        return canonical_text(value)
    except NotCanonical as error:
        raise ValueError(str(error)) from None


class Zones:
    """What checks the names of time zones."""

    def __init__(self) -> None:
        """Know none yet."""
        self._known: dict[str, tuple[tuple[str, ...], str]] = {}

    def checked(self, cell: object) -> tuple[str, ...]:
        """
        The zone that a cell names, as a person's zones.

        Raises:
            BadCell: there is none, or it is no place's.

        """
        text = str(cell)
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            found = self._known[text] = _zone(text)
        zones, said = found
        if said:
            raise BadCell("timezone", said)
        return zones


def _zone(text: str) -> tuple[tuple[str, ...], str]:
    """The zones, and what is wrong."""
    from dialform.launcher.calling import zone  # noqa: PLC0415 - most files name none

    try:
        zone(text)
    except InputError as error:
        return (), str(error).partition(f"{text!r} ")[2]
    if "/" not in text and text != "UTC":
        return (), "names no place, so its summer time is unsure; write one like America/New_York"
    return (text,), ""


def person_key(cell: object) -> str:
    """
    What a cell says who it is.

    Raises:
        BadCell: two people could look the same.

    """
    if not isinstance(cell, (str, int)) or isinstance(cell, bool):
        raise BadCell("person", "is neither text nor a whole number: two people could look alike")
    text = str(cell)
    mangled = mangled_key(text)
    if mangled:
        raise BadCell("spreadsheet", mangled)
    said = wrong_text(text)
    if said:
        raise BadCell("text", said)
    return text


def moment(cell: object) -> float:
    """
    Seconds since 1970 of an RFC 3339 time with its offset.

    Raises:
        BadCell: it is none.

    """
    example = "write it with its offset, like 2026-11-25T09:00:00-05:00"
    if isinstance(cell, dt.datetime):
        if cell.tzinfo is None:
            raise BadCell("not-before", f"has no offset from UTC; {example}")
        return cell.timestamp()
    if not isinstance(cell, str) or not _RFC3339(cell):
        raise BadCell("not-before", f"is no RFC 3339 time; {example}")
    try:
        return dt.datetime.fromisoformat(cell.upper()).timestamp()
    except (ValueError, OverflowError):
        raise BadCell("not-before", f"is no time that exists; {example}") from None
