"""The risks of one preset's change, and of what two environments mean by the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.diff.model import Documents, Risk
from dialform.diff.risks import bindings, flow, inputs, letters, settings, speech
from dialform.diff.risks.rules import found
from dialform.diff.risks.view import View, table

if TYPE_CHECKING:
    from collections.abc import Mapping

_THEMES = (speech, letters, settings, inputs, flow, bindings)
"""Whose rules are registered by being loaded."""

BINDING_NAME = "binding-name"
_ORDER = {"high": 0, "medium": 1, "low": 2}
_EMPTY = Documents({}, None, None)


def risks(before: Documents | None, after: Documents | None) -> list[Risk]:
    """
    The risks of a preset's change, the highest first.

    ``before`` None: the preset is new, and only what is wrong by itself is said. ``after`` None:
    it is gone, which is no risk to a call.
    """
    if after is None:
        return []
    views = View(before or _EMPTY), View(after)
    return sorted(found(*views, is_new=before is None), key=lambda risk: _ORDER[risk.level])


def binding_risks(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> list[Risk]:
    """
    Names that stand for differently named objects in two environments.

    ``before`` and ``after`` are kind -> name -> ``{id, name}``. Other ids are as it should be.
    """
    made = []
    for kind in sorted(before.keys() & after.keys()):
        for name in sorted(before[kind].keys() & after[kind].keys()):
            old, new = (table(side[kind][name]).get("name") for side in (before, after))
            if old is not None and new is not None and old != new:
                message = f"{name!r} is {old!r} in one environment and {new!r} in the other"
                made.append(Risk(BINDING_NAME, "medium", ("bindings", kind, name), message))
    return made
