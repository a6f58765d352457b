"""
The bytes of many calls with one bound preset: `assembled` for a whole campaign.

Pure. What all calls share is brought into canonical form once and cut where a call's own values
stand; the result is the same to the last byte.
"""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.errors import InputError
from dialform.launcher.inputs import checked_inputs
from dialform.launcher.numbers import checked_number
from dialform.launcher.request import chosen_member
from dialform.presets.canonical import LARGEST, NotCanonical, canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_E164 = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch
_OWN = ("callAgentInput", "fromNumberId", "toNumber")
"""The fields that are a call's own, in the canonical order: the last is in every call."""


class Body(NamedTuple):
    """One call's."""

    data: bytes
    """The canonical bytes of the body of ``POST /dials``."""

    from_number_id: str | None
    """The member of the numbers that was chosen; None where the binding names none."""

    inputs: dict[str, Any]
    """What is sent as ``callAgentInput``, defaults included."""


class Bodies:
    """What makes bodies with one bound preset."""

    def __init__(self, bound: Mapping[str, Any]) -> None:
        """
        Cut ``bound``, a bound preset document.

        Raises:
            InputError: it is for browser calls, which call nobody.

        """
        body = dict(bound["body"])
        if body.get("browserCall"):
            raise InputError("toNumber: the preset is a browser call, which takes no number")
        self._declared: Mapping[str, Mapping[str, Any]] = bound.get("inputs") or {}
        self._fixed: dict[str, Any] = body.get("callAgentInput") or {}
        self._slots = [
            _slot(name, self._declared.get(name))
            for name in sorted({*self._fixed, *self._declared}, key=_order)
        ]
        self._members: list[str] = []
        if "numbers" in bound:
            binding = bound["bindings"]["numbers"][bound["numbers"]]
            self._members = [one["id"] for one in binding.get("members") or ()]
        self._callers = {one: _field("fromNumberId", one) for one in self._members}
        self._pieces = _cut(body)
        self._inputs, self._from, _ = (
            _field(name, body[name]) if name in body else b"" for name in _OWN
        )

    def body(self, to: str, inputs: Mapping[str, Any]) -> Body:
        """
        The body that calls ``to``, a number that was checked, with ``inputs``.

        Raises:
            InputError: as `assembled`.

        """
        try:
            values, said = self._quickly(inputs) or self._carefully(inputs)
        except (NotCanonical, UnicodeEncodeError):
            values, said = self._carefully(inputs)
        number = to if _E164(to) else checked_number(to)
        member = chosen_member(self._members, number) if self._members else None
        caller = self._from if member is None else self._callers[member]
        first, second, third, rest = self._pieces
        data = b"".join(
            (first, said, second, caller, third, b'"toNumber":"', number.encode(), b'"', rest)
        )
        return Body(data, member, values)

    def _quickly(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], bytes] | None:
        """The inputs and their field, where they are plainly right; None where not."""
        values: dict[str, Any] = {}
        pieces = []
        known = 0
        for name, key, kind, matches, default, required in self._slots:
            if name in inputs:
                value: Any = inputs[name]
                if value.__class__ is not kind or (matches is not None and not matches(value)):
                    return None
                pieces.append(key + (encode_basestring(value) if kind is str else as_json(value)))
                values[name] = value
                known += 1
            elif default is not None:
                pieces.append(key + default)
                values[name] = self._declared[name]["default"]
            elif required:
                return None
        if self._fixed or not values or known < len(inputs):
            return None
        return values, f'"callAgentInput":{{{",".join(pieces)}}},'.encode()

    def _carefully(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Likewise for any, or what is wrong with them."""
        values = checked_inputs(self._declared, inputs)
        try:
            said = _field("callAgentInput", {**self._fixed, **values}) if values else self._inputs
        except NotCanonical as error:
            raise InputError(f"inputs: {error}") from None
        return values, said


class _Slot(NamedTuple):
    """Where an input's value goes."""

    name: str
    key: str
    """``"name":``"""

    kind: type | None
    """What a value must be of to be written quickly; None: none is."""

    matches: Callable[[Any], object] | None
    default: str | None
    """As JSON; None: there is none."""

    required: bool


_KINDS: dict[str, type] = {"string": str, "integer": int, "boolean": bool}


def _slot(name: str, declaration: Mapping[str, Any] | None) -> _Slot:
    key = as_json(name) + ":"
    if declaration is None:
        return _Slot(name, key, None, None, None, required=False)
    kind = _KINDS.get(declaration.get("type", "string"))
    pattern = declaration.get("pattern")
    return _Slot(
        name,
        key,
        kind if pattern is None or kind is str else None,
        None if pattern is None or kind is not str else re.compile(pattern).fullmatch,
        canonical(declaration["default"]).decode() if "default" in declaration else None,
        required=bool(declaration.get("required")),
    )


def as_json(value: Any) -> str:
    """
    The canonical JSON of a value that is valid text, if it is text; the usual ones quickly.

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


def _field(name: str, value: Any) -> bytes:
    return b'"%s":%s,' % (name.encode(), canonical(value))


def _cut(body: Mapping[str, Any]) -> list[bytes]:
    """The canonical form without the fields that are a call's own, in the four parts between."""
    pieces = []
    after: str | None = None
    for before in (*_OWN, None):
        part = {
            name: value
            for name, value in body.items()
            if name not in _OWN
            and (after is None or _order(after) < _order(name))
            and (before is None or _order(name) < _order(before))
        }
        pieces.append(canonical(part)[1:-1])
        after = before
    first, second, third, rest = pieces
    comma = b","
    return [
        b"{" + (first + comma if first else b""),
        second + comma if second else b"",
        third + comma if third else b"",
        (comma + rest if rest else b"") + b"}",
    ]


def _order(name: str) -> bytes:
    """What RFC 8785 sorts keys by."""
    return name.encode("utf-16-be")
