"""``dialform init``: a small working project, from the template in the package."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

_DESCRIPTION = """\
Write a small working project into DIR: one environment against the sandbox, one preset with
its profile and prompt, a three-line Pulumi program, and a README with the next commands."""

_EXAMPLES = """\
examples:
  dialform init calls
  dialform init . --name calls
"""

_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"
"""What Pulumi takes as a project's name."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``init``."""
    parser = subparsers.add_parser(
        "init",
        help="write a small working project",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument("dir", metavar="DIR", help="a folder that is empty or absent")
    parser.add_argument("--name", help="the project's name; default: the folder's")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the project; all of it or nothing."""
    import re  # noqa: PLC0415 - when run
    import shutil  # noqa: PLC0415
    import tempfile  # noqa: PLC0415
    from importlib.resources import files  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from dialform.cli import output  # noqa: PLC0415
    from dialform.errors import SettingError, UsageError  # noqa: PLC0415

    folder = Path(args.dir)
    name = args.name or folder.resolve().name
    if not re.fullmatch(_NAME, name):
        raise UsageError(f"{name!r} can't name a project; give one with --name, as calls")
    try:
        there = sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []
        if there:
            raise SettingError(f"{folder} is not empty (it holds {there[0]!r}); name another one")
        parent = folder.resolve().parent
        parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=parent))
        try:
            made.chmod(0o755)
            for path, text in _template(files("dialform.declaration") / "template"):
                (made / path).parent.mkdir(parents=True, exist_ok=True)
                (made / path).write_text(_named(path, text, name), encoding="utf-8")
            (made / ".dialform/state").mkdir(parents=True)
            (made / ".dialform/state/.gitkeep").touch()
            if folder.exists():  # it is empty: keep it, and what it is to others
                for entry in list(made.iterdir()):
                    entry.rename(folder / entry.name)
            else:
                made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise SettingError(f"{folder}: can't be written: {error.strerror}") from None
    output.note(f"wrote the project {name} into {folder}; {folder / 'README.md'} says how to go on")
    return 0


def _named(path: Path, text: str, name: str) -> str:
    """The project's name, where the template wants it: prompts have braces of their own."""
    return text.replace("{name}", name, 1) if path.name in ("Pulumi.yaml", "README.md") else text


def _template(folder: Traversable, path: Path | None = None) -> Iterator[tuple[Path, str]]:
    """Each file of the template, by its path in the project."""
    from pathlib import Path  # noqa: PLC0415 - when run

    for entry in folder.iterdir():
        inside = (path or Path()) / (".gitignore" if entry.name == "gitignore" else entry.name)
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _template(entry, inside)
        else:
            yield inside, entry.read_text(encoding="utf-8")
