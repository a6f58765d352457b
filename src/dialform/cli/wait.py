"""``dialform wait``: until calls have ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dialform.cli import context
from dialform.errors import OutcomeUnknown, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from dialform.cli.parser import Parser
    from dialform.launcher import Launcher
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.outcomes.follow import Seen
    from dialform.launcher.records import Record

OTHERWISE, NOT_ENDED = 10, 11
"""Exit codes: all ended, and not all as ``completed``; not all ended in time."""

_DESCRIPTION = """\
Wait until calls have ended: those with the given ids (the API's, the ledger's own, or once
keys), or all live ones of a campaign. Each is looked at after 5, 10, 20 and 30 seconds, then
every half minute until two minutes after its time limit; what webhooks told `dialform serve`
counts too. The ledger knows it then, and later `wait` and `results` ask nobody.
"""
_EPILOG = """\
exit codes of its own:
  0 all ended as completed | 10 all ended, some otherwise (busy, no answer, failed, ...)
  5 of one it is not known whether a phone rang | 11 not all have ended: --timeout, or given up
  4 the API refuses the key

examples:
  dialform wait 5f0c2b9e-... -s dev
  dialform wait visit-1138 -s prod --timeout 15m --json
  dialform wait --campaign autumn -s prod
"""


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``wait``."""
    parser = subparsers.add_parser(
        "wait", help="wait until calls have ended", description=_DESCRIPTION, epilog=_EPILOG
    )
    parser.add_argument("dials", metavar="DIAL", nargs="*", help="ids or once keys")
    context.add_stack(parser)
    parser.add_argument("--campaign", metavar="NAME", help="all live calls of a campaign")
    parser.add_argument("--timeout", metavar="TIME", help="wait no longer: 90s, 15m, 2h")
    context.add_registry(parser)
    context.add_ledger(parser)
    context.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look until they have ended, or time is up."""
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.launcher import Launcher  # noqa: PLC0415
    from dialform.launcher.campaign.settings import seconds  # noqa: PLC0415

    if bool(args.dials) == (args.campaign is not None):
        raise UsageError("say which dials, or --campaign NAME")
    deadline = None if args.timeout is None else time.time() + seconds(args.timeout)
    environment = context.environment_of(args)
    url, base = context.registry_location(args)
    with Launcher(
        url, environment, base=base, ledger=context.ledger_of(args), **context.pinned(args)
    ) as launcher:
        ledger = launcher.ledger
        records = _records(ledger, environment, args.dials, args.campaign)
        for seen in _followed(launcher, records, deadline):
            record = seen.record
            how = "given up" if seen.given_up else f"{record.call_status} {record.result or ''}"
            output.note(f"dial {record.dial_id} to {record.to or 'a browser'}: {how.strip()}")
        after = [ledger.record(one.id) or one for one in records]
    _tell(args, after)
    return _code(after)


def _records(
    ledger: Ledger, environment: str, identifiers: Iterable[str], campaign: str | None
) -> list[Record]:
    """The dials that are meant; all of a campaign, ended ones included."""
    if campaign is not None:
        known = ledger.campaign(environment, campaign)
        if known is None:
            from dialform.launcher.resolve import near  # noqa: PLC0415 - errors only

            names = [one.name for one in ledger.campaigns(environment)]
            raise UsageError(
                f"there is no campaign {campaign!r} in {environment}{near(campaign, names)}"
            )
        found = ledger.find(campaign=known.id, states=("accepted", "unknown"), limit=None)
        return found[::-1]
    asked = []
    for identifier in dict.fromkeys(identifiers):
        record = ledger.record(identifier) or ledger.taken(environment, identifier)
        if record is None or record.environment != environment:
            raise UsageError(
                f"the ledger {ledger.shown} has no dial {identifier!r} in {environment}; "
                "`dialform results --jsonl` lists what it has"
            )
        asked.append(record)
    return asked


def _followed(
    launcher: Launcher, records: Iterable[Record], deadline: float | None
) -> Iterable[Seen]:
    from dialform.launcher.outcomes.follow import (  # noqa: PLC0415 - when run
        Follower,
        follow,
        limits_of,
        look_at,
    )

    live = [one for one in records if one.dial_id is not None and one.seconds is None]
    if not live:
        return
    client = launcher.client()
    here = [one for one in live if one.workspace.rstrip("/") == client.url.rstrip("/")]
    if len(here) < len(live):
        from dialform.cli import output  # noqa: PLC0415 - rarely needed

        output.warning(
            f"{len(live) - len(here)} dials are of another workspace than the environment's is "
            f"now ({client.url}): they are not looked at"
        )
    follower = Follower(time.time)
    ledger = launcher.ledger
    for record, limit in limits_of(ledger, here):
        follower.add(record, limit=limit)

    def look(record: Record) -> Record:
        return look_at(ledger, lambda one: client.dial(one.dial_id or ""), record, time.time)

    def sleep(seconds: float) -> None:
        left = seconds if deadline is None else deadline - time.time()
        if left <= 0:
            raise _TimeIsUpError
        time.sleep(min(seconds, left))

    try:
        yield from follow(follower, look, sleep=sleep)
    except _TimeIsUpError:
        return


class _TimeIsUpError(Exception):
    """``--timeout`` is over."""


def _tell(args: argparse.Namespace, records: Iterable[Record]) -> None:
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.launcher.outcomes.shown import shown  # noqa: PLC0415

    if args.json:
        calls = [shown(one) for one in records]
        output.json_document({"format": "dialform.wait/1", "calls": calls})
        return
    rows: list[list[Any]] = [
        [
            one.dial_id or one.id,
            one.to,
            one.call_status or one.state,
            one.result,
            None if one.seconds is None else f"{one.seconds:.0f} s",
        ]
        for one in records
    ]
    output.table(["dial", "to", "status", "result", "talked"], rows)


def _code(records: Iterable[Record]) -> int:
    found = list(records)
    if any(one.state in ("unknown", "reserved") for one in found):
        return OutcomeUnknown.exit_code
    if any(one.state == "accepted" and one.ended_at is None for one in found):
        return NOT_ENDED
    return OTHERWISE if any(one.call_status != "completed" for one in found) else 0
