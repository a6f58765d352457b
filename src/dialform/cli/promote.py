"""``dialform promote`` and ``dialform rollback``: move pins; ``--now`` moves the log itself."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from dialform.cli import context
from dialform.cli.parser import near
from dialform.errors import ObjectAbsent, Refused, SettingError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dialform.cli.parser import Parser
    from dialform.declaration import Environment, Project
    from dialform.diff.model import Difference
    from dialform.promotion import Move, Refusal
    from dialform.registry import Registry

_PROMOTE = """\
Move the pins of an environment to what is live in another one, and print what that changes.

Only the pins move: version and digest in the target's stack file. Commit that, have it
reviewed, and `pulumi up` on the target releases exactly that content. Nothing is written
unless every preset may move.
"""
_PROMOTE_EPILOG = """\
examples:
  dialform promote reminder --from staging --to prod
  dialform promote --all --from staging --to prod --dry-run
"""
_ROLLBACK = """\
Go back to a version that was live in an environment before: the one before the present one,
or --to N.

Without --now the pin in the stack file moves; today's bindings hold, and `pulumi up` releases
it. With --now the old release is put back in the log at once, as it was: calls go on with it,
and `pulumi up` leaves it there until the pin agrees or `dialform resume` is given.
"""
_ROLLBACK_EPILOG = """\
examples:
  dialform rollback reminder -s prod
  dialform rollback reminder -s prod --to 6
  dialform rollback reminder -s prod --now --reason "tells people the wrong day"
"""


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``promote`` and ``rollback``."""
    promote = subparsers.add_parser(
        "promote",
        help="move pins to what is live in another environment",
        description=_PROMOTE,
        epilog=_PROMOTE_EPILOG,
    )
    promote.add_argument("preset", metavar="PRESET", nargs="*", help="the presets' names")
    promote.add_argument("--all", action="store_true", help="every preset that is pinned there")
    promote.add_argument("--from", metavar="ENV", required=True, dest="source", help="where it ran")
    promote.add_argument("--to", metavar="ENV", required=True, dest="stack", help="where it goes")
    _add_edit(promote)
    promote.set_defaults(run=run_promote)
    rollback = subparsers.add_parser(
        "rollback",
        help="go back to a version that was live before",
        description=_ROLLBACK,
        epilog=_ROLLBACK_EPILOG,
    )
    rollback.add_argument("preset", metavar="PRESET", help="the preset's name")
    context.add_stack(rollback)
    rollback.add_argument("--to", metavar="N", type=_version, help="this version")
    rollback.add_argument("--now", action="store_true", help="in the log, at once")
    rollback.add_argument("--reason", metavar="TEXT", help="why; required with --now")
    _add_edit(rollback)
    rollback.set_defaults(run=run_rollback)


def _add_edit(parser: Parser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="say what would move, write nothing")
    parser.add_argument(
        "--allow-dirty", action="store_true", help="edit a file with uncommitted changes"
    )
    context.add_registry(parser)
    context.add_json(parser)


def _version(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise UsageError(f"--to {text!r}: takes a version's number, as in --to 6")
    return int(text)


# Promote


def run_promote(args: argparse.Namespace) -> None:
    """Move pins to what is live in the source."""
    from dialform.cli.project import project_here  # noqa: PLC0415 - when run

    if bool(args.preset) == args.all:
        raise UsageError("say which presets, or --all")
    project = project_here()
    known = project.environment_names()
    for option, name in (("--from", args.source), ("--to", args.stack)):
        if name not in known:
            raise UsageError(f"{option}: there is no environment {name!r}{near(name, known)}")
    if args.source == args.stack:
        raise UsageError(f"--from and --to are both {args.stack}")
    target = project.environment(args.stack)
    with _alone(project.root):
        file, before = _read(project, target)
        moves = _promotions(args, project, target)
        _write(args, project, target, moves, (file, before))


def _promotions(args: argparse.Namespace, project: Project, target: Environment) -> list[Move]:
    from dialform.cli.sides import registry_of  # noqa: PLC0415 - when run
    from dialform.promotion import promotion  # noqa: PLC0415
    from dialform.promotion.moves import unbound  # noqa: PLC0415

    source = registry_of(args, args.source).glance()
    registry = registry_of(args, args.stack).glance()
    live = source.presets(args.source) if source.exists else []
    names = args.preset or [name for name, run in sorted(target.runs.items()) if run.follow is None]
    refusals: list[Refusal] = []
    moves: list[Move] = []
    for name in dict.fromkeys(names):
        if name not in live and name not in project.presets:
            hint = near(name, {*live, *project.presets})
            raise UsageError(f"there is no preset {name!r} in {args.source}{hint}")
        head = source.head(args.source, name) if source.exists else None
        there = registry.head(args.stack, name) if registry.exists else None
        made = promotion(name, args.source, head, target, there)
        if isinstance(made, list):
            refusals += made
            continue
        document, profile = _documents(registry, name, made)
        refusals += unbound(name, target, document, profile)
        refusals += [] if made.is_none else _unmet_gates(args, target, source, registry, made)
        moves.append(made)
    _require(refusals)
    return moves


def _documents(
    registry: Registry, name: str, move: Move
) -> tuple[dict[str, object], dict[str, object] | None]:
    """What is promoted, which must be in the target's registry under the same number."""
    from dialform.presets.documents import PRESET_FORMAT, PROFILE_FORMAT  # noqa: PLC0415

    found = registry.preset_digest(name, move.after.version)
    if found != move.after.digest:
        raise Refused(
            f"{name}: version {move.after.version} is {found} in the target's registry, and "
            f"{move.after.digest} is what runs in the source; let both use one registry, or copy it"
        )
    document = registry.read_document(found, PRESET_FORMAT)
    profile = None
    if "profile" in document:
        profile = registry.read_document(document["profile"], PROFILE_FORMAT)
    return document, profile


def _unmet_gates(
    args: argparse.Namespace, target: Environment, source: Registry, registry: Registry, move: Move
) -> list[Refusal]:
    """The target's gates that a move does not meet."""
    from datetime import UTC, datetime  # noqa: PLC0415 - when run

    from dialform.promotion.gates import verdicts  # noqa: PLC0415
    from dialform.promotion.moves import Refusal  # noqa: PLC0415

    found = verdicts(
        target,
        args.source,
        move.preset,
        source.entries(args.source, move.preset),
        registry.approvals(target.name, move.after.digest),
        datetime.now(UTC),
        source.evidence(args.source, move.preset, move.after.version),
    )
    return [Refusal(move.preset, one.gate, one.message) for one in found if not one.met]


# Roll back


def run_rollback(args: argparse.Namespace) -> None:
    """Move a pin, or the log, back."""
    from dialform.promotion import rollback, to_roll_back_to  # noqa: PLC0415 - when run

    if args.now and not (args.reason or "").strip():
        raise UsageError("--now needs --reason TEXT: say why, for those who find it so")
    if args.reason is not None and not args.now:
        raise UsageError("--reason goes with --now; the reason of a pin's move is its commit's")
    environment = context.environment_of(args)
    registry = context.registry_of(args)
    entries = registry.entries(environment, args.preset) if registry.exists else []
    if not entries:
        known = registry.presets(environment) if registry.exists else []
        raise ObjectAbsent(
            f"{args.preset} was never released in {environment} ({registry.url})"
            f"{near(args.preset, known)}"
        )
    entry = to_roll_back_to(entries, args.to)
    if entry is None:
        what = "nothing else" if args.to is None else f"version {args.to}"
        versions = sorted({one.version for one in entries})
        raise ObjectAbsent(
            f"{what} of {args.preset} was ever live in {environment}; there was: "
            f"{', '.join(map(str, versions))}"
        )
    if args.now:
        _roll_back_now(args, registry, environment, entries[-1].seq, entry.version)
        return
    from dialform.cli.project import project_here  # noqa: PLC0415 - where a pin moves

    project = project_here()
    target = project.environment(environment)
    with _alone(project.root):
        read = _read(project, target)
        made = rollback(args.preset, entry, target, entries[-1])
        if isinstance(made, list):
            _require(made)
            return
        _write(args, project, target, [made], read)


def _roll_back_now(
    args: argparse.Namespace, registry: Registry, environment: str, seq: int, version: int
) -> None:
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.registry.authorship import meta  # noqa: PLC0415

    old = registry.find_release(environment, args.preset, version=version)
    if args.dry_run:
        output.note(f"{args.preset} would go back to version {version} in {environment} at once")
        return
    written = meta(None)._replace(reason=args.reason.strip())
    if context.project_root() is None:
        written = written._replace(commit=None)
    entry = registry.append(
        environment,
        args.preset,
        "rollback",
        expected=seq,
        version=old.version,
        preset_digest=old.preset_digest,
        bound_digest=old.bound_digest,
        references=old.references,
        meta=written,
    )
    same = entry.seq == seq
    if args.json:
        output.json_document({"format": "dialform.entry/1", "changed": not same, **entry.as_json()})
        return
    already = "was so already; " if same else ""
    output.data(
        f"{args.preset} in {environment}: {already}calls go on with version {entry.version} "
        f"(entry {entry.seq})"
    )
    output.note(
        f"`pulumi up` leaves it there until it is declared (`dialform rollback {args.preset} "
        f"-s {environment} --to {entry.version}` moves a pin), or until `dialform resume "
        f"{args.preset} -s {environment} --reason ...`"
    )


# What both do


def _require(refusals: Sequence[Refusal]) -> None:
    if refusals:
        raise Refused("nothing was written:\n" + "\n".join(map(str, refusals)))


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One edit of this checkout's pins at a time; the lock ends with the process."""
    import fcntl  # noqa: PLC0415 - when run

    folder = os.open(root / "stacks", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refused(
            "another promotion or rollback is editing the pins of this checkout; look at what it "
            "did, then run this again"
        ) from None
    else:
        yield
    finally:
        os.close(folder)


def _read(project: Project, target: Environment) -> tuple[str, str]:
    """
    The target's own file and its text, line ends as they are.

    Raises:
        DeclarationError: the target is wrong already.
        Refused: the text is not the one that the declaration was read from.

    """
    target.require()
    own = target.layered.own
    text = _text(project.root, own.name)
    if text.replace("\r\n", "\n").replace("\r", "\n") != own.text:
        raise Refused(
            f"another promotion or rollback, or an editor, wrote {own.name} at this moment; look "
            "at what it did, then run this again"
        )
    return own.name, text


def _text(root: Path, file: str) -> str:
    with (root / file).open(encoding="utf-8", newline="") as opened:
        return opened.read()


def _write(
    args: argparse.Namespace,
    project: Project,
    target: Environment,
    moves: Sequence[Move],
    read: tuple[str, str],
) -> None:
    """Edit the file, or say that there is nothing to move, and print what that changes."""
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.cli.bind import replace  # noqa: PLC0415
    from dialform.promotion import moved  # noqa: PLC0415

    file, before = read
    there = [move for move in moves if not move.is_none]
    if there and not args.allow_dirty and not args.dry_run:
        _require_committed(project.root, file)
    text = moved(before, file, {move.preset: move.after for move in there})
    # All that can fail comes before the edit.
    changes = _changes(args, project, target.name, there, {file: text})
    if there and not args.dry_run:
        if _text(project.root, file) != before:
            raise Refused(f"{file} was edited at this moment; nothing was written: run it again")
        replace(project.root / file, text)
    if args.json:
        output.json_document(
            {
                "format": "dialform.promotion/1",
                "environment": target.name,
                "file": file,
                "written": bool(there) and not args.dry_run,
                "moves": [_as_json(move) for move in moves],
            }
        )
        return
    for move in moves:
        output.data(_told(move, target.name))
    if changes is not None:
        from dialform.cli.diff import show  # noqa: PLC0415 - where there are changes

        show(changes)
    if there and not args.dry_run:
        output.note(f"{file} was edited: commit it; `pulumi up -s {target.name}` releases it")


def _as_json(move: Move) -> Mapping[str, object]:
    return {
        "preset": move.preset,
        "before": None if move.before is None else move.before._asdict(),
        "after": move.after._asdict(),
        "moved": not move.is_none,
    }


def _told(move: Move, environment: str) -> str:
    if move.is_none:
        return f"{move.preset}: version {move.after.version} is pinned in {environment} already"
    if move.before is None:
        return f"{move.preset}: new in {environment}, pinned to version {move.after.version}"
    return f"{move.preset}: version {move.before.version} -> {move.after.version} in {environment}"


def _changes(
    args: argparse.Namespace,
    project: Project,
    environment: str,
    moves: Sequence[Move],
    edited: Mapping[str, str],
) -> Difference | None:
    """What the moves make live, by the files as they will be; None: nothing, or no way to tell."""
    from dialform.cli.extras import require_review  # noqa: PLC0415 - when run

    if not moves or not require_review(quiet=True):
        return None
    from dialform.cli.sides import Sides  # noqa: PLC0415 - where there are moves
    from dialform.declaration import Project as Edited  # noqa: PLC0415
    from dialform.diff.sides import parse  # noqa: PLC0415

    texts = {file: text.replace("\r\n", "\n").replace("\r", "\n") for file, text in edited.items()}
    with Sides(args, Edited(project.root, edited=texts)) as sides:
        pair = parse(environment), parse(f"source:{environment}")
        return sides.compared(*pair, only=[move.preset for move in moves])


def _require_committed(root: Path, file: str) -> None:
    """
    The file is as git has it, so that the edit is the only one that is reviewed.

    Raises:
        Refused: it has changes that are not committed.

    """
    import subprocess  # noqa: PLC0415 - when run

    try:
        done = subprocess.run(  # noqa: S603 - words of our own
            ["git", "status", "--porcelain", "--", file],  # noqa: S607 - the one on PATH
            cwd=root,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SettingError(f"git can't be asked about {file}: {error}; or: --allow-dirty") from None
    if done.returncode == 0 and done.stdout.strip():
        raise Refused(
            f"nothing was written: {file} has changes that are not committed; commit or stash "
            f"them, so that only the pins are reviewed, or: --allow-dirty [dirty]"
        )
