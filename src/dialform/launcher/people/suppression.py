"""
Whom nobody may call: lists in files, read again when they change, and the ledger's own.

Reads files. A number is on a list as itself or as the SHA-256 of its E.164 form. A list that
can't be read any more lets nobody through.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dialform.errors import PeopleError, Refused
from dialform.launcher.people.columns import means_number, plain
from dialform.launcher.people.findings import Findings
from dialform.launcher.people.numbers import Numbers
from dialform.launcher.people.records import BadCell, RowError, shown
from dialform.launcher.people.source import encoding_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dialform.launcher.records import Suppression

HASH_COLUMNS = ("sha256", "hash", "number_sha256", "phone_sha256", "to_sha256")
"""Columns of a CSV list that hold hashes; case, ``_``, ``-`` and spaces make no difference."""

_HASHES = {plain(name) for name in HASH_COLUMNS}
_HASH = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE).fullmatch
_COMMENT = re.compile(r"\s+#.*")
_HEAD = 4096
SETTLED = 2.0
"""Seconds that a changed list must stay as it is before what it no longer names is let go."""


class LedgersList(Protocol):
    """What a ledger has of it; see ``dialform.launcher.ledger.Ledger``."""

    def suppressed(self, numbers: Iterable[str]) -> dict[str, Suppression]:
        """Those of ``numbers`` that are on it."""

    def suppressions(self) -> Iterator[Suppression]:
        """All of it."""


class SuppressionLists:
    """
    Lists of numbers that are not called, and the ledger's, as one.

    Not for several threads at once.
    """

    def __init__(
        self,
        paths: Sequence[str | os.PathLike[str]] = (),
        *,
        region: str | None = None,
        ledger: LedgersList | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Read the lists.

        Args:
            paths: files.
            region: whose national forms they may have; None: E.164 and hashes alone.
            ledger: whose list counts as well; None: the files are all.
            clock: seconds that never go back.

        Raises:
            PeopleError: a list can't be read, or has an entry that is none: it has all of them.
            UsageError: there is no such region.

        """
        self._ledger = ledger
        self._lists = [_List(os.fspath(path), Numbers(region), clock) for path in paths]

    def contains(self, number: str) -> bool:
        """Whether a number in E.164 is on any of them, as they are now. Raises as `reason`."""
        return self.reason(number) is not None

    def reason(self, number: str) -> str | None:
        """
        Why a number in E.164 is not called: the list that names it; None where none does.

        Raises:
            Refused: a list is gone, or can't be read any more: nobody is called.
            LedgerError: the ledger can't be asked.

        """
        found = self._listed(number)
        if found is None and self._ledger is not None:
            entry = self._ledger.suppressed([number]).get(number)
            found = None if entry is None else _why(entry)
        return found

    def at_once(self) -> Callable[[str], str | None]:
        """
        `reason` for many numbers in a row: the ledger's list is read once, now.

        What asks may write to the ledger meanwhile. Raises as `reason`.
        """
        kept: dict[int | bytes, str] = {}
        for one in () if self._ledger is None else self._ledger.suppressions():
            kept[_key(one.entry)] = _why(one)
        hashes = any(isinstance(key, bytes) for key in kept)

        def reason(number: str) -> str | None:
            found = self._listed(number) or kept.get(int(number[1:]))
            if found is None and hashes:
                found = kept.get(hashlib.sha256(number.encode()).digest())
            return found

        return reason

    def _listed(self, number: str) -> str | None:
        return next((one.path for one in self._lists if one.names(number)), None)


def _why(entry: Suppression) -> str:
    return entry.reason or "on the ledger's list"


def _key(entry: str) -> int | bytes:
    match = _HASH(entry)
    return bytes.fromhex(match[1]) if match else int(entry[1:])


class _Entries(NamedTuple):
    numbers: set[int]
    hashes: set[bytes]

    def names(self, number: str) -> bool:
        """Whether the number is among them."""
        if int(number[1:]) in self.numbers:
            return True
        return bool(self.hashes) and hashlib.sha256(number.encode()).digest() in self.hashes


class _List:
    """One file. What it named is let go only when it has stopped changing."""

    def __init__(self, path: str, numbers: Numbers, clock: Callable[[], float]) -> None:
        self.path = path
        self._read_number = numbers
        self._clock = clock
        self._state: tuple[int, int, int] | None = None
        self._former: _Entries | None = None
        self._changed_at = 0.0
        self._wrong: PeopleError | None = None
        try:
            self._entries = self._read()
        except OSError as error:
            raise PeopleError(f"{path}: can't be read: {error.strerror}") from None
        if self._wrong is not None:
            raise self._wrong

    def names(self, number: str) -> bool:
        """Whether it names the number now. Raises Refused where that can't be told."""
        try:
            self._renew()
        except OSError as error:
            raise Refused(
                f"{self.path}: the suppression list can't be read any more: {error.strerror}; "
                "nobody is called without it: put it back"
            ) from None
        if self._entries.names(number):
            return True
        return self._former is not None and self._former.names(number)

    def _renew(self) -> None:
        if _state(os.stat(self.path)) != self._state:  # noqa: PTH116 - a hot path
            former, entries = self._former, self._entries
            self._entries = self._read()
            self._changed_at = self._clock()
            self._former = entries
            if former is not None:
                self._former = _Entries(
                    former.numbers | entries.numbers, former.hashes | entries.hashes
                )
        elif self._former is not None and self._clock() - self._changed_at >= SETTLED:
            if self._wrong is not None:
                first, more = self._wrong.errors[0], sum(self._wrong.tally.values()) - 1
                raise Refused(
                    f"{first}{f' and {more:,} more' if more else ''}; the suppression list was "
                    "changed while the campaign ran: nobody else is called until it is corrected"
                )
            self._former = None

    def _read(self) -> _Entries:
        """The file's entries; those that are none become ``_wrong``."""
        entries = _Entries(set(), set())
        findings = Findings()
        with open(self.path, "rb") as file:  # noqa: PTH123 - as above
            self._state = _state(os.fstat(file.fileno()))
            encoding = encoding_of(file.read(_HEAD))
            file.seek(0)
            stream = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
            for row, column, text in _cells(stream):
                try:
                    self._add(entries, text)
                except BadCell as error:
                    findings.add(
                        RowError(self.path, row, column, "suppression", shown(text), str(error))
                    )
        self._wrong = None
        try:
            findings.check()
        except PeopleError as error:
            self._wrong = error
        return entries

    def _add(self, entries: _Entries, text: str) -> None:
        match = _HASH(text)
        if match:
            entries.hashes.add(bytes.fromhex(match[1]))
            return
        try:
            entries.numbers.add(int(self._read_number.checked(text)[1:]))
        except BadCell as error:
            more = ", or a header like to,reason above columns" if set(text) & set(",;\t") else ""
            raise BadCell(error.rule, f"no number and no SHA-256 of one: {error}{more}") from None


def checked_entry(text: str, numbers: Numbers) -> str:
    """
    An entry as the ledger keeps it: E.164, or ``sha256:`` and the hex digest of that.

    Raises:
        BadCell: it is neither.

    """
    match = _HASH(text.strip())
    return f"sha256:{match[1].lower()}" if match else numbers.checked(text)


def _cells(stream: io.TextIOWrapper) -> Iterator[tuple[int, str | None, str]]:
    """Row, column and text of each entry of a list, without comments and blanks."""
    row = 0
    for line in stream:
        row += 1
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        separator = max(",;\t", key=text.count)
        header = [cell.strip() for cell in next(csv.reader([text], delimiter=separator), [])]
        named = [at for at, name in enumerate(header) if _names_entries(name)]
        if named:
            yield from _columns(stream, separator, header, named, row)
        else:
            yield row, None, _COMMENT.sub("", text)
            for further, more in enumerate(stream, row + 1):
                entry = more.strip()
                if entry and not entry.startswith("#"):
                    yield further, None, _COMMENT.sub("", entry) if "#" in entry else entry
        return


def _names_entries(name: str) -> bool:
    return means_number(name, {}) or plain(name) in _HASHES


def _columns(
    stream: io.TextIOWrapper, separator: str, header: list[str], named: list[int], row: int
) -> Iterator[tuple[int, str | None, str]]:
    reader = csv.reader(stream, delimiter=separator, strict=True)
    start = row + 1
    while True:
        try:
            for cells in reader:
                found = [(at, cells[at].strip()) for at in named if at < len(cells)]
                given = [(at, text) for at, text in found if text]
                blank = not any(cell.strip() for cell in cells) or cells[0].startswith("#")
                if not given and not blank:
                    yield start, header[named[0]], ""
                for at, text in () if blank else given:
                    yield start, header[at], text
                start = row + reader.line_num + 1
        except csv.Error as error:
            yield start, None, f"no CSV: {error}"
            start = row + reader.line_num + 1
        else:
            return


def _state(about: os.stat_result) -> tuple[int, int, int]:
    return about.st_mtime_ns, about.st_size, about.st_ino
