"""
A difference as JSON, ``dialform.diff/1``, and the models that its published schema is made from.

Pure. A key that is not there is a field that is not set; null is null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dialform.diff.model import ABSENT

if TYPE_CHECKING:
    from dialform.diff import model

FORMAT = "dialform.diff/1"


class _Json(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class SegmentJson(_Json):
    """A piece of a line."""

    text: str
    marked: bool
    """Whether these words are what changed in the line."""


class LineJson(_Json):
    """A line of a text, changed or beside a change."""

    kind: Literal["same", "removed", "added", "moved-away", "moved-here"]
    segments: list[SegmentJson]
    before: int | None
    """Its number in the old text, from 1."""

    after: int | None
    """Its number in the new text, from 1."""


class ChangeJson(_Json):
    """One edit of one leaf."""

    kind: Literal["added", "removed", "changed", "moved", "renamed", "reordered"]
    area: Literal["content", "deviation", "bindings"]
    path: list[str | int]
    """In the declaration's words."""

    pointer: str
    """JSON pointer into the body of ``POST /dials``; empty where it is not part of it."""

    before: Any = None
    """Left out where the field is not set."""

    after: Any = None
    """Left out where the field is not set."""

    lines: list[LineJson] = Field(default_factory=list)
    note: str = ""


class RiskJson(_Json):
    """Why a change deserves a second look."""

    rule: str
    level: Literal["high", "medium", "low"]
    path: list[str | int]
    message: str


class SubjectJson(_Json):
    """A preset as one side has it."""

    name: str
    digest: str
    version: int | None
    boundDigest: str | None  # noqa: N815 - JSON's way
    state: str | None
    origin: str


class PresetJson(_Json):
    """What is different in one preset."""

    name: str
    status: Literal["changed", "added", "removed", "renamed", "same content", "same call"]
    before: SubjectJson | None
    after: SubjectJson | None
    changes: list[ChangeJson]
    risks: list[RiskJson]
    effect: str
    """What the next `pulumi up` does; empty where no side is what it would release."""

    trouble: str
    """Why it could not be compared; empty where it was."""


class RuleJson(_Json):
    """A rule for single calls that is different; empty where it isn't there."""

    rule: str
    """Its key in the environment's file: ``calls.hours.fri``."""

    before: str
    after: str


class DiffJson(_Json):
    """What `dialform diff --json` prints."""

    format: Literal["dialform.diff/1"] = "dialform.diff/1"
    before: str
    """The older side, as it was asked for."""

    after: str
    presets: list[PresetJson]
    """Those with a difference."""

    unchanged: list[str]
    risks: list[RiskJson]
    """Those of no single preset."""

    rules: list[RuleJson] = Field(default_factory=list)
    """The environment's rules for single calls."""


def as_json(difference: model.Difference) -> dict[str, Any]:
    """The document."""
    made = DiffJson(
        before=difference.before.label,
        after=difference.after.label,
        presets=[_preset(one) for one in difference.presets],
        unchanged=list(difference.unchanged),
        risks=[_risk(one) for one in difference.risks],
        rules=[RuleJson(**one._asdict()) for one in difference.rules],
    )
    document = made.model_dump(exclude_unset=True)
    return {"format": FORMAT, **document}


def _preset(one: model.PresetDiff) -> PresetJson:
    return PresetJson(
        name=one.name,
        status=one.status,
        before=_subject(one.before),
        after=_subject(one.after),
        changes=[_change(change) for change in one.changes],
        risks=[_risk(risk) for risk in one.risks],
        effect=one.effect,
        trouble=one.trouble,
    )


def _subject(one: model.Subject | None) -> SubjectJson | None:
    if one is None:
        return None
    return SubjectJson(
        name=one.name,
        digest=one.digest,
        version=one.version,
        boundDigest=one.bound_digest,
        state=one.state,
        origin=one.origin,
    )


def _change(one: model.Change) -> ChangeJson:
    fields: dict[str, Any] = {
        "kind": one.kind,
        "area": one.area,
        "path": list(one.path),
        "pointer": one.pointer,
        "note": one.note,
    }
    fields |= {
        key: value
        for key, value in (("before", one.before), ("after", one.after))
        if value is not ABSENT
    }
    if one.lines:
        fields["lines"] = [_line(line) for line in one.lines]
    return ChangeJson(**fields)


def _line(one: model.Line) -> LineJson:
    segments = [SegmentJson(text=piece.text, marked=piece.marked) for piece in one.segments]
    return LineJson(kind=one.kind, segments=segments, before=one.before, after=one.after)


def _risk(one: model.Risk) -> RiskJson:
    return RiskJson(rule=one.rule, level=one.level, path=list(one.path), message=one.message)
