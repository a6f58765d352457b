"""What a review says of guardrails: what is broken after the change, and which waivers hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.diff.review import Section
from dialform.errors import DeclarationError
from dialform.guardrails.checking import check
from dialform.guardrails.findings import held

if TYPE_CHECKING:
    from datetime import date

    from dialform.declaration import Project
    from dialform.diff.review import Review
    from dialform.guardrails.checking import Find

_FOUND = ("severity", "rule", "environment", "preset", "place", "what")
_WAIVED = ("environment", "preset", "rule", "until", "reason")


def guarded(project: Project, review: Review, today: date, find: Find) -> tuple[Section, ...]:
    """
    The sections for a review of ``project``, less those with nothing to say.

    An environment that is wrong is left out: the review names what is wrong with it.
    """
    found: list[tuple[str, ...]] = []
    waived: list[tuple[str, ...]] = []
    for reviewed in review.environments:
        if reviewed.state == "removed":
            continue
        try:
            environment = project.environment(reviewed.name)
            environment.require()
            report = check(environment, today, find)
        except DeclarationError:
            continue
        for one in report.findings:
            problem = one.problem
            if one.waived is None:
                place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
                what = f"{problem.key} {problem.message}"
                found.append(
                    (problem.severity, problem.rule, one.environment, one.preset, place, what)
                )
        for preset in sorted(environment.runs):
            for waiver, _ in held(environment, preset, today):
                until = waiver.until.isoformat()
                waived.append((environment.name, preset, waiver.rule, until, waiver.reason))
        for problem in report.unchecked:
            place = f"{problem.file}:{problem.line}"
            what = f"{problem.key} {problem.message}"
            found.append(("warning", "unchecked", environment.name, "", place, what))
    found.sort(key=lambda row: row[0] != "error")
    sections = (
        Section("Guardrails", _FOUND, tuple(found)),
        Section("Waivers in force", _WAIVED, tuple(waived)),
    )
    return tuple(section for section in sections if section.rows)
