"""
The gates of an environment: what must be so before a version is promoted to it.

Pure: the source's release log, the approvals, the evidence of dials and the time come in. What
is promoted is what the source's log has at its head. Whether that may be promoted at all (a hold,
a yank, a pin that was edited) is decided by those who move pins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dialform.promotion.durations import duration, moment, readable, written
from dialform.registry.evidence import standing, total

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dialform.declaration import Environment
    from dialform.declaration.models import Approvals, Gates
    from dialform.registry import Approval, Entry, Evidence


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one gate says."""

    gate: str
    """``from``, ``soak``, ``approvals``, ``dials`` or ``failureRate``."""

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
    evidence: Sequence[Evidence] = (),
) -> list[Verdict]:
    """
    What each gate of ``target`` says of what ``source`` has live of ``preset``.

    ``entries`` is the source's release log, oldest first; ``approvals`` are those of its
    head's preset digest for ``target``; ``evidence`` is what was published of its head's
    version in ``source``, oldest first; ``now`` is aware. Empty where no gate is declared.

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
    if entries and gates.asks_for_dials:
        found += _proved(gates, source, entries[-1], evidence)
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


def _proved(gates: Gates, source: str, head: Entry, evidence: Sequence[Evidence]) -> list[Verdict]:
    """What the dials that were made with the head's content in the source say."""
    counted = standing(one for one in evidence if one.digest == head.preset_digest)
    tally = total(one.tally for one in counted)
    since = max((moment(one.time) for one in counted), default=None)
    publish = f"`dialform results -s {source} --publish` records what was called since"
    found = []
    if gates.dials is not None:
        met = tally.completed >= gates.dials
        message = (
            f"{tally.completed} of {gates.dials} dials with version {head.version} completed in "
            f"{source}"
        )
        if not met:
            message += f"; {publish}"
        found.append(Verdict("dials", met=met, message=message, met_at=since if met else None))
    if gates.failureRate is not None:
        rate = tally.failure_rate
        met = rate is not None and rate <= gates.failureRate
        bad = tally.failed + tally.rejected
        if rate is None:
            message = f"no dial with version {head.version} has ended in {source} yet; {publish}"
        else:
            message = (
                f"{bad} of {bad + tally.completed} dials with version {head.version} failed in "
                f"{source} ({rate:.1%}), {gates.failureRate:.1%} may"
            )
        found.append(
            Verdict("failureRate", met=met, message=message, met_at=since if met else None)
        )
    return found


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
