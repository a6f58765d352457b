"""
The line of every key in a TOML or JSON text.

Parsers give values without places. This reads a text that a parser has accepted and notes
where each key stands; it is asked only when there is an error to report, and is no parser:
it checks nothing.
"""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import TYPE_CHECKING

import tomli

if TYPE_CHECKING:
    from collections.abc import Iterable

Path = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r]|\#[^\n]*)*")
_BLANK = re.compile(r"(?:[ \t\r\n]|\#[^\n]*)*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})|\'\'\'.*?\'\'\'(?:\'{0,2})'
    r"|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'",
    re.DOTALL,
)
_JSON_SPACE = re.compile(r"[ \t\r\n]*")
_JSON_COLON = re.compile(r"[ \t\r\n]*:")
_JSON_COMMA = re.compile(r"[ \t\r\n]*,")
_JSON_SCALAR = re.compile(r"[^,\]} \t\r\n]*")
_SCALAR = re.compile(r"[^,\]}\n#]*")


class Positions:
    """Where the keys of one TOML text stand."""

    def __init__(self, text: str) -> None:
        """``text`` is TOML that parses."""
        self._lines: dict[Path, int] = {(): 1}
        self._read(text)

    def _read(self, text: str) -> None:
        _TomlReader(text, self._lines).read()

    def line(self, path: Iterable[str | int]) -> int:
        """The line of ``path``, or of its nearest parent that is there. From 1."""
        at = tuple(path)
        while at not in self._lines:
            at = at[:-1]
        return self._lines[at]

    def depth(self, path: Iterable[str | int]) -> int:
        """How many segments of ``path`` are there."""
        at = tuple(path)
        while at not in self._lines:
            at = at[:-1]
        return len(at)

    def paths(self) -> list[Path]:
        """All paths, in the order of the text."""
        return list(self._lines)


class JsonPositions(Positions):
    """Where the keys of one JSON text stand."""

    def _read(self, text: str) -> None:
        _JsonReader(text, self._lines).value(())


class _Reader:
    def __init__(self, text: str, lines: dict[Path, int]) -> None:
        self._text = text
        self._at = 0
        self._lines = lines
        self._line = 1
        self._line_at = 0

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return self._at < len(self._text)

    def _note(self, path: Path, at: int) -> None:
        self._line += self._text.count("\n", self._line_at, at)
        self._line_at = at
        self._lines.setdefault(path, self._line)


class _JsonReader(_Reader):
    def value(self, path: Path) -> None:
        """Read one value and what follows it."""
        self._skip(_JSON_SPACE)
        opening = self._text[self._at]
        if opening == '"':
            _, self._at = scanstring(self._text, self._at + 1, False)
        elif opening in "{[":
            self._at += 1
            index = 0
            while self._skip(_JSON_SPACE) and self._text[self._at] not in "}]":
                start, part = self._at, index
                if opening == "{":
                    part, self._at = scanstring(self._text, self._at + 1, False)
                    self._skip(_JSON_COLON)
                self._note((*path, part), start)
                self.value((*path, part))
                index += 1
            self._at += 1
        else:
            self._skip(_JSON_SCALAR)
        self._skip(_JSON_COMMA)


class _TomlReader(_Reader):
    def __init__(self, text: str, lines: dict[Path, int]) -> None:
        super().__init__(text, lines)
        self._counts: dict[Path, int] = {}

    def read(self) -> None:
        table: Path = ()
        while self._skip(_BLANK):
            if self._text.startswith("[[", self._at):
                table = self._header(2)
            elif self._text[self._at] == "[":
                table = self._header(1)
            else:
                self._pair(table)

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            match = _KEY.match(self._text, self._at)
            if match is None:
                return tuple(parts)
            self._at = match.end()
            raw = match[0]
            parts.append(next(iter(tomli.loads(f"{raw}=0"))))
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return tuple(parts)
            self._at += 1

    def _inside(self, parts: tuple[str, ...]) -> Path:
        """The path of a header's table: an array of tables means its last one."""
        path: Path = ()
        for part in parts:
            path = (*path, part)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _header(self, brackets: int) -> Path:
        start = self._at
        self._at += brackets
        parts = self._key()
        self._at += brackets
        if brackets == 1:
            path = self._inside(parts)
        else:
            array = (*self._inside(parts[:-1]), parts[-1])
            self._note(array, start)
            self._counts[array] = self._counts.get(array, 0) + 1
            path = (*array, self._counts[array] - 1)
        for length in range(1, len(path) + 1):
            self._note(path[:length], start)
        return path

    def _pair(self, table: Path) -> None:
        start = self._at
        path = (*table, *self._key())
        for length in range(len(table) + 1, len(path) + 1):
            self._note(path[:length], start)
        self._skip(_SPACE)
        self._at += 1  # the equals sign
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        string = _STRING.match(self._text, self._at)
        if string is not None:
            self._at = string.end()
        elif self._text.startswith("[", self._at):
            self._array(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        else:
            self._skip(_SCALAR)
        self._skip(_SPACE)

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        while self._skip(_BLANK) and self._text[self._at] != "]":
            self._note((*path, index), self._at)
            self._value((*path, index))
            self._skip(_BLANK)
            if self._text.startswith(",", self._at):
                self._at += 1
            index += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while self._skip(_BLANK) and self._text[self._at] != "}":
            self._pair(path)
            self._skip(_BLANK)
            if self._text.startswith(",", self._at):
                self._at += 1
        self._at += 1
