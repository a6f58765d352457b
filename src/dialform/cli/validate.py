"""``dialform validate``: check the declarations, offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from dialform.declaration import Project

_DESCRIPTION = """\
Check everything under stacks/, or what one environment runs, without network or key.

Prints every finding as FILE:LINE: KEY: what is wrong [rule]. Warnings are printed as well;
only errors make the exit code 1."""

_EXAMPLES = """\
examples:
  dialform validate
  dialform validate -s prod
  dialform validate --json
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``validate``."""
    parser = subparsers.add_parser(
        "validate",
        help="check the declarations, offline",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument("-s", "--stack", metavar="ENV", help="what this environment runs alone")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check."""
    from dialform.cli import output  # noqa: PLC0415 - when run
    from dialform.cli.project import project_here  # noqa: PLC0415
    from dialform.errors import UsageError  # noqa: PLC0415

    project = project_here()
    if args.stack is not None and args.stack not in project.environment_names():
        from dialform.declaration.merging import near  # noqa: PLC0415 - errors only

        names = project.environment_names()
        raise UsageError(f"there is no environment {args.stack!r}{near(args.stack, names)}")
    problems = project.problems(None if args.stack is None else [args.stack])
    errors = sum(problem.severity == "error" for problem in problems)
    if args.json:
        findings = [problem.as_json() for problem in problems]
        output.json_document({"format": "dialform.validate/1", "problems": findings})
    else:
        for problem in problems:
            output.data(str(problem))
    what = f"what {args.stack} runs" if args.stack else _count(project)
    output.note(f"{what}: {_plural(errors, 'error')}, {_plural(len(problems) - errors, 'warning')}")
    return 1 if errors else 0


def _count(project: Project) -> str:
    environments = len(project.environment_names())
    presets = len(project.presets)
    return f"{_plural(environments, 'environment')}, {_plural(presets, 'preset')}"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
