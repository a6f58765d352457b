"""
Signing what the registry holds: the object first, its signature beside it.

A signature says that its key's owner lets the object count. So before an entry is signed it is
held to the log's rules, down to what this signer or the threshold has signed: what an entry takes
over from the one before it, as a resume does, would be signed with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dialform.errors import Untrusted
from dialform.presets.canonical import digest as digest_of
from dialform.registry import names
from dialform.registry.documents import Damage
from dialform.registry.entries import MOVING
from dialform.registry.transitions import succession_fault
from dialform.registry.trust.envelope import opened, type_of

if TYPE_CHECKING:
    from dialform.presets.canonical import Digest
    from dialform.registry.entries import Entry
    from dialform.registry.logs import Log
    from dialform.registry.place import Place
    from dialform.registry.trust.guard import Guard
    from dialform.registry.trust.keys import PublicKey
    from dialform.registry.trust.signers import Signer

STARTING: Final = MOVING | {"resume"}
"""The kinds that start or move calls, and so count only where they are signed."""


def sign(place: Place, kind: str, data: bytes, signer: Signer) -> bool:
    """
    Put the signer's signature beside an object; False if it stands there.

    Raises:
        SettingError: the signer can't sign.
        ObjectCorrupt: something else stands in its place.

    """
    public, expected, of = signer.public, type_of(kind, place.require()), digest_of(data)
    key = names.signature_key(of, public.keyid)
    there = place.store.read(key)
    if there is None and place.store.create(key, signer.envelope(expected, data)):
        return True
    there = place.demand(key) if there is None else there
    if not _is_good(there, expected, of, public):
        raise place.damaged(key, f"it is no signature of that object by {public.line}")
    return False


def signature_fault(
    place: Place, log: Log, entry: Entry, public: PublicKey, guard: Guard | None
) -> str | None:
    """Why ``public`` should not sign an entry that is or will be in ``log``; None if it may."""
    kind, content = entry.kind, (entry.version, entry.preset_digest, entry.bound_digest)
    inherits = kind not in MOVING
    while entry.seq > 1:
        before = log.at(entry.seq - 1)
        fault = succession_fault(before, entry)
        if fault is not None:
            return f"of {entry.describe()}: {fault}"
        if _is_signed(place, before, public, guard):
            return None
        if inherits and before.kind in MOVING:
            return (
                f"a {kind} goes on with version {content[0]} of {before.describe()}, which is "
                "not signed; sign or release that first"
            )
        entry = before
    fault = succession_fault(None, entry)
    return None if fault is None else f"of {entry.describe()}: {fault}"


def check_startable(log: Log, entry: Entry, fault: str | None) -> None:
    """
    Refuse to write what starts calls and could not be signed.

    Raises:
        Untrusted: ``fault`` says why.

    """
    if fault is not None and entry.kind in STARTING:
        raise Untrusted(
            f"{entry.kind} of {log.preset} in {log.environment} was not written: {fault}",
            rule="unsigned",
        )


def _is_signed(place: Place, entry: Entry, public: PublicKey, guard: Guard | None) -> bool:
    """Whether ``public`` itself, or the threshold, signed an entry."""
    data = place.store.read(names.signature_key(entry.digest, public.keyid))
    expected = type_of("release", place.require())
    if data is not None and _is_good(data, expected, entry.digest, public):
        return True
    return guard is not None and guard.keys is not None and guard.counts(entry)


def _is_good(data: bytes, expected: str, digest: Digest, public: PublicKey) -> bool:
    try:
        message, signature = opened(data, expected, digest)
    except Damage:
        return False
    return public.made(signature, message)
