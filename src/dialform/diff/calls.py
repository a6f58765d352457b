"""
Rules for calls compared: what an environment's ``[calls]`` and ``[campaigns]`` said and say.

Pure. Both sides are documents of an environment, or their tables ``calls`` and ``campaigns``, {}
for one without rules. What allows more than before is a risk: those who are called notice it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.diff.model import Risk, RuleChange
from dialform.launcher.calling.destinations import ANYWHERE
from dialform.launcher.calling.limits import CEILINGS
from dialform.launcher.calling.telling import CAPS, in_order, single_rules
from dialform.launcher.calling.week import DAYS, clock, week

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Calls = Mapping[str, Any]
    Rules = Mapping[str, Any]

WIDENED = "calls-widened"
"""The risk's name in docs/risks.md."""


def changed(before: Rules, after: Rules) -> tuple[RuleChange, ...]:
    """Each rule that is different, by its key."""
    old, new = dict(single_rules(before)), dict(single_rules(after))
    keys = sorted(old.keys() | new.keys(), key=in_order)
    return tuple(
        RuleChange(key, old.get(key, ""), new.get(key, ""))
        for key in keys
        if old.get(key) != new.get(key)
    )


def widened(before: Rules, after: Rules) -> list[Risk]:
    """What is allowed that wasn't."""
    old, new = before.get("calls") or {}, after.get("calls") or {}
    found = [
        ("calls.destinations", _further(old.get("destinations"), new.get("destinations"))),
        ("calls.hours", _longer(old, new)),
        ("calls.holidays", _worked(old, new)),
        *((f"calls.{key}", _more(old.get(key, {}), new.get(key, {}))) for key in CAPS),
        *_raised(before.get("campaigns") or {}, after.get("campaigns") or {}),
    ]
    return [
        Risk(WIDENED, "high", tuple(key.split(".")), f"{key}: {', '.join(words)}")
        for key, words in found
        if words
    ]


def _further(before: Sequence[str] | None, after: Sequence[str] | None) -> list[str]:
    """Destinations that no former one holds."""
    if before is None or ANYWHERE in before:
        return []
    if after is None:
        return ["calls may go anywhere"]
    prefixes = tuple(one for one in before if one.startswith("+"))
    further = [one for one in after if one not in before and not one.startswith(prefixes)]
    return [
        "calls may go anywhere" if one == ANYWHERE else f"calls may go to {one}" for one in further
    ]


def _longer(before: Calls, after: Calls) -> list[str]:
    """Times that were closed."""
    if "hours" not in before:
        return []
    if "hours" not in after:
        return ["people may be called at any time"]
    found = []
    for day, old, new in zip(DAYS, week(before["hours"]), week(after["hours"]), strict=True):
        shut = set(range(24 * 60)).difference(*(range(*one) for one in old))
        minutes = sorted(shut.intersection(*[{m for one in new for m in range(*one)}]))
        found += [f"open {day} {clock(a)}-{clock(b)}" for a, b in _runs(minutes)]
    old_margin, new_margin = before.get("margin", 0), after.get("margin", 0)
    if new_margin < old_margin:
        found.append(f"a margin of {new_margin} min instead of {old_margin}")
    return found


def _runs(minutes: Sequence[int]) -> list[tuple[int, int]]:
    """Minutes as half-open stretches."""
    found: list[tuple[int, int]] = []
    for minute in minutes:
        if found and found[-1][1] == minute:
            found[-1] = (found[-1][0], minute + 1)
        else:
            found.append((minute, minute + 1))
    return found


def _worked(before: Calls, after: Calls) -> list[str]:
    """Holidays that are none any more."""
    if "hours" not in after:
        return []
    old, new = before.get("holidays", {}), after.get("holidays", {})
    return [
        f"no holiday any more: {day} ({name}) of {whose}"
        for whose, days in old.items()
        for day, name in days.items()
        if day not in new.get(whose, {})
    ]


def _more(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """Caps that were lifted or raised."""
    return [
        f"{after[within]} dials within {within} instead of {most}"
        if within in after
        else f"no most within {within} any more"
        for within, most in before.items()
        if after.get(within, most + 1) > most
    ]


def _raised(before: Rules, after: Rules) -> Iterator[tuple[str, list[str]]]:
    """Limits for campaigns that were lifted or raised, and people who are called more often."""
    for key in CEILINGS:
        if key in before and key not in after:
            yield f"campaigns.{key}", ["no most any more"]
        elif key in before and after[key] > before[key]:
            yield f"campaigns.{key}", [f"{after[key]:g} instead of {before[key]:g}"]
    old, new = before.get("retry", {}), after.get("retry", {})
    for end, one in new.items():
        times = old[end]["times"] if end in old else 0
        if before and one["times"] > times:
            yield (
                f"campaigns.retry.{end}",
                [f"called again {one['times']} times instead of {times}"],
            )
