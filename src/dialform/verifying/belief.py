"""
Whether a release is to be believed: whose signatures it has, and whether it is the newest.

Asks the registry as a launcher does, with the same keys and the same memory, and sorts what that
refuses by what it is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from dialform.api.location import is_loopback
from dialform.errors import RegistryError, Untrusted
from dialform.launcher.resolve import environment_of
from dialform.verifying.claims import Claim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dialform.launcher.resolve import Reference
    from dialform.registry import Entry, Registry
    from dialform.registry.trust.guard import Guard
    from dialform.verifying.claims import Group, Status

_T = TypeVar("_T")
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
    document = _asked(refusals, lambda: environment_of(registry, environment))
    shown = live if live is not None and not named else entry
    looking = _Looking(guard, environment, shown, entry, document, refusals)
    claims = tuple(looking.claims())
    return Belief(shown, claims)


def _asked(refusals: dict[str, str], ask: Callable[[], _T | None]) -> _T | None:
    """What the registry gives; what it refuses is noted by what it is about."""
    try:
        return ask()
    except Untrusted as error:
        refusals.setdefault(_ABOUT.get(error.rule, SIGNATURES), str(error))
    except RegistryError:
        pass  # what is damaged is said by what reads each object by itself
    return None


class _Looking(NamedTuple):
    """What is looked at for the claims, and what was refused already."""

    guard: Guard
    environment: str
    shown: Entry
    """What a launcher calls."""

    newest: Entry
    document: Mapping[str, Any] | None
    """The environment's; None where it was refused or can't be read."""

    refusals: Mapping[str, str]

    def claims(self) -> Iterator[Claim]:
        """Each of them."""
        looks: dict[str, Callable[[], tuple[Status, str]]] = {
            SIGNATURES: self.signatures,
            THRESHOLD: self.threshold,
            FRESHNESS: self.freshness,
            MEMORY: self.memory,
        }
        for name, look in looks.items():
            if name in self.refusals:
                yield Claim(name, _GROUPS[name], "failed", self.refusals[name])
                continue
            try:
                status, detail = look()
            except (Untrusted, RegistryError) as error:
                told = str(error) in self.refusals.values()
                status = "none" if told else "failed"
                detail = "whose signatures count can't be told" if told else str(error)
            yield Claim(name, _GROUPS[name], status, detail)

    def signatures(self) -> tuple[Status, str]:
        """Who signed it."""
        shown = self.shown
        signers = self.guard.signers("release", shown.digest)
        if signers is None:
            if self.document is not None and is_loopback(self.document["workspace"]["url"]):
                return "none", "no keys are pinned, and the workspace is on this machine"
            return (
                "warned",
                "no keys are pinned: whoever may write to the registry decides what is said",
            )
        who = ", ".join(_named(self.guard, sorted(signers)))
        if shown.seq != self.newest.seq:
            said = f"entry {shown.seq} is signed by {who}; those after it wait for signatures"
            return "warned", said
        if not signers:
            return "none", f"entry {shown.seq} is a {shown.kind}, which counts without"
        return "ok", f"entry {shown.seq} and the environment are signed; the entry by {who}"

    def threshold(self) -> tuple[Status, str]:
        """Whether enough did."""
        keys, standing = self.guard.keys, self.guard.standing
        if keys is None or standing is None:
            return "none", "no keys are pinned"
        if standing.pending is not None:
            return "warned", standing.pending
        found = len(self.guard.signers("release", self.shown.digest) or ())
        by = "the pinned ones"
        if standing.statement is not None:
            by = f"those of trust statement {standing.statement.seq}"
        needed = f"{found} of the {keys.threshold} that are needed of {len(keys.keys)} keys, {by}"
        return "ok", needed

    def freshness(self) -> tuple[Status, str]:
        """Whether a snapshot says that there is nothing newer."""
        if self.guard.keys is None:
            return "none", "without keys no snapshot counts"
        snapshot = self.guard.snapshot(self.environment)
        if snapshot is None:
            return "warned", f"no signed snapshot says what is newest in {self.environment}"
        said = f"snapshot {snapshot.seq} of {snapshot.time} has nothing newer"
        if snapshot.is_expired(self.guard.trust.clock()):
            return "warned", f"{said}, and expired at {snapshot.expires}"
        return "ok", f"{said}; it expires at {snapshot.expires}"

    def memory(self) -> tuple[Status, str]:
        """Whether this machine saw a newer one."""
        if self.guard.trust.memory is None:
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
