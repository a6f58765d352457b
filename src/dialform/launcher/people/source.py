"""
The bytes of a people file: opened, measured, digested, and what they look like.

Reads files and stdin. What can't be read twice is copied into a temporary file that has no name.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self

from dialform.errors import PeopleError, UsageError
from dialform.presets.canonical import Digest

if TYPE_CHECKING:
    from types import TracebackType

FORMATS = ("csv", "jsonl", "parquet")
STDIN = "-"
_CHUNK = 1024 * 1024
_LONGEST_LINE = 32 * _CHUNK
_HEAD = 4096


class Source:
    """An open people file, which can be read from its start as often as needed."""

    def __init__(self, path: str | os.PathLike[str], file: BinaryIO | None = None) -> None:
        """
        Open ``path`` and read it once, for its digest.

        Args:
            path: the file, or ``-`` for stdin.
            file: what to read in place of it; ``path`` is then its name only.

        Raises:
            PeopleError: it can't be read.

        """
        self.name = "stdin" if os.fspath(path) == STDIN else os.fspath(path)
        try:
            self.file = _repeatable(_opened(path) if file is None else file)
            self.head, self.digest = self._digested()
            self._state = _state(self.file)
        except OSError as error:
            raise PeopleError(f"{self.name}: can't be read: {error.strerror}") from None

    def check_unchanged(self) -> None:
        """Raise PeopleError if the file is not what was digested."""
        if _state(self.file) != self._state:
            raise PeopleError(
                f"{self.name}: was changed while it was read: run it again when it is complete"
            )

    def close(self) -> None:
        """Close it."""
        self.file.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def _digested(self) -> tuple[bytes, Digest]:
        self.file.seek(0)
        hashed = hashlib.sha256()
        head = b""
        run = 0
        while chunk := self.file.read(_CHUNK):
            hashed.update(chunk)
            head = head or chunk[:_HEAD]
            run = 0 if b"\n" in chunk or b"\r" in chunk else run + len(chunk)
            if run > _LONGEST_LINE and not head.startswith(_PARQUET):
                raise PeopleError(
                    f"{self.name}: a line is longer than {_LONGEST_LINE // _CHUNK} MiB: this is no "
                    "file of people"
                )
        return head, Digest(f"sha256:{hashed.hexdigest()}")


_PARQUET = b"PAR1"
_OTHERS = (
    (b"PK\x03\x04", "is an Excel workbook or a ZIP file: save it as CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook: save it as CSV UTF-8"),
    (b"\x1f\x8b", "is compressed: unpack it first, as in `gunzip -c FILE | dialform launch ... -`"),
    (
        b"\x28\xb5\x2f\xfd",
        "is compressed: unpack it first, as in `zstd -dc FILE | dialform launch ... -`",
    ),
    (b"%PDF", "is a PDF"),
    (b"\xff\xfe\x00\x00", "is UTF-32: save it as UTF-8"),
    (b"\x00\x00\xfe\xff", "is UTF-32: save it as UTF-8"),
)


class Looks(NamedTuple):
    """What a file's first bytes say."""

    format: str
    """One of `FORMATS`."""

    encoding: str


def looks_of(head: bytes, name: str, given: str | None = None) -> Looks:
    """
    The format and encoding of a file that begins with ``head``.

    Args:
        head: its first bytes.
        name: the file's, for errors.
        given: the format, where it was said.

    Raises:
        PeopleError: it is of a format that is not read.
        UsageError: it is not of the format that was said.

    """
    if head.startswith(_PARQUET):
        found = Looks("parquet", "")
    else:
        for begin, said in _OTHERS:
            if head.startswith(begin):
                raise PeopleError(f"{name}: {said}")
        encoding = encoding_of(head)
        text = head.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
        if text.startswith("[") and given != "csv":
            raise PeopleError(
                f"{name}: is a JSON array: write JSON Lines, an object a line "
                "(`jq -c '.[]' FILE | dialform launch ... -`)"
            )
        found = Looks("jsonl" if text.startswith("{") else "csv", encoding)
    if given is not None and given != found.format:
        if "parquet" in (given, found.format):
            raise UsageError(f"{name}: --format {given}: it is {found.format}")
        return Looks(given, found.encoding)
    return found


def encoding_of(head: bytes) -> str:
    """The encoding of text that begins with ``head``."""
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    pairs = head[: len(head) // 2 * 2][:256]
    if pairs and not any(pairs[1::2]) and all(pairs[::2]):
        return "utf-16-le"
    if pairs and not any(pairs[::2]) and all(pairs[1::2]):
        return "utf-16-be"
    return "utf-8"


def _opened(path: str | os.PathLike[str]) -> BinaryIO:
    if os.fspath(path) == STDIN:
        return sys.stdin.buffer
    return open(path, "rb")  # noqa: PTH123 - `Source` closes it


def _repeatable(file: BinaryIO) -> BinaryIO:
    """``file``, or a copy where it can be read but once."""
    if file.seekable() and (not _has_number(file) or stat.S_ISREG(os.fstat(file.fileno()).st_mode)):
        return file
    copy = tempfile.TemporaryFile(prefix="dialform-")  # noqa: SIM115 - `Source` closes it
    while chunk := file.read(_CHUNK):
        copy.write(chunk)
    file.close()
    return copy


def _has_number(file: BinaryIO) -> bool:
    try:
        file.fileno()
    except OSError:
        return False
    return True


def _state(file: BinaryIO) -> tuple[int, int] | None:
    """What changes when the file does."""
    if not _has_number(file):
        return None
    about = os.fstat(file.fileno())
    return about.st_size, about.st_mtime_ns
