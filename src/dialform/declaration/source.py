"""
One file of a declaration as read from disk: its text, its value, where each key stands.

Touches the disk, for reading only. Knows what TOML, JSON and prose are, and nothing of what
the keys mean.
"""

from __future__ import annotations

import ast
import codecs
import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

import tomli

from dialform.declaration.positions import Positions
from dialform.errors import DeclarationError, Problem
from dialform.presets.canonical import load_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_CONFLICT = re.compile(r"^(?:<{7} |={7}$|>{7} )", re.MULTILINE)
_AT_LINE = re.compile(r"line (\d+)")


def dotted(path: Iterable[str | int]) -> str:
    """``("a", "b c", 0)`` as people write it: ``a."b c"[0]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        name = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else json.dumps(part)
        text += f".{name}" if text else name
    return text


class Source:
    """A file of the declaration. ``name`` is its path as errors show it."""

    def __init__(self, name: str, text: str, value: dict[str, Any]) -> None:
        """``value`` is what a parser made of ``text``."""
        self.name = name
        self.text = text
        self.value = value

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
            line=self.line(path),
            rule=rule,
            message=message,
            severity=severity,
        )

    def line(self, path: Iterable[str | int]) -> int | None:
        """The line of ``path``."""
        return self.positions.line(path)


class JsonSource(Source):
    """A JSON file: its keys are named, their lines are not known."""

    def line(self, path: Iterable[str | int]) -> int | None:
        """The first line that holds the path's last key, where that key stands once."""
        key = next((part for part in reversed(tuple(path)) if isinstance(part, str)), None)
        needle = json.dumps(key, ensure_ascii=False)
        if key is None or self.text.count(needle) != 1:
            return None
        return self.text.count("\n", 0, self.text.index(needle)) + 1


def read_text(path: Path, name: str) -> str:
    """
    The text of a file: UTF-8, line ends as LF.

    Raises:
        DeclarationError: absent, unreadable, not UTF-8, a byte order mark, a merge conflict.

    """

    def refuse(rule: str, message: str, line: int | None = None) -> DeclarationError:
        return DeclarationError([Problem(file=name, line=line, rule=rule, message=message)])

    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise refuse("missing-file", "there is no such file") from None
    except OSError as error:
        raise refuse("unreadable", f"can't be read: {error.strerror}") from None
    if data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise refuse("byte-order-mark", "starts with a byte order mark; save it as plain UTF-8", 1)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise refuse("encoding", "is not UTF-8 from here on; save it as UTF-8", line) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    conflict = _CONFLICT.search(text) if "<<<<<<< " in text else None
    if conflict is not None:
        line = text.count("\n", 0, conflict.start()) + 1
        raise refuse("merge-conflict", "holds an unresolved merge conflict; resolve it", line)
    return text


def read_prose(path: Path, name: str) -> str:
    """What is said: UTF-8, LF, one final newline dropped."""
    return read_text(path, name).removesuffix("\n")


def read_toml(path: Path, name: str) -> Source:
    """A TOML file."""
    text = read_text(path, name)
    try:
        return Source(name, text, tomli.loads(text))
    except tomli.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        message = f"is not TOML: {_toml_message(str(error))}"
        raise DeclarationError(
            [Problem(file=name, line=line, rule="toml-syntax", message=message)]
        ) from None
    except RecursionError:
        raise DeclarationError(
            [Problem(file=name, rule="toml-syntax", message="is nested too deeply")]
        ) from None


def _toml_message(text: str) -> str:
    """The parser's words, and what was probably meant."""
    twice = re.match(r"Cannot declare (\(.*\)) twice", text)
    if twice is not None:
        name = dotted(ast.literal_eval(twice[1]))
        return (
            f"[{name}] stands there already; elements of a list are written with two brackets: "
            f"[[{name}]]"
        )
    text = f"{text[0].lower()}{text[1:]}"
    if text.startswith("invalid value"):
        text += "; strings stand in quotes"
    if text.startswith(r"illegal character '\n'"):
        text += "; a quote is not closed on its line"
    return text


def read_json(path: Path, name: str) -> JsonSource:
    """A JSON file that holds one object."""
    text = read_text(path, name)
    try:
        value = load_json(text)
    except json.JSONDecodeError as error:
        message = f"is not JSON: {error.msg}"
        raise DeclarationError(
            [Problem(file=name, line=error.lineno, rule="json-syntax", message=message)]
        ) from None
    except (ValueError, RecursionError) as error:
        raise DeclarationError(
            [Problem(file=name, rule="json-syntax", message=f"is not JSON: {error}")]
        ) from None
    if not isinstance(value, dict):
        raise DeclarationError(
            [Problem(file=name, line=1, rule="json-syntax", message="must be an object")]
        )
    return JsonSource(name, text, value)
