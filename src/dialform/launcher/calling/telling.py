"""
An environment's rules for calls, campaigns and its ledger as people read them, one by one.

Pure. Takes its document, or the tables ``calls``, ``campaigns`` and ``ledger`` of one; what a rule
means is elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.launcher.calling.week import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CAPS = ("perPerson", "perEnvironment")


def single_rules(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each rule by its key (``calls.hours.fri``) and what it says."""
    yield from _of_calls(document.get("calls") or {})
    for key, value in (document.get("campaigns") or {}).items():
        if key == "retry":
            for end, one in value.items():
                yield f"campaigns.retry.{end}", f"{one['times']} times, {one['after']} later"
        else:
            yield f"campaigns.{key}", f"{value:g}"
    for key, value in (document.get("ledger") or {}).items():
        yield f"ledger.{key}", value if isinstance(value, str) else str(value).lower()


def _of_calls(calls: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in calls.items():
        if key == "hours":
            yield from ((f"calls.hours.{day}", ", ".join(found)) for day, found in value.items())
        elif key == "holidays":
            for whose, days in value.items():
                yield from ((f"calls.holidays.{whose}.{day}", days[day]) for day in days)
        elif key in CAPS:
            yield from ((f"calls.{key}.{within}", str(most)) for within, most in value.items())
        else:
            yield f"calls.{key}", ", ".join(value) if isinstance(value, list) else str(value)


def in_order(key: str) -> tuple[str, str, int, str]:
    """Sorts keys: days as in a week, the rest by name."""
    table, rule, *rest = key.split(".")
    return table, rule, DAYS.index(rest[0]) if rule == "hours" else 0, key
