"""``dialform audit``: what the agent was told to say in each call to a number on one day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.cli import evidence
from dialform.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from dialform.cli.parser import Parser
    from dialform.launcher.evidence import Story
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Record

FORMAT = "dialform.audit/1"
_DESCRIPTION = """\
Say what the agent was told to say in each call to a number on one day, with the inputs filled in:
the opening line, the prompt or flow, which version that was, who released and approved it, who
launched the call, and what came of it. Reads the ledger and the registry, and sends nothing."""
_EPILOG = """\
Sensitive inputs stand as "(sensitive)" unless --sensitive is given. What a flow finds out during
a call, as {{node.bill.answer}}, stays as it is. Calls of a person whose data was erased are listed
as erased: when, which version and who, without what was said.

examples:
  dialform audit --to +14155550123 --on 2026-11-23
  dialform audit --to +14155550123 --on 2026-11-23 --zone America/Los_Angeles --json
"""


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``audit``."""
    parser = subparsers.add_parser(
        "audit",
        help="what an agent was told to say to a number on a day",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.add_argument("--to", metavar="NUMBER", required=True, help="who was called, in E.164")
    parser.add_argument("--on", metavar="DATE", required=True, help="the day: 2026-11-23")
    parser.add_argument(
        "--zone",
        metavar="ZONE",
        default="UTC",
        help="the day's time zone, by its IANA name; default UTC",
    )
    parser.add_argument(
        "--sensitive", action="store_true", help="fill in the values of sensitive inputs as well"
    )
    evidence.add_places(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Find the calls and print each."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.launcher.evidence import said, span  # noqa: PLC0415
    from dialform.launcher.numbers import checked_number  # noqa: PLC0415

    number = checked_number(args.to)
    begin, end = span(args.on, _zone(args.zone))
    with evidence.ledger_of(args) as ledger:
        records = _records(ledger, number, begin, end)
        stories = list(_stories(args, ledger, records))
        place = ledger.shown
        listed = ledger.suppressed([number]).get(number)
    calls = [(story, said(story, sensitive=args.sensitive)) for story in stories]
    if args.json:
        dials = [{**story.as_json(), **words} for story, words in calls]
        output.json_document(
            {
                "format": FORMAT,
                "to": number,
                "on": args.on,
                "zone": args.zone,
                "suppressed": None
                if listed is None
                else {"at": listed.at, "reason": listed.reason},
                "dials": dials,
            }
        )
        return
    for at, (story, words) in enumerate(calls):
        if at:
            output.data("")
        _print(story, words)
    if not calls:
        output.note(f"no call to {number} on {args.on} ({args.zone}) is in the ledger {place}")
    if listed is not None:
        output.note(
            f"{number} is not to be called since {listed.at}: {listed.reason}. If their data was "
            "erased under a key of their own, such calls can't be found by the number"
        )


def _records(ledger: Ledger, number: str, begin: float, end: float) -> list[Record]:
    """The calls to a number, oldest first, those of an erased person with them."""
    from dialform.launcher.ledger.looking import erased_name  # noqa: PLC0415 - when run

    found = [
        record
        for person in (number, erased_name(number))
        for record in ledger.find(person=person, since=begin, until=end, limit=None)
    ]
    return sorted(found, key=lambda record: (record.reserved_at, record.id))


def _stories(args: argparse.Namespace, ledger: Ledger, records: list[Record]) -> Iterator[Story]:
    from dialform.launcher.evidence import Stories  # noqa: PLC0415 - where the command is run

    places = {record.environment for record in records}
    told = {one: Stories(ledger, evidence.registry_for(args, one)) for one in sorted(places)}
    for record in records:
        yield told[record.environment].of(record)


def _print(story: Story, words: dict[str, Any]) -> None:
    """One call: what is known of it, then what was said."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    output.table(["", ""], evidence.summary(story))
    for note in story.notes:
        output.note(note)
    if words["script"] is not None:
        output.data("")
        output.data(words["script"].removesuffix("\n"))


def _zone(name: str) -> ZoneInfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - where it is needed

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"--zone {name}: there is no such time zone; write it like America/Los_Angeles"
        ) from None
