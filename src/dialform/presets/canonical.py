"""
Canonical bytes and digests: RFC 8785 (JCS) and sha256.

Knows nothing of presets. Everything that is stored or compared goes through here, so that
identical content has identical bytes on every machine.
"""

from __future__ import annotations

import hashlib
import json
from json.encoder import encode_basestring
from typing import Any, NewType, NoReturn

Digest = NewType("Digest", str)
"""``sha256:`` and 64 lower-case hex digits."""

_PREFIX = "sha256:"
_HEX = frozenset("0123456789abcdef")


LARGEST = 2**53 - 1
"""The largest whole number that every reader of JSON takes as it is written."""

_EXPONENT = 1e21
"""From here on numbers are written with an exponent."""

_PLAIN = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
).encode


class NotCanonical(ValueError):
    """The value or the bytes have no canonical form; the message says why."""


def canonical(value: Any) -> bytes:
    """
    The RFC 8785 bytes of a JSON value.

    Raises:
        NotCanonical: for what JSON or RFC 8785 can't hold: NaN, infinities, whole numbers
            beyond 2**53 - 1, lone surrogates, keys that are no strings, other types.

    """
    try:
        text = _PLAIN(value)
        if _is_plain(value):
            return text.encode()
    except (TypeError, ValueError, RecursionError):
        pass  # what is wrong is said in RFC 8785's terms
    return _canonical(value)


def canonical_text(value: Any) -> str:
    """
    `canonical` as text, quick for single values; text is taken to be valid.

    Raises:
        NotCanonical: it has none.

    """
    kind = value.__class__
    if kind is str:
        return encode_basestring(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int and -LARGEST <= value <= LARGEST:
        return str(value)
    if kind is float and value and abs(value) <= LARGEST:
        text = repr(value)
        if "e" not in text:
            return text.removesuffix(".0")  # as JavaScript writes it
    return canonical(value).decode()


def member_order(name: str) -> bytes:
    """What RFC 8785 sorts the members of an object by: the UTF-16 code units of their names."""
    return name.encode("utf-16-be", "surrogatepass")


def _is_plain(value: Any) -> bool:
    """Whether the encoder of ``json`` gives the canonical form: no floats, plain keys."""
    items = [value]
    for item in items:
        kind = item.__class__
        if kind is str or kind is bool or item is None:
            continue
        if kind is dict:
            for key in item:
                if key.__class__ is not str or not key.isascii():
                    return False
            items += item.values()
        elif kind is list:
            items += item
        elif kind is not int or not -LARGEST <= item <= LARGEST:
            return False
    return True


def _canonical(value: Any) -> bytes:
    import rfc8785  # noqa: PLC0415 - most documents need none of its care

    try:
        _check_floats(value)
        return rfc8785.dumps(value)
    except NotCanonical:
        raise
    except (ValueError, RecursionError) as error:
        message = f"no canonical JSON form: {error}"
        raise NotCanonical(message) from None


def _check_floats(value: Any) -> None:
    """Refuse floats that are written as whole numbers and can't be read back as such."""
    if isinstance(value, float) and LARGEST < abs(value) < _EXPONENT:
        message = f"no canonical JSON form: {value!r} is beyond 2**53 - 1"
        raise NotCanonical(message)
    if isinstance(value, dict):
        for item in value.values():
            _check_floats(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check_floats(item)


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
        text = data.decode("utf-8")
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_json(error) from None
    try:
        if canonical(value) == data:
            return value
        reason = "the bytes are not in canonical form (RFC 8785)"
    except NotCanonical as error:
        reason = str(error)
    # Duplicate keys and NaN are in no canonical form; they are looked for only to be named.
    try:
        load_json(text)
    except ValueError as error:
        raise _not_json(error) from None
    raise NotCanonical(reason)


def _not_json(error: Exception) -> NotCanonical:
    return NotCanonical(f"not JSON: {error}")


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
