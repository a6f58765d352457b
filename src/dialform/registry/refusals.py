"""
What an object store's answer means, from the error that obstore makes of it.

Pure. obstore has few kinds of errors and puts the answer into their text, which may also hold a
signed URL or a key's name: of the text only the status, the store's own code and its sentence
are taken.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z0-9_.-]{1,80})</Code>")
_MESSAGE = re.compile(r"<Message>([^<]{1,400})")
_JSON_MESSAGE = re.compile(r'"message"\s*:\s*"([^"]{1,400})"')
_SIGNED = re.compile(r"\?\S+")

_NO_BUCKET: Final = frozenset(("NoSuchBucket", "ContainerNotFound", "ResourceNotFound"))
_BUSY: Final = frozenset((408, 425, 429))
_FORBIDDEN: Final = frozenset((401, 403))
_SERVER: Final = 500
_MISSING: Final = 404

_HINTS: Final = (
    ("without LOCATION", "it answers for another region: set AWS_REGION to the bucket's"),
    ("kind: Timeout", "it did not answer in time"),
    ("TimedOut", "it did not answer in time"),
    ("kind: Connect", "no connection"),
    ("body error", "its answer broke off"),
    ("decoding response body", "its answer broke off"),
    ("end of file", "its answer broke off"),
    ("builder error", "plain http is only for loopback: set AWS_ALLOW_HTTP=true to allow it"),
    ("dns error", "its name can't be resolved"),
    ("error sending request", "no connection"),
    ("metadata", "no credentials: none in the environment, and this machine has no role"),
    ("IMDS", "no credentials: none in the environment, and this machine has no role"),
)


class Refusal(NamedTuple):
    """Why a request did not do what it was made for."""

    status: int | None
    """The HTTP status; None where there was no answer."""

    code: str | None
    """The store's own word, as ``NoSuchBucket``."""

    words: str
    """All of it for a person, without keys."""

    @property
    def no_bucket(self) -> bool:
        """The store says that there is no such bucket."""
        return self.code in _NO_BUCKET

    @property
    def forbidden(self) -> bool:
        """The credentials are wrong, or may not do this."""
        return self.status in _FORBIDDEN

    @property
    def certain(self) -> bool:
        """The store answered, and says that it did nothing and won't: a 4xx."""
        status = self.status
        return status is not None and status < _SERVER and status not in _BUSY


def refusal(error: BaseException) -> Refusal:
    """What ``error``, one of obstore's, says."""
    text = str(error).partition("Debug source")[0]
    status = _STATUS.search(text)
    code = _CODE.search(text)
    message = _MESSAGE.search(text) or _JSON_MESSAGE.search(text)
    if status is None and code is None:
        kind = next((words for sign, words in _HINTS if sign in str(error)), None)
        return Refusal(None, None, kind or _plain(text))
    words = " ".join(
        part
        for part in (
            f"status {status[1]}" if status else "",
            code[1] if code else "",
            f"({_plain(message[1])})" if message else "",
        )
        if part
    )
    return Refusal(int(status[1]) if status else None, code[1] if code else None, words)


def _plain(text: str) -> str:
    """One line of it, without what stands behind a question mark in a URL."""
    line = " ".join(_SIGNED.sub("?...", text).split())
    return "".join(c if c.isprintable() else " " for c in line)[:300].rstrip(". ")
