"""
Idempotency keys: what makes two requests the same dial to the API, and a body without its key.

Pure. A key is a field of the body, so a body's *core* is what it says less the key: the same
call made again has the same core and another key. A dial's key follows from what the ledger
knows of it before it is sent, and from nothing that is fixed or mistaken later: a campaign that
goes on with another version of its preset rings nobody again.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from dialform.presets.canonical import Digest, canonical, digest, parse

FIELD = "idempotencyKey"
"""API: 1 to 255 characters, in editions of the API that know it."""

CONFLICT = 409
"""The API's answer to a key that is in use."""

EXISTED = "existed: the API answered 409, so it has a dial with this call's own key"
"""Evidence that a phone rings or rang, whether the answer names the dial or not."""

_PREFIX = "df1:"
_LENGTH = 40


class Core(NamedTuple):
    """A body without its key."""

    body: bytes
    digest: Digest
    key: str | None
    """The key that was taken out; None where there was none."""


def key_of_dial(identifier: str) -> str:
    """The key of a single dial, by the ledger's own id of it."""
    return _key(identifier)


def key_of_attempt(ledger: str, campaign: str, person: str, attempt: int) -> str:
    """The key of a campaign's attempt at a person, by the ids of ledger and campaign."""
    return _key("\0".join((ledger, campaign, person, str(attempt))))


def keyed(body: bytes, key: str) -> bytes:
    """The canonical bytes of ``body`` with ``key``, in the place of one it may have."""
    return canonical({**parse(body), FIELD: key})


def core_of(body: bytes) -> Core:
    """``body`` without its key, in canonical form."""
    value = parse(body)
    key = value.pop(FIELD, None)
    data = canonical(value)
    return Core(data, digest(data), key)


def _key(text: str) -> str:
    import base64  # noqa: PLC0415 - where a key is made; `dial` starts without it

    hashed = hashlib.sha256(text.encode()).digest()
    return _PREFIX + base64.b32encode(hashed).decode()[:_LENGTH]
