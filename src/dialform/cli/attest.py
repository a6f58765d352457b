"""``dialform attest``: read dials back and compare them with what was released and sent."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dialform.cli import evidence
from dialform.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from dialform.cli.parser import Parser
    from dialform.launcher.evidence import Attestation, Check
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Record

FORMAT = "dialform.attest/1"
_DESCRIPTION = """\
Read dials back from the API and say whether they are what was released and sent.

Of each dial: that the recorded bytes are those that its release gives for that number and those
inputs; and that agent, prompt version, voice, numbers and inputs are what the API shows. Prints a
line per dial, MATCH or the fields that differ, and a tally."""
_EPILOG = """\
A field that the API does not show is said as "not shown", one that the request leaves to the
workspace (a number of a pool, the agent's own voice) as "not declared": neither differs.

exit codes:
  0 all match   1 a dial differs, or can't be read back

examples:
  dialform attest 57555c5e-8a48-4a0f-b8a4-5c4d1a3f0b1e
  dialform attest --since 24h
  dialform attest --campaign october-reminders --json
"""
_AT_ONCE = 8
_SHOWN = 60


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``attest``."""
    parser = subparsers.add_parser(
        "attest",
        help="compare dials with what was released and sent",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    evidence.add_dial(parser, optional=True)
    parser.add_argument("--since", metavar="TIME", help="all dials of the last 30m, 24h, 7d")
    parser.add_argument(
        "--campaign", metavar="NAME", help="all dials of a campaign, by its name or id"
    )
    parser.add_argument("-s", "--stack", metavar="ENV", help="of that environment only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read them back, and print a line for each and the tally."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    if sum(one is not None for one in (args.dial, args.since, args.campaign)) != 1:
        raise UsageError("attest: name one DIAL, or --since TIME, or --campaign NAME")
    tally: Counter[str] = Counter()
    documents: list[dict[str, Any]] = []
    with evidence.ledger_of(args) as ledger:
        for one in _attested(args, ledger, _records(args, ledger)):
            tally[one.verdict] += 1
            if args.json:
                documents.append(one.as_json())
            else:
                output.data(output.line(_line(one)))
    count = tally.total()
    bad = count - tally["match"]
    if args.json:
        counts = {"match": 0, "differs": 0, "unattested": 0, **tally}
        output.json_document({"format": FORMAT, **counts, "dials": documents})
    elif count != 1 or bad:
        output.note(
            f"{tally['match']} of {count} match, {tally['differs']} differ, "
            f"{tally['unattested']} could not be read back"
        )
    return 1 if bad else 0


def _records(args: argparse.Namespace, ledger: Ledger) -> list[Record]:
    """The dials that are meant, oldest first; of several only those that the API has."""
    import time  # noqa: PLC0415 - where the command is run

    if args.dial is not None:
        return [ledger.named(args.dial)]
    since = None if args.since is None else time.time() - evidence.seconds_of(args.since)
    records = ledger.find(
        campaign=None if args.campaign is None else evidence.campaign_of(args, ledger),
        environment=args.stack,
        states=("accepted", "unknown"),
        since=since,
        limit=None,
    )
    return records[::-1]


def _attested(
    args: argparse.Namespace, ledger: Ledger, records: list[Record]
) -> Iterator[Attestation]:
    """Each dial's attestation, in order; several are read back at once."""
    import os  # noqa: PLC0415 - where the command is run
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    from dialform.launcher.evidence import Reader, Stories  # noqa: PLC0415

    places = sorted({record.environment for record in records})
    stories = {one: Stories(ledger, evidence.registry_for(args, one)) for one in places}
    pool = ThreadPoolExecutor(_AT_ONCE)
    with Reader(stories.__getitem__, os.environ) as reader:
        try:
            yield from pool.map(reader.attest, records)
        finally:
            pool.shutdown(cancel_futures=True)  # whoever stops it does not wait for the rest


def _line(one: Attestation) -> str:
    """``57555c5e... MATCH``, or what differs."""
    record = one.story.record
    name = record.dial_id or record.id
    what = f"{record.preset} {'unreleased' if record.version is None else f'v{record.version}'}"
    if one.trouble is not None:
        return f"{name} {what}: {one.trouble}"
    unsaid = [
        f"{check.field} {check.verdict}"
        for check in one.checks
        if check.verdict not in ("match", "differs")
    ]
    rest = f" ({', '.join(unsaid)})" if unsaid else ""
    if one.verdict == "match":
        return f"{name} {what}: MATCH{rest}"
    differs = "; ".join(_difference(check, one) for check in one.differs)
    return f"{name} {what}: DIFFERS {differs}{rest}"


def _difference(check: Check, one: Attestation) -> str:
    """``voiceId: released v-1, the API shows v-2``."""
    if check.field == "released":
        return (
            f"request: {check.shown} was sent, which is not what the bound preset "
            f"{check.declared} gives"
        )
    hidden = one.hidden(check)
    return f"{check.field}: sent {_short(hidden.declared)}, the API shows {_short(hidden.shown)}"


def _short(value: Any) -> str:
    import json  # noqa: PLC0415 - where something differs

    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
