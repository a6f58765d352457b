"""
The bytes of many calls with one bound preset: `assembled` for a whole campaign.

Pure. What all calls share is brought into canonical form once and cut where a call's own values
stand; the result is the same to the last byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.errors import InputError
from dialform.launcher.inputs import checked_inputs
from dialform.launcher.numbers import checked_number
from dialform.launcher.request import chosen_member
from dialform.presets.canonical import NotCanonical, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        self._members: list[str] = []
        if "numbers" in bound:
            binding = bound["bindings"]["numbers"][bound["numbers"]]
            self._members = [one["id"] for one in binding.get("members") or ()]
        self._pieces = _cut(body)
        kept = {name: body[name] for name in _OWN if name in body}
        self._inputs, self._from, _ = (
            _field(name, kept[name]) if name in kept else b"" for name in _OWN
        )

    def body(self, to: str, inputs: Mapping[str, Any]) -> Body:
        """
        The body that calls ``to`` with ``inputs``.

        Raises:
            InputError: as `assembled`.

        """
        values = checked_inputs(self._declared, inputs)
        number = checked_number(to)
        member = chosen_member(self._members, number) if self._members else None
        first, second, third, rest = self._pieces
        try:
            said = _field("callAgentInput", {**self._fixed, **values}) if values else self._inputs
        except NotCanonical as error:
            raise InputError(f"inputs: {error}") from None
        caller = self._from if member is None else _field("fromNumberId", member)
        data = b"".join(
            (first, said, second, caller, third, b'"toNumber":"', number.encode(), b'"', rest)
        )
        return Body(data, member, values)


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
