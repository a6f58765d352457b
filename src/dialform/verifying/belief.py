"""
Whether a release is to be believed: whose signatures it has, and whether it is the newest.

Asks the registry as a launcher does, with the same keys and the same memory, and sorts what that
refuses by what it is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dialform.errors import RegistryError, Untrusted
from dialform.verifying.claims import Claim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialform.launcher.resolve import Reference
    from dialform.registry import Entry, Registry
    from dialform.registry.trust.guard import Guard
    from dialform.verifying.claims import Group, Status

SIGNATURES, THRESHOLD, FRESHNESS, MEMORY = "signatures", "threshold", "freshness", "memory"
_GROUPS: Final[dict[str, Group]] = {
    SIGNATURES: "signature",
    THRESHOLD: "signature",
    FRESHNESS: "freshness",
    MEMORY: "freshness",
}
_ABOUT: Final = {
    "unsigned": SIGNATURES,
    "unknown-key": SIGNATURES,
    "threshold": THRESHOLD,
    "expired": FRESHNESS,
    "dropped": FRESHNESS,
    "rolled-back-registry": MEMORY,
    "forked": MEMORY,
}
"""By the rule of a refusal: the claim that does not hold."""


class Belief(NamedTuple):
    """What a launcher on this machine makes of a release."""

    entry: Entry | None
    """What is called where a preset is named and no version; None where nothing is believed."""

    claims: tuple[Claim, ...]


def believed(registry: Registry, environment: str, reference: Reference, entry: Entry) -> Belief:
    """
    What this machine believes of ``entry``, which ``reference`` means by itself.

    Raises:
        RegistryUnreachable: the registry went away.

    """
    guard = registry.guard
    if guard is None:
        return Belief(entry, ())
    refusals: dict[str, str] = {}
    live = _asked(refusals, lambda: registry.head(environment, reference.name))
    named = reference.version is not None or reference.digest is not None
    if named:
        _asked(
            refusals,
            lambda: registry.find_release(
                environment, reference.name, version=reference.version, digest=reference.digest
            ),
        )
    _asked(refusals, lambda: registry.environment(environment))
    shown = live if live is not None and not named else entry
    claims = tuple(_claims(guard, environment, shown, entry, refusals))
    return Belief(shown, claims)


def _asked(refusals: dict[str, str], ask: Callable[[], Entry | object | None]) -> Entry | None:
    """What the registry gives; what it refuses is noted by what it is about."""
    from dialform.registry import Entry  # noqa: PLC0415 - loaded by now

    try:
        found = ask()
    except Untrusted as error:
        refusals.setdefault(_ABOUT.get(error.rule, SIGNATURES), str(error))
    except RegistryError:
        pass  # what is damaged is said by what reads each object by itself
    else:
        return found if isinstance(found, Entry) else None
    return None


def _claims(
    guard: Guard, environment: str, shown: Entry, newest: Entry, refusals: dict[str, str]
) -> Iterator[Claim]:
    looks: dict[str, Callable[[], tuple[Status, str]]] = {
        SIGNATURES: lambda: _signatures(guard, shown, newest),
        THRESHOLD: lambda: _threshold(guard, shown),
        FRESHNESS: lambda: _freshness(guard, environment),
        MEMORY: lambda: _memory(guard),
    }
    for name, look in looks.items():
        if name in refusals:
            yield Claim(name, _GROUPS[name], "failed", refusals[name])
            continue
        try:
            status, detail = look()
        except (Untrusted, RegistryError) as error:
            told = str(error) in refusals.values()
            status = "none" if told else "failed"
            detail = "whose signatures count can't be told" if told else str(error)
        yield Claim(name, _GROUPS[name], status, detail)


def _signatures(guard: Guard, shown: Entry, newest: Entry) -> tuple[Status, str]:
    signers = guard.signers("release", shown.digest)
    if signers is None:
        return (
            "warned",
            "no keys are pinned: whoever may write to the registry decides what is said",
        )
    who = ", ".join(_named(guard, sorted(signers)))
    if shown.seq != newest.seq:
        proposed = f"entry {shown.seq} is signed by {who}; those after it wait for signatures"
        return "warned", proposed
    if not signers:
        return "none", f"entry {shown.seq} is a {shown.kind}, which counts without"
    return "ok", f"entry {shown.seq} and the environment are signed; the entry by {who}"


def _threshold(guard: Guard, shown: Entry) -> tuple[Status, str]:
    keys, standing = guard.keys, guard.standing
    if keys is None or standing is None:
        return "none", "no keys are pinned"
    found = len(guard.signers("release", shown.digest) or ())
    by = "the pinned ones"
    if standing.statement is not None:
        by = f"those of trust statement {standing.statement.seq}"
    if standing.pending is not None:
        return "warned", standing.pending
    return "ok", f"{found} of the {keys.threshold} that are needed of {len(keys.keys)} keys, {by}"


def _freshness(guard: Guard, environment: str) -> tuple[Status, str]:
    from datetime import datetime  # noqa: PLC0415 - where it is looked at

    if guard.keys is None:
        return "none", "without keys no snapshot counts"
    snapshot = guard.snapshot(environment)
    if snapshot is None:
        return "warned", f"no signed snapshot says what is newest in {environment}"
    said = f"snapshot {snapshot.seq} of {snapshot.time} has nothing newer"
    if guard.trust.clock() >= datetime.fromisoformat(snapshot.expires).timestamp():
        return "warned", f"{said}, and expired at {snapshot.expires}"
    return "ok", f"{said}; it expires at {snapshot.expires}"


def _memory(guard: Guard) -> tuple[Status, str]:
    if guard.trust.memory is None:
        return "none", "nothing is remembered here"
    return "ok", "nothing is older than what this machine saw, or other than that"


def _named(guard: Guard, keyids: list[str]) -> Iterator[str]:
    """The keys' owners, as the trust statement calls them."""
    statement = None if guard.standing is None else guard.standing.statement
    owners = {}
    if statement is not None:
        owners = {key.keyid: statement.names[key.line] for key in statement.trusted.keys}
    for keyid in keyids:
        yield f"{owners[keyid]} ({keyid})" if keyid in owners else keyid
