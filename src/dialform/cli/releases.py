"""``dialform hold``, ``resume``, ``withdraw`` and ``yank``: move a release log at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.cli.context import add_registry, add_stack, project_root, registry_of

if TYPE_CHECKING:
    import argparse

    from dialform.registry import Entry

_COMMANDS = {
    "hold": (
        "pause a preset: no calls, no releases",
        """\
Pause a preset at once: launchers refuse it, and `pulumi up` does not move it,
until `dialform resume`.""",
        'dialform hold reminder -s prod --reason "wrong date in the opening line"',
    ),
    "resume": (
        "end a hold",
        "End a hold: what was live before it is live again.",
        'dialform resume reminder -s prod --reason "date mended in the calendar"',
    ),
    "withdraw": (
        "take a preset out of use",
        """\
Take a preset out of use at once. While it is declared, the next `pulumi up`
releases it again; `hold` keeps it still.""",
        'dialform withdraw reminder -s prod --reason "campaign over"',
    ),
    "yank": (
        "bar a version for good",
        """\
Bar a version of a preset for good in an environment: it is not dialled and not
released there any more.""",
        'dialform yank reminder@7 -s prod --reason "promised a refund"',
    ),
}
"""Name -> its line of help, its description, its example."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the four."""
    for name, (line, description, example) in _COMMANDS.items():
        parser = subparsers.add_parser(
            name, help=line, description=description, epilog=f"examples:\n  {example}\n"
        )
        what = "NAME@VERSION" if name == "yank" else "its name"
        parser.add_argument("preset", metavar="PRESET", help=what)
        add_stack(parser)
        parser.add_argument("--reason", required=True, metavar="TEXT", help="kept in the log")
        parser.add_argument("--json", action="store_true", help="print the entry as JSON")
        add_registry(parser)
        parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Append the entry."""
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.errors import UsageError  # noqa: PLC0415
    from dialform.launcher import parse_reference  # noqa: PLC0415
    from dialform.registry.authorship import meta  # noqa: PLC0415

    reference = parse_reference(args.preset)
    yank = args.command == "yank"
    if yank and reference.version is None:
        raise UsageError("yank takes a version, as in reminder@7")
    if not yank and args.preset != reference.name:
        raise UsageError(f"{args.command} takes a preset's name, as in {reference.name}")
    if not args.reason.strip():
        raise UsageError("--reason is empty: say why, for whoever reads the log")
    registry = registry_of(args)
    before = registry.head(args.stack, reference.name)
    entry = registry.append(
        args.stack,
        reference.name,
        args.command,
        expected=None,
        yank_version=reference.version,
        meta=meta(None, reason=args.reason),
    )
    if args.json:
        output.json_document({"format": "dialform.release/1", **entry.as_json()})
    elif before is not None and before.seq == entry.seq:
        output.note(f"{reference.name} in {args.stack} is so already: {entry.describe()}")
    else:
        output.note(_said(args, entry))
    if args.command == "withdraw":
        _warn_declared(args, reference.name)
    return 0


def _said(args: argparse.Namespace, entry: Entry) -> str:
    what = {
        "hold": f"is held in {args.stack}: no calls, no releases",
        "resume": f"is live again in {args.stack}, version {entry.version}",
        "withdraw": f"is withdrawn in {args.stack}: no calls",
        "yank": f"version {entry.subject} is barred in {args.stack}",
    }[args.command]
    return f"{entry.preset} {what} (entry {entry.seq} of its log)"


def _warn_declared(args: argparse.Namespace, preset: str) -> None:
    """A withdrawn preset that is still declared comes back with the next `up`: say so."""
    import os  # noqa: PLC0415 - when run

    import tomli  # noqa: PLC0415

    from dialform.cli import output  # noqa: PLC0415

    root = project_root()
    if root is None:
        return
    name = f"stacks/{args.stack}.toml"
    try:
        with open(os.path.join(root, name), "rb") as file:  # noqa: PTH118, PTH123 - as context
            declared = tomli.load(file).get("presets", {})
    except (OSError, ValueError):
        return
    if preset in declared:
        output.warning(
            f"{preset} is still declared in {name}: the next `pulumi up` releases it again. "
            f"Remove it there, or hold it instead"
        )
