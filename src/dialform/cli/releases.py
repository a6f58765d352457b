"""``dialform hold``, ``resume``, ``withdraw``, ``yank`` and ``stop``: move release logs at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from dialform.cli import context, hangup
from dialform.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from dialform.cli.parser import Parser
    from dialform.errors import DialformError
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
        (
            'dialform yank reminder@7 -s prod --reason "quotes an old price"\n\n'
            "who heard it: dialform results -s prod --heard reminder@7"
        ),
    ),
}
_STOP = """\
Hold several presets of an environment, or all of them, at once: launchers refuse them and
`pulumi up` does not move them. Goes on where one can't be held, and says which.

With --hangup, also hang up their calls that have not ended, those that the ledger knows; for ten
seconds it looks for calls that were being placed meanwhile. With --all it is every call of the
environment. Needs the workspace's API key. Again, it hangs up what is still live.
"""
_STOP_EXAMPLES = """\
  dialform stop --all -s prod --reason "wrong opening line everywhere"
  dialform stop reminder collections -s prod --reason "the numbers are blocked"
  dialform stop reminder -s prod --reason "wrong date" --hangup

exit codes: 0 all are held, and with --hangup no call is left | 1 one can't be held or hung up
who heard a version: dialform results -s ENV --heard PRESET@N
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
        if name == "stop":
            hangup.add_hangup(parser)
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
    # What stops calls is written whatever stands there; what starts them, on what is believed.
    registry = context.registry_of(args, trusting=args.kind == "resume")
    before = registry.head(environment, reference.name)
    entry = _append(args, registry, before, reference.version)
    same = before is not None and entry.seq == before.seq
    if args.json:
        output.json_document({"format": "dialform.entry/1", "changed": not same, **entry.as_json()})
    else:
        output.data(_told(entry, args.kind, reference.version, same=same))
    if args.kind == "yank":
        output.note(_who_heard(environment, f"{entry.preset}@{reference.version}"))
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

    if not args.reason.strip():
        raise UsageError("--reason is empty: say why, for those who find it so")
    if bool(args.preset) == args.all:
        raise UsageError("say which presets, or --all")
    if args.name == "resume" and len(args.preset) == 1:
        run(_for_one(args, args.preset[0]))
        return 0
    environment = context.environment_of(args)
    document: dict[str, Any] = {"format": f"dialform.{args.name}/1"}
    document["environment"] = environment
    done, released, failed = _each(args, environment)
    document["presets"] = done
    word, _, end = _SEVERAL[args.kind]
    if done:
        moved = [one for one in done if one[word]]
        output.note(f"{len(moved)} of {len(done)} {word} in {environment}{end.format(environment)}")
    else:
        what = "live" if args.kind == "hold" else "held"
        output.note(f"nothing is {what} in {environment}: there was nothing to {args.kind}")
    if getattr(args, "hangup", False) and (args.all or released):
        failed = _hang_up(args, None if args.all else released, document) or failed
    if args.json:
        output.json_document(document)
    return 0 if failed is None else failed.exit_code


def _each(
    args: argparse.Namespace, environment: str
) -> tuple[list[dict[str, Any]], set[str], DialformError | None]:
    """What became of each preset, those that were ever released, and what failed first."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.errors import DialformError  # noqa: PLC0415

    registry = context.registry_of(args, trusting=args.kind == "resume").glance()
    names = args.preset or (registry.presets(environment) if registry.exists else [])
    word, states, _ = _SEVERAL[args.kind]
    done: list[dict[str, Any]] = []
    released: set[str] = set()
    failed: DialformError | None = None
    for name in dict.fromkeys(names):
        one = _for_one(args, name)
        try:
            before = registry.head(environment, name)
            if args.all and before is not None and before.state not in states:
                continue
            if before is not None:
                released.add(name)
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
        if args.name == "stop":
            output.note(_who_heard(environment, f"{name}@{entry.version}"))
    return done, released, failed


def _hang_up(
    args: argparse.Namespace, presets: set[str] | None, document: dict[str, Any]
) -> DialformError | None:
    """Hang up and say in ``document`` what came of it; what went wrong, which was told."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.errors import DialformError  # noqa: PLC0415

    try:
        document["calls"] = hangup.hang_up(args, document["environment"], presets)
    except hangup.NotHungUpError as error:
        document["calls"] = error.document
        return error
    except DialformError as error:
        output.error(error)
        return error
    return None


def _who_heard(environment: str, version: str) -> str:
    return f"who heard it: dialform results -s {environment} --heard {version}"


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
