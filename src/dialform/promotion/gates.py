"""
The gates of an environment: what must be so before a version is promoted to it.

Pure: the source's release log, the approvals and the time come in. What is promoted is what
the source's log has at its head. Whether that may be promoted at all (a hold, a yank, a pin
that was edited) is decided by those who move pins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dialform.promotion.durations import duration, moment, readable, written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dialform.declaration import Environment
    from dialform.declaration.models import Approvals
    from dialform.registry import Approval, Entry


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one gate says."""

    gate: str
    """``from``, ``soak`` or ``approvals``."""

    met: bool
    message: str
    """For a person: what is so; where it is not met, what is missing and how it is met."""

    met_at: datetime | None
    """Since when it is met, or when it will be if nothing moves; None where nobody can say."""

    def as_json(self) -> dict[str, Any]:
        """``gate``, ``met``, ``message``, ``metAt`` (UTC text or null)."""
        return {
            "gate": self.gate,
            "met": self.met,
            "message": self.message,
            "metAt": None if self.met_at is None else written(self.met_at),
        }


def verdicts(  # noqa: PLR0913, PLR0917  # what decides, all of it
    target: Environment,
    source: str,
    preset: str,
    entries: list[Entry],
    approvals: list[Approval],
    now: datetime,
) -> list[Verdict]:
    """
    What each gate of ``target`` says of what ``source`` has live of ``preset``.

    ``entries`` is the source's release log, oldest first; ``approvals`` are those of its
    head's preset digest for ``target``; ``now`` is aware. Empty where no gate is declared.

    Raises:
        DeclarationError: the target's file is wrong.

    """
    gates = target.gates
    if gates is None:
        return []
    since = live_since(entries)
    found: list[Verdict] = []
    if gates.from_ is not None:
        found.append(_from(gates.from_, source, preset, since))
    if gates.soak is not None:
        found.append(_soak(gates.soak, source, entries, since, now))
    if gates.approvals is not None and entries:
        found.append(_approved(gates.approvals, target.name, entries[-1], approvals))
    return found


def live_since(entries: Sequence[Entry]) -> datetime | None:
    """
    When the present stretch of being live began; None where nothing is live.

    A stretch is one preset digest, live without a break. Other bindings or deviations of the
    same content, and the barring of other versions, don't break it; a hold, a withdrawal, a
    rollback and the barring of what is live do. Clocks differ between writers: an entry counts
    as no earlier than those before it.
    """
    since: datetime | None = None
    latest: datetime | None = None
    content: str | None = None
    for entry in entries:
        time = moment(entry.time)
        latest = time if latest is None else max(latest, time)
        kind: str = entry.kind  # logs of newer versions have a kind `rollback`
        if entry.state != "live" or entry.version in entry.yanked:
            since = None
        elif since is None or entry.preset_digest != content or kind == "rollback":
            since = latest
        content = entry.preset_digest
    return since


def _from(wanted: str, source: str, preset: str, since: datetime | None) -> Verdict:
    if source != wanted:
        message = f"versions come from {wanted}, not from {source}: promote from {wanted}"
        return Verdict("from", met=False, message=message, met_at=None)
    if since is None:
        message = f"{preset} is not live in {source}: release it there first"
        return Verdict("from", met=False, message=message, met_at=None)
    return Verdict("from", met=True, message=f"live in {source}", met_at=since)


def _soak(
    soak: str, source: str, entries: list[Entry], since: datetime | None, now: datetime
) -> Verdict:
    length = duration(soak)
    if since is None:
        message = f"not live in {source}: its soak of {readable(length)} begins when it is"
        return Verdict("soak", met=False, message=message, met_at=None)
    end = since + length
    lived = (
        f"version {entries[-1].version} is live in {source} for {readable(now - since)} "
        f"of {readable(length)}"
    )
    if now >= end:
        return Verdict("soak", met=True, message=lived, met_at=end)
    message = f"{lived}: met at {written(end)}, in {readable(end - now)}, if it stays live"
    return Verdict("soak", met=False, message=message, met_at=end)


def _approved(wanted: Approvals, target: str, head: Entry, approvals: list[Approval]) -> Verdict:
    count = len(wanted.of) if wanted.count is None else wanted.count
    times: dict[str, datetime] = {}
    for one in approvals:
        same = (one.environment, one.preset, one.digest) == (
            target,
            head.preset,
            head.preset_digest,
        )
        if same and one.by in wanted.of:
            times.setdefault(one.by, moment(one.time))
    if len(times) >= count:
        message = f"approved by {', '.join(times)}"
        met_at = sorted(times.values())[count - 1]
        return Verdict("approvals", met=True, message=message, met_at=met_at)
    missing = [one for one in wanted.of if one not in times]
    if count == len(wanted.of):
        who = ", ".join(missing)
    else:
        who = f"{count - len(times)} of {', '.join(missing)}"
    message = (
        f"version {head.version} waits for the approval of {who}: "
        f"`dialform approve {head.preset}@{head.version} -s {target}`"
    )
    return Verdict("approvals", met=False, message=message, met_at=None)
