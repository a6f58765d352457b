"""
Canonical bytes and digests: RFC 8785 (JCS) and sha256.

Knows nothing of presets. Everything that is stored or compared goes through here, so that
identical content has identical bytes on every machine.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NewType, NoReturn

import rfc8785

Digest = NewType("Digest", str)
"""``sha256:`` and 64 lower-case hex digits."""

_PREFIX = "sha256:"
_HEX = frozenset("0123456789abcdef")


class NotCanonical(ValueError):
    """The value or the bytes have no canonical form; the message says why."""


def canonical(value: Any) -> bytes:
    """
    The RFC 8785 bytes of a JSON value.

    Raises:
        NotCanonical: for what JSON or RFC 8785 can't hold: NaN, infinities, integers beyond
            2**53 - 1, lone surrogates, keys that are no strings, other types.

    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        message = f"no canonical JSON form: {error}"
        raise NotCanonical(message) from None


def digest(data: bytes) -> Digest:
    """The name of ``data``: ``sha256:<hex>``."""
    return Digest(_PREFIX + hashlib.sha256(data).hexdigest())


def is_digest(text: object) -> bool:
    """Whether ``text`` is written as a digest."""
    return (
        isinstance(text, str)
        and len(text) == len(_PREFIX) + 64
        and text.startswith(_PREFIX)
        and _HEX.issuperset(text[len(_PREFIX) :])
    )


def parse(data: bytes) -> Any:
    """
    The value of canonical bytes.

    Raises:
        NotCanonical: if ``data`` is not UTF-8 JSON, has duplicate keys or NaN, or is not
            byte for byte its own canonical form.

    """
    try:
        value = load_json(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        message = f"not JSON: {error}"
        raise NotCanonical(message) from None
    if canonical(value) != data:
        message = "the bytes are not in canonical form (RFC 8785)"
        raise NotCanonical(message)
    return value


def load_json(text: str) -> Any:
    """The value of JSON text; ValueError for duplicate keys, NaN and infinities as well."""
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        message = f"key {double!r} stands twice"
        raise ValueError(message)
    return value


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)
