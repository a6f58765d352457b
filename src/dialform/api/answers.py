"""
What an answer of the API means: the send table, and the API's own words.

Pure: no connection, no clock. A dial that was asked for is accepted, rejected, deferred, not
sent, or of unknown outcome; everything that isn't certainly one of the first four is the last.
The key is taken out of all that leaves here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dialform.api.words import UNREADABLE, parsed, printable, said, scrub
from dialform.errors import ApiError, Deferred, NotSent, OutcomeUnknown, Rejected

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

    @property
    def kept(self) -> bytes | None:
        """The answer without the dial token; None where it can't be told apart in it."""
        token = (self.dial_token or "").encode()
        if not token:
            return self.answer
        # A token that is written in another way, as with escapes, would stay in.
        return self.answer.replace(token, b"***") if token in self.answer else None


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

    def fail(self, error: BaseException, *, sent: bool) -> None:
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
        found = scrub(said(text), self.key)
        return (found or text).strip().encode()[:MAX_WORDS].decode("utf-8", "ignore")

    def describe(self) -> str:
        """Request and answer, for a message."""
        where = f"{self.method} {self.url}{self.path}"
        trouble = scrub(self.trouble, self.key)
        if self.status is None:
            return f"{where}: {trouble}"
        words = printable(self.words())[:_SHOWN_WORDS]
        rest = f": {words}" if words else ""
        broke = f" (the answer broke off: {trouble or 'too long or too slow'})"
        return f"{where}: {self.status}{rest}{'' if self.complete else broke}"


def created(answer: Answer, *, idempotent: bool = False) -> Created:
    """The dial that ``POST /dials`` created. Raises as the send table has it."""
    status = answer.status
    earlier = idempotent and status == 409  # noqa: PLR2004 - Conflict
    if status is not None and answer.sent and (answer.accepted or earlier):
        dial = _dial_of(answer, status)
        if dial is not None:
            return dial
    more: dict[str, Any] = {"request": answer.request, "status": status}
    more["words"] = answer.words()
    what = answer.describe()
    if not answer.sent:
        raise NotSent(f"{what}; nothing was sent, it may be tried again", **more)
    if status is None:
        raise OutcomeUnknown(
            f"{what}; the dial was sent but no answer came: a phone may be ringing. "
            "It is not sent again by itself",
            **more,
        )
    if answer.accepted or earlier:
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
    found = UNREADABLE
    if answer.sent and answer.accepted and answer.complete:
        found = parsed(bytes(answer.body)) if answer.body.strip() else None
        if found is not UNREADABLE:
            return found
    more: dict[str, Any] = {"request": answer.request, "status": answer.status}
    more["words"] = answer.words()
    what = answer.describe()
    if not answer.sent:
        raise NotSent(f"{what}; check the URL and the network", **more)
    if answer.status is None:
        raise ApiError(f"{what}; no answer came, try again later", **more)
    if answer.accepted and answer.complete:
        raise ApiError(
            f"{what}; the answer is not JSON: is this the base URL of the Vogent API?", **more
        )
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
    found = parsed(data)
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


def _advice(answer: Answer, status: int) -> str:
    if 300 <= status < 400:  # noqa: PLR2004 - HTTP's 3xx
        to = printable(scrub(answer.headers.get("location", ""), answer.key))[:_SHOWN_WORDS]
        return f"It redirects to {to!r}, which is not followed: correct the workspace's URL"
    if status == 404 and answer.request == "POST /dials":  # noqa: PLR2004 - Not Found
        return "Check the workspace's URL, and that the ids are of this workspace"
    return _ADVICE.get(status, "Correct what it names")


def _when(seconds: float | None) -> str:
    return "later" if seconds is None else f"in {seconds:g} s"


def talked(seconds: Any) -> float:
    """How long people talked, as ``durationSeconds`` has it; 0 where it says nothing readable."""
    try:
        found = float(seconds)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return found if math.isfinite(found) and found > 0 else 0.0


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
    then = date_of(text)
    if date:
        now = date_of(date)
    else:
        import time  # noqa: PLC0415 - rarely needed

        now = time.time()
    return None if then is None or now is None else max(0.0, then - now)


def date_of(text: str | None) -> float | None:
    """A moment as HTTP writes it, in seconds since 1970; None where it can't be read."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - rarely needed, and 6 ms

    try:
        found = parsedate_to_datetime(text or "")
        return None if found.tzinfo is None else found.timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
