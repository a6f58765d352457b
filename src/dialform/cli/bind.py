"""``dialform bind``: look names up in the workspace and write their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.cli.context import add_stack

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

_DESCRIPTION = """\
Complete an environment's bindings from its workspace: ids for names, names for ids, ids for
phone numbers. Each must have exactly one match, or nothing is written. Comments stay.

Needs the workspace's API key in the variable that the file names."""

_EXAMPLES = """\
examples:
  dialform bind -s prod --dry-run
  dialform bind -s prod
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``bind``."""
    parser = subparsers.add_parser(
        "bind",
        help="look names up in the workspace and write their ids",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    add_stack(parser)
    parser.add_argument("--dry-run", action="store_true", help="say what would be written")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Bind."""
    import os  # noqa: PLC0415 - when run

    from dialform.api.client import Client  # noqa: PLC0415
    from dialform.cli import output  # noqa: PLC0415
    from dialform.cli.project import project_here  # noqa: PLC0415
    from dialform.declaration.binding import bind  # noqa: PLC0415
    from dialform.launcher.keys import key_of  # noqa: PLC0415
    from dialform.publishing import Workspace, WorkspaceRef  # noqa: PLC0415

    project = project_here()
    environment = project.environment(args.stack)
    url, keyvar = environment.workspace.url, environment.workspace.keyvar
    key = key_of(keyvar, None, os.environ)
    with Client(url, key) as client:
        workspace = Workspace(WorkspaceRef(url, keyvar, None), lambda: client)
        texts, done = bind(environment.layered.sources, workspace.names)
    for one in done:
        output.data(f"{one.file}: {one.key}: {one.id} {one.name}")
    if args.dry_run:
        output.note(f"{len(done)} would be written")
        return 0
    for file, text in texts.items():
        replace(project.root / file, text)
    output.note(f"{len(done)} written" if done else f"nothing to bind in {args.stack}")
    return 0


def replace(path: Path, text: str) -> None:
    """Write a file so that it is either the old one or the new one, and never half."""
    import os  # noqa: PLC0415 - when run

    from dialform.errors import SettingError  # noqa: PLC0415

    new = path.with_name(f".{path.name}.new")
    try:
        with new.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.chmod(path.stat().st_mode & 0o777)
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise SettingError(f"{path}: can't be written: {error.strerror}") from None
