"""Findings as SARIF 2.1.0, the form in which code scanners and forges read them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dialform.declaration.guardrails import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dialform.errors import Problem
    from dialform.guardrails.findings import Finding

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_OTHERS = {
    "waiver": "Waivers are in force and needed.",
    "unchecked": "What is pinned can be read.",
}


def sarif(findings: Sequence[Finding], others: Sequence[Problem] = ()) -> dict[str, Any]:
    """
    A log of one run.

    ``others`` are findings of no guardrail: about waivers, pins out of reach, declarations.
    """
    results = []
    for finding in findings:
        result = _result(finding.problem)
        where = {"environment": finding.environment, "preset": finding.preset}
        result["properties"] = {**where, "detail": finding.detail, "saidBy": finding.said_by}
        if finding.waived is not None:
            waiver = finding.waived.waiver
            why = f"until {waiver.until}: {waiver.reason}"
            result["suppressions"] = [{"kind": "external", "justification": why}]
        results.append(result)
    results += [_result(problem) for problem in others]
    known = {**RULES, **_OTHERS}
    used = sorted({result["ruleId"] for result in results})
    rules = [
        {"id": rule, "shortDescription": {"text": known.get(rule, "The declarations are right.")}}
        for rule in used
    ]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "dialform", "rules": rules}}, "results": results}],
    }


def _result(problem: Problem) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(problem.file)}}
    if problem.line is not None:
        place["region"] = {"startLine": problem.line}
    text = f"{problem.key}: {problem.message}" if problem.key else problem.message
    return {
        "ruleId": problem.rule,
        "level": "error" if problem.severity == "error" else "warning",
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }
