"""
Whether a workspace honours idempotency keys: what two requests with one key showed.

Pure but for the client that `probe` is given. The probe places a browser dial, so that nobody's
phone rings. Its verdict is kept in the ledger, by the workspace's URL.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dialform.errors import ApiError, Deferred, NotSent, OutcomeUnknown, Rejected
from dialform.launcher.idempotency import CONFLICT, keyed
from dialform.presets.canonical import canonical

if TYPE_CHECKING:
    from dialform.api.client import Client, Created
    from dialform.launcher.ledger import Ledger

Verdict = Literal["honoured", "honoured-without-id", "ignored", "unclear"]

_MEANING = {
    "honoured": "the same key gave the same dial",
    "honoured-without-id": "the same key was refused as used, without the dial's id",
    "ignored": "the same key gave another dial: this API does not know the field",
    "unclear": "the answers say nothing certain",
}


class Probe(NamedTuple):
    """What a probe found."""

    verdict: Verdict
    at: str
    """When, in UTC."""

    workspace: str
    first: str
    """The first request's answer, in words."""

    second: str
    """The second's."""

    @property
    def honours(self) -> bool:
        """Whether a request made again with its key can't ring a second phone."""
        return self.verdict in ("honoured", "honoured-without-id")

    def __str__(self) -> str:
        """For a person."""
        return f"{self.verdict} ({_MEANING[self.verdict]}), probed at {self.at}"

    def as_json(self) -> dict[str, Any]:
        """As it is kept in the ledger."""
        return self._asdict()


def setting(workspace: str) -> str:
    """Where the ledger keeps the verdict on a workspace."""
    return f"idempotency:{workspace.rstrip('/')}"


def known(ledger: Ledger, workspace: str) -> Probe | None:
    """The verdict that the ledger has; None where nobody has probed."""
    kept = ledger.setting(setting(workspace))
    return None if kept is None else Probe(**json.loads(kept))


def keep(ledger: Ledger, probe: Probe) -> None:
    """Write the verdict down."""
    ledger.set(setting(probe.workspace), json.dumps(probe.as_json()))


def probe(client: Client, workspace: str, *, agent: str, key: str, at: str) -> Probe:
    """
    Ask for one browser dial twice with one key, and hang up what was placed.

    Args:
        client: of the workspace.
        workspace: its URL, as declarations have it.
        agent: the id of an agent of it.
        key: never used before.
        at: the time, in UTC.

    Raises:
        ApiError: the first request was refused or not answered, so there is nothing to learn.

    """
    body = keyed(canonical({"callAgentId": agent, "browserCall": True}), key)
    first = client.create_dial(body, idempotent=True)
    second: Created | ApiError
    try:
        second = client.create_dial(body, idempotent=True)
    except (Rejected, Deferred, NotSent, OutcomeUnknown) as error:
        second = error
    placed = {first.dial_id} | ({second.dial_id} if not isinstance(second, ApiError) else set())
    for dial_id in sorted(placed):
        with contextlib.suppress(ApiError):  # nobody joined it: it ends by itself
            client.hangup(dial_id)
    return Probe(_verdict(first, second), at, workspace, _told(first), _told(second))


def _verdict(first: Created, second: Created | ApiError) -> Verdict:
    if isinstance(second, ApiError):
        return "honoured-without-id" if second.status == CONFLICT else "unclear"
    if second.dial_id == first.dial_id:
        return "honoured"
    return "unclear" if second.status == CONFLICT else "ignored"


def _told(answer: Created | ApiError) -> str:
    """An answer in words; ids of dials stay out of them."""
    if isinstance(answer, ApiError):
        return f"{answer.status or 'no answer'}: {answer.words[:200]}"
    return f"{answer.status} with a dial id"
