"""
The inputs of a call: what is given, held against what the preset declares.

Pure. The result is the API's ``callAgentInput``. Errors name every finding at once, and never
the value of an input that is declared sensitive.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from dialform.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Declarations = dict[str, dict[str, Any]]
"""Name -> ``required``, ``type``, ``pattern``, ``default``, ``sensitive``, ..."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
_BOOLEANS = {"true": True, "false": False}
_LARGEST = 2**53 - 1
_SHOWN = 40


def checked_inputs(
    declared: Mapping[str, Mapping[str, Any]],
    given: Mapping[str, Any],
    *,
    partial: bool = False,
) -> dict[str, Any]:
    """
    The inputs as they are sent: what was given, and defaults where nothing was.

    Args:
        declared: the preset's declarations.
        given: the call's values.
        partial: whether required inputs may be missing, for looking at a preset.

    Raises:
        InputError: unknown, missing, of another type than declared, or not of the pattern.

    """
    findings = [
        f"inputs.{name}: the preset takes no such input{near(str(name), declared)}"
        for name in given
        if name not in declared
    ]
    values: dict[str, Any] = {}
    for name, declaration in declared.items():
        if name in given:
            said = finding(declaration, given[name])
            if said:
                findings.append(f"inputs.{name}: {said}")
            values[name] = given[name]
        elif "default" in declaration:
            values[name] = declaration["default"]
        elif declaration.get("required") and not partial:
            findings.append(f"inputs.{name}: is required{_example(name, declaration)}")
    if findings:
        raise InputError("\n".join(findings))
    return values


def parsed_inputs(
    declared: Mapping[str, Mapping[str, Any]], arguments: Iterable[str]
) -> dict[str, Any]:
    """
    ``name=value`` as the declared type, ``name:=json`` as the JSON value, from a command line.

    Raises:
        InputError: an argument of another form, a name given twice, or a value that is no
            text of the declared type.

    """
    values: dict[str, Any] = {}
    findings: list[str] = []
    for argument in arguments:
        name, equals, text = argument.partition("=")
        if not equals or name in ("", ":"):
            findings.append(f"--input {argument}: write it as name=value, or name:=json")
            continue
        read: Callable[[str], Any]
        if name.endswith(":"):
            name, read = name[:-1], _json
        else:
            read = reader(declared.get(name, {}))
        if name in values:
            findings.append(f"inputs.{name}: is given twice")
            continue
        try:
            values[name] = read(text)
        except ValueError as error:
            shown = "" if declared.get(name, {}).get("sensitive") else f", not {_short(text)}"
            findings.append(f"inputs.{name}: {error}{shown}")
    if findings:
        raise InputError("\n".join(findings))
    return values


def _json(text: str) -> Any:
    def no_constant(_name: str) -> None:
        raise ValueError

    try:
        return json.loads(text, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise ValueError("a JSON value is wanted after :=") from None


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError("an integer is wanted")
    return int(text)


def _number(text: str) -> float | int:
    if _INTEGER.fullmatch(text):
        return int(text)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        raise ValueError("a number is wanted")
    return value


def _boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text]
    except KeyError:
        raise ValueError("true or false is wanted") from None


_READERS: dict[str, Callable[[str], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}


def reader(declaration: Mapping[str, Any]) -> Callable[[str], Any]:
    """What makes a value of the declared type out of text; it raises ValueError, with the rule."""
    return _READERS.get(declaration.get("type", "string"), str)


def finding(declaration: Mapping[str, Any], value: Any) -> str | None:
    """What is wrong with a value, or None. Never shows one that is declared sensitive."""
    kind = declaration.get("type", "string")
    pattern = declaration.get("pattern")
    if (
        value.__class__ is str
        and kind in ("string", "any")
        and (pattern is None or re.fullmatch(pattern, value))
        and _is_text(value)
    ):
        return None  # most values of a campaign
    shown = "" if declaration.get("sensitive") else f", not {_short(value)}"
    if not _is_of(kind, value):
        return f"is declared as {kind}{shown}"
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) > _LARGEST:
        return f"is beyond what JSON numbers hold exactly{shown}"
    if isinstance(value, str) and not _is_text(value):
        return "is not valid Unicode text"
    if pattern is not None and isinstance(value, str) and not re.fullmatch(pattern, value):
        return f"must match {pattern}{shown}"
    return None


def _is_of(kind: str, value: Any) -> bool:
    if kind == "any":
        return True
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        finite = isinstance(value, (int, float)) and math.isfinite(value)
        return finite and not isinstance(value, bool)
    return isinstance(value, str)


def _is_text(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _short(value: Any) -> str:
    text = ascii(value) if isinstance(value, str) and not _is_text(value) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _example(name: str, declaration: Mapping[str, Any]) -> str:
    example = declaration.get("example")
    if example is None:
        return ""
    text = f"{name}={example}" if isinstance(example, str) else f"{name}:={json.dumps(example)}"
    return f" (for example {text})"


def near(name: str, declared: Mapping[str, Any]) -> str:
    """What a name that is no input's may have meant, as the rest of a sentence."""
    import difflib  # noqa: PLC0415 - errors only

    close = difflib.get_close_matches(name, declared, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; it takes {', '.join(sorted(declared))}" if declared else ""
