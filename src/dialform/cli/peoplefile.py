"""What a command that calls a file of people takes, and how it tells what is wrong with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from dialform.launcher.ledger import Ledger
    from dialform.launcher.people import People, RowError, SuppressionLists


def add_people(parser: argparse.ArgumentParser) -> None:
    """Add ``FILE`` and the options that say how it is read."""
    parser.add_argument("file", metavar="FILE", help="CSV, JSON Lines or Parquet; - for stdin")
    group = parser.add_argument_group("the file")
    group.add_argument(
        "--format",
        choices=("csv", "jsonl", "parquet"),
        help="the file's format; default: what it looks like",
    )
    group.add_argument(
        "--person-column",
        metavar="NAME",
        help="the column that says who it is, so that nobody is called on two numbers",
    )
    group.add_argument(
        "--ignore-column",
        metavar="NAME",
        action="append",
        default=[],
        help="a column that is no input and is left out; may be repeated",
    )
    group.add_argument(
        "--region",
        metavar="CODE",
        help="take this country's national forms of numbers too, like US; default: E.164 alone",
    )
    group.add_argument(
        "--suppress",
        metavar="FILE",
        action="append",
        default=[],
        help="a list of numbers, or of their SHA-256, that are not called; it is read again when "
        "it changes, and kept when the campaign goes on; may be repeated",
    )


def lists_of(
    args: argparse.Namespace, paths: Sequence[str], ledger: Ledger | None
) -> SuppressionLists:
    """The lists in the files ``paths``, and the ledger's. Raises as `SuppressionLists`."""
    from dialform.launcher.people import SuppressionLists  # noqa: PLC0415 - where one calls

    return SuppressionLists(paths, region=args.region, ledger=ledger)


def people_of(
    args: argparse.Namespace,
    declared: Mapping[str, Mapping[str, Any]],
    *,
    suppressed: Callable[[str], str | None] | None = None,
) -> People:
    """
    The file that ``args`` name, for a preset with these inputs. Raises as `read_people`.

    With ``--json`` every error is a line on stdout as soon as it is found.
    """
    from dialform.launcher.people import read_people  # noqa: PLC0415 - where one calls

    return read_people(
        args.file,
        declared,
        format=args.format,
        person_column=args.person_column,
        ignore=args.ignore_column,
        region=args.region,
        suppressed=suppressed,
        report=_told if args.json else None,
    )


def note_numbers(people: People) -> None:
    """Say how national forms of numbers were read, if there were any."""
    from dialform.cli import output  # noqa: PLC0415 - where one calls

    if people.read_as:
        examples = ", ".join(f"{text} is {form}" for text, form in people.read_as.items())
        output.note(f"numbers of the country that --region names were read so: {examples}")


def _told(error: RowError) -> None:
    from dialform.cli import output  # noqa: PLC0415 - errors only

    output.json_line({"format": "dialform.people-error/1", **error.as_json()})
