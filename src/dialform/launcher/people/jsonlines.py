"""
People files as JSON Lines: an object a line, its keys the columns.

Pure: reads a stream of bytes that it is given. The header is every key that any line has, so it
is known after a first reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from dialform.launcher.people.records import BadRecord
from dialform.launcher.people.tables import Unreadable, text_of
from dialform.presets.canonical import load_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dialform.launcher.people.tables import Record

_MOST_KEYS = 1000


class JsonLines:
    """A JSON Lines file in ``file``, which can be read from its start."""

    text = False

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        """Touches nothing yet."""
        self._file = file
        self._encoding = encoding
        self._keys: tuple[str, ...] | None = None

    def header(self) -> Sequence[str]:
        """As in `Table`."""
        if self._keys is None:
            keys: dict[str, None] = {}
            for row, value in self._objects():
                if isinstance(value, dict):
                    keys |= dict.fromkeys(value)
                if len(keys) > _MOST_KEYS:
                    raise Unreadable(
                        "header",
                        f"the objects up to here have more than {_MOST_KEYS:,} different keys: "
                        "give all of them the same ones",
                        row,
                    )
            self._keys = tuple(keys)
        return self._keys

    def records(self) -> Iterator[Record]:
        """As in `Table`."""
        keys = self.header()
        for row, value in self._objects():
            if isinstance(value, dict):
                yield row, [value.get(key) for key in keys]
            else:
                yield row, () if value is None else value

    def _objects(self) -> Iterator[tuple[int, dict[str, Any] | BadRecord | None]]:
        """Each line's object; None for a blank line."""
        with text_of(self._file, self._encoding, newline="\n") as stream:
            for row, line in enumerate(stream, 1):
                yield row, _object(line)


def _object(line: str) -> dict[str, Any] | BadRecord | None:
    if line.isspace():
        return None
    try:
        value = load_json(line)
    except (ValueError, RecursionError) as error:
        return BadRecord("format", f"is no JSON ({error}): write one object on each line")
    if isinstance(value, dict):
        return value
    return BadRecord("format", 'is no JSON object: write one like {"to": "+14155550123"}')
