"""
One record of a people file: a person, nothing, or all that is wrong with it.

Pure but for the time zone database. Knows nothing of the records before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from dialform.launcher.people.cells import Inputs, Zones, moment, person_key
from dialform.launcher.people.records import BadCell, BadRecord, Finding, Person

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dialform.launcher.people.columns import Columns, Declared
    from dialform.launcher.people.numbers import Numbers

T = TypeVar("T")


class Judge:
    """What makes a person of a record, or findings."""

    def __init__(
        self, declared: Declared, columns: Columns, numbers: Numbers, *, text: bool
    ) -> None:
        """``text``: as `Table.text`."""
        self._columns = columns
        self._width = len(columns.names)
        self._numbers = numbers
        self._inputs = Inputs(declared, columns.inputs, text=text)
        self._zones = Zones()
        reserved = (columns.timezone, columns.person, columns.not_before)
        self._is_simple = reserved == (None, None, None) and not columns.unnamed

    def person(
        self, row: int, cells: Sequence[Any] | BadRecord, findings: list[Finding]
    ) -> Person | None:
        """The person; None for a blank record, and where ``findings`` got something."""
        if cells.__class__ is BadRecord:
            findings.append(Finding(None, cells.rule, None, cells.message))
            return None
        if len(cells) != self._width and not self._fits(cells, findings):
            return None
        place: int = self._columns.to  # type: ignore[assignment]
        cell = cells[place]
        try:
            to = self._numbers.checked(cell if cell.__class__ is str else _written(cell))
        except BadCell as error:
            if _is_blank(cells):
                return None
            to = ""
            findings.append(self._bad_number(place, cell, error))
        inputs = self._inputs.json(cells, findings)
        if self._is_simple:
            return None if findings else Person(row, to, to, inputs, None, None)
        return self._whole(row, cells, to, inputs, findings)

    def _whole(
        self, row: int, cells: Sequence[Any], to: str, inputs: str, findings: list[Finding]
    ) -> Person | None:
        """The person with what is reserved beside the number."""
        columns = self._columns
        zones = self._reserved(columns.timezone, cells, findings, self._zones.checked)
        who = self._reserved(columns.person, cells, findings, person_key)
        not_before = self._reserved(columns.not_before, cells, findings, moment)
        findings += [
            Finding(None, "cells", None, f"column {at + 1} has no name in the header: name it")
            for at in self._columns.unnamed
            if cells[at] is not None and str(cells[at]).strip()
        ]
        return None if findings else Person(row, who or to, to, inputs, zones, not_before)

    def _reserved(
        self,
        at: int | None,
        cells: Sequence[Any],
        findings: list[Finding],
        read: Callable[[object], T],
    ) -> T | None:
        """What ``read`` makes of a cell; None where there is none, it is blank, or it is wrong."""
        cell = None if at is None else cells[at]
        if isinstance(cell, str):
            cell = cell.strip()
        if at is None or cell is None or cell == "":
            return None
        try:
            return read(cell)
        except BadCell as error:
            name = self._columns.names[at]
            findings.append(Finding(name, error.rule, cells[at], str(error)))
            return None

    def _fits(self, cells: Sequence[Any], findings: list[Finding]) -> bool:
        """False: the record is blank, or has more or fewer cells than the header."""
        if not _is_blank(cells):
            findings.append(
                Finding(
                    None,
                    "cells",
                    None,
                    f"has {len(cells)} cells and the header {self._width}: quote cells that hold "
                    "the separator",
                )
            )
        return False

    def _bad_number(self, place: int, cell: object, error: BadCell) -> Finding:
        name = self._columns.names[place]
        if cell is None or not str(cell).strip():
            return Finding(
                name, "number", None, "is empty: write the number in E.164, or remove the row"
            )
        return Finding(name, error.rule, cell, str(error))


def _written(cell: object) -> str:
    """A number's cell that is no text, as it would stand in one."""
    return "" if cell is None else str(cell)


def _is_blank(cells: Sequence[Any]) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells)
