"""
The envelope of a signature: DSSE, with the type of what is signed inside of what is signed.

Pure: bytes to value and back; no key. Signed is the pre-authentication encoding (PAE) of a type
and of an object's stored bytes. The type names the kind of object and the registry's id, so that
a signature of one kind, or of another registry, counts for nothing here. A signature stands
beside its object, one file for each key, so that signing alters nothing.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final, NamedTuple

from dialform.presets.canonical import Digest, NotCanonical, canonical, parse
from dialform.presets.canonical import digest as digest_of
from dialform.registry.documents import Damage

KINDS: Final = ("release", "environment", "evidence", "approval", "trust", "snapshot")
"""What can be signed: the objects that say something. Blobs and versions are named by those."""

SIGNATURE_BYTES: Final = 64
"""The length of an ed25519 signature."""

LARGEST: Final = 8 * 2**20
"""Bytes that an envelope has at most: nobody's file is read for hours."""


class Envelope(NamedTuple):
    """One signature of one object."""

    payload_type: str
    payload: bytes
    """The object's stored bytes."""

    keyid: str
    """Whose it says it is: a hint, and no more."""

    signature: bytes


def type_of(kind: str, registry_id: str) -> str:
    """The type of an object of that registry: ``application/vnd.dialform.release+json; ...``."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is none of {KINDS}")
    return f"application/vnd.dialform.{kind}+json; registry={registry_id}"


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed, for a payload of that type (`type_of`)."""
    name = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def rendered(envelope: Envelope) -> bytes:
    """The bytes to store."""
    return canonical(
        {
            "payload": base64.b64encode(envelope.payload).decode(),
            "payloadType": envelope.payload_type,
            "signatures": [
                {"keyid": envelope.keyid, "sig": base64.b64encode(envelope.signature).decode()}
            ],
        }
    )


def parsed(data: bytes) -> Envelope:
    """
    The envelope in stored bytes; whether its signature is good is not looked at.

    Raises:
        Damage: if they are no envelope in the one form that `rendered` gives.

    """
    try:
        value = parse(data)
    except NotCanonical as error:
        raise Damage("form", str(error)) from None
    envelope = Envelope(*_fields(value))
    if rendered(envelope) != data:  # pragma: no cover - the fields are held to their form
        raise Damage("form", "it is not in the form of an envelope")
    return envelope


def opened(data: bytes, expected: str, digest: Digest) -> tuple[bytes, bytes]:
    """
    What an envelope signs, and the signature.

    It is of the bytes of ``digest``, with the type ``expected``, or it is refused.
    What was signed is made anew from what is expected, so that nothing in ``data`` but the
    signature itself is relied on.

    Returns:
        The bytes that are to be verified (`pae`), and the signature over them.

    Raises:
        Damage: if it is no envelope, or of another type or other bytes.

    """
    if len(data) > LARGEST:
        raise Damage("form", f"it has {len(data)} bytes, more than an envelope takes")
    envelope = parsed(data)
    if envelope.payload_type != expected:
        raise Damage("place", f"it is of the type {envelope.payload_type!r}, not {expected!r}")
    if digest_of(envelope.payload) != digest:
        raise Damage("digest", "what it signs is not the object that stands there")
    return pae(expected, envelope.payload), envelope.signature


def decoded(text: object) -> bytes | None:
    """The bytes of base64 in its one canonical form; None for anything else."""
    if not isinstance(text, str) or not text.isascii():
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def _fields(value: Any) -> tuple[str, bytes, str, bytes]:
    if not isinstance(value, dict) or value.keys() != {"payload", "payloadType", "signatures"}:
        raise Damage("content", "it is no envelope: payload, payloadType and signatures")
    signatures = value["signatures"]
    one = signatures[0] if isinstance(signatures, list) and len(signatures) == 1 else None
    if not isinstance(one, dict) or one.keys() != {"keyid", "sig"}:
        raise Damage("content", "it has not exactly one signature: a keyid and a sig")
    payload, signature = decoded(value["payload"]), decoded(one["sig"])
    if payload is None or signature is None or len(signature) != SIGNATURE_BYTES:
        raise Damage("content", "its payload or its signature is not base64 as it is written")
    if not isinstance(value["payloadType"], str) or not isinstance(one["keyid"], str):
        raise Damage("content", "its payloadType or its keyid is no text")
    return value["payloadType"], payload, one["keyid"], signature
