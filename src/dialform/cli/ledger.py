"""``dialform ledger`` and ``dialform settle``: what was dialled, and what nobody knows of it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from dialform.cli import confirm, context
from dialform.errors import SettingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialform.cli.parser import Parser
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Record

FORMAT = "dialform.ledger/1"

_LEDGER = """\
Show what the ledger has of dials, newest first.

With --unknown only those of which nobody knows whether a phone rang, each with what is known of
it. They are never dialled again by themselves: `dialform settle` says what came of one, and
`dialform replay DIAL --exact` asks an API that honours idempotency keys.
"""
_LEDGER_EPILOG = """\
The ledger holds numbers, inputs and the exact bytes that were sent: it is this user's alone, and
`ledger erase` removes a person from it.

examples:
  dialform ledger
  dialform ledger --unknown
  dialform ledger --campaign autumn -s prod --json
  dialform ledger erase --person +14155550123 --reason "asked to, mail of 24 November"
  dialform ledger adopt --reason "moved to the new server"
"""
_ERASE = """\
Remove what the ledger holds of a person: numbers, keys, inputs, bodies, answers, events.

Digests, states, times and the API's ids stay, so that what was called can still be proved. The
person's numbers go on the suppression list, as hashes: they are not called again.

With --older-than, of everybody who was called more than so many days ago, and nobody is
suppressed. Dials of unknown outcome and of campaigns that are not finished stay as they are.
With --expired, so does what the environment declares, [ledger] retention = "90d", which launch
and serve apply by themselves; this is for ledgers that neither of them uses.
"""
_ERASE_EPILOG = """\
examples:
  dialform ledger erase --person +14155550123 --reason "asked to, mail of 24 November"
  dialform ledger erase --older-than 90 --yes
  dialform ledger erase --expired -s prod --yes
"""
_ADOPT = """\
Say that this copy of the ledger is the one that goes on.

A ledger that was copied, moved or restored from a backup refuses to dial: another copy may have
called people whom this one has as not called yet. Look into the workspace's list of calls first
and end the other copy, which is refused from then on. What was being sent becomes unknown, and
running campaigns are paused.
"""
_ADOPT_EPILOG = """\
example:
  dialform ledger adopt -s prod --reason "moved to the new server"
"""
_SETTLE = """\
Say whether a phone rang, of a dial of unknown outcome.

DIAL is an id from `dialform ledger --unknown`, or how it begins. If it rang, its campaign calls
the person no more for this attempt; if not, the person is called again for the same attempt.
"""
_SETTLE_EPILOG = """\
examples:
  dialform settle 4be1f2 --rang --reason "in the workspace's list of calls at 14:03"
  dialform settle 4be1f2 --did-not-ring --reason "not in the list, asked Ann"
"""
_SHORT = 12


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``ledger`` and ``settle``."""
    ledger = subparsers.add_parser(
        "ledger", help="what was dialled", description=_LEDGER, epilog=_LEDGER_EPILOG
    )
    ledger.add_argument(
        "--unknown", action="store_true", help="only those of unknown outcome, with the evidence"
    )
    ledger.add_argument("--campaign", metavar="NAME", help="only this campaign's")
    ledger.add_argument("--person", metavar="WHO", help="only this number's or this person's")
    ledger.add_argument("-s", "--stack", metavar="ENV", help="only this environment's")
    ledger.add_argument(
        "--limit", metavar="N", type=int, default=50, help="at most so many; default: 50"
    )
    context.add_json(ledger)
    context.add_ledger(ledger)
    ledger.set_defaults(run=run_ledger)
    commands = ledger.add_subparsers(metavar="COMMAND", title="commands")
    erase = commands.add_parser(
        "erase", help="remove a person, or what is old", description=_ERASE, epilog=_ERASE_EPILOG
    )
    what = erase.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--person", metavar="WHO", default=argparse.SUPPRESS, help="the number, or the key"
    )
    what.add_argument("--older-than", metavar="DAYS", type=int, help="everybody called before that")
    what.add_argument(
        "--expired", action="store_true", help="everybody called before what -s ENV keeps"
    )
    erase.add_argument(
        "-s",
        "--stack",
        metavar="ENV",
        default=argparse.SUPPRESS,
        help="only this environment's; with --expired or --older-than",
    )
    context.add_registry(erase)
    _add_reason(erase, required=False)
    _add_change(erase)
    erase.set_defaults(run=run_erase)
    adopt = commands.add_parser(
        "adopt", help="go on with this copy", description=_ADOPT, epilog=_ADOPT_EPILOG
    )
    _add_reason(adopt)
    adopt.add_argument(
        "-s",
        "--stack",
        metavar="ENV",
        default=argparse.SUPPRESS,
        help="the environment whose registry",
    )
    context.add_registry(adopt)
    _add_change(adopt)
    adopt.set_defaults(run=run_adopt)
    settle = subparsers.add_parser(
        "settle",
        help="say whether a phone rang, of an unknown dial",
        description=_SETTLE,
        epilog=_SETTLE_EPILOG,
    )
    settle.add_argument("dial", metavar="DIAL", help="its id, or how it begins")
    which = settle.add_mutually_exclusive_group(required=True)
    which.add_argument("--rang", action="store_true", help="a phone rang")
    which.add_argument("--did-not-ring", action="store_true", help="no phone rang")
    settle.add_argument("--dial-id", metavar="ID", help="the API's id of it, if it rang")
    _add_reason(settle)
    context.add_json(settle)
    context.add_ledger(settle)
    settle.set_defaults(run=run_settle)


def _add_reason(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument(
        "--reason", metavar="TEXT", required=required, help="why, or how it is known"
    )


def _add_change(parser: argparse.ArgumentParser) -> None:
    confirm.add_yes(parser)
    # A default would undo what stands before the command's name.
    parser.add_argument(
        "--ledger", metavar="FILE", default=argparse.SUPPRESS, help="as of `dialform ledger`"
    )


def run_ledger(args: argparse.Namespace) -> None:
    """Print dials, newest first."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    if args.limit < 1:
        raise UsageError("--limit takes a number from 1")
    ledger = _ledger(args)
    records = [] if ledger is None else _records(args, ledger)
    if args.json:
        from dialform.launcher.ledger.document import record_json  # noqa: PLC0415

        output.json_document({"format": FORMAT, "dials": [record_json(one) for one in records]})
    elif ledger is None:
        output.note(f"there is no ledger at {context.ledger_of(args)}: nothing was dialled yet")
    elif not records:
        output.note("no dial of unknown outcome" if args.unknown else "no such dial")
    elif args.unknown:
        _print_unknown(records)
    else:
        _print(records)


def run_erase(args: argparse.Namespace) -> None:
    """Remove a person, or what is old."""
    if args.expired or args.older_than is not None:
        _expire(args)
        return
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    if args.stack is not None:
        raise UsageError("a person is erased from all environments: leave out -s")

    _check_reason(args)
    ledger = _demanded(args)
    dials = _dials(len(ledger.find(person=args.person, limit=None)))
    confirm.confirm(
        f"Remove what {ledger.shown} holds of {args.person} ({dials}), and call them no more?",
        yes=args.yes,
    )
    ledger.erase(args.person, reason=args.reason)
    ledger.close()
    output.note(f"removed from {dials}; not called again: {args.reason}")


def _expire(args: argparse.Namespace) -> None:
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    days = _retention(args) / 86400 if args.expired else args.older_than
    if days < 1:
        raise UsageError("--older-than takes a number of days, from 1")
    ledger = _demanded(args)
    where = "" if args.stack is None else f" in {args.stack}"
    confirm.confirm(
        f"Remove from {ledger.shown} who was called{where} more than {days:g} days ago, and "
        "what was said?",
        yes=args.yes,
    )
    count = ledger.expire(ledger.now() - days * 86400, environment=args.stack)
    ledger.close()
    output.note(f"removed from {_dials(count)}")


def _retention(args: argparse.Namespace) -> int:
    """The seconds for which the environment keeps personal data."""
    from dialform.launcher.calling.keeping import Keeping  # noqa: PLC0415 - where it is asked for
    from dialform.launcher.resolve import environment_of  # noqa: PLC0415

    if args.stack is None:
        raise UsageError("--expired is by what an environment declares: say which with -s ENV")
    environment = context.environment_of(args)
    found = Keeping.of(environment_of(context.registry_of(args), environment)).retention
    if found is None:
        raise SettingError(
            f"{environment} keeps personal data for good: to keep it for 90 days, write [ledger] "
            f'retention = "90d" in its stack file and `pulumi up`; or use --older-than DAYS'
        )
    return found


def _dials(count: int) -> str:
    return f"{count} dial{'' if count == 1 else 's'}"


def run_adopt(args: argparse.Namespace) -> None:
    """Claim the next number for this copy."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.launcher.ledger.alone import adopt  # noqa: PLC0415

    _check_reason(args)
    ledger = _demanded(args)
    registry = context.registry_of(args, trusting=False)
    newest = registry.newest_claim(ledger.id)
    if newest is None:
        last = "No copy of it has dialled from this registry."
    else:
        last = (
            f"The last to claim it was {newest.place} on {newest.host}, by "
            f"{newest.by or 'somebody'} at {newest.time}, with {newest.dials} dials on record."
        )
        if (newest.host, newest.place) == ledger.standing():
            last += " That is here: there is another only if this one came from a backup."
    confirm.confirm(
        f"{last} This one is {ledger.shown} with {ledger.dials()} dials. People whom the other has "
        "called since may be called again by this one. Is the other one ended for good?",
        yes=args.yes,
    )
    claim = adopt(ledger, registry, reason=args.reason)
    unknown = len(ledger.unknown())
    paused = [one.name for one in ledger.campaigns() if one.state == "paused"]
    ledger.close()
    output.note(f"adopted with claim {claim.seq}; every other copy is refused from now on")
    if unknown:
        output.note(f"{unknown} of unknown outcome: see `dialform ledger --unknown`")
    if paused:
        output.note(f"paused campaigns: {', '.join(paused)}; look whom they would call again")


def run_settle(args: argparse.Namespace) -> None:
    """Say what came of an unknown dial."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.launcher.ledger.document import record_json  # noqa: PLC0415
    from dialform.registry.authorship import author  # noqa: PLC0415

    _check_reason(args)
    if args.dial_id and args.did_not_ring:
        raise UsageError("--dial-id is of a call that was made: it goes with --rang")
    ledger = _demanded(args)
    record = ledger.settle_unknown(
        ledger.named(args.dial).id,
        rang=args.rang,
        by=author() or "somebody",
        evidence=args.reason,
        dial_id=args.dial_id,
    )
    ledger.close()
    if args.json:
        output.json_document({"format": FORMAT, "dials": [record_json(record)]})
        return
    if record.campaign is None:
        then = ""
    elif args.rang:
        then = "; its campaign counts it as a call"
    else:
        then = f"; its campaign calls {record.person} again, as attempt {record.attempt}"
    what = "rang" if args.rang else "did not ring"
    output.data(f"dial {record.id[:_SHORT]} to {record.to or 'a browser'} {what}{then}")


def _ledger(args: argparse.Namespace) -> Ledger | None:
    """The ledger, to look at: None where there is none yet, and none is made."""
    from dialform.launcher.ledger import Ledger  # noqa: PLC0415 - where the command is run

    ledger = Ledger(context.ledger_of(args))
    return ledger if ledger.is_there else None


def _demanded(args: argparse.Namespace) -> Ledger:
    ledger = _ledger(args)
    if ledger is None:
        raise SettingError(
            f"there is no ledger at {context.ledger_of(args)}: name it with --ledger FILE or "
            "DIALFORM_LEDGER"
        )
    return ledger


def _records(args: argparse.Namespace, ledger: Ledger) -> list[Record]:
    """What the options ask for, newest first."""
    chosen: Sequence[str | None] = [None]
    if args.campaign is not None:
        chosen = [one.id for one in ledger.campaigns(args.stack) if one.name == args.campaign]
        if not chosen:
            from dialform.launcher.resolve import near  # noqa: PLC0415 - errors only

            hint = near(args.campaign, [one.name for one in ledger.campaigns(args.stack)])
            raise UsageError(f"the ledger has no campaign {args.campaign!r}{hint}")
    conditions: dict[str, Any] = {"environment": args.stack, "person": args.person}
    records = []
    for campaign in chosen:
        if args.unknown:
            records += ledger.unknown(campaign, **conditions)
        else:
            records += ledger.find(campaign=campaign, limit=args.limit, **conditions)
    ledger.close()
    return sorted(records, key=lambda one: (one.reserved_at, one.id), reverse=True)[: args.limit]


def _print(records: list[Record]) -> None:
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    output.table(
        ["when", "environment", "preset", "to", "state", "call", "dial"],
        [
            [
                one.reserved_at[:19] + "Z",
                one.environment,
                one.preset if one.version is None else f"{one.preset}@{one.version}",
                _who(one),
                one.state,
                " ".join(filter(None, (one.call_status, one.result))),
                one.id[:_SHORT],
            ]
            for one in records
        ],
    )


def _print_unknown(records: list[Record]) -> None:
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    for one in records:
        what = one.preset if one.version is None else f"{one.preset}@{one.version}"
        output.data(
            f"{one.id[:_SHORT]}  {one.reserved_at[:19]}Z  {_who(one)} with {what} in "
            f"{one.environment}"
        )
        for known in _evidence(one):
            output.data(f"    {output.line(known)}")
    count = len(records)
    output.note(
        f"{count} of unknown outcome: look in the workspace's list of calls, then say what came "
        'of each: dialform settle DIAL --rang|--did-not-ring --reason "..."'
    )
    output.note(
        "where the workspace has proved to honour keys (`dialform doctor -s ENV "
        "--probe-idempotency`), `dialform replay DIAL --exact` settles one by itself"
    )


def _evidence(record: Record) -> list[str]:
    """What is known of an unknown dial, a line each."""
    known = (record.evidence or "").splitlines()
    if record.words and record.words not in known:
        known.insert(0, record.words)
    if record.status is not None:
        known.insert(0, f"the API answered {record.status}")
    if record.state == "reserved":
        known.append(
            f"reserved by process {record.process} on {record.host}, which is gone or too late; "
            "no answer was written down"
        )
    return known or ["no answer was written down"]


def _who(record: Record) -> str:
    whom = record.to or "a browser"
    return whom if record.person in (None, record.to) else f"{whom} ({record.person})"


def _check_reason(args: argparse.Namespace) -> None:
    if not (args.reason or "").strip():
        raise UsageError("--reason is empty: say why, for those who ask later")
