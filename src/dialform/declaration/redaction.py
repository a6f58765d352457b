"""
What looks like a secret, and messages without it.

Pure. Patterns of keys and tokens that are known by their form, and the names of fields that
hold one; a secret that looks like any other text is not found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]

_SECRETS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a bearer token": r"\bBearer[ \t]+[A-Za-z0-9._~+/-]{16,}",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.",
    "an access key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "an API key": (
        r"\b(?:sk|pk|rk|key|elto|vogent)[-_](?:(?:live|test|prod|proj)[-_])?[A-Za-z0-9]{20,}\b"
    ),
    "a token": (
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|glpat-[A-Za-z0-9_-]{16,})"
    ),
    "a URL with a password": r"\b[a-z][a-z0-9+.-]*://[^\s/:@?#]+:[^\s/@?#]+@",
}
_SECRET = {what: re.compile(pattern) for what, pattern in _SECRETS.items()}
_ANY = re.compile("|".join(_SECRETS.values()))
_MACRO = re.compile(r"\{\{[^{}]+\}\}")
_SECRET_KEY = re.compile(
    r"(?i)(?:^|[_-])(?:password|passwd|secret|api[_-]?key|access[_-]?token|auth[_-]?token)$"
    r"|(?i:apiKey|accessToken|authToken|clientSecret)$"
)
_SHORTEST_SECRET = 8
_SECRET_SIGNS = ("Bearer", "eyJ", "xox", "glpat-", "-----BEGIN", "://")
_RUN = b"x" * 20  # letters and digits, as the other kinds of secret have
_RUNS = bytes(
    ord("x") if chr(code).isascii() and chr(code).isalnum() else ord(" ") for code in range(256)
)


def may_hold_secret(text: str) -> bool:
    """Whether `secrets_in` may find one: fast, and True for a few texts without."""
    runs = text.encode("utf-8", "surrogatepass").translate(_RUNS)
    return _RUN in runs or any(sign in text for sign in _SECRET_SIGNS)


def secrets_in(text: str) -> Iterator[tuple[int, str]]:
    """``(offset, what it looks like)`` of each secret in a text."""
    for what, pattern in _SECRET.items():
        for match in pattern.finditer(text):
            yield match.start(), what


def secret_in(text: str, path: Path = ()) -> str | None:
    """What kind of secret ``text`` looks like, or the value of a key named like one."""
    for _, what in secrets_in(text):
        return what
    key = path[-1] if path else None
    if isinstance(key, str) and _SECRET_KEY.search(key) and len(text) >= _SHORTEST_SECRET:
        return None if _MACRO.search(text) else "a secret"
    return None


def redacted(message: str) -> str:
    """``message`` with nothing in it that looks like a secret."""
    return _ANY.sub("[hidden]", message) if may_hold_secret(message) else message
