"""``dialform suppress``: whom nobody may call, as the ledger has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.cli import context
from dialform.errors import InputError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from contextlib import closing

    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Suppression

REFUSED = 3
"""The exit code of `check` for somebody who is not called."""

_DESCRIPTION = """\
Keep the ledger's list of people that nobody may call, in any campaign.

NUMBER is in E.164, or a SHA-256 of that, written sha256:HEX. A number is found as either.
Lists in files are for `dialform launch --suppress FILE`.
"""
_EPILOG = """\
exit codes of check: 0 none is on the list | 3 at least one is

examples:
  dialform suppress add +14155550123 --reason "asked by mail, 25 November"
  dialform suppress add +14155550123 --hash
  dialform suppress check +14155550123
  dialform suppress list --json
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``suppress add``, ``remove``, ``list`` and ``check``."""
    suppress = subparsers.add_parser(
        "suppress", help="say whom nobody may call", description=_DESCRIPTION, epilog=_EPILOG
    )
    commands = suppress.add_subparsers(metavar="COMMAND", title="commands", required=True)
    add = _command(commands, "add", "put numbers on the list", run_add)
    add.add_argument("--reason", metavar="TEXT", default="", help="why, for those who look")
    add.add_argument("--hash", action="store_true", help="keep the number's SHA-256 only")
    _command(commands, "remove", "take numbers off the list", run_remove)
    _command(commands, "list", "print the list", run_list, numbers=False)
    _command(commands, "check", "say whether numbers are on the list", run_check)


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    line: str,
    run: Callable[[argparse.Namespace], int],
    *,
    numbers: bool = True,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=line, description=f"{line[0].upper()}{line[1:]}.")
    if numbers:
        parser.add_argument("numbers", metavar="NUMBER", nargs="+", help="in E.164, or sha256:HEX")
        parser.add_argument(
            "--region", metavar="CODE", help="take this country's national forms too, like US"
        )
    context.add_ledger(parser)
    context.add_json(parser)
    parser.set_defaults(run=run)
    return parser


def run_add(args: argparse.Namespace) -> int:
    """Put numbers on the list; those that are on it stay as they are."""
    import time  # noqa: PLC0415 - where the command is run

    from dialform.cli import output  # noqa: PLC0415
    from dialform.launcher.ledger.looking import hashed  # noqa: PLC0415
    from dialform.launcher.ledger.storage import written  # noqa: PLC0415
    from dialform.launcher.records import Suppression  # noqa: PLC0415

    entries = [hashed(one) if args.hash and one.startswith("+") else one for one in _entries(args)]
    at = written(time.time())
    with _ledger(args) as ledger:
        new = ledger.suppress([Suppression(one, args.reason, at) for one in entries])
    if args.json:
        document = {"format": "dialform.suppress/1", "entries": entries, "added": new}
        output.json_document(document)
    there = len(entries) - new
    output.note(f"added {new}" + (f", {there} on the list before" if there else ""))
    return 0


def run_remove(args: argparse.Namespace) -> int:
    """Take numbers off the list, written out and hashed."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.launcher.ledger.looking import hashed  # noqa: PLC0415

    entries = _entries(args)
    removed = 0
    with _ledger(args) as ledger:
        for one in entries:
            names = [one, hashed(one)] if one.startswith("+") else [one]
            removed += sum(ledger.unsuppress(name) for name in names) > 0
    if args.json:
        document = {"format": "dialform.suppress/1", "entries": entries, "removed": removed}
        output.json_document(document)
    absent = len(entries) - removed
    output.note(f"removed {removed}" + (f", {absent} not on the list" if absent else ""))
    return 0


def run_list(args: argparse.Namespace) -> int:
    """Print the list."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    with _ledger(args) as ledger:
        if args.json:
            entries = [one._asdict() for one in ledger.suppressions()]
            output.json_document({"format": "dialform.suppress/1", "entries": entries})
            return 0
        for one in ledger.suppressions():
            output.data(_told(one))
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Say of each number whether it is on the list."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    numbers = _entries(args)
    if any(not one.startswith("+") for one in numbers):
        raise UsageError("suppress check: say the number itself, not its SHA-256")
    with _ledger(args) as ledger:
        found = ledger.suppressed(numbers)
    if args.json:
        checked = [
            {"number": one, "suppressed": found[one]._asdict() if one in found else None}
            for one in numbers
        ]
        output.json_document({"format": "dialform.suppress/1", "checked": checked})
    else:
        for one in numbers:
            told = (
                f"suppressed {found[one].at} {found[one].reason}" if one in found else "not on it"
            )
            output.data(f"{one} {told}".rstrip())
    return REFUSED if found else 0


def _told(one: Suppression) -> str:
    return f"{one.entry}\t{one.at}\t{' '.join(one.reason.split())}".rstrip()


def _entries(args: argparse.Namespace) -> list[str]:
    """What the command line names, as the ledger keeps it."""
    from dialform.launcher.people.numbers import Numbers  # noqa: PLC0415 - when run
    from dialform.launcher.people.records import BadCell  # noqa: PLC0415
    from dialform.launcher.people.suppression import checked_entry  # noqa: PLC0415

    numbers = Numbers(args.region)
    entries: dict[str, None] = {}
    wrong = []
    for text in args.numbers:
        try:
            entries[checked_entry(text, numbers)] = None
        except BadCell as error:
            wrong.append(f"{text!r}: {error}")
    if wrong:
        raise InputError("\n".join(wrong))
    return list(entries)


def _ledger(args: argparse.Namespace) -> closing[Ledger]:
    from contextlib import closing  # noqa: PLC0415 - where it is opened

    from dialform.launcher.ledger import Ledger  # noqa: PLC0415

    return closing(Ledger(context.ledger_of(args)))
