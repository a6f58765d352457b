"""``dialform status`` and ``dialform history``: what runs where, and how it came there."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from dialform.cli import context, drift
from dialform.errors import (
    DialformError,
    ObjectAbsent,
    ObjectCorrupt,
    RegistryError,
    UnknownFormat,
    Untrusted,
    UsageError,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from dialform.cli.parser import Parser
    from dialform.declaration import Environment
    from dialform.promotion.history import Move
    from dialform.promotion.status import Cell, Status
    from dialform.registry import Entry, Registry

_STATUS = """\
Show what is live of each preset in each environment: version, the content's digest, since when,
and below the table what deserves a look: holds, what waits to be promoted or released and what
the gates say of it.

With presets named, also what deviates and whether two environments send the same call. In a
checkout the declarations are shown too; elsewhere --registry says where to look.
"""
_STATUS_EPILOG = """\
docs/gates.md says what ahead and behind mean. Exit code 1 if an object of the registry is
damaged; the rest is still shown.

examples:
  dialform status
  dialform status -s prod --drift
  dialform status collections --json
"""
_HISTORY_EPILOG = """\
examples:
  dialform history collections
  dialform history collections -s prod --json
"""
_SHORT = 7
_YELLOW, _RED = "33", "31"


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``status`` and ``history``."""
    status = subparsers.add_parser(
        "status",
        help="what is live where, and what stands in its way",
        description=_STATUS,
        epilog=_STATUS_EPILOG,
    )
    status.add_argument("presets", metavar="PRESET", nargs="*", help="only these; closer")
    status.add_argument("-s", "--stack", metavar="ENV", help="only this environment")
    drift.add_option(status)
    context.add_registry(status)
    context.add_json(status)
    status.set_defaults(run=run_status)
    history = subparsers.add_parser(
        "history",
        help="every move of a preset, in all environments",
        description="Print every move of a preset, newest first: when, where, what, who and why.",
        epilog=_HISTORY_EPILOG,
    )
    history.add_argument("preset", metavar="PRESET")
    history.add_argument("-s", "--stack", metavar="ENV", help="only this environment")
    context.add_registry(history)
    context.add_json(history)
    history.set_defaults(run=run_history)


def run_status(args: argparse.Namespace) -> int:
    """Read, print, and name what is damaged."""
    from datetime import UTC, datetime  # noqa: PLC0415 - where the command is run

    from dialform.cli import output  # noqa: PLC0415
    from dialform.promotion.overview import Overview  # noqa: PLC0415

    faults: list[DialformError] = []
    declared = declared_here(faults)
    registries = registries_of(args, declared)
    _say_unsigned(registries)
    now = datetime.now(UTC)
    overview = Overview(registries, declared, now, close=bool(args.presets))
    status = overview.status(None if args.stack is None else [args.stack], args.presets)
    if args.drift:
        from dialform.cli.drift import with_drift  # noqa: PLC0415 - where it is asked for

        status = with_drift(args, status, registries)
    if args.json:
        output.json_document(status.as_json())
    elif status.cells:
        _print(status, close=bool(args.presets))
    else:
        output.note("nothing is released or declared here yet: `pulumi up` releases")
    broken = [ObjectCorrupt(cell.fault) for cell in status.cells if cell.fault]
    for fault in [*faults, *broken]:
        output.flush()
        output.error(fault)
    return 1 if broken or faults else 0


def run_history(args: argparse.Namespace) -> int:
    """Print the moves, newest first."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run
    from dialform.launcher.resolve import near  # noqa: PLC0415
    from dialform.promotion.history import moves  # noqa: PLC0415
    from dialform.registry.names import check_name  # noqa: PLC0415

    preset = check_name(args.preset, "preset")
    faults: list[DialformError] = []
    registries = registries_of(
        args, {} if context.in_checkout(args) is False else declared_here(faults)
    )
    chosen = [args.stack] if args.stack else list(registries)
    logs: list[list[Entry]] = []
    for environment in chosen:
        registry = registries[environment]
        try:
            logs.append(registry.entries(environment, preset) if registry.exists else [])
        except (ObjectCorrupt, UnknownFormat, Untrusted) as error:
            faults.append(error)
    found = moves(logs)
    if not found and not faults:
        known = {
            name
            for environment in chosen
            if registries[environment].exists
            for name in registries[environment].presets(environment)
        }
        raise ObjectAbsent(
            f"{preset} was never released in {', '.join(chosen) or 'any environment'}"
            f"{near(preset, known)}"
        )
    if args.json:
        document = {"format": "dialform.history/1", "preset": preset}
        output.json_document({**document, "moves": [move.as_json() for move in found]})
    elif found:
        _print_moves(found)
    for fault in faults:
        output.flush()
        output.error(fault)
    return 1 if faults else 0


def _print_moves(found: Sequence[Move]) -> None:
    """A row for each move; a column that nobody filled is left out."""
    from dialform.cli import output  # noqa: PLC0415 - where the command is run

    rows = [
        {
            "when": move.entry.time,
            "environment": move.entry.environment,
            "kind": move.entry.kind,
            "version": _moved(move.before, move.entry),
            "by": move.entry.by,
            "why": move.entry.reason,
            "commit": (move.entry.commit or "")[:_SHORT],
            "change": move.entry.change,
        }
        for move in found
    ]
    headers = [name for name in rows[0] if any(row[name] for row in rows)]
    output.table(headers, [[row[name] for name in headers] for row in rows])


def _moved(before: int | None, entry: Entry) -> str:
    if entry.kind == "yank":
        return f"{entry.subject} barred"
    if before in (None, entry.version):
        return str(entry.version)
    return f"{before} -> {entry.version}"


def declared_here(faults: list[DialformError]) -> dict[str, Environment]:
    """The environments of the checkout; those that can't be read are added to ``faults``."""
    from dialform.errors import DeclarationError  # noqa: PLC0415 - where the command is run

    if context.project_root() is None:
        return {}
    from dialform.cli.project import project_here  # noqa: PLC0415 - loads pydantic

    project = project_here()
    found: dict[str, Environment] = {}
    for name in project.environment_names():
        try:
            environment = project.environment(name)
            _ = environment.model
        except DeclarationError as error:
            faults.append(error)
        else:
            found[name] = environment
    return found


def registries_of(
    args: argparse.Namespace, declared: dict[str, Environment]
) -> dict[str, Registry]:
    """Each environment's registry: the declared one, or all that the given one knows."""
    from dialform.cli.parser import near  # noqa: PLC0415 - where the command is run
    from dialform.registry import Registry  # noqa: PLC0415

    def opened(url: str, base: str, environment: str) -> Registry:
        trust = context.trust_of(args, environment, remembers=False)
        return Registry.open(url, base=base, trust=trust).glance()

    if context.in_checkout(args):
        root = context.project_root() or "."
        found = {
            name: opened(environment.registry.url, root, name)
            for name, environment in declared.items()
        }
        if args.stack is not None:
            context.environment_of(args)
    else:
        registry = context.registry_of(args, trusting=False).glance()
        url, base = context.registry_location(args)
        names = registry.environments() if registry.exists else []
        found = {name: opened(url, base, name) for name in [*names, *declared]}
    if args.stack is not None and args.stack not in found:
        raise UsageError(f"there is no environment {args.stack!r}{near(args.stack, found)}")
    return found


def _say_unsigned(registries: Mapping[str, Registry]) -> None:
    """Which environments with real calls have no keys pinned, in one line."""
    from dialform.api.location import is_loopback  # noqa: PLC0415 - where the command is run
    from dialform.registry.trust.guard import unsigned_message  # noqa: PLC0415

    found: dict[str, list[str]] = {}
    for name, registry in registries.items():
        if registry.guard is None or registry.guard.trust.keys is not None:
            continue
        with contextlib.suppress(RegistryError):
            document = registry.environment(name) if registry.exists else None
            if document is not None and not is_loopback(document["workspace"]["url"]):
                found.setdefault(registry.url, []).append(name)
    for url, environments in found.items():
        context.warn(unsigned_message(url, *environments))


def _print(status: Status, *, close: bool) -> None:
    """Environments as columns where they fit the width, else a row for each cell."""
    import shutil  # noqa: PLC0415 - where a table is printed

    from dialform.cli import output  # noqa: PLC0415

    width = shutil.get_terminal_size((120, 24)).columns
    cells = {(cell.preset, cell.environment): cell for cell in status.cells}
    rows = [
        [preset, *(_short(cells.get((preset, one))) for one in status.environments)]
        for preset in status.presets
    ]
    headers = ["preset", *status.environments]
    wide = sum(max(map(len, column)) + 2 for column in zip(headers, *rows, strict=True)) - 2
    if wide <= width and len(status.presets) > 1:
        output.table(headers, rows)
    else:
        output.table(
            ["preset", "environment", "version", "digest", "state", "since", "by"],
            [_row(cell) for cell in status.cells],
        )
    between = "\n"
    for cell in status.cells:
        for remark, color in _remarks(cell, close=close):
            text = output.line(f"{cell.preset} in {cell.environment}: {remark}")
            print(between + (output.paint(text, color, sys.stdout) if color else text))
            between = ""


def _short(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    if cell.fault is not None and cell.head is None:
        return str(cell.trouble)
    if cell.head is None:
        return "not released"
    words = [str(cell.head.version), cell.head.preset_digest[7:][:_SHORT], _age(cell)]
    words += [str(cell.state)] if cell.state != "live" else []
    words += [_relation(cell)] if _relation(cell) else []
    return " ".join(words)


def _row(cell: Cell) -> Sequence[object]:
    head = cell.head
    if head is None:
        state = cell.trouble or "not released"
        return [cell.preset, cell.environment, None, None, state, None, None]
    digest = head.preset_digest[7:][:_SHORT]
    return [cell.preset, cell.environment, head.version, digest, cell.state, _age(cell), head.by]


def _age(cell: Cell) -> str:
    from datetime import timedelta  # noqa: PLC0415 - where a table is printed

    from dialform.promotion.durations import age  # noqa: PLC0415

    return age(timedelta(seconds=cell.age or 0))


def _relation(cell: Cell) -> str:
    found = cell.comparison
    if found is None or found.relation in ("same content", "missing"):
        return ""
    return f"behind {found.steps}" if found.steps else found.relation


def _remarks(cell: Cell, *, close: bool) -> Iterator[tuple[str, str]]:
    """What deserves a look, with its colour; ``close``: what is there to know as well."""
    head, found = cell.head, cell.comparison
    if head is not None and cell.state not in ("live", None):
        by = f" by {head.by}" if head.by else ""
        why = f": {head.reason}" if head.reason else ""
        yield f"{cell.state} since {head.time}{by}{why}", _RED
    if cell.declared not in (None, "as declared"):
        pin = f" (version {cell.pinned} is pinned)" if cell.pinned else ""
        yield f"{cell.declared}{pin}", _YELLOW
    if cell.drift not in (None, "clean"):
        yield f"drift: {cell.drift}; see `dialform drift {cell.preset} -s {cell.environment}`", _RED
    if cell.deviation and close:
        yield f"deviates in {', '.join(cell.deviation)}", ""
    for waiver in cell.waivers or () if close else ():
        yield f"waived: {waiver}", _YELLOW
    if found is not None and found.relation != "same content":
        steps = f" by {found.steps}" if found.steps else ""
        yield f"{found.relation}{steps}, against {found.source}", _YELLOW
    elif found is not None and found.same_call is not None:
        same = "same call" if found.same_call else "same content"
        yield f"{same} as {found.source}", ""
    yield from _gate_remarks(cell)


def _gate_remarks(cell: Cell) -> Iterator[tuple[str, str]]:
    if cell.gates and all(verdict.met for verdict in cell.gates):
        yield "its gates are met", ""
    for verdict in cell.gates:
        if not verdict.met:
            yield f"gate {verdict.gate}: {verdict.message}", _YELLOW
