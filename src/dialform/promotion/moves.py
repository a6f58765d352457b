"""
What may move to where: the rules of promotion and rollback.

Pure over what the registry and the declaration say. A refusal names its rule and the way out; all
that stand in the way are found at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dialform.promotion.pins import Pin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from dialform.declaration import Environment
    from dialform.registry import Entry


class Refusal(NamedTuple):
    """Why a preset can't move."""

    preset: str
    rule: str
    message: str

    def __str__(self) -> str:
        """For a person."""
        return f"{self.preset}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Move:
    """A pin and where it goes."""

    preset: str
    before: Pin | None
    """None where the environment does not run the preset yet."""

    after: Pin

    @property
    def is_none(self) -> bool:
        """Whether it is there already."""
        return self.before == self.after


def promotion(
    preset: str,
    source: str,
    head: Entry | None,
    target: Environment,
    there: Entry | None,
) -> Move | list[Refusal]:
    """
    The move of a target's pin to what is live in ``source``.

    ``head`` and ``there`` are the heads of the preset's logs in the source and in the target.
    """
    pin = Pin.of(target.runs.get(preset))
    found = _not_live(preset, source, head)
    if head is None or pin != Pin(head.version, head.preset_digest):
        found += _not_movable(preset, target, there)
    if head is not None and there is not None and head.version in there.yanked:
        found.append(_yanked(preset, head.version, target.name))
    if found or head is None:
        return found
    return Move(preset, pin, Pin(head.version, head.preset_digest))


def _not_live(preset: str, source: str, head: Entry | None) -> list[Refusal]:
    if head is None:
        message = f"was never released in {source}; run `pulumi up -s {source}` first"
        return [Refusal(preset, "not-live", message)]
    story = f"since {head.describe()}{f': {head.reason}' if head.reason else ''}"
    ways = {
        "held": f"`dialform resume {preset} -s {source} --reason ...` ends the hold",
        "withdrawn": f"declare it there and run `pulumi up -s {source}`",
        "rolled-back": f"promote what `pulumi up -s {source}` releases next",
    }
    found = []
    if head.state in ways:
        said = head.state.replace("-", " ")
        message = f"is {said} in {source} {story}; {ways[head.state]}"
        found.append(Refusal(preset, "not-live", message))
    if head.version in head.yanked:
        found.append(_yanked(preset, head.version, source))
    return found


def _yanked(preset: str, version: int, environment: str) -> Refusal:
    message = f"version {version} is yanked in {environment}, barred for good; release another one"
    return Refusal(preset, "yanked", message)


def _not_movable(preset: str, target: Environment, there: Entry | None) -> list[Refusal]:
    run = target.runs.get(preset)
    if run is None:
        return []
    if run.follow is not None:
        message = (
            f"follows the source in {target.name}, so there is no pin to move; write version and "
            f"digest in the place of follow"
        )
        return [Refusal(preset, "follows-source", message)]
    pin = Pin.of(run)
    if there is not None and there.state != "withdrawn" and pin is not None:
        live = Pin(there.version, there.preset_digest)
        if "rolled-back" in (there.state, there.held_from) and pin != live:
            message = (
                f"was rolled back to version {there.version} in {target.name} since "
                f"{there.describe()}; agree with that first: `dialform rollback {preset} "
                f"-s {target.name} --to {there.version}`, or `dialform resume` it"
            )
            return [Refusal(preset, "rolled-back", message)]
        if pin != live:
            message = (
                f"its pin in stacks/{target.name}.toml says version {pin.version} and version "
                f"{live.version} is live: somebody edited or moved it since the last `up`; run "
                f"`pulumi up -s {target.name}`, or set it back"
            )
            return [Refusal(preset, "edited-pin", message)]
    return []


def unbound(
    preset: str, target: Environment, document: Mapping[str, Any], profile: Mapping[str, Any] | None
) -> list[Refusal]:
    """The names that a preset needs and its target does not bind."""
    from dialform.presets.documents import references  # noqa: PLC0415 - one function needs it

    named = [*references(document), *(() if profile is None else references(profile))]
    missing = sorted(
        {(kind, name) for kind, name, _ in named if name not in target.bindings.get(kind, {})}
    )
    if not missing:
        return []
    names = ", ".join(f"[{kind}] {name}" for kind, name in missing)
    message = f"{target.name} does not bind {names}; bind them in stacks/{target.name}.toml"
    return [Refusal(preset, "unbound", message)]


def to_roll_back_to(entries: Sequence[Entry], version: int | None) -> Entry | None:
    """
    The release to go back to: the newest of ``version``, or else of what was live before.

    ``entries`` are the log's, oldest first. Versions that are yanked are passed over, unless one
    is asked for; None where there is nothing to go back to.
    """
    if not entries:
        return None
    head = entries[-1]
    for entry in reversed(entries):
        if entry.kind not in ("release", "rollback"):
            continue
        if version is not None:
            if entry.version == version:
                return entry
        elif entry.preset_digest != head.preset_digest and entry.version not in head.yanked:
            return entry
    return None


def rollback(preset: str, entry: Entry, target: Environment, head: Entry) -> Move | list[Refusal]:
    """The move of a pin back to what ``entry`` released."""
    run = target.run(preset)
    if run.follow is not None:
        message = (
            f"follows the source in {target.name}, so there is no pin to move; use --now with a "
            f"--reason, or revert the declaration"
        )
        return [Refusal(preset, "follows-source", message)]
    if entry.version in head.yanked:
        return [_yanked(preset, entry.version, target.name)]
    return Move(preset, Pin.of(run), Pin(entry.version, entry.preset_digest))
