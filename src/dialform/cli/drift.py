"""``dialform drift``: what was changed in a workspace behind the back of what is released."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.cli import context
from dialform.errors import (
    ObjectAbsent,
    ObjectCorrupt,
    SettingError,
    UnknownFormat,
    Untrusted,
    UsageError,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from dialform.cli.parser import Parser
    from dialform.drift import ObjectChange
    from dialform.errors import RegistryError
    from dialform.promotion.status import Status
    from dialform.publishing import Workspace
    from dialform.registry import Entry, Registry

_DESCRIPTION = """\
Compare the objects that each release leans on (agents, prompts, voices, functions, ...) with
what they were when it was written, field by field, and the declaration with what is live.

Needs the workspace's API key. All else it needs is in the registry, so a fresh clone sees the
same. Classes: clean, declaration ahead, workspace ahead, both; not recorded is a release of
before such objects were.
"""
_EPILOG = """\
examples:
  dialform drift -s prod
  dialform drift reminder -s prod --json
  dialform drift -s staging --exit-code
"""
_DIFFERENT = 2


class Found(NamedTuple):
    """What was found of one preset."""

    entry: Entry
    changes: list[ObjectChange] | None
    """None where the release recorded nothing."""

    is_ahead: bool | None
    """Whether `pulumi up` would move the log; None where no declaration is known."""

    @property
    def drift(self) -> str:
        """The class, in a word or two."""
        if self.changes and self.is_ahead:
            return "both"
        if self.changes:
            return "workspace ahead"
        if self.is_ahead:
            return "declaration ahead"
        return "not recorded" if self.changes is None else "clean"


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``drift``."""
    parser = subparsers.add_parser(
        "drift",
        help="what was changed behind the back of what is released",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.add_argument("preset", metavar="PRESET", nargs="*", help="these presets alone")
    parser.add_argument("--exit-code", action="store_true", help="exit with 2 where there is drift")
    context.add_released(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look, and print."""
    from dialform.cli import output  # noqa: PLC0415 - when run

    environment = context.environment_of(args)
    registry = context.registry_of(args)
    heads = _heads(registry, environment, args.preset)
    faults: list[tuple[str, Exception]] = []
    found: list[Found] = []
    with Opened(args, registry) as workspace:
        ahead = _ahead(args)
        for name, head in sorted(heads.items()):
            if isinstance(head, Exception):
                faults.append((name, head))
            elif head.state != "withdrawn":
                try:
                    found.append(look(registry, workspace, head, ahead))
                except (ObjectAbsent, ObjectCorrupt, UnknownFormat, Untrusted) as error:
                    faults.append((name, error))
    if args.json:
        output.json_document(_document(environment, found, faults))
    else:
        _show(environment, found)
    for name, fault in faults:
        output.warning(f"{name} could not be looked at: {fault}")
    if ahead is None:
        output.note("no declaration is known here, so what it would change was not looked at")
    if faults:
        return 1
    drifted = any(one.drift not in ("clean", "not recorded") for one in found)
    return _DIFFERENT if args.exit_code and drifted else 0


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--drift``."""
    parser.add_argument(
        "--drift",
        action="store_true",
        help="ask each workspace for drift as well; needs the API keys",
    )


def with_drift(
    args: argparse.Namespace, status: Status, registries: Mapping[str, Registry]
) -> Status:
    """``status`` with each cell's class of drift. Raises as the API's requests do."""
    import argparse  # noqa: PLC0415 - light, and loaded by now
    from dataclasses import replace  # noqa: PLC0415

    cells = list(status.cells)
    for environment in status.environments:
        one = argparse.Namespace(**{**vars(args), "stack": environment})
        wanted = [
            (at, cell.head)
            for at, cell in enumerate(cells)
            if cell.environment == environment and cell.head and cell.head.state != "withdrawn"
        ]
        if not wanted:
            continue
        registry = registries[environment]
        with Opened(one, registry) as workspace:
            ahead = _ahead(one)
            for at, head in wanted:
                try:
                    found = look(registry, workspace, head, ahead)
                except (ObjectAbsent, ObjectCorrupt, UnknownFormat, Untrusted) as error:
                    cells[at] = cells[at].faulty(error)
                else:
                    cells[at] = replace(cells[at], drift=found.drift)
    return replace(status, cells=tuple(cells))


def _heads(
    registry: Registry, environment: str, presets: list[str]
) -> dict[str, Entry | RegistryError]:
    from dialform.cli.parser import near  # noqa: PLC0415 - when run

    heads = dict(registry.heads(environment)) if registry.exists else {}
    for name in presets:
        if name not in heads:
            raise UsageError(f"{name!r} was never released in {environment}{near(name, heads)}")
    return {name: heads[name] for name in presets or heads}


def look(registry: Registry, workspace: Workspace, head: Entry, ahead: set[str] | None) -> Found:
    """What drifted of one preset. Raises as the API's requests do, and for another's key."""
    from dialform.publishing import drift_of  # noqa: PLC0415 - when run

    is_ahead = None if ahead is None else head.preset in ahead
    changes = drift_of(registry, head, workspace)
    agents = [one.gone for one in changes or () if one.key.kind == "agents"]
    if agents and all(agents):
        raise SettingError(
            f"the API key in {workspace.ref.keyvar} opens a workspace without any agent that "
            f"{head.preset} calls with: set the right key, or if the agent was removed, bind "
            "another and run `pulumi up`"
        )
    return Found(head, changes, is_ahead)


def _ahead(args: argparse.Namespace) -> set[str] | None:
    """The presets whose logs `pulumi up` would move; None outside of a checkout."""
    if not context.in_checkout(args):
        return None
    from dialform.cli.project import project_here  # noqa: PLC0415 - in a checkout
    from dialform.planning import Plan  # noqa: PLC0415

    project = project_here()
    writer = f"{project.pulumi_name}/{args.stack}"
    plan = Plan(project.environment(args.stack), root=project.root, writer=writer)
    return {one.preset for one in plan.effects() if one.kind != "nothing"}


class Opened:
    """The environment's workspace, by what the registry says of it."""

    def __init__(self, args: argparse.Namespace, registry: Registry) -> None:
        """``args.stack`` names it; touches nothing."""
        self._args = args
        self._registry = registry
        self._client: Any = None

    def __enter__(self) -> Workspace:
        """The workspace; its key is read when it is first asked."""
        import os  # noqa: PLC0415 - when run

        from dialform.api.client import Client  # noqa: PLC0415
        from dialform.launcher.keys import key_of  # noqa: PLC0415
        from dialform.launcher.resolve import workspace_of  # noqa: PLC0415
        from dialform.publishing import Workspace, WorkspaceRef  # noqa: PLC0415

        name = self._args.stack
        if not self._registry.exists or self._registry.environment(name) is None:
            raise ObjectAbsent(
                f"nothing was released in {name} ({self._registry.url}): there is nothing to "
                "compare with"
            )
        workspace = workspace_of(self._registry, name)
        url, keyvar = workspace["url"], workspace["keyvar"]

        def connect() -> Client:
            client = self._client = Client(url, key_of(keyvar, None, os.environ))
            return client

        return Workspace(WorkspaceRef(url, keyvar, None), connect)

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()


def _document(
    environment: str, found: list[Found], faults: list[tuple[str, Exception]]
) -> dict[str, Any]:
    return {
        "format": "dialform.drift/1",
        "environment": environment,
        "presets": [
            {
                "preset": one.entry.preset,
                "version": one.entry.version,
                "class": one.drift,
                "recorded": one.changes is not None,
                "objects": [change.as_json() for change in one.changes or ()],
            }
            for one in found
        ],
        "faults": [{"preset": name, "error": str(fault)} for name, fault in faults],
    }


def _show(environment: str, found: list[Found]) -> None:
    from dialform.cli import output  # noqa: PLC0415 - when run

    rows = [[one.entry.preset, one.entry.version, one.drift] for one in found]
    if rows:
        output.table(["preset", "version", "drift"], rows)
    else:
        output.note(f"nothing is released in {environment}")
    leaning: dict[str, tuple[ObjectChange, list[str]]] = {}
    for one in found:
        for change in one.changes or ():
            leaning.setdefault(repr(change), (change, []))[1].append(one.entry.preset)
    for change, presets in leaning.values():
        output.data("")
        what = f"{change.key.kind} {change.name!r} ({change.key.id})"
        output.data(f"{what}{' is gone' if change.gone else ''}, leaned on by {', '.join(presets)}")
        for field in change.fields:
            for line in _lines(field):
                output.data(f"  {line}")


def _lines(field: Any) -> list[str]:
    """A field's change: of texts with several lines, by line."""
    before, after = field.before, field.after
    if not (isinstance(before, str) and isinstance(after, str) and "\n" in before + after):
        return [str(field)]
    from dialform.diff.prose import lines_of  # noqa: PLC0415 - for texts

    signs = {"removed": "-", "moved-away": "-", "added": "+", "moved-here": "+", "same": " "}
    return [
        f"{field.path}:",
        *(f"{signs[line.kind]} {line.text}" for line in lines_of(before, after)),
    ]
