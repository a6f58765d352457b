"""
People files as CSV: RFC 4180 with ``,`` ``;`` or tabs, whichever the header has.

Pure: reads a stream of bytes that it is given. The separator is the one under which the header
names the numbers' column; nothing is guessed from the rows.
"""

from __future__ import annotations

import csv
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from dialform.launcher.people.columns import means_number
from dialform.launcher.people.numbers import Numbers
from dialform.launcher.people.records import BadCell, BadRecord
from dialform.launcher.people.tables import Unreadable, text_of

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator, Sequence

    from dialform.launcher.people.columns import Declared
    from dialform.launcher.people.tables import Record

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}

_PREFACE = "sep="
"""What some spreadsheets write before the header."""


class CsvTable:
    """A CSV file in ``file``, which can be read from its start."""

    text = True

    def __init__(self, file: BinaryIO, encoding: str, declared: Declared) -> None:
        """Touches nothing yet. ``declared``: the preset's inputs, to know the header by."""
        self._file = file
        self._encoding = encoding
        self._declared = declared
        self._separator: str | None = None

    def header(self) -> Sequence[str]:
        """As in `Table`."""
        for _, cells in self._all():
            if isinstance(cells, BadRecord):
                raise Unreadable(cells.rule, f"the header: {cells.message}", 1)
            if any(cell.strip() for cell in cells):
                self._check_no_data(cells)
                return cells
        raise Unreadable("empty", "the file is empty: write a header like to,name and the rows")

    def records(self) -> Iterator[Record]:
        """As in `Table`: without blank lines before the header."""
        everything = self._all()
        for _, cells in everything:
            if isinstance(cells, BadRecord) or any(cell.strip() for cell in cells):
                break
        return everything

    def _all(self) -> Iterator[Record]:
        with text_of(self._file, self._encoding, newline="") as stream:
            yield from self._read(stream)

    def _read(self, stream: io.TextIOWrapper) -> Iterator[Record]:
        skipped = 0
        first = stream.readline()
        if first.casefold().startswith(_PREFACE) and first.strip()[len(_PREFACE) :] in {
            ",",
            ";",
            "",
        }:
            self._separator = first[len(_PREFACE)] if first[len(_PREFACE)] in SEPARATORS else None
            skipped, first = 1, stream.readline()
        if self._separator is None:
            self._separator = self._separator_of(first)
        # Not `yield from stream`: that closes the stream when it is left early.
        reader = csv.reader(chain((first,), stream), delimiter=self._separator, strict=True)
        start = skipped + 1
        while True:
            try:
                for cells in reader:
                    yield start, cells
                    start = skipped + reader.line_num + 1
            except csv.Error as error:
                yield start, _bad(error, skipped + reader.line_num - start)
                start = skipped + reader.line_num + 1
            else:
                return

    def _separator_of(self, line: str) -> str:
        """The separator under which the header has the most columns that mean something."""
        split = {one: _cells(line, one) for one in SEPARATORS}
        naming = [
            one
            for one, cells in split.items()
            if len(cells) > 1 and any(means_number(cell, self._declared) for cell in cells)
        ]
        if len(naming) > 1:
            raise Unreadable(
                "header",
                f"{' and '.join(SEPARATORS[one] for one in naming)} could both separate the "
                "header's columns: use one of them only",
                1,
            )
        if naming:
            return naming[0]
        return max(SEPARATORS, key=lambda one: len(split[one]))

    def _check_no_data(self, cells: Sequence[str]) -> None:
        """Refuse a first row that is somebody to call rather than the columns' names."""
        for cell in cells:
            try:
                Numbers().checked(cell)
            except BadCell:
                continue
            raise Unreadable(
                "header",
                "the first row looks like data: write a header above it that names the columns, "
                "like to,name",
                1,
            )


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _bad(error: csv.Error, further: int) -> BadRecord:
    said = str(error)
    lines = (
        f" (it takes in {further} more {'line' if further == 1 else 'lines'})" if further else ""
    )
    if "field limit" in said:
        return BadRecord(
            "format",
            f"a cell is longer than {csv.field_size_limit():,} characters{lines}: is a closing "
            "quote missing?",
        )
    if "expected after" in said:
        return BadRecord(
            "format",
            f'text follows a closing quote{lines}: double the quotes inside of a cell (""), and '
            "look for one that was not closed before",
        )
    if "unexpected end" in said:
        return BadRecord("format", f"a quote is not closed before the file's end{lines}: close it")
    return BadRecord("format", f"is not CSV{lines}: {said}")
