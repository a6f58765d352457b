"""What a caller gets back: a `Dial`, and the errors for a ``once`` key that is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.errors import Deferred, NotSent, OutcomeUnknown, Refused, Rejected

if TYPE_CHECKING:
    from dialform.errors import ApiError, CallRefused
    from dialform.launcher.records import Record

FORMAT = "dialform.dial/1"
REQUEST = "POST /dials"


class Dial(NamedTuple):
    """A call that the API has accepted."""

    id: str
    """API: ``dialId``."""

    session_id: str | None
    """API: ``sessionId``."""

    dial_token: str | None
    """API: ``dialToken``, for browser calls. In no record: None when replayed."""

    environment: str
    preset: str
    version: int | None
    """None for the working tree's (``dialform try``): it has none."""

    release: int | None
    """The entry of the release log that it came from; None for the working tree's."""

    to: str | None
    """Who is called; None for a browser call."""

    from_number_id: str | None
    bound_digest: str
    request_digest: str
    """Of the exact bytes that were sent."""

    time: str
    """When it was written down, before it was sent. UTC."""

    replayed: bool
    """Whether an earlier call with the same ``once`` key placed it: this one sent nothing."""

    recorded: bool
    """False where the ledger could not be written after the call was accepted."""

    def __repr__(self) -> str:
        """Without the dial token."""
        who = self.to or "a browser"
        return f"Dial({self.id}: {self.preset} in {self.environment} to {who})"

    def as_json(self) -> dict[str, Any]:
        """What ``dialform dial --json`` prints. ``toNumber`` is ``to`` in the API's word."""
        return {
            "format": FORMAT,
            "outcome": "accepted",
            "dialId": self.id,
            "sessionId": self.session_id,
            "dialToken": self.dial_token,
            "environment": self.environment,
            "preset": self.preset,
            "version": self.version,
            "release": self.release,
            "unreleased": self.release is None,
            "to": self.to,
            "toNumber": self.to,
            "fromNumberId": self.from_number_id,
            "boundDigest": self.bound_digest,
            "requestDigest": self.request_digest,
            "time": self.time,
            "replayed": self.replayed,
            "recorded": self.recorded,
        }


OUTCOMES: dict[type[BaseException], str] = {
    NotSent: "not_sent",
    Rejected: "rejected",
    Deferred: "deferred",
    OutcomeUnknown: "unknown",
}
"""What each error means for the call, as the ledger and ``--json`` write it."""


def unplaced(error: ApiError, *, environment: str, preset: str, to: str | None) -> dict[str, Any]:
    """What ``dialform dial --json`` prints of a call that is no dial, or not known to be one."""
    return {
        "format": FORMAT,
        "outcome": OUTCOMES.get(type(error), "unknown"),
        "environment": environment,
        "preset": preset,
        "to": to,
        "toNumber": to,
        "status": error.status,
        "words": error.words,
        "message": str(error),
        "retryAfter": getattr(error, "retry_after", None),
    }


def refused(error: CallRefused, *, environment: str, preset: str, to: str | None) -> dict[str, Any]:
    """What ``dialform dial --json`` prints of a call that the environment's rules don't allow."""
    return {
        "format": FORMAT,
        "outcome": "refused",
        "environment": environment,
        "preset": preset,
        "to": to,
        "toNumber": to,
        "rule": error.rule,
        "due": moment(error.due),
        "message": str(error),
    }


def moment(seconds: float | None) -> str | None:
    """A time in UTC as JSON has it: ``2026-11-28T19:00:00Z``; None where there is none."""
    from datetime import UTC, datetime  # noqa: PLC0415 - where a call is refused

    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def replayed(record: Record, *, preset: str, to: str | None) -> Dial:
    """
    The first outcome of the ``once`` key that ``record`` took, for a call of ``preset`` to ``to``.

    Raises:
        Refused: the key was used for another number or another preset; or for a call that
            somebody settled as one that rang.
        OutcomeUnknown: what came of the first is not known; it is not sent again.

    """
    whom = record.to or "a browser"
    first = f"once key {record.once!r} was used at {record.reserved_at} in {record.environment}"
    if (record.to, record.preset) != (to, preset):
        raise Refused(
            f"{first} to call {whom} with {record.preset}; this would call {to or 'a browser'} "
            f"with {preset}: one key is for one call; give each call its own. Nothing was sent"
        )
    if record.state == "accepted" and record.dial_id is None:
        raise Refused(
            f"{first} to call {whom}, and that rang, as {record.settled_by or 'somebody'} found "
            "out; its dial id is not known. Nothing was sent; use another key to call again"
        )
    if record.state != "accepted" or record.dial_id is None:
        words = f" ({record.words})" if record.words else ""
        raise OutcomeUnknown(
            f"{first} to call {whom}, and what came of it is not known{words}: a phone may have "
            "rung. It is not sent again; look in the workspace's list of calls, and use "
            "another key only if it did not ring",
            request=REQUEST,
            status=record.status,
            words=record.words or "",
        )
    return Dial(
        id=record.dial_id,
        session_id=record.session_id,
        dial_token=None,
        environment=record.environment,
        preset=record.preset,
        version=record.version,
        release=record.release,
        to=record.to,
        from_number_id=record.from_number_id,
        bound_digest=record.bound_digest,
        request_digest=record.body_digest,
        time=record.reserved_at,
        replayed=True,
        recorded=True,
    )
