"""``dialform import``: declarations from a body that is sent today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.cli.context import add_stack

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from dialform.declaration import Project
    from dialform.declaration.importing import Files

_DESCRIPTION = """\
Make preset, profile, prompt, flow and bindings from a body of POST /dials.

Before anything is written, the files are loaded and the request made from them must equal the
body byte for byte in canonical form. What can't be kept is listed, and nothing is written."""

_EXAMPLES = """\
examples:
  dialform import body.json -s dev
  dialform import body.json -s dev --name reminder
  curl ... | dialform import - -s dev --name reminder
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``import``."""
    parser = subparsers.add_parser(
        "import",
        help="make declarations from a body that is sent today",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument("body", metavar="BODY.json", help="the file with the body; - for stdin")
    add_stack(parser)
    parser.add_argument("--name", help="the preset's name; default: the file's")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Import: prove, then write all or nothing."""
    import re  # noqa: PLC0415 - when run
    from pathlib import Path  # noqa: PLC0415

    from dialform.cli import output  # noqa: PLC0415
    from dialform.cli.project import project_here  # noqa: PLC0415
    from dialform.declaration.importing import add_to_environment, files_of  # noqa: PLC0415
    from dialform.errors import SettingError, UsageError  # noqa: PLC0415
    from dialform.registry.names import check_name  # noqa: PLC0415

    if args.name is None and args.body == "-":
        raise UsageError("say what the preset is called: --name NAME")
    name = args.name or re.sub(r"[^a-z0-9._-]+", "-", Path(args.body).stem.lower()).strip("-._")
    check_name(name, "preset")
    body = _read(args.body)
    project = project_here()
    environment = project.environment(args.stack)
    files = files_of(body, name, environment.bindings)
    for path in files.texts:
        if (project.root / "stacks" / path).exists():
            raise SettingError(
                f"stacks/{path} is there already; give the preset another name with --name"
            )
    if name in environment.runs:
        raise SettingError(f"{name!r} runs in {args.stack} already; give another --name")
    own = environment.layered.own
    changed = add_to_environment(own.text, name, files.bindings)
    lost = files.lost or _lost(project, args.stack, name, body, files, {own.name: changed})
    if lost:
        for one in lost:
            output.data(one)
        raise SettingError("the body can't be kept as it is, see above; nothing was written")
    _write(project.root, files, {own.name: changed})
    for path in files.texts:
        output.data(f"stacks/{path}")
    output.data(own.name)
    after = ""
    if any(kind != "webhooks" for kind in files.bindings):
        after = f"; ids stand without names: `dialform bind -s {args.stack}` adds them"
    output.note(f"the request made from these files equals the body, byte for byte{after}")
    return 0


def _read(name: str) -> dict[str, Any]:
    import sys  # noqa: PLC0415 - when run
    from pathlib import Path  # noqa: PLC0415

    from dialform.errors import SettingError  # noqa: PLC0415
    from dialform.presets.canonical import NotCanonical, canonical, load_json  # noqa: PLC0415

    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        value = load_json(data.decode("utf-8"))
        canonical(value)
    except OSError as error:
        raise SettingError(f"{name}: can't be read: {error.strerror}") from None
    except (NotCanonical, ValueError, RecursionError) as error:
        raise SettingError(f"{name}: is not JSON that can be sent: {error}") from None
    if not isinstance(value, dict):
        raise SettingError(f"{name}: must be the object that POST /dials takes")
    return value


def _lost(  # noqa: PLR0913, PLR0917 - all that the proof is about
    project: Project,
    stack: str,
    name: str,
    body: dict[str, Any],
    files: Files,
    changed: dict[str, str],
) -> list[str]:
    """What the request made from the files lacks or says otherwise; [] if it is the body."""
    import json  # noqa: PLC0415 - when run
    import shutil  # noqa: PLC0415
    import tempfile  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from dialform.declaration import Project  # noqa: PLC0415
    from dialform.errors import DeclarationError, InputError  # noqa: PLC0415
    from dialform.launcher import assembled  # noqa: PLC0415
    from dialform.presets.canonical import canonical  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(project.root / "stacks", root / "stacks")
        _write(root, files, changed)
        environment = Project(root).environment(stack)
        known = {str(problem) for problem in project.environment(stack).problems}
        new = [one for one in environment.problems if str(one) not in known]
        if any(problem.severity == "error" for problem in new):
            return [str(problem) for problem in new]
        given = body.get("callAgentInput")
        inputs = given if isinstance(given, dict) else {}
        to = body.get("toNumber") if isinstance(body.get("toNumber"), str) else None
        try:
            bound = environment.bound(name)
            made = assembled(bound, to=to, inputs=inputs, partial=True).body
        except DeclarationError as error:
            return [str(problem) for problem in error.problems]
        except InputError as error:
            return str(error).splitlines()
    if made == canonical(body):
        return []
    from deepdiff import DeepDiff  # noqa: PLC0415 - heavy, and the extra [pulumi]

    from dialform.declaration.importing import paths  # noqa: PLC0415

    return sorted(paths(DeepDiff(body, json.loads(made)))) or ["(numbers of another form)"]


def _write(root: Path, files: Files, changed: dict[str, str]) -> None:
    """All files or none: new ones first, then the environment's, in one step each."""
    from dialform.cli.bind import replace  # noqa: PLC0415 - when run
    from dialform.errors import SettingError  # noqa: PLC0415

    made: list[Path] = []
    try:
        for path, text in files.texts.items():
            target = root / "stacks" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8", newline="") as file:
                made.append(target)
                file.write(text)
        for path, text in changed.items():
            replace(root / path, text)
    except BaseException as error:
        for target in made:
            target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise SettingError(f"{error.filename}: can't be written: {error.strerror}") from None
        raise
