"""
A people file as people: every row read, checked and held against those before it.

Reads a file that it is given. Errors of all rows are found before any of them is called; what a
row becomes is decided here and nowhere later.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, BinaryIO, Self

from dialform.launcher.people.columns import columns_of
from dialform.launcher.people.csvfile import CsvTable
from dialform.launcher.people.findings import CAP, Findings
from dialform.launcher.people.jsonlines import JsonLines
from dialform.launcher.people.judging import Judge
from dialform.launcher.people.numbers import Numbers
from dialform.launcher.people.parquet import ParquetTable
from dialform.launcher.people.records import (
    Finding,
    Person,
    RowError,
    Skipped,
    shown,
)
from dialform.launcher.people.repeats import Repeats
from dialform.launcher.people.source import Source, looks_of
from dialform.launcher.people.tables import Unreadable

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterator, Sequence
    from types import TracebackType

    from dialform.launcher.people.columns import Columns, Declared
    from dialform.launcher.people.tables import Table
    from dialform.presets.canonical import Digest

    Suppressed = Callable[[str], str | None]
    """Why a number in E.164 is not to be called; None where nothing says so."""


class People:
    """
    A file of people, open, which can be gone through as often as needed, once at a time.

    ``tally`` counts the rows of the last time: ``people``, ``blank``, and each reason to skip.
    """

    def __init__(  # noqa: PLR0913 - what a row is held against
        self,
        source: Source,
        table: Table,
        declared: Declared,
        columns: Columns,
        *,
        region: str | None,
        suppressed: Suppressed | None,
        cap: int,
        report: Callable[[RowError], None] | None,
    ) -> None:
        """Touches nothing. Made by `read_people`."""
        self.name = source.name
        self.digest: Digest = source.digest
        self.columns = columns
        self.tally: Counter[str] = Counter()
        self._source = source
        self._table = table
        self._declared = declared
        self._numbers = Numbers(region)
        self._suppressed = suppressed
        self._cap = cap
        self._report = report

    def rows(self) -> Generator[Person | Skipped]:
        """
        Each row of the file that is somebody to call or a repeat, in its order.

        Raises:
            PeopleError: at the end, if any row or column is wrong: it has all of that.

        """
        findings = Findings(cap=self._cap, report=self._report)
        for finding in self.columns.findings:
            findings.add(self._error(None, finding))
        self.tally.clear()
        if self.columns.to is not None:
            yield from self._judged(findings)
        findings.check()
        self._source.check_unchanged()

    @property
    def read_as(self) -> dict[str, str]:
        """The first few national forms of numbers so far, with their E.164 forms."""
        return self._numbers.read_as

    def check(self) -> None:
        """Go through the file for what is wrong with it. Raises as `rows`."""
        for _ in self.rows():
            pass

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def _judged(self, findings: Findings) -> Iterator[Person | Skipped]:
        columns = self.columns
        judge = Judge(self._declared, columns, self._numbers, text=self._table.text)
        repeats = Repeats(persons=columns.person is not None)
        suppressed = self._suppressed
        tally = self.tally
        people = 0
        try:
            for row, cells in self._table.records():
                found: list[Finding] = []
                person = judge.person(row, cells, found)
                if found:
                    for finding in found:
                        findings.add(self._error(row, finding))
                    continue
                if person is None:
                    tally["blank"] += 1
                    continue
                met = repeats.met(row, person.person, person.to)
                if met is not None:
                    first, why = met
                    tally[why] += 1
                    yield Skipped(
                        row, person.person, person.to, f"repeats row {first}: {why}", first
                    )
                    continue
                why_not = None if suppressed is None else suppressed(person.to)
                if why_not is not None:
                    tally["suppressed"] += 1
                    yield Skipped(row, person.person, person.to, f"suppressed: {why_not}", None)
                    continue
                people += 1
                yield person
        except Unreadable as error:
            findings.add(self._error(error.row, Finding(None, error.rule, None, str(error))))
        finally:
            tally["people"] = people
        if not people and not findings.tally and not tally - Counter(blank=tally["blank"]):
            findings.add(
                self._error(None, Finding(None, "empty", None, "has a header and nobody below it"))
            )

    def _error(self, row: int | None, finding: Finding) -> RowError:
        column, rule, value, message = finding
        return RowError(self.name, row, column, rule, shown(value), message)


def read_people(  # noqa: PLR0913 - the options of a command
    path: str | os.PathLike[str],
    declared: Declared,
    *,
    file: BinaryIO | None = None,
    format: str | None = None,  # noqa: A002 - the option's name
    person_column: str | None = None,
    ignore: Sequence[str] = (),
    region: str | None = None,
    suppressed: Suppressed | None = None,
    cap: int = CAP,
    report: Callable[[RowError], None] | None = None,
) -> People:
    """
    Open a file of people and know its columns.

    Args:
        path: the file; ``-`` for stdin.
        declared: the inputs that the preset declares, as its bound preset has them.
        file: what to read in place of ``path``, which is then its name.
        format: ``csv``, ``jsonl`` or ``parquet``; None: what it looks like.
        person_column: the column that says who it is.
        ignore: columns that are left out.
        region: whose national forms of numbers are let in, like ``US``; None: E.164 alone.
        suppressed: says why a number is not called; None: nothing is suppressed.
        cap: how many errors the message has.
        report: is given every error as it is found.

    Raises:
        PeopleError: it can't be read, or has no header.
        UsageError: the format or the region is none.
        SettingError: it is Parquet, and what reads that is not installed.

    """
    source = Source(path, file)
    try:
        table = _table(source, declared, format)
        try:
            header = table.header()
        except Unreadable as error:
            findings = Findings(cap=cap, report=report)
            findings.add(RowError(source.name, error.row, None, error.rule, None, str(error)))
            findings.check()
            raise AssertionError from error
        columns = columns_of(header, declared, person_column=person_column, ignore=ignore)
        return People(
            source,
            table,
            declared,
            columns,
            region=region,
            suppressed=suppressed,
            cap=cap,
            report=report,
        )
    except BaseException:
        source.close()
        raise


def _table(source: Source, declared: Declared, format: str | None) -> Table:  # noqa: A002
    looks = looks_of(source.head, source.name, format)
    if looks.format == "parquet":
        return ParquetTable(source.file)
    if looks.format == "jsonl":
        return JsonLines(source.file, looks.encoding)
    return CsvTable(source.file, looks.encoding, declared)
