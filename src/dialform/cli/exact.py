"""``dialform replay --exact``: unknown outcomes, settled by the API's answer to their keys."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.cli import confirm, evidence, output
from dialform.errors import DialformError, OutcomeUnknown
from dialform.launcher.evidence import Stories, settling
from dialform.launcher.resolve import resolve

if TYPE_CHECKING:
    import argparse

    from dialform.api.client import Client
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Record
    from dialform.launcher.resolve import Released

FORMAT = "dialform.settled/1"


class _Ready(NamedTuple):
    """A call whose bytes may be sent again."""

    record: Record
    body: bytes
    released: Released


def run(args: argparse.Namespace, ledger: Ledger) -> int:
    """Settle one call, or all that may be; returns the exit code."""
    if args.dial is not None:
        ready = _ready(args, ledger, ledger.named(args.dial), {})
        whom = ready.record.to or "a browser"
        confirm.confirm(f"Send the identical bytes of the call to {whom} again?", yes=args.yes)
        with contextlib.ExitStack() as opened:
            settled = _settle(ledger, ready, {}, opened)
        if args.json:
            output.json_document({"format": FORMAT, "dials": [_document(settled, ready)]})
        else:
            output.data(_told(settled))
            output.note(f"sent again: {ready.record.body_digest}, {settled.evidence}")
        return 0
    return _run_all(args, ledger)


def _run_all(args: argparse.Namespace, ledger: Ledger) -> int:
    """One after another, whatever becomes of the others."""
    campaign = None if args.campaign is None else evidence.campaign_of(args, ledger)
    stories: dict[str, Stories] = {}
    found: list[_Ready] = []
    documents: list[dict[str, Any]] = []

    def tell(record: Record, what: str, document: dict[str, Any]) -> None:
        documents.append({"id": record.id, **document})
        if not args.json:
            output.data(output.line(f"{record.id} {what}"))

    for record in reversed(ledger.unknown(campaign, environment=args.stack)):
        try:
            found.append(_ready(args, ledger, record, stories))
        except DialformError as error:
            tell(record, f"refused: {error}", {"refused": str(error)})
    if found:
        calls = "1 call" if len(found) == 1 else f"{len(found)} calls"
        confirm.confirm(f"Send the identical bytes of {calls} again?", yes=args.yes)
    clients: dict[str, Client] = {}
    settled = 0
    with contextlib.ExitStack() as opened:
        for ready in found:
            try:
                record = _settle(ledger, ready, clients, opened)
            except DialformError as error:
                tell(ready.record, f"still unknown: {error}", {"unknown": str(error)})
            else:
                settled += 1
                tell(record, _told(record), _document(record, ready))
    if args.json:
        output.json_document({"format": FORMAT, "dials": documents})
    left = len(documents) - settled
    output.note(f"{settled} settled, {left} of unknown outcome left")
    return OutcomeUnknown.exit_code if left else 0


def _ready(
    args: argparse.Namespace, ledger: Ledger, record: Record, stories: dict[str, Stories]
) -> _Ready:
    """The bytes of a call and its release. Raises Refused where they may not be sent."""
    if record.environment not in stories:
        registry = evidence.registry_for(args, record.environment, trusting=True)
        stories[record.environment] = Stories(ledger, registry)
    told = stories[record.environment]
    story = told.of(record)
    settling.refuse_settled(record, now=time.time())
    name = f"{record.preset}@{record.bound_digest}"
    released = resolve(told.registry, record.environment, name)
    body = settling.checked(ledger, story, released, now=time.time())
    return _Ready(record, body, released)


def _settle(
    ledger: Ledger, ready: _Ready, clients: dict[str, Client], opened: contextlib.ExitStack
) -> Record:
    from dialform.api.client import Client  # noqa: PLC0415 - httpx, where something is sent
    from dialform.launcher.keys import key_of  # noqa: PLC0415

    environment, released = ready.record.environment, ready.released
    if environment not in clients:
        key = key_of(released.keyvar, None, os.environ)
        client = Client(released.bound["workspace"], key)
        clients[environment] = opened.enter_context(client)
    return settling.settle(ledger, clients[environment], ready.record, ready.body)


def _told(record: Record) -> str:
    which = f"dial {record.dial_id}" if record.dial_id else "the API does not tell its id"
    return f"settled: the call was placed, {which}"


def _document(record: Record, ready: _Ready) -> dict[str, Any]:
    return {
        "id": record.id,
        "dialId": record.dial_id,
        "state": record.state,
        "settledBy": record.settled_by,
        "evidence": record.evidence,
        "requestDigest": ready.record.body_digest,
    }
