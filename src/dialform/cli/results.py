"""``dialform results``: what became of calls, counted for each version or row by row."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

from dialform.cli import context
from dialform.errors import SettingError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from dialform.cli.parser import Parser
    from dialform.launcher.ledger import Ledger
    from dialform.launcher.outcomes.table import Result
    from dialform.launcher.outcomes.tally import Version
    from dialform.launcher.records import Campaign
    from dialform.launcher.resolve import Reference
    from dialform.registry import Tally

    Write = Callable[[Callable[[], Iterator[Result]], BinaryIO], None]

_DESCRIPTION = """\
What became of calls, as far as the ledger knows: a line for each preset version, or with
--csv, --jsonl or --parquet a row for each row of a campaign's file (of each dial, without
--campaign). Columns of the file keep their names, what came of it stands in dialform_...;
sensitive inputs are left out, and no cell of a CSV file is a formula.

With --heard, the dials with a version of a preset in which a phone rang, or may have: whom to
call back after a mistake. NAME@7 is version 7 in this environment, NAME@sha256:... a preset or a
bound preset of that digest, NAME all of it.

Nobody is asked: `dialform wait` and `dialform serve` find out how calls ended.
"""
_EPILOG = """\
--publish records the counts of all dials of the environment in the registry, for the gates
`dials` and `failureRate` of the environments that versions are promoted to (docs/gates.md).

examples:
  dialform results -s prod --since 24h
  dialform results -s prod --campaign autumn --csv -o autumn.csv
  dialform results -s prod --heard reminder@7
  dialform results -s prod --heard reminder@7 --csv -o heard.csv
  dialform results -s staging --publish
"""


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``results``."""
    parser = subparsers.add_parser(
        "results",
        help="what became of calls, as a table or row by row",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    context.add_stack(parser)
    parser.add_argument("--campaign", metavar="NAME", help="of this campaign")
    parser.add_argument("--since", metavar="TIME", help="placed in the last 90m, 24h, 7d")
    parser.add_argument("--heard", metavar="PRESET@N", help="who was called with that version")
    parser.add_argument("--csv", action="store_true", help="row by row, as CSV")
    parser.add_argument("--jsonl", action="store_true", help="row by row, a JSON document a line")
    parser.add_argument("--parquet", action="store_true", help="row by row, as Parquet; needs -o")
    parser.add_argument("-o", "--output", metavar="FILE", help="write rows to FILE, whole or not")
    parser.add_argument("--publish", action="store_true", help="record the counts in the registry")
    context.add_registry(parser)
    context.add_ledger(parser)
    context.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Print the table, write rows, or publish."""
    from dialform.launcher.ledger import Ledger  # noqa: PLC0415 - when run

    _check(args)
    environment = context.environment_of(args)
    since = None
    if args.since is not None:
        from dialform.launcher.campaign.settings import seconds  # noqa: PLC0415 - where given

        since = time.time() - seconds(args.since)
    # What a ledger that is not there does not know must not be read as: nobody heard it.
    path = context.ledger_of(args) if args.heard is None else context.known_ledger_of(args)
    with contextlib.closing(Ledger(path)) as ledger:
        campaign = None
        if args.campaign is not None:
            campaign = _campaign(ledger, environment, args.campaign)
        if args.csv or args.jsonl or args.parquet:
            _write_rows(args, ledger, environment, campaign, since)
            return
        if args.publish:
            _publish(args, ledger, environment)
            return
        if args.heard is not None:
            _print_heard(args, ledger, environment, campaign, since)
            return
        _print_table(args, ledger, environment, campaign, since)


def _check(args: argparse.Namespace) -> None:
    forms = [args.csv, args.jsonl, args.parquet, args.publish]
    if sum(forms) > 1:
        raise UsageError("give one of --csv, --jsonl, --parquet and --publish")
    if args.campaign is not None and args.since is not None:
        raise UsageError("give --campaign or --since: a campaign's results are all of it")
    narrowed = (args.campaign, args.since, args.heard)
    if args.publish and any(one is not None for one in narrowed):
        raise UsageError(
            "--publish counts all dials of the environment: without --campaign, --since, --heard"
        )
    if args.heard is not None:
        from dialform.launcher.resolve import parse_reference  # noqa: PLC0415 - where it is given

        parse_reference(args.heard)
    if args.parquet and not args.output:
        raise UsageError("--parquet needs -o FILE: it is no text")
    if args.output and not (args.csv or args.jsonl or args.parquet):
        raise UsageError("-o goes with --csv, --jsonl or --parquet")
    if args.json and (args.csv or args.jsonl or args.parquet):
        raise UsageError("--json is of the table; a JSON document for each row is --jsonl")


def _campaign(ledger: Ledger, environment: str, name: str) -> Campaign:
    from dialform.launcher.resolve import near  # noqa: PLC0415 - when run

    found = ledger.campaign(environment, name)
    if found is None:
        names = [one.name for one in ledger.campaigns(environment)]
        raise UsageError(f"there is no campaign {name!r} in {environment}{near(name, names)}")
    return found


# The table


def _print_table(
    args: argparse.Namespace,
    ledger: Ledger,
    environment: str,
    campaign: Campaign | None,
    since: float | None,
) -> None:
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.launcher.outcomes.tally import tallies  # noqa: PLC0415

    identifier = None if campaign is None else campaign.id
    found = tallies(ledger.outcomes(environment, campaign=identifier, since=since))
    if args.json:
        versions = [_as_json(version, tally) for version, tally in found.items()]
        output.json_document({"format": "dialform.results/1", "versions": versions})
        return
    if not found:
        output.note(f"the ledger {ledger.shown} has no such dials in {environment}")
        return
    headers = ["preset", "version", "placed", "answered", "completed", "failed", "rejected"]
    headers += ["unknown", "failure rate", "talked"]
    output.table(headers, [_row(version, tally) for version, tally in found.items()])
    live = sum(one.environment == environment for one in ledger.live(identifier))
    if live:
        output.note(f"{live} calls have not ended, as far as is known: `dialform wait` looks")


def _row(version: Version, tally: Tally) -> list[Any]:
    rate, talked = tally.failure_rate, None
    if tally.answered:
        talked = f"{tally.seconds / tally.answered:.0f} s"
    return [
        version.preset,
        "unreleased" if version.version is None else version.version,
        *(tally.placed, tally.answered, tally.completed, tally.failed, tally.rejected),
        tally.unknown,
        None if rate is None else f"{rate:.1%}",
        talked,
    ]


def _as_json(version: Version, tally: Tally) -> dict[str, Any]:
    return {
        "environment": version.environment,
        "preset": version.preset,
        "version": version.version,
        "presetDigest": version.digest,
        **tally._asdict(),
        "failureRate": tally.failure_rate,
    }


# Rows


def _write_rows(
    args: argparse.Namespace,
    ledger: Ledger,
    environment: str,
    campaign: Campaign | None,
    since: float | None,
) -> None:
    from dialform.cli import output, rows  # noqa: PLC0415 - when run
    from dialform.launcher.outcomes import results  # noqa: PLC0415

    heard = None if args.heard is None else _heard(args, ledger, environment)
    of_file = campaign if heard is None else None
    sensitive = set() if of_file is None else _sensitive(args, of_file)

    def stream() -> Iterator[Result]:
        if of_file is not None:
            return results.of_campaign(ledger, of_file, sensitive)
        return results.of_environment(ledger, environment, since, campaign=campaign, heard=heard)

    write = rows.CSV if args.csv else rows.JSON_LINES if args.jsonl else rows.PARQUET
    if args.output is None:
        sys.stdout.flush()
        write(stream, sys.stdout.buffer)
        return
    with _replacing(args.output) as file:
        write(stream, file)
    output.note(f"{args.output} is written")


def _sensitive(args: argparse.Namespace, campaign: Campaign) -> set[str]:
    """The inputs that the campaign's preset declares sensitive; the ledger's rows hold them."""
    from dialform.launcher.resolve import BOUND_FORMAT  # noqa: PLC0415 - when run
    from dialform.presets.canonical import Digest  # noqa: PLC0415

    bound = context.registry_of(args, trusting=False).read_document(
        Digest(campaign.bound_digest), BOUND_FORMAT
    )
    declared = bound.get("inputs") or {}
    return {name for name, one in declared.items() if one.get("sensitive")}


@contextlib.contextmanager
def _replacing(name: str) -> Iterator[BinaryIO]:
    """A file that takes the place of ``name`` when it is whole, for this user alone."""
    import os  # noqa: PLC0415 - when run
    import tempfile  # noqa: PLC0415 - likewise

    folder, _ = os.path.split(os.path.abspath(name))  # noqa: PTH100 - as the launcher has it
    try:
        handle, new = tempfile.mkstemp(dir=folder, prefix=".dialform-results-")
    except OSError as error:
        raise SettingError(f"{name}: can't be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, name)  # noqa: PTH105 - as above
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(new)  # noqa: PTH108 - as above
        if isinstance(error, OSError):
            raise SettingError(f"{name}: can't be written: {error.strerror}") from None
        raise


# Who heard it


def _heard(args: argparse.Namespace, ledger: Ledger, environment: str) -> Reference:
    """The version that is asked for. Raises UsageError where there is no such preset."""
    from dialform.launcher.resolve import near, parse_reference  # noqa: PLC0415 - when run

    reference = parse_reference(args.heard)
    if not any(one.preset == reference.name for one in ledger.outcomes(environment)):
        released = context.registry_of(args).presets(environment)
        if reference.name not in released:
            raise UsageError(
                f"{reference.name} was never released in {environment}, and the ledger "
                f"{ledger.shown} has no dial of it{near(reference.name, released)}"
            )
    return reference


def _print_heard(
    args: argparse.Namespace,
    ledger: Ledger,
    environment: str,
    campaign: Campaign | None,
    since: float | None,
) -> None:
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.launcher.outcomes import results  # noqa: PLC0415

    heard = _heard(args, ledger, environment)
    found = list(results.of_environment(ledger, environment, since, campaign=campaign, heard=heard))
    if args.json:
        output.json_document(
            {
                "format": "dialform.heard/1",
                "environment": environment,
                "preset": heard.name,
                "version": heard.version,
                "digest": heard.digest,
                "dials": [one.as_json() for one in found],
            }
        )
    elif found:
        headers = ["person", "to", "when", "campaign", "outcome", "dial"]
        output.table(headers, [_heard_row(one) for one in found])
    people = {one.person or one.to for one in found}
    unclear = sum(one.outcome["dialform_state"] != "accepted" for one in found)
    if found:
        maybe = f"; of {unclear} it is unknown whether a phone rang" if unclear else ""
        output.note(f"{len(found):,} dials to {len(people):,} people with {heard}{maybe}")
        return
    versions = sorted(
        {
            f"{one.preset}@{one.version or 'unreleased'}"
            for one in ledger.outcomes(environment)
            if one.preset == heard.name
        }
    )
    has = f"; it has dials of {', '.join(versions)}" if versions else ""
    output.note(f"nobody, as far as the ledger {ledger.shown} knows{has}")


def _heard_row(one: Result) -> list[Any]:
    known = one.outcome
    state = known["dialform_state"]
    ended = " ".join(filter(None, (known["dialform_status"], known["dialform_result"])))
    return [
        None if one.person == one.to else one.person,
        one.to,
        f"{known['dialform_placed_at'][:19]}Z",
        known["dialform_campaign"],
        (ended or "not known to have ended") if state == "accepted" else state,
        known["dialform_dial_id"],
    ]


# Publishing


def _publish(args: argparse.Namespace, ledger: Ledger, environment: str) -> None:
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.launcher.outcomes.tally import tallies  # noqa: PLC0415
    from dialform.presets.canonical import Digest  # noqa: PLC0415
    from dialform.registry.authorship import meta  # noqa: PLC0415

    registry = context.registry_of(args, trusting=False)
    found = {
        version: tally
        for version, tally in tallies(ledger.outcomes(environment)).items()
        if version.version is not None
    }
    made = [
        registry.publish_evidence(
            environment, one.preset, Digest(one.digest), ledger.id, tally, meta(None)
        )
        for one, tally in found.items()
    ]
    if args.json:
        evidence = [one.as_json() for one in made]
        output.json_document({"format": "dialform.published/1", "evidence": evidence})
        return
    if not made:
        output.note(f"the ledger {ledger.shown} has no dial of a release in {environment}")
    for one in made:
        output.data(
            f"{one.preset} version {one.version} in {environment}: {one.tally.completed} "
            f"completed, {one.tally.failed + one.tally.rejected} failed or rejected "
            f"(evidence {one.seq})"
        )
