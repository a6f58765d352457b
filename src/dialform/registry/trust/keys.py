"""
Ed25519 keys: how a public one is written and named, and whether it made a signature.

Touches nothing. `cryptography` is loaded where a signature is looked at, and not before: who has
no keys to verify with pays nothing.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from dialform.errors import SettingError
from dialform.registry.trust.envelope import decoded

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

PREFIX: Final = "ed25519:"
_RAW_BYTES = 32
_P = 2**255 - 19
_LOW_ORDER = frozenset(
    (
        *(0, 1, _P - 1),
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    )
)
"""The y of the points of which eight make zero: with such a key anybody's signature is good."""


class PublicKey(NamedTuple):
    """A public key. Two are the same if their bytes are."""

    raw: bytes
    """32 bytes."""

    @property
    def keyid(self) -> str:
        """The first 16 hex digits of the sha256 of the key: a name, and no proof of anything."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    @property
    def line(self) -> str:
        """As it is written: ``ed25519:`` and base64."""
        return PREFIX + base64.b64encode(self.raw).decode()

    def made(self, signature: bytes, message: bytes) -> bool:
        """
        Whether this key made that signature of that message.

        Raises:
            SettingError: `cryptography` is not installed.

        """
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - found by `loaded`

        try:
            loaded(self).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def public_key(text: str) -> PublicKey:
    """
    The key that a line like ``ed25519:BASE64`` holds.

    Raises:
        SettingError: it holds none.

    """
    fault = key_fault(text)
    if fault is not None:
        raise SettingError(f"the key {text[:80]!r} {fault}")
    return PublicKey(decoded(text.removeprefix(PREFIX)) or b"")


def key_fault(text: object) -> str | None:
    """Why ``text`` is no public key, to go on from its name; None if it is one."""
    if not isinstance(text, str) or not text.startswith(PREFIX):
        return f'is not written as "{PREFIX}..."; `dialform registry keygen` prints such a line'
    raw = decoded(text.removeprefix(PREFIX))
    if raw is None or len(raw) != _RAW_BYTES:
        return f"is not base64 of {_RAW_BYTES} bytes after {PREFIX}"
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _P or y in _LOW_ORDER:
        return "is a weak one, with which anybody could sign; make another"
    return None


def keys_of(text: str) -> tuple[str, ...]:
    """The lines in a setting, which has spaces, line ends or commas between them."""
    return tuple(text.replace(",", " ").split())


def loaded(key: PublicKey) -> Ed25519PublicKey:
    """The key as `cryptography` has it. Raises SettingError where that is not installed."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - late
            Ed25519PublicKey,
        )
    except ImportError:
        raise _missing() from None
    return Ed25519PublicKey.from_public_bytes(key.raw)


def private_key(seed: bytes) -> Ed25519PrivateKey:
    """The private key of 32 bytes. Raises SettingError where `cryptography` is not installed."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - late
            Ed25519PrivateKey,
        )
    except ImportError:
        raise _missing() from None
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_of(private: Ed25519PrivateKey) -> PublicKey:
    """The public half."""
    return PublicKey(private.public_key().public_bytes_raw())


def new_key() -> tuple[PublicKey, bytes]:
    """A new key: the public one, and the private one as PEM (PKCS8)."""
    import os  # noqa: PLC0415 - where a key is made

    private = private_key(os.urandom(_RAW_BYTES))
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - late
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return public_of(private), pem


def _missing() -> SettingError:
    return SettingError(
        "signatures need the package cryptography, which is not installed: "
        'pip install "dialform[signing]"'
    )
