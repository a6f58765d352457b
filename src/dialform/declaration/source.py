"""
One file of a declaration as read from disk: its text, its value, where each key stands.

Touches the disk, for reading only. Knows what TOML, JSON and prose are, and nothing of what
the keys mean.
"""

from __future__ import annotations

import ast
import codecs
import json
import os
import re
import stat
from functools import cached_property
from typing import TYPE_CHECKING, Any

import tomli

from dialform.declaration.positions import JsonPositions, Positions
from dialform.declaration.redaction import redacted
from dialform.declaration.values import DEEPEST, Scan, TooDeep
from dialform.errors import DeclarationError, Problem
from dialform.presets.canonical import load_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_CONFLICT = re.compile(r"^(?:<{7} |={7}$|>{7} )", re.MULTILINE)
_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_HALF_PAIR = re.compile(r"(?i)\\ud[89a-f]")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_TOO_DEEP = f"is nested more than {DEEPEST} levels deep"
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def dotted(path: Iterable[str | int]) -> str:
    """``("a", "b c", 0)`` as people write it: ``a."b c"[0]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        name = part if _BARE.fullmatch(part) else json.dumps(part, ensure_ascii=False)
        text += f".{name}" if text else name
    return text


class Source:
    """A TOML file of the declaration. ``name`` is its path as errors show it."""

    syntax = "toml-syntax"
    """The rule that it breaks where it can't be parsed."""

    def __init__(self, name: str, text: str, value: dict[str, Any]) -> None:
        """
        ``value`` is what a parser made of ``text``.

        Raises:
            DeclarationError: it is nested too deeply.

        """
        self.name = name
        self.text = text
        self.value = value
        self.has_braces = "{{" in text or "}}" in text or "\\" in text
        """Whether a macro may stand in it; an escape may hide one."""
        self.problems: list[Problem] = []
        """What whoever read it found wrong with its single values."""
        try:
            self.scan = Scan(value)
        except TooDeep:
            raise refuse(self.syntax, name, _TOO_DEEP) from None

    @cached_property
    def positions(self) -> Positions:
        """Where the keys stand; read when the first error asks."""
        return Positions(self.text)

    def problem(
        self, path: Iterable[str | int], rule: str, message: str, *, severity: str = "error"
    ) -> Problem:
        """A finding at ``path``."""
        path = tuple(path)
        return Problem(
            file=self.name,
            key=dotted(path),
            line=self.positions.line(path),
            rule=rule,
            message=redacted(message),
            severity=severity,
        )


class JsonSource(Source):
    """A JSON file of the declaration."""

    syntax = "json-syntax"

    @cached_property
    def positions(self) -> Positions:
        """Where the keys stand; read when the first error asks."""
        return JsonPositions(self.text)


class Prose:
    """A file of text that is said. ``name`` is its path as errors show it."""

    def __init__(self, name: str, text: str) -> None:
        """``text`` has LF line ends and no final newline."""
        self.name = name
        self.text = text
        self.problems: list[Problem] = []
        """What whoever read it found wrong with it."""

    def problem(self, offset: int, rule: str, message: str, *, severity: str = "error") -> Problem:
        """A finding at ``offset`` characters."""
        line = self.text.count("\n", 0, offset) + 1
        return Problem(file=self.name, line=line, rule=rule, message=message, severity=severity)


def refuse(rule: str, name: str, message: str, line: int | None = None) -> DeclarationError:
    """The error of a file that can't be used."""
    problem = Problem(file=name, line=line, rule=rule, message=message)
    return DeclarationError([problem])


def read_text(path: Path | str, name: str) -> str:
    """
    The text of a file: UTF-8, line ends as LF.

    Raises:
        DeclarationError: absent, unreadable, not UTF-8, a byte order mark, a merge conflict.

    """
    try:
        data = _read(path)
    except FileNotFoundError:
        raise refuse("missing-file", name, "there is no such file") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise refuse("unreadable", name, f"can't be read: {why}") from None
    if data.startswith(_BOMS):
        message = "starts with a byte order mark; save it as plain UTF-8"
        raise refuse("byte-order-mark", name, message, 1)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = "is not UTF-8 from here on; save it as UTF-8"
        raise refuse("encoding", name, message, line) from None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    conflict = _CONFLICT.search(text) if "<<<<<<< " in text else None
    if conflict is not None:
        line = text.count("\n", 0, conflict.start()) + 1
        message = "holds an unresolved merge conflict; resolve it"
        raise refuse("merge-conflict", name, message, line)
    return text


def _read(path: Path | str) -> bytes:
    """The bytes of a regular file; anything else (a pipe, a device) might never end."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    try:
        about = os.fstat(file)
        if stat.S_ISDIR(about.st_mode):
            raise ValueError("it is a folder")
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("it is no regular file")
        data = os.read(file, about.st_size + 1)
        while more := os.read(file, 1 << 20):
            data += more
        return data
    finally:
        os.close(file)


def read_prose(path: Path | str, name: str) -> Prose:
    """What is said: UTF-8, LF, one final newline dropped."""
    return Prose(name, read_text(path, name).removesuffix("\n"))


def read_toml(path: Path | str, name: str) -> Source:
    """A TOML file."""
    return parse_toml(read_text(path, name), name)


def parse_toml(text: str, name: str) -> Source:
    """The TOML file ``name`` with that text."""
    try:
        return Source(name, text, tomli.loads(text))
    except tomli.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        line = int(at[1]) if at and at[1] else text.rstrip("\n").count("\n") + 1
        message = f"is not TOML: {_toml_message(_AT_LINE.sub('', str(error)))}"
        raise refuse("toml-syntax", name, message, line) from None
    except RecursionError:
        raise refuse("toml-syntax", name, _TOO_DEEP) from None
    except ValueError as error:  # a number of thousands of digits
        raise refuse("toml-syntax", name, f"is not TOML: {_value_message(error)}") from None


def _toml_message(words: str) -> str:
    """The parser's words, and what was probably meant."""
    twice = re.match(r"Cannot declare (\(.*\)) twice", words)
    if twice is not None:
        name = dotted(ast.literal_eval(twice[1]))
        return (
            f"[{name}] stands there already; elements of a list are written with two brackets: "
            f"[[{name}]]"
        )
    for start, plain in _WORDS.items():
        if words.startswith(start):
            return plain
    return f"{words[:1].lower()}{words[1:]}"


_WORDS = {
    "Cannot overwrite a value": "the key is set twice",
    "Cannot mutate immutable": "the key adds to a table or list that is written in one piece",
    "Invalid value": "invalid value; strings stand in quotes",
    "Invalid statement": "a key, a [table] or a # comment is wanted here",
    "Unterminated string": "a string has no closing quotes",
    "Illegal character '\\n'": "illegal character '\\n'; a quote is not closed on its line",
    "Found invalid character '\\n'": "a quote is not closed on its line",
}


def _value_message(error: ValueError) -> str:
    """Python's words for a number of thousands of digits are advice to programmers."""
    return "a number has too many digits" if "digits" in str(error) else str(error)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_json(path: Path | str, name: str) -> JsonSource:
    """A JSON file that holds one object."""
    return parse_json(read_text(path, name), name)


def parse_json(text: str, name: str) -> JsonSource:
    """The JSON file ``name`` with that text."""
    try:
        value = load_json(text)
    except json.JSONDecodeError as error:
        message = f"is not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise refuse("json-syntax", name, message, error.lineno) from None
    except RecursionError:
        raise refuse("json-syntax", name, _TOO_DEEP) from None
    except ValueError as error:
        raise refuse("json-syntax", name, f"is not JSON: {_value_message(error)}") from None
    if not isinstance(value, dict):
        raise refuse("json-syntax", name, "must be an object: { ... }", 1)
    half = _HALF_PAIR.search(text)
    if half is not None and not _is_text(json.dumps(value, ensure_ascii=False)):
        line = text.count("\n", 0, half.start()) + 1
        message = "is not Unicode: half of a surrogate pair stands alone"
        raise refuse("json-syntax", name, message, line)
    return JsonSource(name, text, value)
