"""Risks of what each call brings: inputs, and what happens where one is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.diff.risks.rules import rule
from dialform.diff.risks.view import View, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.diff.model import Path

_FILL = ("profile", "fillEmptyStringVariables")


@rule("fill-empty-on", "medium")
def _fill(before: View, after: View) -> Iterator[tuple[Path, str]]:
    if after.get(*_FILL) is True and before.get(*_FILL) is not True:
        yield _FILL, "an input that a call does not bring is said as nothing"


@rule("fill-empty-off", "medium")
def _no_fill(before: View, after: View) -> Iterator[tuple[Path, str]]:
    if before.get(*_FILL) is True and after.get(*_FILL) is not True:
        yield _FILL, "an input that a call does not bring is said with its braces"


@rule("input-required", "medium")
def _required(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for name, one in after.inputs.items():
        if table(one).get("required") and not table(before.inputs.get(name)).get("required"):
            yield ("inputs", name, "required"), f"calls that do not bring {name!r} are refused now"


@rule("input-optional", "medium")
def _optional(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for name, one in before.inputs.items():
        now = after.inputs.get(name)
        if now is not None and table(one).get("required") and not table(now).get("required"):
            yield ("inputs", name, "required"), f"calls may leave {name!r} out now"


@rule("input-default-changed", "low")
def _default(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for name, one in before.inputs.items():
        old, new = table(one).get("default"), table(after.inputs.get(name)).get("default")
        is_hidden = table(one).get("sensitive") or table(after.inputs.get(name)).get("sensitive")
        if name in after.inputs and old is not None and old != new:
            yield (
                ("inputs", name, "default"),
                f"calls that leave {name!r} out say something else"
                if is_hidden
                else f"calls that leave {name!r} out say {new!r}, not {old!r}",
            )


@rule("input-unchecked", "low")
def _pattern(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for name, one in before.inputs.items():
        now = after.inputs.get(name)
        if now is not None and table(one).get("pattern") and not table(now).get("pattern"):
            yield ("inputs", name, "pattern"), f"any value of {name!r} is said now, unchecked"


@rule("input-removed", "low")
def _removed(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for name in before.inputs:
        if name not in after.inputs:
            yield ("inputs", name), f"calls that bring {name!r} are refused now"


@rule("input-revealed", "medium")
def _revealed(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for name, one in before.inputs.items():
        now = after.inputs.get(name)
        if now is not None and table(one).get("sensitive") and not table(now).get("sensitive"):
            yield ("inputs", name, "sensitive"), f"the values of {name!r} are shown and kept now"
