"""
The rules by name: what each looks for is beside it in its theme's module.

Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from dialform.diff.model import Risk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialform.diff.model import Path
    from dialform.diff.risks.view import View

Level = Literal["high", "medium", "low"]


class Rule(NamedTuple):
    """A rule: its name in docs/risks.md, its level, and what finds it."""

    name: str
    level: Level
    finds: Callable[[View, View], Iterator[tuple[Path, str]]]
    of_new: bool
    """Whether a preset that is new can break it; it is then held against an empty one."""


RULES: dict[str, Rule] = {}


def rule(
    name: str, level: Level, *, of_new: bool = False
) -> Callable[
    [Callable[[View, View], Iterator[tuple[Path, str]]]],
    Callable[[View, View], Iterator[tuple[Path, str]]],
]:
    """Register what finds a risk: ``(before, after)`` -> ``(path, sentence)`` for each."""

    def registered(
        finds: Callable[[View, View], Iterator[tuple[Path, str]]],
    ) -> Callable[[View, View], Iterator[tuple[Path, str]]]:
        RULES[name] = Rule(name, level, finds, of_new)
        return finds

    return registered


WHOLE = "profile-removed"
"""Says all that rules would say of each field of a profile."""


def found(before: View, after: View, *, is_new: bool) -> Iterator[Risk]:
    """What all rules find."""
    made = [
        Risk(one.name, one.level, path, message)
        for one in RULES.values()
        if one.of_new or not is_new
        for path, message in one.finds(before, after)
    ]
    whole = any(risk.rule == WHOLE for risk in made)
    for risk in made:
        if risk.rule == WHOLE or not (whole and risk.path[0] == "profile"):
            yield risk
