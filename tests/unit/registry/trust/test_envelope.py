"""The envelope: what exactly is signed, and what is not taken for a signature."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from dialform.presets.canonical import canonical, digest
from dialform.registry.documents import Damage
from dialform.registry.trust.envelope import (
    KINDS,
    Envelope,
    decoded,
    opened,
    pae,
    parsed,
    rendered,
    type_of,
)

STORED = b'{"format":"dialform.release/1","seq":1}'
TYPE = type_of("release", "5d2c")
GOOD = Envelope(TYPE, STORED, "0" * 16, bytes(64))


def changed(**fields: Any) -> bytes:
    """The good envelope with other fields, in canonical form."""
    return canonical(json.loads(rendered(GOOD)) | fields)


def one(**fields: Any) -> list[dict[str, Any]]:
    return [json.loads(rendered(GOOD))["signatures"][0] | fields]


def test_what_is_signed_is_dsse_s_encoding() -> None:
    """The example of the DSSE specification, and a multi-byte type: lengths are of bytes."""
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("é", b"") == "DSSEv1 2 é 0 ".encode()


def test_types_are_apart_by_kind_and_by_registry() -> None:
    found = {type_of(kind, registry) for kind in KINDS for registry in ("a", "b")}
    assert len(found) == 2 * len(KINDS)
    with pytest.raises(ValueError, match="blob"):
        type_of("blob", "a")


@given(st.binary(max_size=300), st.binary(min_size=64, max_size=64), st.text(max_size=9))
def test_what_is_written_is_read(payload: bytes, signature: bytes, keyid: str) -> None:
    envelope = Envelope(TYPE, payload, keyid, signature)
    assert parsed(rendered(envelope)) == envelope
    assert opened(rendered(envelope), TYPE, digest(payload)) == (pae(TYPE, payload), signature)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "form"),
        (b"{", "form"),
        (b" " + rendered(GOOD), "form"),
        (rendered(GOOD) + b"\n", "form"),
        (json.dumps(json.loads(rendered(GOOD))).encode(), "form"),
        (b"[1]", "content"),
        (changed(more=1), "content"),
        (changed(payload=1), "content"),
        (changed(payloadType=1), "content"),
        (changed(signatures=[]), "content"),
        (changed(signatures=one() * 2), "content"),
        (changed(signatures=one(cert="x")), "content"),
        (changed(signatures=one(keyid=7)), "content"),
        (changed(signatures=one(sig=base64.b64encode(bytes(63)).decode())), "content"),
        (changed(signatures=one(sig=base64.b64encode(bytes(65)).decode())), "content"),
        (changed(payload=base64.b64encode(STORED).decode() + "\n"), "content"),
        (changed(payloadType=type_of("environment", "5d2c")), "place"),
        (changed(payloadType=type_of("release", "other")), "place"),
        (changed(payload=base64.b64encode(STORED + b" ").decode()), "digest"),
        (rendered(GOOD._replace(payload=bytes(8 * 2**20))), "form"),
    ],
)
def test_anything_else_is_no_signature_of_it(data: bytes, rule: str) -> None:
    with pytest.raises(Damage) as found:
        opened(data, TYPE, digest(STORED))
    assert found.value.rule == rule


@pytest.mark.parametrize("text", ["YQ", "YR==", "YQ==\n", " YQ==", "YQ=", "Y-==", "é", None, 7])
def test_base64_has_one_form(text: object) -> None:
    """``YR==`` decodes to what ``YQ==`` does: with both allowed one signature would be two."""
    assert decoded("YQ==") == b"a"
    assert decoded(text) is None


def test_every_flipped_bit_of_an_envelope_is_seen() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    good = rendered(GOOD._replace(signature=private.sign(pae(TYPE, STORED))))
    for index in range(len(good)):
        data = bytearray(good)
        data[index] ^= 1
        try:
            message, signature = opened(bytes(data), TYPE, digest(STORED))
        except Damage:
            continue
        # What is left is the hint, which nobody relies on, and the signature itself.
        is_hint = parsed(bytes(data)).keyid != GOOD.keyid
        assert is_hint or signature != private.sign(message), index
