"""
``dialform registry``: make a registry, read all of one, print a release log.

What tries a store out, and what copies a registry, stands in ``registry_stores``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dialform.cli import context, trusting

if TYPE_CHECKING:
    import argparse

    from dialform.registry.verify import Finding

_STRIDE = 64
"""Objects between two steps of the progress line."""

LOCATIONS = "a folder, file:///absolute/path, s3://bucket/prefix, gs:// or az://container/prefix"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``registry`` and its commands."""
    from dialform.cli import registry_stores  # noqa: PLC0415 - it takes this module's progress

    registry = subparsers.add_parser(
        "registry",
        help="create, verify or copy a registry, try its store out",
        description="Make a registry, read all of one, print a release log, try a store out, copy "
        "a registry; keys and signatures.",
    )
    commands = registry.add_subparsers(metavar="COMMAND", title="commands", required=True)
    _add_init(commands)
    _add_verify(commands)
    _add_log(commands)
    registry_stores.add_doctor(commands)
    registry_stores.add_copy(commands)
    trusting.add(commands)


def _add_init(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "init",
        help="make an empty or absent place a registry",
        description="Make an empty or absent folder, or an empty place in a bucket, a registry.\n"
        "Again is no change.",
    )
    parser.add_argument("url", metavar="URL", help=LOCATIONS)
    parser.set_defaults(run=run_init)


def _add_verify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "verify",
        help="read every object and name each that is not what it should be",
        description="Read every object of a registry and name each that is not what it should "
        "be.\nChanges nothing. Exit code 1 if there is any.",
    )
    parser.add_argument("-s", "--stack", metavar="ENV", help="the environment whose registry")
    context.add_registry(parser)
    context.add_json(parser)
    parser.set_defaults(run=run_verify)


def _add_log(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "log",
        help="print a preset's release log, newest first",
        description="Print a preset's release log in an environment, newest first.",
    )
    parser.add_argument("preset", metavar="PRESET")
    context.add_released(parser)
    parser.set_defaults(run=run_log)


def run_init(args: argparse.Namespace) -> int:
    """Make the marker."""
    from pathlib import Path  # noqa: PLC0415 - where the command is run

    from dialform.cli import output  # noqa: PLC0415
    from dialform.registry import Registry  # noqa: PLC0415

    registry = Registry.open(args.url, base=Path.cwd())
    done = "is a registry now" if registry.create_marker() else "is a registry already"
    output.note(f"{args.url} {done}, its id is {registry.id}")
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """Read it all; the findings are the data."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.registry.verify import verify  # noqa: PLC0415

    registry = context.registry_of(args, trusting=False)
    progress = Progress()
    findings: list[Finding] = []
    for finding in verify(registry, progress.step):
        findings.append(finding)
        progress.clear()
        if not args.json:
            output.data(_printable(f"{finding.object}: {finding.message} [{finding.rule}]"))
    progress.clear()
    if args.json:
        output.json_document(
            {
                "format": "dialform.registry-verify/1",
                "registry": registry.url,
                "objects": progress.objects,
                "findings": [finding._asdict() for finding in findings],
            }
        )
    count = len(findings)
    output.note(
        f"{registry.url}: {progress.objects} objects read, "
        + (f"{count} finding{'' if count == 1 else 's'}" if findings else "all sound")
    )
    if findings:
        output.note(
            "restore what is named from a backup, under the same names; nothing was changed"
        )
    return 1 if findings else 0


def run_log(args: argparse.Namespace) -> int:
    """Print the entries, newest first."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.errors import ObjectAbsent  # noqa: PLC0415

    registry = context.registry_of(args, trusting=False)
    entries = registry.entries(args.stack, args.preset)[::-1]
    if not entries:
        raise ObjectAbsent(
            f"{args.preset} was never released in {args.stack} ({registry.url}); "
            f"`dialform presets -s {args.stack}` lists what was"
        )
    if args.json:
        output.json_document(
            {
                "format": "dialform.registry-log/1",
                "registry": registry.url,
                "environment": args.stack,
                "preset": args.preset,
                "entries": [{**entry.as_json(), "digest": entry.digest} for entry in entries],
            }
        )
        return 0
    output.table(
        ["seq", "kind", "version", "time", "by", "reason"],
        [
            [
                entry.seq,
                entry.kind,
                entry.subject,
                entry.time,
                _printable(entry.by or ""),
                _printable(entry.reason or ""),
            ]
            for entry in entries
        ],
    )
    return 0


class Progress:
    """Counts objects; says how many on stderr, where that is a terminal."""

    def __init__(self, done: str = "read") -> None:
        """``done``: what is done to each object."""
        self.objects = 0
        self._done = done
        self._shown = False
        self._terminal = sys.stderr.isatty()

    def step(self) -> None:
        """One more."""
        self.objects += 1
        if self._terminal and self.objects % _STRIDE == 0:
            sys.stderr.write(f"\r{self.objects} objects {self._done}")
            sys.stderr.flush()
            self._shown = True

    def clear(self) -> None:
        """Take the line away, before another is printed."""
        if self._shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
            self._shown = False


def _printable(text: str) -> str:
    """One line that can't steer a terminal: what the registry holds was written by others."""
    return "".join(
        character if character.isprintable() else " " for character in " ".join(text.split())
    )
