"""``dialform hold``, ``resume``, ``withdraw``, ``yank`` and ``stop``: move release logs at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dialform.cli import context
from dialform.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from dialform.cli.parser import Parser
    from dialform.registry import Entry, Kind, Registry

_COMMANDS = {
    "hold": (
        "pause a preset: no calls, no releases",
        (
            "Pause a preset in an environment, at once: launchers refuse it and `pulumi up` does "
            "not\nmove it, until `dialform resume`."
        ),
        'dialform hold collections -s prod --reason "wrong amount in the opening line"',
    ),
    "resume": (
        "end a hold",
        (
            "End a hold: what was live before it is live again. Or let a preset move that was "
            "rolled\nback: the next `pulumi up` releases what is declared."
        ),
        'dialform resume collections -s prod --reason "false alarm"',
    ),
    "withdraw": (
        "take a preset out of use",
        (
            "Take a preset out of use in an environment, at once: launchers refuse it. The next\n"
            "`pulumi up` releases it again if it is still declared; to stop that too, use "
            "`dialform hold`."
        ),
        'dialform withdraw lead -s staging --reason "campaign is over"',
    ),
    "yank": (
        "bar a version for good",
        (
            "Bar a version of a preset for good in an environment: launchers refuse it and it "
            "can't\nbe released there again. Other versions are not affected."
        ),
        'dialform yank reminder@7 -s prod --reason "quotes an old price"',
    ),
}
_STOP = """\
Hold several presets of an environment, or all of them, at once: launchers refuse them and
`pulumi up` does not move them. Goes on where one can't be held, and says which.
"""
_STOP_EPILOG = """\
examples:
  dialform stop --all -s prod --reason "wrong opening line everywhere"
  dialform stop reminder collections -s prod --reason "the numbers are blocked"
"""
_DONE = {
    "hold": "held: no calls, no releases until it is resumed",
    "resume": "live again",
    "withdraw": "withdrawn: no calls",
}
_BY = "your name in the log comes from DIALFORM_BY, else GITHUB_ACTOR, else user@host"


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add the four."""
    for kind, (line, description, example) in _COMMANDS.items():
        parser = subparsers.add_parser(
            kind, help=line, description=description, epilog=f"{_BY}\n\nexample:\n  {example}\n"
        )
        what = ("PRESET@N", "the preset and its version") if kind == "yank" else ("PRESET", "")
        parser.add_argument("preset", metavar=what[0], help=what[1] or "the preset's name")
        context.add_stack(parser)
        parser.add_argument(
            "--reason", metavar="TEXT", required=True, help="why, for those who find it so"
        )
        context.add_registry(parser)
        context.add_json(parser)
        parser.set_defaults(run=run, kind=kind)
    stop = subparsers.add_parser(
        "stop", help="hold several presets, or all", description=_STOP, epilog=_STOP_EPILOG
    )
    stop.add_argument("preset", metavar="PRESET", nargs="*", help="the presets' names")
    stop.add_argument("--all", action="store_true", help="every preset that is released there")
    context.add_stack(stop)
    stop.add_argument("--reason", metavar="TEXT", required=True, help="why, for those who find it")
    context.add_registry(stop)
    context.add_json(stop)
    stop.set_defaults(run=run_stop, kind="hold")


def run(args: argparse.Namespace) -> None:
    """Append to the log and say what is so now."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.launcher.resolve import parse_reference  # noqa: PLC0415

    if not args.reason.strip():
        raise UsageError("--reason is empty: say why, for those who find it so")
    environment = context.environment_of(args)
    reference = parse_reference(args.preset)
    if args.kind == "yank" and reference.version is None:
        raise UsageError(f"{args.preset!r}: say which version to bar: {reference.name}@7")
    if args.kind != "yank" and str(reference) != reference.name:
        raise UsageError(f"{args.kind} takes the whole preset: {reference.name}")
    registry = context.registry_of(args)
    before = registry.head(environment, reference.name)
    entry = _append(args, registry, before, reference.version)
    same = before is not None and entry.seq == before.seq
    if args.json:
        output.json_document({"format": "dialform.entry/1", "changed": not same, **entry.as_json()})
    else:
        output.data(_told(entry, args.kind, reference.version, same=same))
    if args.kind == "withdraw":
        declared = context.declares(environment, entry.preset)
        if declared is not None:
            output.warning(
                f"{entry.preset} is still declared in {declared}: the next `pulumi up` releases "
                "it again; take it out there, or use `dialform hold` instead"
            )
    if (
        args.kind == "yank"
        and entry.state in ("live", "rolled-back")
        and entry.version in entry.yanked
    ):
        output.warning(
            f"version {entry.version} is what {entry.environment} has live: "
            f"{entry.preset} can't be dialled there until another version is released"
        )


def run_stop(args: argparse.Namespace) -> int:
    """Hold each, whatever becomes of the others."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.errors import DialformError  # noqa: PLC0415

    if not args.reason.strip():
        raise UsageError("--reason is empty: say why, for those who find it so")
    if bool(args.preset) == args.all:
        raise UsageError("say which presets, or --all")
    environment = context.environment_of(args)
    registry = context.registry_of(args)
    names = args.preset or (registry.presets(environment) if registry.exists else [])
    done: list[dict[str, object]] = []
    failed: DialformError | None = None
    for name in names:
        one = _for_one(args, name)
        try:
            before = registry.head(environment, name)
            if args.all and before is not None and before.state == "withdrawn":
                continue
            entry = _append(one, registry, before, None)
        except DialformError as error:
            failed = failed or error
            output.error(error)
            done.append({"preset": name, "held": False, "error": str(error)})
            continue
        same = before is not None and entry.seq == before.seq
        done.append({"preset": name, "held": True, "changed": not same, "seq": entry.seq})
        if not args.json:
            output.data(_told(entry, "hold", None, same=same))
    if args.json:
        output.json_document(
            {"format": "dialform.stop/1", "environment": environment, "presets": done}
        )
    if not done:
        output.note(f"nothing is live in {environment}: there was nothing to hold")
        return 0
    held = sum(bool(one["held"]) for one in done)
    output.note(
        f"{held} of {len(done)} held in {environment}; each ends with: dialform resume PRESET "
        f"-s {environment} --reason ..."
    )
    return 0 if failed is None else failed.exit_code


def _for_one(args: argparse.Namespace, preset: str) -> argparse.Namespace:
    """The same arguments for one preset."""
    import argparse  # noqa: PLC0415 - light, and loaded by now

    return argparse.Namespace(**{**vars(args), "preset": preset})


def _append(
    args: argparse.Namespace, registry: Registry, before: Entry | None, version: int | None
) -> Entry:
    from dialform.launcher.resolve import near  # noqa: PLC0415 - where the command is run
    from dialform.registry.authorship import meta  # noqa: PLC0415

    name = args.preset.partition("@")[0]
    if before is None:
        from dialform.errors import ObjectAbsent  # noqa: PLC0415 - errors only

        raise ObjectAbsent(
            f"{name} was never released in {args.stack} ({registry.url}): nothing to {args.kind}"
            f"{near(name, registry.presets(args.stack))}"
        )
    written = meta(None)._replace(reason=args.reason.strip())
    if context.project_root() is None:
        written = written._replace(commit=None)
    return registry.append(
        args.stack,
        name,
        cast("Kind", args.kind),
        # A hold is meant for whatever is live by now; a resume for the hold that was seen.
        expected=before.seq if args.kind == "resume" else None,
        yank_version=version,
        meta=written,
    )


def _told(entry: Entry, kind: str, version: int | None, *, same: bool) -> str:
    where = f"{entry.preset} in {entry.environment}"
    already = "was so already; " if same else ""
    if kind == "yank":
        return f"{where}: {already}version {version} is barred for good (entry {entry.seq})"
    return f"{where}: {already}version {entry.version} is {_DONE[kind]} (entry {entry.seq})"
