"""``dialform registry doctor`` and ``registry copy``: what is done to a registry's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.cli import context
from dialform.cli.registry import LOCATIONS, Progress

if TYPE_CHECKING:
    import argparse

    from dialform.registry import Registry
    from dialform.registry.doctor import Check

_DOCTOR = """\
Try the registry's store out, with the credentials in the environment: whether a taken name is
refused, also to many at once, whether what was written is read and listed at once, and what this
role may do. It writes below doctor/, which no reader looks at, and removes it where it may.
"""

_DOCTOR_EXAMPLES = """\
examples:
  dialform registry doctor -s prod
  dialform registry doctor --registry s3://acme-calls/registry --json

Exit code 1 if the store can't be reached or no registry can be kept there. What a role may not
do is no fault; that it may delete or overwrite is a warning.
"""

_COPY = """\
Copy a registry byte by byte: as a backup, or to move it. What is referred to goes first, so that
a copy that breaks off is a registry too; the next copy goes on from there. Nothing at TO is
overwritten: other bytes under a name are an error.
"""

_COPY_EXAMPLES = """\
examples:
  dialform registry copy .dialform/registry s3://acme-calls/registry
  dialform registry copy s3://acme-calls/registry /mnt/backup/registry
"""


def add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``registry doctor``."""
    parser = commands.add_parser(
        "doctor",
        help="try the store out: what it keeps to, and what this role may do",
        description=_DOCTOR,
        epilog=_DOCTOR_EXAMPLES,
    )
    parser.add_argument("-s", "--stack", metavar="ENV", help="the environment whose registry")
    context.add_registry(parser)
    context.add_json(parser)
    parser.set_defaults(run=run_doctor)


def add_copy(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``registry copy``."""
    parser = commands.add_parser(
        "copy",
        help="copy a registry to another place, byte by byte",
        description=_COPY,
        epilog=_COPY_EXAMPLES,
    )
    parser.add_argument("source", metavar="FROM", help=LOCATIONS)
    parser.add_argument("target", metavar="TO", help="likewise; empty, or an earlier copy")
    context.add_json(parser)
    parser.set_defaults(run=run_copy)


def run_doctor(args: argparse.Namespace) -> int:
    """Print a line for each check."""
    from uuid import uuid4  # noqa: PLC0415 - where the command is run

    from dialform.cli import output  # noqa: PLC0415
    from dialform.registry.doctor import examine  # noqa: PLC0415

    registry = context.registry_of(args)
    checks: list[Check] = []
    for check in examine(registry.store, uuid4().hex):
        checks.append(check)
        if not args.json:
            output.data(f"{check.check:10} {check.verdict:8} {check.message}")
    verdicts = {check.check: check.verdict for check in checks}
    failed = "failed" in verdicts.values()
    if args.json:
        output.json_document(
            {
                "format": "dialform.registry-doctor/1",
                "registry": registry.url,
                "sound": not failed,
                "checks": [check._asdict() for check in checks],
            }
        )
    if failed:
        output.note(f"{registry.url}: no registry should be kept there like this, see above")
    elif verdicts.get("create") == "yes":
        output.note(f"{registry.url}: a publisher's role, on a store that keeps what it takes")
    else:
        output.note(
            f"{registry.url}: a launcher's role; run this once as a publisher to try creation"
        )
    return 1 if failed else 0


def run_copy(args: argparse.Namespace) -> int:
    """Copy, and say how much."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.registry.copying import copy  # noqa: PLC0415

    source, target = _open(args.source), _open(args.target)
    progress = Progress("copied")
    try:
        copied = copy(source.store, target.store, progress.step)
    finally:
        progress.clear()
    if args.json:
        output.json_document(
            {
                "format": "dialform.registry-copy/1",
                "from": source.url,
                "to": target.url,
                **copied._asdict(),
            }
        )
    output.note(
        f"{target.url}: {copied.created} objects copied from {source.url}, "
        f"{copied.there} were there; `dialform registry verify --registry {target.url}` reads it"
    )
    return 0


def _open(url: str) -> Registry:
    from pathlib import Path  # noqa: PLC0415

    from dialform.registry import Registry  # noqa: PLC0415

    return Registry.open(url, base=Path.cwd())
