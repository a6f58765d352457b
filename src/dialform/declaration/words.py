"""
A finding of pydantic's in our words: what is wanted, what was found, what to write.

Pure; pydantic's own text reaches nobody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LONG = 60

_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
_PATTERNS = {
    r"^\+[1-9][0-9]{6,14}$": "must be a phone number in E.164 form, like '+14155550100'",
    r"^sha256:[0-9a-f]{64}$": "must be a digest: 'sha256:' and 64 hex digits",
    r"^https?://[^\s/@]+(?:/\S*)?$": "must be an http or https URL without user name or password",
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$": "must be a name: letters, digits, '.', '_' and '-'",
    _VARIABLE: "must be the name of an environment variable, never a key",
    r"^[A-Za-z_][A-Za-z0-9_.-]{0,126}$": "must be a name as in {{name}}",
    r"^[1-9][0-9]{0,3}[mhd]$": 'must be a length of time, like "30m", "2h" or "3d"',
    r"\S": "must say something",
    r"^(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$": (
        "must be the name of a host, like 'hooks.example.com' or '*.example.com'"
    ),
}

_EXAMPLES = {
    "Binding": ': write { name = "..." }',
    "AgentPart": ': write { name = "..." }',
    "Approvals": ': write ["anna", "ben"], or { of = [...], count = 1 }',
    "OpeningLine": ': write { lineType = "INBOUND_OUTBOUND", content = "..." }',
}


def message_of(error: Mapping[str, Any], key: object = None) -> str:
    """The message of one of pydantic's errors at ``key``."""
    kind, found = error["type"], error.get("input")
    if kind == "missing":
        return "is required"
    if found is None:
        return "can't be null"
    special = _MESSAGES.get(kind)
    if special is not None:
        return special(error, found, key)
    text = str(error["msg"]).removeprefix("Value error, ")
    text = re.sub(r"^Input should be (?:a )?", "must be ", text)
    text = re.sub(r"^(String|List|Dictionary) should ", "must ", text)
    if kind == "value_error":
        return text
    return f"{text}{_not(found)}"


def _not(found: Any) -> str:
    """``, not 12.0``; a value that is no single one by its kind."""
    if isinstance(found, dict):
        return ", not a table"
    if isinstance(found, list):
        return ", not a list"
    if isinstance(found, bool):
        return f", not {str(found).lower()}"
    if isinstance(found, (str, int, float)):
        shown = repr(found)
        return f", not {shown if len(shown) <= _LONG else shown[: _LONG - 4] + '...' + shown[0]}"
    return f", not {found}"


def _integer(_error: Mapping[str, Any], found: Any, _key: object) -> str:
    text = f"must be an integer{_not(found)}"
    if isinstance(found, float) and found.is_integer():
        text += f": write {int(found)}"
    if isinstance(found, str) and re.fullmatch(r"-?[0-9]+", found):
        text += ": write it without quotes"
    return text


def _string(_error: Mapping[str, Any], found: Any, _key: object) -> str:
    text = f"must be a string{_not(found)}"
    if isinstance(found, (int, float)):
        written = str(found).lower() if isinstance(found, bool) else str(found)
        text += f': write it in quotes, "{written}"'
    return text


def _boolean(_error: Mapping[str, Any], found: Any, _key: object) -> str:
    text = f"must be true or false{_not(found)}"
    return f"{text}: write it without quotes" if found in ("true", "false") else text


def _table(error: Mapping[str, Any], found: Any, _key: object) -> str:
    name = (error.get("ctx") or {}).get("class_name")
    return f"must be a table{_not(found)}{_EXAMPLES.get(str(name), '')}"


def _list(_error: Mapping[str, Any], found: Any, key: object) -> str:
    text = f"must be a list{_not(found)}"
    if isinstance(found, dict):
        text += f": write [[{key}]], with two brackets"
    elif isinstance(found, str) and len(found) <= _LONG:
        text += f': write ["{found}"]'
    return text


def _pattern(error: Mapping[str, Any], found: Any, _key: object) -> str:
    pattern = (error.get("ctx") or {}).get("pattern", "")
    if pattern == _VARIABLE:
        return _PATTERNS[pattern]  # what stands there may be a key
    text = f"{_PATTERNS.get(pattern, f'must match {pattern}')}{_not(found)}"
    if "must be a name" in text and "/" in str(found):
        text += "; the name of a file stands without its folder and its ending"
    return text


def _bound(word: str, limit: str) -> Callable[[Mapping[str, Any], Any, object], str]:
    return lambda error, found, _key: f"must be {word} {error['ctx'][limit]}{_not(found)}"


_MESSAGES: dict[str, Callable[[Mapping[str, Any], Any, object], str]] = {
    "int_type": _integer,
    "int_from_float": _integer,
    "float_type": lambda _error, found, _key: f"must be a number{_not(found)}",
    "string_type": _string,
    "bool_type": _boolean,
    "dict_type": _table,
    "model_type": _table,
    "model_attributes_type": _table,
    "list_type": _list,
    "string_pattern_mismatch": _pattern,
    "string_too_short": lambda _error, _found, _key: "must not be empty",
    "too_short": lambda _error, _found, _key: "must not be empty",
    "greater_than_equal": _bound("at least", "ge"),
    "less_than_equal": _bound("at most", "le"),
}
