"""
What stands among a registry's signatures: each envelope, and the object that it is of.

Pure: for a reader of the whole registry, who knows which objects there are. Whose signatures
count is each reader's own affair; here a signature is held to the key that it names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dialform.errors import SettingError, UsageError
from dialform.presets.canonical import Digest
from dialform.presets.canonical import digest as digest_of
from dialform.registry import documents, names
from dialform.registry.documents import Damage
from dialform.registry.trust.envelope import KINDS, Envelope, pae, parsed, type_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dialform.registry.trust.keys import PublicKey

_FORMATS: Final = {
    "release": documents.RELEASE,
    "environment": documents.ENVIRONMENT,
    "evidence": documents.EVIDENCE,
    "approval": documents.APPROVAL,
    "trust": documents.TRUST,
    "snapshot": documents.SNAPSHOT,
}


class Signed(NamedTuple):
    """A signature that is in its place, whoever made it."""

    key: str
    """Where it stands."""

    of: str
    """Where the object stands, or stood, that it is of."""

    digest: Digest
    """That object's, as it was signed."""

    envelope: Envelope

    def fault(self, keys: Mapping[str, PublicKey]) -> str | None:
        """Why it is no signature by the key that it names; None if it is, or nobody can tell."""
        public = keys.get(self.envelope.keyid)
        if public is None:
            return None
        message = pae(self.envelope.payload_type, self.envelope.payload)
        try:
            made = public.made(self.envelope.signature, message)
        except SettingError:
            return None  # what verifies signatures is not installed
        return None if made else f"the key {public.keyid} did not make it"


def parse_signature(data: bytes, digest: Digest, keyid: str, registry_id: str) -> Signed:
    """
    The signature in stored bytes, of the object of that digest, by the key of that name.

    Raises:
        Damage: if they are not that, or of another registry.

    """
    envelope = parsed(data)
    if digest_of(envelope.payload) != digest:
        raise Damage("digest", "what it signs is not what its folder names")
    if envelope.keyid != keyid:
        raise Damage("place", f"it is by the key {envelope.keyid}")
    for kind in KINDS:
        if type_of(kind, registry_id) == envelope.payload_type:
            value = documents.unsealed(envelope.payload, _FORMATS[kind])
            key = names.signature_key(digest, keyid)
            return Signed(key, _place_of(kind, value), digest, envelope)
    raise Damage("place", f"its type {envelope.payload_type!r} is none of this registry's")


def _place_of(kind: str, value: dict[str, Any]) -> str:
    """Where an object of that content stands."""
    try:
        if kind == "trust":
            prefix = names.TRUST
        elif kind == "release":
            prefix = names.log_prefix(value["environment"], value["preset"])
        elif kind == "environment":
            prefix = names.environment_prefix(value["environment"])
        elif kind == "snapshot":
            prefix = names.snapshots_prefix(value["environment"])
        elif kind == "approval":
            prefix = names.approvals_prefix(value["environment"], Digest(value["digest"]))
        else:
            prefix = names.evidence_prefix(value["environment"], value["preset"], value["version"])
        return names.numbered(prefix, value["seq"])
    except (KeyError, TypeError, AttributeError, UsageError):
        raise Damage("content", f"what it signs is no {kind}") from None
