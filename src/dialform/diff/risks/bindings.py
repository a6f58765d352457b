"""Risks of what a call leans on: webhooks, numbers, and other objects behind the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.diff.risks.rules import rule
from dialform.diff.risks.view import View, table, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.diff.model import Path

_NAMED = ("agents", "voices", "models", "promptVersions", "extractors")
"""Kinds whose rules fire where an object of another name stands behind a name."""


@rule("webhook-host-changed", "high")
def _webhook(before: View, after: View) -> Iterator[tuple[Path, str]]:
    # Two environments have webhooks of their own: there only another name is a change.
    if before.environment == after.environment:
        old, new = before.webhook, after.webhook
    else:
        old, new = before.call.get("webhook"), after.call.get("webhook")
    if old is not None and old != new:
        yield ("webhook",), f"another host hears of calls: {old} -> {new or 'none'}"


@rule("numbers-changed", "medium")
def _numbers(before: View, after: View) -> Iterator[tuple[Path, str]]:
    old, new = before.get("numbers"), after.get("numbers")
    if old is not None and old != new:
        yield ("numbers",), f"called from other numbers: {old} -> {new or 'none'}"


@rule("extractor-changed", "medium")
def _extractor(before: View, after: View) -> Iterator[tuple[Path, str]]:
    old, new = (view.called("extractors", view.get("extractor")) for view in (before, after))
    if old is not None and old != new:
        yield ("extractor",), f"another extractor reads the call: {old} -> {new or 'none'}"


@rule("rebound", "medium")
def _rebound(before: View, after: View) -> Iterator[tuple[Path, str]]:
    if before.environment is None or before.environment != after.environment:
        return  # other ids are as it should be
    for kind in sorted(before.bindings.keys() & after.bindings.keys() - {"webhooks"}):
        there, here = table(before.bindings[kind]), table(after.bindings[kind])
        for name in sorted(there.keys() & here.keys()):
            is_told = kind in _NAMED and _name(there[name]) != _name(here[name])
            old, new = _ids(there[name]), _ids(here[name])
            if old != new and not is_told:
                yield (
                    ("bindings", kind, name),
                    f"{name!r} stands for another object: {_said(old, new)}",
                )


def _name(bound: Any) -> Any:
    return table(bound).get("name")


def _ids(bound: Any) -> tuple[str, ...]:
    """What a name stands for: the object's id; a pool's, and its members'."""
    one = table(bound)
    members = sorted(str(member.get("number")) for member in tables(one.get("members")))
    return (*(str(one[key]) for key in ("id", "pool") if one.get(key)), *members)


def _said(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    gone, come = ([x for x in a if x not in b] for a, b in ((old, new), (new, old)))
    return f"{', '.join(gone) or 'none'} -> {', '.join(come) or 'none'}"
