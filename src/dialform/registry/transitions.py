"""
The release log's rules: what may follow what.

Pure: no disk, no clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dialform.errors import ObjectAbsent, Refused, UsageError
from dialform.presets.canonical import digest, is_digest
from dialform.registry.entries import (
    KINDS,
    MOVING,
    Entry,
    Kind,
    Meta,
    State,
    is_number,
    is_text,
    is_time,
)

if TYPE_CHECKING:
    from dialform.presets.canonical import Digest

_MOVES: Final[dict[str, tuple[frozenset[str], State]]] = {
    "release": (frozenset(("live", "rolled-back", "withdrawn")), "live"),
    "rollback": (frozenset(("live", "rolled-back", "held")), "rolled-back"),
    "hold": (frozenset(("live", "rolled-back")), "held"),
    "resume": (frozenset(("held", "rolled-back")), "live"),
    "withdraw": (frozenset(("live", "rolled-back", "held")), "withdrawn"),
}
"""
By kind: the states that it may follow, and the state that it makes. A ``resume`` ends one brake at
a time: the hold on a log that was rolled back gives the rollback back, another one ends that.
"""


class Change(NamedTuple):
    """What an author wants to put at a log's head."""

    kind: Kind
    version: int | None = None
    """``release`` and ``rollback``: of the preset."""

    preset_digest: Digest | None = None
    """Likewise."""

    bound_digest: Digest | None = None
    """Likewise."""

    yank_version: int | None = None
    """``yank``: the version to bar for good."""

    references: Digest | None = None
    """``release`` and ``rollback``: what the bound preset leans on; None where nobody looked."""


def next_entry(  # noqa: PLR0913  # what decides, all of it
    head: Entry | None,
    change: Change,
    meta: Meta,
    *,
    environment: str,
    preset: str,
    take_over: str | None = None,
) -> Entry:
    """
    The entry that ``change`` puts after ``head``; ``head`` itself if it says the same already.

    ``take_over`` names the writer whose log ``meta.writer`` takes over.

    Raises:
        Refused: by another writer, a hold, a yank, or a state that ``change`` can't follow.
        ObjectAbsent: for anything but a release where there is no log.
        UsageError: for a change without what its kind needs, or a time or a text that can't
            be stored.

    """
    _check_change(change)
    _check_meta(meta)
    if head is None:
        if change.kind != "release":
            raise ObjectAbsent(
                f"{preset} was never released in {environment}: nothing to {change.kind}; "
                f"`dialform presets -s {environment}` lists what is"
            )
        return _entry(head, change, meta, environment, preset)
    _check_writer(head, meta, take_over)
    if change.kind == "yank":
        return head if change.yank_version in head.yanked else _entry(head, change, meta)
    if change.kind in MOVING:
        _check_release(head, change)
    if _says_the_same(head, change, meta):
        return head
    befores, _ = _MOVES[change.kind]
    if head.state not in befores:
        raise Refused(
            f"{preset} is {head.state} in {environment} since {head.describe()}: "
            f"it can't be moved by {change.kind!r}, which needs it {' or '.join(sorted(befores))}"
        )
    return _entry(head, change, meta)


def succession_fault(before: Entry | None, entry: Entry) -> str | None:
    """What is wrong with ``entry`` as the one after ``before``; None if nothing is."""
    if entry.previous != (before.digest if before else None):
        return "its `previous` is not the digest of the entry before it"
    change = Change(entry.kind)
    if entry.kind in MOVING:
        change = Change(
            entry.kind,
            entry.version,
            entry.preset_digest,
            entry.bound_digest,
            references=entry.references,
        )
    elif entry.kind == "yank":
        change = Change("yank", yank_version=entry.yanked[-1] if entry.yanked else None)
    try:
        expected = next_entry(
            before,
            change,
            entry.meta,
            environment=entry.environment,
            preset=entry.preset,
            take_over=before.writer if before else None,
        )
    except (Refused, ObjectAbsent, UsageError) as error:
        return f"it can't follow the entry before it: {error}"
    if expected is before:
        return "it changes nothing"
    if entry.kind == "hold" and entry.held_from is None:
        # Holds were once written without what they are on: their end gives a live log.
        expected = _sealed(expected._replace(held_from=None))
    if expected != entry:
        return "its state is not what the entry before it and its kind make"
    return None


def _says_the_same(head: Entry, change: Change, meta: Meta) -> bool:
    if head.state != _MOVES[change.kind][1]:
        return False
    if change.kind not in MOVING:
        return True
    owner = head.writer in (None, meta.writer) or meta.writer is None
    known = change.references in (None, head.references)
    return owner and known and head.bound_digest == change.bound_digest


def _check_release(head: Entry, change: Change) -> None:
    if change.kind == "release":
        _check_brakes(head, change)
    if change.version in head.yanked:
        raise Refused(
            f"version {change.version} of {head.preset} is yanked in {head.environment}: "
            "barred for good; release another version"
        )


def _check_brakes(head: Entry, change: Change) -> None:
    """What a person stopped or put back is not moved by a declaration that says otherwise."""
    reason = f": {head.reason!r}" if head.reason else ""
    if head.state == "rolled-back" and head.preset_digest != change.preset_digest:
        here = f"{head.preset} -s {head.environment}"
        raise Refused(
            f"{head.preset} was rolled back to version {head.version} in {head.environment}, "
            f"{head.describe()}{reason}, and is declared otherwise; declare that version "
            f"(`dialform rollback {here}` moves a pin), or let it move: "
            f"`dialform resume {here} --reason ...`"
        )
    if head.state == "held":
        raise Refused(
            f"{head.preset} is held in {head.environment} since {head.describe()}{reason}; "
            f"`dialform resume {head.preset} -s {head.environment} --reason ...` lets it move"
        )


def _check_writer(head: Entry, meta: Meta, take_over: str | None) -> None:
    if None in (head.writer, meta.writer) or meta.writer == head.writer:
        return
    if take_over != head.writer:
        raise Refused(
            f"the log of {head.preset} in {head.environment} is written by {head.writer}, "
            f"this is {meta.writer}: two stacks would undo each other; name another "
            "environment, or if this one takes its place, run it once with "
            f"DIALFORM_TAKE_OVER={head.writer}"
        )


def _check_change(change: Change) -> None:
    numbers = {**dict.fromkeys(MOVING, change.version), "yank": change.yank_version}
    sound = change.kind in KINDS and is_number(numbers.get(change.kind, 1))
    if change.kind in MOVING:
        sound = sound and is_digest(change.preset_digest) and is_digest(change.bound_digest)
    if not sound:
        raise UsageError(f"{change} is no entry for a release log")


def _check_meta(meta: Meta) -> None:
    if not is_time(meta.time):
        raise UsageError(f"time {meta.time!r}: takes UTC as 2026-11-23T23:00:00Z")
    for name, text in meta._asdict().items():
        if not is_text(text):
            raise UsageError(f"{name} {text!r}: takes text that UTF-8 can hold")


def _entry(
    head: Entry | None,
    change: Change,
    meta: Meta,
    environment: str | None = None,
    preset: str | None = None,
) -> Entry:
    """The entry after ``head``, or the first of the log that is named."""
    fields: dict[str, Any] = (
        {"environment": environment, "preset": preset, "seq": 1, "yanked": (), "previous": None}
        if head is None
        else {**head._asdict(), "seq": head.seq + 1, "previous": head.digest}
    )
    owner = fields.get("writer")
    fields.update(meta._asdict(), kind=change.kind, digest="")
    if meta.writer is None:
        fields["writer"] = owner
    if change.kind == "yank":
        fields["yanked"] = (*fields["yanked"], change.yank_version)
    else:
        fields["state"] = _MOVES[change.kind][1]
        fields["held_from"] = None
    if head is not None and change.kind == "hold" and head.state == "rolled-back":
        fields["held_from"] = head.state
    if head is not None and change.kind == "resume" and head.held_from is not None:
        fields["state"] = head.held_from
    if change.kind in MOVING:
        fields["version"] = change.version
        fields["preset_digest"] = change.preset_digest
        fields["bound_digest"] = change.bound_digest
        fields["references"] = change.references
    return _sealed(Entry(**fields))


def _sealed(entry: Entry) -> Entry:
    """``entry`` under its own digest."""
    return entry._replace(digest=digest(entry.render()))
