"""
What may stand in a table of guardrails: an environment's ``[guardrails]``, or a file of its own.

The models and the rules' ids. Whether what they name exists is checked by ``rulesets``; what
a call breaks is found by `dialform.guardrails`. Rules for a single dial (destinations, hours,
caps) would be a table of their own in here, ``dial``: what it holds is known to launchers only.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from dialform.api.models import Absent, Model

RULES = {
    "required": "Fields that every call must set.",
    "forbidden": "Fields that no call may set.",
    "max": "The highest value of a field.",
    "min": "The lowest value of a field.",
    "deprecated": "With false: no field that the API deprecates.",
    "voices": "The voices that may speak, by their names in [voices].",
    "models": "The models that may be used, by their names in [models].",
    "functions": "The functions that may be called, by their names in [functions].",
    "webhookHosts": "The hosts that webhooks may lead to.",
    "disclosure": "What the opening line must say.",
    "forbiddenWords": "Words that may stand in no text.",
    "prompt.maxLength": "The most characters that a prompt may have.",
    "prompt.minLength": "The fewest characters that a prompt may have.",
    "prompt.duplicates": "With false: no heading, paragraph or item stands twice in a prompt.",
}
"""The id of every rule, which is its key in the table, and what it holds."""


def covers(named: str, rule: str, detail: str) -> bool:
    """Whether ``named``, a rule or a rule and its detail (``max.timeoutMinutes``), means it."""
    return named in (rule, f"{rule}.{detail}")


def rule_named(named: str) -> str | None:
    """The id of the rule in ``max.timeoutMinutes``; None where there is none."""
    for one in RULES:
        if named == one or (named.startswith(f"{one}.") and named != f"{one}."):
            return one
    return None


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

Text = Annotated[str, StringConstraints(pattern=r"\S")]
"""A text that says something."""

Host = Annotated[str, StringConstraints(pattern=r"^(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$")]
"""A host's name; ``*.`` in front means every host below it."""

Count = Annotated[int, Field(ge=0)]
"""A number of characters."""


def _day(value: object) -> object:
    """A date, as TOML has it or as text."""
    if isinstance(value, datetime) or not isinstance(value, (str, date)):
        raise ValueError("must be a date: 2026-12-31")  # noqa: TRY004 - pydantic wants it
    if isinstance(value, str):
        if not _DATE.fullmatch(value):
            raise ValueError(f"must be a date like 2026-12-31, not {value[:20]!r}")
        return date.fromisoformat(value)
    return value


Day = Annotated[date, BeforeValidator(_day)]
"""A date: ``2026-12-31``, with or without quotes."""


def _phrases(value: object) -> object:
    """One phrase is a list of one."""
    return [value] if isinstance(value, str) else value


Phrases = Annotated[
    list[Text],
    Field(min_length=1),
    BeforeValidator(_phrases, json_schema_input_type=Text | list[Text]),
]
"""Phrases of which one must be there; a single one may stand without brackets."""


class PromptGuardrails(Model):
    """Rules on prompts, an IVR's own included."""

    maxLength: Absent[Count] = None
    """The most characters that a prompt may have."""

    minLength: Absent[Count] = None
    """The fewest characters that a prompt may have."""

    duplicates: Absent[bool] = None
    """``false``: no heading, paragraph or list item stands twice; a prompt was pasted twice."""


class Waiver(Model):
    """An exception from a rule, for one preset and a while."""

    rule: str
    """The rule, ``voices``, or what it says of one thing, ``max.timeoutMinutes``."""

    preset: str
    """The preset that it is for."""

    reason: Text
    """Why, for those who review it."""

    until: Day
    """The last day on which it holds, in UTC."""


class Guardrails(Model):
    """What every call must keep to. Several tables add up: the stricter one wins."""

    required: Absent[list[str]] = None
    """Fields that must be set: ``["timeoutMinutes", "profile.maxDurationSeconds"]``."""

    forbidden: Absent[list[str]] = None
    """Fields that must not be set: ``["extraFields"]``."""

    max: Absent[dict[str, Any]] = None
    """The highest value, by field: ``timeoutMinutes = 15``."""

    min: Absent[dict[str, Any]] = None
    """The lowest value, by field: ``profile.maxDurationSeconds = 60``."""

    deprecated: Absent[bool] = None
    """``false``: no field that the API deprecates."""

    voices: Absent[list[str]] = None
    """The voices that are allowed, by their names in [voices]."""

    models: Absent[list[str]] = None
    """The models that are allowed, by their names in [models]."""

    functions: Absent[list[str]] = None
    """The functions that are allowed, by their names in [functions]."""

    webhookHosts: Absent[list[Host]] = None
    """The hosts that webhooks may lead to: ``["hooks.example.com", "*.example.net"]``."""

    disclosure: Absent[dict[str, Phrases]] = None
    """What the opening line must say, by a name: one of the phrases."""

    forbiddenWords: Absent[list[Text]] = None
    """Words and phrases that stand in no text that is said or told."""

    prompt: Absent[PromptGuardrails] = None
    """Rules on prompts."""

    warn: Absent[list[str]] = None
    """The rules of this table that only warn: ``["prompt.maxLength", "max.timeoutMinutes"]``."""

    waivers: Absent[list[Waiver]] = None
    """Exceptions for single presets, each with a reason and an end."""
