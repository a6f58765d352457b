"""
What calls break: breaches with their places, the strictest of each, and what waives them.

Pure; today's date is an argument. Which calls an environment makes is for `checking` to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.declaration.guardrails import covers
from dialform.guardrails import allowed, fields, speech
from dialform.guardrails.places import place_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from dialform.declaration import Environment
    from dialform.declaration.guardrails import Waiver
    from dialform.declaration.rulesets import RuleSet
    from dialform.errors import Problem
    from dialform.guardrails.breaches import Breach
    from dialform.guardrails.call import Call

_RULES = (
    fields.required,
    fields.forbidden,
    fields.limits,
    fields.deprecated,
    allowed.objects,
    allowed.webhook_hosts,
    speech.disclosure,
    speech.forbidden_words,
    speech.prompts,
)


class Held(NamedTuple):
    """A waiver, with where it is said."""

    waiver: Waiver
    place: str
    """``file:line``."""

    def __str__(self) -> str:
        """``max.timeoutMinutes until 2026-12-31: the reason``."""
        return f"{self.waiver.rule} until {self.waiver.until}: {self.waiver.reason}"


@dataclass(frozen=True, slots=True)
class Finding:
    """A call of one preset in one environment doesn't keep to a rule."""

    environment: str
    preset: str
    problem: Problem
    """Where, the rule, the severity, what it is and what to do."""

    detail: str
    """What a waiver may name besides the rule: a field, a name, a host, a word."""

    said_by: str
    """``file:line`` of the rule."""

    waived: Held | None = None
    """The waiver in force that lets it pass."""

    @property
    def stops(self) -> bool:
        """Whether nothing is released over it."""
        return self.waived is None and self.problem.severity == "error"

    def as_json(self) -> dict[str, Any]:
        """As in ``dialform check --json``."""
        waiver = None if self.waived is None else self.waived.waiver
        return {
            **self.problem.as_json(),
            "environment": self.environment,
            "preset": self.preset,
            "detail": self.detail,
            "saidBy": self.said_by,
            "waived": None
            if waiver is None
            else {"reason": waiver.reason, "until": waiver.until.isoformat()},
        }


def findings(environment: Environment, calls: Iterable[Call], today: date) -> list[Finding]:
    """All that ``calls`` break of the environment's guardrails, in the order of the presets."""
    found: list[Finding] = []
    for call in calls:
        breaches = [
            (rules, breach)
            for rules in environment.guardrails
            for rule in _RULES
            for breach in rule(rules, call)
        ]
        waivers = _waivers(environment, call.preset)
        for rules, breach in _strictest(breaches):
            last = max(
                (one for one in waivers if _covers(one.waiver, breach)),
                key=lambda one: one.waiver.until,
                default=None,
            )
            found.append(_finding(environment, call, rules, breach, waiver=last, today=today))
    return found


def held(environment: Environment, preset: str, today: date) -> list[Held]:
    """The waivers in force for a preset in an environment, ``until`` included."""
    return [one for one in _waivers(environment, preset) if one.waiver.until >= today]


def _waivers(environment: Environment, preset: str) -> list[Held]:
    """All waivers for a preset, those that are over included."""
    return [
        Held(waiver, rules.place(("waivers", index)))
        for rules in environment.guardrails
        for index, waiver in enumerate(rules.rules.waivers or ())
        if waiver.preset == preset
    ]


def _covers(waiver: Waiver, breach: Breach) -> bool:
    return covers(waiver.rule, breach.rule, breach.detail)


def _strictest(breaches: list[tuple[RuleSet, Breach]]) -> list[tuple[RuleSet, Breach]]:
    """Of what several sets say of the same field, the one that is hardest to keep."""

    def rank(one: tuple[RuleSet, Breach]) -> tuple[bool, float]:
        rules, breach = one
        return rules.warns(breach.rule, breach.detail), breach.strictness

    kept: dict[tuple[object, ...], tuple[RuleSet, Breach]] = {}
    for one in breaches:
        breach = one[1]
        # Two sets may ask for different phrases by one name: both must be said.
        said = breach.message if breach.rule == "disclosure" else None
        key = (breach.rule, breach.path, breach.detail, said)
        if key not in kept or rank(one) < rank(kept[key]):
            kept[key] = one
    return list(kept.values())


def _finding(  # noqa: PLR0913 - a call, what it breaks, what may waive it
    environment: Environment,
    call: Call,
    rules: RuleSet,
    breach: Breach,
    *,
    waiver: Held | None,
    today: date,
) -> Finding:
    said_by = rules.place(breach.said_by)
    over = waiver is not None and waiver.waiver.until < today
    ended = f"; its waiver ended on {waiver.waiver.until}" if waiver is not None and over else ""
    problem = place_of(environment, call, breach)
    problem.message += f" (preset {call.preset} in {environment.name}; the rule: {said_by}{ended})"
    problem.severity = "warning" if rules.warns(breach.rule, breach.detail) else "error"
    waived = None if over else waiver
    return Finding(environment.name, call.preset, problem, breach.detail, said_by, waived)
