"""
Guardrails over all that an environment runs, with what is wrong with the waivers themselves.

Pure: pinned documents come from whoever asks. `dialform check` and reviews look them up where
they can and name the rest as unchecked; `pulumi up` has them all in its plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dialform.errors import DeclarationError, Problem
from dialform.guardrails.call import call_of
from dialform.guardrails.findings import Finding, findings
from dialform.presets.canonical import Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from dialform.declaration import Environment
    from dialform.guardrails.call import Call
    from dialform.planning import Running

    Documents = tuple[Mapping[str, Any], Mapping[str, Any] | None]
    """A preset and its profile."""

    Find = Callable[[str, str, Digest], Documents | None]
    """The documents of a pinned preset, from its registry's URL, its name and its digest."""


@dataclass(slots=True)
class Report:
    """What was found in one environment."""

    environment: str
    findings: list[Finding] = field(default_factory=list)
    unchecked: list[Problem] = field(default_factory=list)
    """Pins whose documents are out of reach, at their places."""

    checked: set[str] = field(default_factory=set)
    """The presets that were looked at."""


def check(environment: Environment, today: date, find: Find) -> Report:
    """
    Everything that an environment runs, held against its guardrails.

    Raises:
        DeclarationError: the environment is wrong, so that nothing can be said of its calls.

    """
    report = Report(environment.name)
    if not environment.guardrails:
        report.checked |= environment.runs.keys()  # there is nothing to break
        return report
    calls = []
    for name in sorted(environment.runs):
        call = _call(environment, name, find)
        if call is None:
            run = environment.run(name)
            message = (
                f"was not checked: version {run.version} is not in the working tree, and the "
                f"registry doesn't give it; run this where it can be read"
            )
            path = ("presets", name)
            problem = environment.layered.problem(path, "unchecked", message, severity="warning")
            report.unchecked.append(problem)
        else:
            calls.append(call)
            report.checked.add(name)
    report.findings += findings(environment, calls, today)
    return report


def planned(environment: Environment, running: Iterable[Running], today: date) -> list[Finding]:
    """What a plan's presets break."""
    if not environment.guardrails:
        return []
    calls = [
        call_of(
            one.bound,
            one.document,
            None if one.profile is None else one.profile.document,
            environment.bindings,
            pinned=one.pinned,
        )
        for one in running
    ]
    return findings(environment, calls, today)


def _call(environment: Environment, name: str, find: Find) -> Call | None:
    run = environment.run(name)
    if run.follow is not None:
        source = environment.source(name)
        if source.document is None or source.digest is None:
            raise DeclarationError(source.all_problems())
        profile = source.profile
        named = source.digest
        documents: Documents | None = (
            source.document,
            None if profile is None else profile.document,
        )
    else:
        named = Digest(run.digest or "")
        documents = _same_here(environment, name, named)
        documents = documents or find(environment.registry.url, name, named)
    if documents is None:
        return None
    preset, overrides = documents
    bound = environment.bind(name, preset, named, overrides)
    return call_of(bound, preset, overrides, environment.bindings, pinned=run.version)


def _same_here(environment: Environment, name: str, named: Digest) -> Documents | None:
    """The working tree's, where that is what the pin names."""
    try:
        source = environment.source(name)
    except KeyError:
        return None
    if source.document is None or source.digest != named:
        return None
    return source.document, None if source.profile is None else source.profile.document


def waiver_problems(
    environments: Iterable[Environment], reports: Mapping[str, Report], today: date, *, whole: bool
) -> list[Problem]:
    """
    Waivers that are over or waive nothing, once each.

    ``whole``: ``reports`` has all environments, so that something can be said of the waivers of
    the whole project.
    """
    found: dict[str, Problem] = {}
    used = {
        one.waived.place
        for report in reports.values()
        for one in report.findings
        if one.waived is not None
    }
    unsure = {preset for report in reports.values() for preset in _unchecked(report)}
    for environment in environments:
        for rules in environment.guardrails:
            for index, waiver in enumerate(rules.rules.waivers or ()):
                place = rules.place(("waivers", index))
                message = ""
                if waiver.until < today:
                    message = (
                        f"ended on {waiver.until} and waives {waiver.rule} for {waiver.preset} no "
                        f"longer; drop it, or give it a new reason and date"
                    )
                elif rules.shared and not whole:
                    continue
                elif place not in used and waiver.preset not in unsure:
                    message = f"waives nothing: {waiver.preset} keeps to {waiver.rule}; drop it"
                if message:
                    found[place] = rules.warning(("waivers", index), "waiver", message)
    return list(found.values())


def _unchecked(report: Report) -> list[str]:
    return [problem.key.removeprefix("presets.").strip('"') for problem in report.unchecked]
