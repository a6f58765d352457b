"""
What comes of a row of a people file: somebody to call, a repeat, or errors.

Pure: shapes only.
"""

from __future__ import annotations

import json
from typing import Literal, NamedTuple

from dialform.launcher.records import SKIPPED, Row

Rule = Literal[
    "empty",
    "header",
    "no-number-column",
    "same-column",
    "unknown-column",
    "missing-column",
    "format",
    "text",
    "cells",
    "number",
    "spreadsheet",
    "required",
    "input",
    "timezone",
    "person",
    "not-before",
    "suppression",
]
"""What a file can do wrong; docs/people.md explains each."""

SHOWN = 60
"""The most characters of a cell that an error repeats."""


class Person(NamedTuple):
    """Somebody to call, as the row says and nothing added."""

    row: int
    """Where in the file, from 1: the line that the row begins at, in Parquet the record."""

    person: str
    """Who it is: the person column's value, else the number in E.164."""

    to: str
    """The number in E.164."""

    inputs_json: str
    """Canonical JSON of the inputs that the row gives; the preset's defaults are not in it."""

    zones: tuple[str, ...] | None
    """The IANA names of the time zones that the row says; None where it says none."""

    not_before: float | None
    """Seconds since 1970 before which there is no call; None where the row says none."""


class Skipped(NamedTuple):
    """A row that is right and is not called."""

    row: int
    person: str
    to: str
    reason: str
    """What a person reads: ``repeats row 7: the same number``."""

    repeats: int | None
    """The row that is called in its stead; None where none is, as for a suppressed number."""


def ledger_row(one: Person | Skipped) -> Row:
    """The row of the ledger's table, which a campaign begins with."""
    if isinstance(one, Skipped):
        return Row(one.row, one.person, one.to, state=SKIPPED, reason=one.reason)
    return Row(
        one.row,
        one.person,
        one.to,
        one.inputs_json,
        "[]" if one.zones is None else json.dumps(one.zones),
        one.not_before,
        due=one.not_before or 0.0,
    )


class RowError(NamedTuple):
    """One thing that is wrong with a row, or with the file."""

    file: str
    row: int | None
    """As `Person.row`; None for what is no row's."""

    column: str | None
    """The column as the file names it; None for what is no column's."""

    rule: Rule
    value: str | None
    """The cell, shortened; None where there is none, or the input is declared sensitive."""

    message: str
    """What is wrong, and what to do."""

    def __str__(self) -> str:
        """``file:row: column: value: message [rule]``."""
        place = self.file if self.row is None else f"{self.file}:{self.row}"
        column = "" if self.column is None else f" {self.column}:"
        value = "" if self.value is None else f" {self.value!r}:"
        return f"{place}:{column}{value} {self.message} [{self.rule}]"

    def as_json(self) -> dict[str, object]:
        """The fields, as ``--json`` prints them."""
        return self._asdict()


class Finding(NamedTuple):
    """A `RowError` before it is known where it stands."""

    column: str | None
    rule: Rule
    value: object
    """The cell as it was read; None where it is not to be shown."""

    message: str


class BadCell(ValueError):
    """A cell that is not what its column says: the rule, and what to do as its text."""

    def __init__(self, rule: Rule, message: str) -> None:
        """The cell itself is known to who reads it."""
        self.rule = rule
        super().__init__(message)


class BadRecord(NamedTuple):
    """A record that can't be read as cells at all."""

    rule: Rule
    message: str


def shown(value: object) -> str | None:
    """A cell's value in an error."""
    if value is None:
        return None
    text = value if isinstance(value, str) else repr(value)
    try:
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
