"""
What callers of `dialform serve` are told of what went wrong: problem+json, with a status each.

Pure. The table of docs/outcomes.md is `STATUSES`, held by a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dialform.errors import (
    ApiError,
    CallRefused,
    Deferred,
    DialformError,
    InputError,
    LedgerError,
    NotSent,
    ObjectAbsent,
    OutcomeUnknown,
    Refused,
    RegistryError,
    Rejected,
    SettingError,
    UsageError,
)
from dialform.launcher.outcome import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

MEDIA_TYPE: Final = "application/problem+json"

STATUSES: Final[dict[type[DialformError], tuple[int, str]]] = {
    UsageError: (400, "wrong-request"),
    ObjectAbsent: (404, "no-such-preset"),
    Refused: (409, "refused"),
    InputError: (422, "wrong-input"),
    Deferred: (429, "deferred"),
    SettingError: (500, "setting"),
    Rejected: (502, "rejected"),
    NotSent: (503, "not-sent"),
    RegistryError: (503, "registry"),
    LedgerError: (503, "ledger"),
    OutcomeUnknown: (504, "unknown"),
}
"""Error -> HTTP status and ``type``; the first of an error's classes that is here counts."""

TITLES: Final = {
    400: "The request is not one",
    401: "The token or the signature is wrong",
    404: "There is no such thing",
    405: "Not with that method",
    409: "Refused, nothing was sent",
    413: "Too large",
    415: "Send JSON",
    422: "The call's number or inputs are wrong",
    429: "Not now, nothing rang",
    500: "The server can't serve",
    502: "The API refused, nothing rang",
    503: "Nothing was sent",
    504: "Unknown, a phone may ring",
}


def problem_of(error: DialformError) -> tuple[int, dict[str, Any], Mapping[str, str]]:
    """Status, body and headers for an error."""
    for kind in type(error).__mro__:
        if kind in STATUSES:
            status, name = STATUSES[kind]
            break
    else:
        status, name = 500, "error"
    more: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if isinstance(error, ApiError):
        more = {"apiStatus": error.status, "words": error.words}
    if isinstance(error, CallRefused):
        more = {"rule": error.rule, "due": moment(error.due)}
    if isinstance(error, Deferred) and error.retry_after is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after)))
    return status, problem(status, name, str(error), **more), headers


def problem(status: int, name: str, detail: str, **more: Any) -> dict[str, Any]:
    """The body: RFC 9457's fields, and whether the very request may be sent again."""
    return {
        "type": f"urn:dialform:{name}",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        **more,
    }
