"""``dialform check``: hold what environments run against their guardrails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import argparse
    from datetime import date
    from pathlib import Path

    from dialform.cli.parser import Parser
    from dialform.declaration import Environment, Project
    from dialform.errors import Problem
    from dialform.guardrails import Finding, Report
    from dialform.presets.canonical import Digest
    from dialform.registry import Registry

_DESCRIPTION = """\
Hold every call that an environment would make against the guardrails: stacks/guardrails/*.toml
and [guardrails] of its own file. `pulumi preview` and `pulumi up` stop at the same findings.

Needs no key and no network but for pinned versions, which come from the registry unless the
working tree has the same; one that is out of reach is named as unchecked. Prints every finding as
FILE:LINE: KEY: what is wrong [rule]. Errors make the exit code 3; wrong declarations make it 1."""

_EXAMPLES = """\
examples:
  dialform check
  dialform check -s prod
  dialform check --sarif > guardrails.sarif
"""
_REFUSED = 3


class _Checked(NamedTuple):
    """What a run found."""

    problems: list[Problem]
    """What is wrong with the declarations."""

    reports: dict[str, Report]
    waivers: list[Problem]

    @property
    def findings(self) -> list[Finding]:
        return [one for report in self.reports.values() for one in report.findings]

    @property
    def unchecked(self) -> list[Problem]:
        return [one for report in self.reports.values() for one in report.unchecked]


def add_parser(subparsers: argparse._SubParsersAction[Parser]) -> None:
    """Add ``check``."""
    parser = subparsers.add_parser(
        "check",
        help="hold what would run against the guardrails",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument("-s", "--stack", metavar="ENV", help="this environment alone")
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print JSON for programs")
    forms.add_argument("--sarif", action="store_true", help="print SARIF 2.1.0 for code scanners")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check and print."""
    from datetime import UTC, datetime  # noqa: PLC0415 - when run

    from dialform.cli import output  # noqa: PLC0415
    from dialform.cli.project import project_here  # noqa: PLC0415

    project = project_here()
    checked = _check(project, args.stack, datetime.now(UTC).date())
    if args.json:
        output.json_document(_document(checked))
    elif args.sarif:
        from dialform.guardrails.sarif import sarif  # noqa: PLC0415 - where it is asked for

        others = [*checked.problems, *checked.waivers, *checked.unchecked]
        output.json_document(sarif(checked.findings, others))
    else:
        _print(checked)
    wrong = any(problem.severity == "error" for problem in checked.problems)
    stops = sum(finding.stops for finding in checked.findings)
    waived = sum(finding.waived is not None for finding in checked.findings)
    warned = len(checked.findings) - stops - waived
    what = args.stack or _plural(len(project.environment_names()), "environment")
    presets = sum(len(report.checked) for report in checked.reports.values())
    output.note(
        f"{what}, {_plural(presets, 'call')}: {_plural(stops, 'error')}, "
        f"{_plural(warned, 'warning')}, {waived} waived, {len(checked.unchecked)} unchecked"
    )
    return 1 if wrong else _REFUSED if stops else 0


def _check(project: Project, only: str | None, today: date) -> _Checked:
    from dialform.declaration.merging import near  # noqa: PLC0415 - when run
    from dialform.errors import DeclarationError, UsageError  # noqa: PLC0415
    from dialform.guardrails.checking import check, waiver_problems  # noqa: PLC0415

    names = project.environment_names()
    if only is not None and only not in names:
        raise UsageError(f"there is no environment {only!r}{near(only, names)}")
    chosen = names if only is None else [only]
    problems = [one for one in project.problems(chosen) if one.severity == "error"]
    pins = Pinned(project.root)
    reports: dict[str, Report] = {}
    made: list[Environment] = []
    for name in chosen:
        try:
            environment = project.environment(name)
            environment.require()
            reports[name] = check(environment, today, pins.find)
        except DeclarationError as error:
            known = {str(problem) for problem in problems}
            problems += [one for one in error.problems if str(one) not in known]
        else:
            made.append(environment)
    waivers = waiver_problems(made, reports, today, whole=len(made) == len(names))
    return _Checked(problems, reports, waivers)


class Pinned:
    """The documents of pinned presets, from the registries that have them."""

    def __init__(self, root: Path) -> None:
        """``root``: where relative registries start from."""
        self._root = root
        self._registries: dict[str, Registry] = {}

    def find(self, url: str, _name: str, digest: Digest) -> Any:
        """A preset's document and its profile's; None where the registry doesn't give them."""
        from dialform.errors import RegistryError, SettingError  # noqa: PLC0415 - when run
        from dialform.presets.documents import PRESET_FORMAT, PROFILE_FORMAT  # noqa: PLC0415
        from dialform.registry import Registry  # noqa: PLC0415

        try:
            if url not in self._registries:
                self._registries[url] = Registry.open(url, base=self._root)
            registry = self._registries[url]
            if not registry.exists:
                return None
            preset = registry.read_document(digest, PRESET_FORMAT)
            if "profile" not in preset:
                return preset, None
            return preset, registry.read_document(preset["profile"], PROFILE_FORMAT)
        except (RegistryError, SettingError):
            return None  # named as unchecked


def _print(checked: _Checked) -> None:
    from dialform.cli import output  # noqa: PLC0415 - when run

    for problem in checked.problems:
        output.data(str(problem))
    for finding in checked.findings:
        text = str(finding.problem)
        if finding.waived is not None:
            waiver = finding.waived.waiver
            text += f" waived until {waiver.until}: {waiver.reason}"
        output.data(text)
    for problem in [*checked.waivers, *checked.unchecked]:
        output.data(str(problem))


def _document(checked: _Checked) -> dict[str, Any]:
    return {
        "format": "dialform.check/1",
        "problems": [one.as_json() for one in checked.problems],
        "findings": [one.as_json() for one in checked.findings],
        "waivers": [one.as_json() for one in checked.waivers],
        "unchecked": [one.as_json() for one in checked.unchecked],
    }


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
