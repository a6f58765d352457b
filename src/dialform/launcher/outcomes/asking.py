"""
A call that a program asks for over HTTP: what the request may hold, read. Pure.

A key for the call is required, since a program that repeats a request must not ring twice.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from dialform.errors import UsageError
from dialform.launcher.resolve import near

_FIELDS: Final = frozenset(("preset", "to", "inputs", "once", "timezone"))
_SHOWN = 80


class Asked(NamedTuple):
    """The arguments of `Launcher.dial`."""

    preset: str
    to: str | None
    inputs: dict[str, Any]
    once: str
    timezone: str | None = None


def asked(raw_body: bytes, idempotency_key: str | None) -> Asked:
    """
    The call in a body ``{preset, to, inputs, once, timezone}``; the key may be in the header.

    Raises:
        UsageError: it is no JSON object, or a field is missing, unknown or of another type.

    """
    try:
        value = json.loads(raw_body)
    except (ValueError, RecursionError):
        raise UsageError("the body is not JSON") from None
    if not isinstance(value, dict):
        raise UsageError("the body is not a JSON object: it takes preset, to, inputs, once")
    unknown = sorted(value.keys() - _FIELDS)
    if unknown:
        raise UsageError(f"{unknown[0][:_SHOWN]!r} is no field{near(unknown[0], _FIELDS)}")
    preset, to, inputs = value.get("preset"), value.get("to"), value.get("inputs", {})
    if not isinstance(preset, str):
        raise UsageError("preset: is required, a text: NAME, NAME@7 or NAME@sha256:...")
    if to is not None and not isinstance(to, str):
        raise UsageError("to: is a text, in E.164, or left out for a browser call")
    if not isinstance(inputs, dict):
        raise UsageError("inputs: is an object of names and values")
    timezone = value.get("timezone")
    if timezone is not None and not isinstance(timezone, str):
        raise UsageError("timezone: is a text, like America/New_York")
    return Asked(preset, to, inputs, _key(value.get("once"), idempotency_key), timezone)


def _key(once: Any, header: str | None) -> str:
    """The key, wherever it is. The header may be quoted, as a structured field is."""
    if once is not None and not isinstance(once, str):
        raise UsageError("once: is a text")
    if header is not None:
        header = header.strip()
        if len(header) > 1 and header[0] == header[-1] == '"':
            header = header[1:-1]
    if once is not None and header is not None and once != header:
        raise UsageError("once and the header Idempotency-Key differ: give one of them")
    key = header if once is None else once
    if not key:
        raise UsageError(
            "once: is required, a key for this very call (or the header Idempotency-Key): sent "
            "again with it, the first outcome is told and nothing rings"
        )
    return key
