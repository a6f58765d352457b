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
_STOP_EXAMPLES = """\
  dialform stop --all -s prod --reason "wrong opening line everywhere"
  dialform stop reminder collections -s prod --reason "the numbers are blocked"
"""
_RESUME = """\
End a hold: what was live before it is live again, what was rolled back is so again. Or let a
preset move that is rolled back: the next `pulumi up` releases what is declared. Of several, goes
on where one can't be resumed, and says which.
"""
_RESUME_EXAMPLES = """\
  dialform resume collections -s prod --reason "false alarm"
  dialform resume --all -s prod --reason "the numbers are free again"
"""
_DONE = {
    "hold": "held: no calls, no releases until it is resumed",
    "resume": "live again",
    "withdraw": "withdrawn: no calls",
}
_ROLLED_BACK = "rolled back to as before the hold, until it is declared or resumed once more"
_SEVERAL: dict[str, tuple[str, frozenset[str], str]] = {
    "hold": (
        "held",
        frozenset(("live", "rolled-back", "held")),
        "; to go on: dialform resume --all -s {} --reason ...",
    ),
    "resume": ("resumed", frozenset(("held",)), ""),
}
"""By kind: the word for it, what `--all` means by the log's state, and how it ends."""

_BY = "your name in the log comes from DIALFORM_BY, else GITHUB_ACTOR, else user@host"


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add the five."""
    for kind, (line, description, example) in _COMMANDS.items():
        parser = subparsers.add_parser(
            kind, help=line, description=description, epilog=f"{_BY}\n\nexample:\n  {example}\n"
        )
        what = ("PRESET@N", "the preset and its version") if kind == "yank" else ("PRESET", "")
        parser.add_argument("preset", metavar=what[0], help=what[1] or "the preset's name")
        _add_rest(parser)
        parser.set_defaults(run=run, kind=kind)
    for name, kind, line, description, examples, everything in (
        ("stop", "hold", "hold several presets, or all", _STOP, _STOP_EXAMPLES, "released there"),
        ("resume", "resume", "end a hold", _RESUME, _RESUME_EXAMPLES, "held, whoever held it"),
    ):
        parser = subparsers.add_parser(
            name, help=line, description=description, epilog=f"{_BY}\n\nexamples:\n{examples}"
        )
        parser.add_argument("preset", metavar="PRESET", nargs="*", help="the presets' names")
        parser.add_argument("--all", action="store_true", help=f"every preset that is {everything}")
        _add_rest(parser)
        parser.set_defaults(run=run_several, kind=kind, name=name)


def _add_rest(parser: Parser) -> None:
    parser.add_argument(
        "--reason", metavar="TEXT", required=True, help="why, for those who find it so"
    )
    context.add_released(parser)


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


def run_several(args: argparse.Namespace) -> int:
    """Hold or resume each, whatever becomes of the others; one that is named alone as `run`."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.errors import DialformError  # noqa: PLC0415

    if not args.reason.strip():
        raise UsageError("--reason is empty: say why, for those who find it so")
    if bool(args.preset) == args.all:
        raise UsageError("say which presets, or --all")
    if args.name == "resume" and len(args.preset) == 1:
        run(_for_one(args, args.preset[0]))
        return 0
    environment = context.environment_of(args)
    registry = context.registry_of(args).glance()
    names = args.preset or (registry.presets(environment) if registry.exists else [])
    word, states, end = _SEVERAL[args.kind]
    done: list[dict[str, object]] = []
    failed: DialformError | None = None
    for name in dict.fromkeys(names):
        one = _for_one(args, name)
        try:
            before = registry.head(environment, name)
            if args.all and before is not None and before.state not in states:
                continue
            entry = _append(one, registry, before, None)
        except DialformError as error:
            failed = failed or error
            output.error(error)
            done.append({"preset": name, word: False, "error": str(error)})
            continue
        same = before is not None and entry.seq == before.seq
        done.append({"preset": name, word: True, "changed": not same, "seq": entry.seq})
        if not args.json:
            output.data(_told(entry, args.kind, None, same=same))
    if args.json:
        output.json_document(
            {"format": f"dialform.{args.name}/1", "environment": environment, "presets": done}
        )
    if not done:
        what = "live" if args.kind == "hold" else "held"
        output.note(f"nothing is {what} in {environment}: there was nothing to {args.kind}")
        return 0
    count = sum(bool(one[word]) for one in done)
    output.note(f"{count} of {len(done)} {word} in {environment}{end.format(environment)}")
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
    done = _ROLLED_BACK if entry.state == "rolled-back" else _DONE[kind]
    return f"{where}: {already}version {entry.version} is {done} (entry {entry.seq})"
