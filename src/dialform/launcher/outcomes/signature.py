"""
The signature of a webhook: the hex HMAC-SHA256 of its raw body, in ``X-Elto-Signature``.

Pure. It says that the bytes are the API's; it has no time in it, so whether they are new is for
those who keep events to say.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from dialform.errors import SettingError

HEADER = "x-elto-signature"
"""The header's name, in lower case."""

_HEX = re.compile(r"[0-9a-fA-F]{64}")


def signature_of(raw_body: bytes, secret: str) -> str:
    """
    The header's value for a body, as the API makes it.

    Raises:
        SettingError: the secret is empty: anybody could sign with that.

    """
    return _mac(raw_body, secret).hex()


def verify_signature(raw_body: bytes, header: str | None, secret: str) -> bool:
    """
    Whether ``header`` is the signature of exactly these bytes; False for none, or any other text.

    Raises:
        SettingError: the secret is empty.

    """
    expected = _mac(raw_body, secret)
    if header is None or not _HEX.fullmatch(header):
        return False
    return hmac.compare_digest(expected, bytes.fromhex(header))


def _mac(raw_body: bytes, secret: str) -> bytes:
    if not secret:
        raise SettingError(
            "the webhooks' signing secret is empty: take it from the workspace's API settings"
        )
    return hmac.new(secret.encode(), raw_body, hashlib.sha256).digest()
