"""
What an answer of the API means: the send table, and the API's own words.

Pure: no connection, no clock. A dial that was asked for is accepted, rejected, deferred, not
sent, or of unknown outcome; everything that isn't certainly one of the first four is the last.
The key is taken out of all that leaves here.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from dialform.errors import (
    ApiError,
    Deferred,
    NotSent,
    OutcomeUnknown,
    Rejected,
    SettingError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ANSWER = 8 * 1024 * 1024
"""Bytes of an answer that are read."""

MAX_WORDS = 4096
"""Bytes of the API's own words that an error keeps."""

_SHOWN_WORDS = 600
"""Characters of them that a message shows."""

_PERHAPS_DONE = frozenset({408, 409, 425, 499})
"""4xx that don't say that nothing was done."""

_TOO_MANY = 429

_ADVICE = {
    401: "The key is not one of this workspace: check the key variable",
    403: "The key may not do this: check the key variable, and the key's rights",
    404: "There is no such object in this workspace: check the id and the workspace's URL",
    405: "Check the workspace's URL",
    413: "The request is too large: shorten it",
}


@dataclass(frozen=True, slots=True)
class Created:
    """A dial that the API accepted."""

    dial_id: str
    session_id: str | None
    dial_token: str | None = field(repr=False)
    """Opens this dial's session, so it is in no repr."""

    status: int
    """200; 409 for a dial that existed already."""

    answer: bytes = field(repr=False)
    """The body of the answer."""


@dataclass(slots=True)
class Answer:
    """What came of one request, as far as it came."""

    method: str
    url: str
    """The API's base URL."""

    path: str
    key: str = field(repr=False)
    status: int | None = None
    """None: no status line came."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytearray = field(default_factory=bytearray, repr=False)
    complete: bool = False
    """Whether the whole body came."""

    sent: bool = True
    """False: certainly not a byte of the request left."""

    trouble: str = ""
    """What went wrong below HTTP."""

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        """The status line and the headers came."""
        self.status = status
        self.headers = headers

    def take(self, chunk: bytes) -> bool:
        """A piece of the body came; False: enough."""
        self.body += chunk
        return len(self.body) <= MAX_ANSWER

    def fail(self, error: Exception, *, sent: bool) -> None:
        """The connection, or what came over it, broke."""
        self.sent = sent
        self.trouble = str(error) or type(error).__name__

    @property
    def request(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def may_pass(self) -> bool:
        """Whether the same GET may well be answered a little later."""
        return self.status is None or self.status == _TOO_MANY or self.status >= 500 or self._cut  # noqa: PLR2004 - server errors

    @property
    def retry_after(self) -> float | None:
        """The API's Retry-After, in seconds from its own Date."""
        return retry_after(self.headers.get("retry-after"), self.headers.get("date"))

    @property
    def accepted(self) -> bool:
        """Whether the status is one of success."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's 2xx

    @property
    def _cut(self) -> bool:
        return self.accepted and not self.complete

    def words(self) -> str:
        """The API's own words, without the key: what its error body says, else the body."""
        text = scrub(bytes(self.body).decode("utf-8", "replace"), self.key)
        said = scrub(_said(text), self.key)
        return (said or text).strip().encode()[:MAX_WORDS].decode("utf-8", "ignore")

    def describe(self) -> str:
        """Request and answer, for a message."""
        where = f"{self.method} {self.url}{self.path}"
        trouble = scrub(self.trouble, self.key)
        if self.status is None:
            return f"{where}: {trouble}"
        words = _printable(self.words())[:_SHOWN_WORDS]
        rest = f": {words}" if words else ""
        broke = f" (the answer broke off: {trouble or 'too long or too slow'})"
        return f"{where}: {self.status}{rest}{'' if self.complete else broke}"


def created(answer: Answer, *, idempotent: bool = False) -> Created:
    """The dial that ``POST /dials`` created. Raises as the send table has it."""
    more: dict[str, Any] = {"request": answer.request, "status": answer.status}
    more["words"] = answer.words()
    what = answer.describe()
    status = answer.status
    if not answer.sent:
        raise NotSent(f"{what}; nothing was sent, it may be tried again", **more)
    if status is None:
        raise OutcomeUnknown(
            f"{what}; the dial was sent but no answer came: a phone may be ringing. "
            "It is not sent again by itself",
            **more,
        )
    earlier = idempotent and status == 409  # noqa: PLR2004 - Conflict
    if answer.accepted or earlier:
        dial = _dial_of(answer, status)
        if dial is not None:
            return dial
        raise OutcomeUnknown(
            f"{what}; no dial id can be read from the answer"
            f"{' although the dial exists' if earlier else ''}: a phone may be ringing. "
            "It is not sent again by itself",
            **more,
        )
    if status == _TOO_MANY:
        raise Deferred(
            f"{what}; nothing rings. Too many dials at once: try again {_when(answer.retry_after)}",
            retry_after=answer.retry_after,
            **more,
        )
    if 300 <= status < 500 and status not in _PERHAPS_DONE:  # noqa: PLR2004 - HTTP's 3xx and 4xx
        raise Rejected(f"{what}; nothing rings. {_advice(answer, status)}", **more)
    raise OutcomeUnknown(
        f"{what}; this does not say that no dial was created: a phone may be ringing. "
        "It is not sent again by itself",
        **more,
    )


def value(answer: Answer) -> Any:
    """The JSON value of any other request's answer. Raises ApiError and its kin."""
    more: dict[str, Any] = {"request": answer.request, "status": answer.status}
    more["words"] = answer.words()
    what = answer.describe()
    if not answer.sent:
        raise NotSent(f"{what}; check the URL and the network", **more)
    if answer.status is None:
        raise ApiError(f"{what}; no answer came, try again later", **more)
    if answer.accepted and answer.complete:
        if not answer.body.strip():
            return None
        found = _json(bytes(answer.body))
        if found is _UNREADABLE:
            raise ApiError(
                f"{what}; the answer is not JSON: is this the base URL of the Vogent API?", **more
            )
        return found
    if answer.status == _TOO_MANY:
        raise Deferred(
            f"{what}; try again {_when(answer.retry_after)}",
            retry_after=answer.retry_after,
            **more,
        )
    if 300 <= answer.status < 500:  # noqa: PLR2004 - HTTP's 3xx and 4xx
        raise Rejected(f"{what}; {_advice(answer, answer.status)}", **more)
    raise ApiError(f"{what}; try again later", **more)


def _dial_of(answer: Answer, status: int) -> Created | None:
    """The dial in a body; None: there is no readable one."""
    if not answer.complete:
        return None
    data = bytes(answer.body)
    found = _json(data)
    if not isinstance(found, dict):
        return None
    dial_id = found.get("dialId")
    if not isinstance(dial_id, str) or not dial_id.strip() or not dial_id.isprintable():
        return None
    session, token = found.get("sessionId"), found.get("dialToken")
    return Created(
        dial_id=dial_id,
        session_id=session if isinstance(session, str) else None,
        dial_token=token if isinstance(token, str) else None,
        status=status,
        answer=data.replace(answer.key.encode(), b"***"),
    )


_UNREADABLE = object()


def _json(data: bytes | str) -> Any:
    """The JSON value, or `_UNREADABLE`: an error's cause would hold the whole text."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return _UNREADABLE


def _advice(answer: Answer, status: int) -> str:
    if 300 <= status < 400:  # noqa: PLR2004 - HTTP's 3xx
        to = _printable(scrub(answer.headers.get("location", ""), answer.key))[:_SHOWN_WORDS]
        return f"It redirects to {to!r}, which is not followed: correct the workspace's URL"
    if status == 404 and answer.request == "POST /dials":  # noqa: PLR2004 - Not Found
        return "Check the workspace's URL, and that the ids are of this workspace"
    return _ADVICE.get(status, "Correct what it names")


def _when(seconds: float | None) -> str:
    return "later" if seconds is None else f"in {seconds:g} s"


def retry_after(text: str | None, date: str | None = None) -> float | None:
    """
    ``Retry-After`` in seconds; None where there is none that can be read.

    It may be a moment: then counted from ``date``, the answer's own Date.
    """
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        then = parsedate_to_datetime(text)
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return max(0.0, (then - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _said(text: str) -> str:
    """The message in an error body, whatever its shape; empty where none is found."""
    found = _json(text)
    return "; ".join(dict.fromkeys(_messages(found)))


def _messages(found: Any) -> list[str]:
    match found:
        case str():
            return [found] if found.strip() else []
        case list():
            return [message for one in found[:50] for message in _messages(one)]
        case dict():
            own = [
                message
                for name in ("message", "error", "errors", "detail", "msg", "error_description")
                if name in found
                for message in _messages(found[name])
            ]
            places = (found.get(name) for name in ("field", "path", "loc"))
            place = next((one for one in places if one is not None), None)
            if place is not None and own:
                dotted = ".".join(map(str, place)) if isinstance(place, list) else str(place)
                return [own[0] if dotted in own[0] else f"{dotted}: {own[0]}", *own[1:]]
            return own
        case _:
            return []


def scrub(text: str, key: str) -> str:
    """``text`` without the key, however it may be escaped."""
    for form in sorted({key, json.dumps(key)[1:-1], quote(key, safe="")}, key=len, reverse=True):
        text = text.replace(form, "***")
    return text


def _printable(text: str) -> str:
    """One line that a terminal can show: no control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def segment(name: str) -> str:
    """An id as a part of a path. Raises UsageError for what can't be one."""
    if not name.isprintable() or name in ("", ".", ".."):
        raise UsageError(f"{name!r} is not an id")
    return quote(name, safe="")


def checked_key(key: str) -> str:
    """The key. Raises SettingError, without the key, for what can't be one."""
    if not key or not all("!" <= letter <= "~" for letter in key):
        raise SettingError(
            "the API key is empty or has a blank, a line end or a letter that no key has; "
            "set the key variable to the key alone"
        )
    return key


def base_url(url: str) -> str:
    """The API's base URL, without a closing slash. Raises SettingError."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = None, ""
    if (
        parts is None
        or not url.isprintable()
        or " " in url
        or parts.scheme not in ("http", "https")
        or not host
    ):
        raise SettingError(
            f"workspace URL {_printable(url)!r}: write it as https://api.vogent.ai/api"
        )
    if parts.username is not None or parts.password is not None:
        raise SettingError(
            f"workspace URL of {host}: no user or password belongs in it; "
            "the key has a variable of its own"
        )
    if parts.query or parts.fragment:
        raise SettingError(f"workspace URL of {host}: nothing may follow the path")
    if parts.scheme == "http" and not _near(host):
        raise SettingError(f"workspace URL {url!r}: the key would be sent in clear; write https://")
    return url.rstrip("/")


def _near(host: str) -> bool:
    """Whether a host is this machine or of a private network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal", ".test"))
    return address.is_private or address.is_loopback
