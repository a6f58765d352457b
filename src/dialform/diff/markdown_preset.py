"""
What a review shows of one preset: its changes in a table, its texts as lines, its flow's picture.

Pure. A piece is valid Markdown in itself: whatever it opens it closes.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from dialform.diff import words
from dialform.diff.inert import code, fence, shortened, size, table, visible
from dialform.diff.model import Change, Line, PresetDiff, Segment
from dialform.errors import DialformError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dialform.diff.model import Documents, Risk, Subject
    from dialform.diff.review import Review

Flow = Callable[[Any, Any], str]
"""The Markdown of a flow's picture, from the API's objects before and after; empty for none."""

LEVELS = {"high": "\U0001f534", "medium": "\U0001f7e0", "low": "\U0001f7e1"}
"""A risk's sign by its level, the highest first."""

_LINE = 1_000
"""Characters of a line of prose, beyond which its unchanged words are left out; fewer where there
is little room."""

_SIGNS = {"same": " ", "removed": "-", "moved-away": "-", "added": "+", "moved-here": "+"}
_MOST_WORDS = 12
_FEW, _SOME = 3, 8
"""How many names of presets and of environments stand in a line."""

_IMPORTANT = ("changed", "added", "removed", "renamed", "same call", "same content")


@dataclass(slots=True)
class Group:
    """One change of content, with all presets and environments that get it alike."""

    names: list[str]
    one: PresetDiff
    environments: list[str] = field(default_factory=list)
    risks: list[Risk] = field(default_factory=list)

    @property
    def level(self) -> int:
        """The place of the highest risk among `LEVELS`; beyond them without one."""
        levels = list(LEVELS)
        return min((levels.index(risk.level) for risk in self.risks), default=len(levels))


def grouped(review: Review) -> list[Group]:
    """What is shown of presets, the most important first."""
    found: dict[tuple[object, ...], Group] = {}
    for place in review.environments:
        for preset in place.difference.presets:
            same = preset.before and preset.after and preset.before.digest == preset.after.digest
            if same and preset.status != "renamed" and not preset.trouble:
                continue  # bindings and deviations are told elsewhere
            sides = [one and (one.name, one.digest) for one in (preset.before, preset.after)]
            key = (preset.name, *sides, preset.status, preset.trouble)
            group = found.setdefault(key, Group([preset.name], preset))
            group.environments.append(place.name)
            group.risks += preset.risks
    return sorted(
        _alike(found.values()),
        key=lambda group: (
            not group.one.trouble,
            group.level,
            _IMPORTANT.index(group.one.status),
            group.names,
        ),
    )


def _alike(groups: Iterable[Group]) -> Iterable[Group]:
    """Presets with the same changes as one, as after the edit of a profile that they share."""
    found: dict[object, Group] = {}
    for at, group in enumerate(groups):
        one, key = group.one, cast("object", at)
        changes = one.of("content")
        if one.status == "changed" and not one.trouble and not _has_flow(changes):
            said = [(change.kind, change.path, change.before, change.after) for change in changes]
            key = (repr(said), _headline(one), one.effect, *group.environments)
        if key in found:
            found[key].names += group.names
            found[key].risks += group.risks
        else:
            found[key] = group
    return found.values()


def _has_flow(changes: Iterable[Change]) -> bool:
    return any("flow" in change.path for change in changes)


def piece(group: Group, flow: Flow, room: int) -> str:
    """The preset's folded part, which shows about ``room`` bytes of what changed."""
    parts = [f"<details><summary>{_summary(group)}</summary>"]
    preset = group.one
    if len(group.names) > _FEW:
        parts.append(f"<p>{_listed(group.names, room // 80)}</p>")
    if preset.trouble:
        parts.append(f"<p>{code(preset.trouble, 400)}</p>")
    if preset.effect.startswith("refused"):
        parts.append(f"<p>The next {code('pulumi up')} is {code(preset.effect, 400)}</p>")
    changes = preset.of("content")
    try:
        if preset.status == "added" and preset.after is not None:
            changes = _said_at_first(preset.after)
        picture = _picture(preset, changes, flow)
    except DialformError as error:
        parts.append(f"<p>{code(str(error), 400)}</p>")
        changes, picture = (), ""
    parts += _rows(changes, room // 3)
    parts += _texts([one for one in changes if is_text(one)], room - room // 3)
    if picture:
        fits = size(picture) <= room
        parts.append(picture if fits else "<p>The flow's picture is too large for this place.</p>")
    return "\n\n".join([*parts, "</details>"])


def shown_change(change: Change) -> tuple[str, str, str]:
    """Where, before and after, as cells."""
    where = code(words.path(change), 160)
    if change.note:
        where += f"<br>{code(change.note, 160)}"
    if is_text(change):
        removed = sum(line.kind in ("removed", "moved-away") for line in change.lines)
        added = sum(line.kind in ("added", "moved-here") for line in change.lines)
        return where, f"{_lines_of(removed)} out, below", f"{_lines_of(added)} in"
    if change.kind == "moved":
        return where, f"place {code(str(change.before))}", f"place {code(str(change.after))}"
    if change.kind == "reordered":
        return where, "same meaning,", f"other order: {code(words.value(change.after))}"
    return where, code(words.value(change.before)), code(words.value(change.after))


def _lines_of(count: int) -> str:
    return f"{count} line{'' if count == 1 else 's'}"


def is_text(change: Change) -> bool:
    """Whether it is shown by line."""
    long = len(f"{change.before}{change.after}") > 60 or "\n" in f"{change.before}{change.after}"  # noqa: PLR2004 - what a cell holds
    return bool(change.lines) and long


def _summary(group: Group) -> str:
    preset = group.one
    sign = f"{list(LEVELS.values())[group.level]} " if group.level < len(LEVELS) else ""
    where = _listed(group.environments, _SOME)
    count = len(preset.of("content"))
    changes = f": {count} change{'' if count == 1 else 's'}" if count else ""
    return f"{sign}{_listed(group.names, _FEW)} {_headline(preset)} in {where}{changes}"


def _listed(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(code(name, 80) for name in names[:most]) + more


def _headline(preset: PresetDiff) -> str:
    """As in the other renderings, with the name that it may quote as code."""
    if preset.status == "renamed" and preset.before is not None and not preset.trouble:
        return f"renamed from {code(preset.before.name, 80)}, same content"
    versions = [side.version for side in (preset.before, preset.after) if side is not None]
    if not preset.trouble and len(versions) == 2 and versions[0] == versions[1]:  # noqa: PLR2004 - both sides
        return preset.status  # as of two states of the source, which have no version
    return html.escape(words.headline(preset))


def _rows(changes: Sequence[Change], room: int) -> Iterator[str]:
    rows: list[tuple[str, ...]] = []
    for change in changes:
        row = (html.escape(words.SIGNS[change.kind]), *shown_change(change))
        room -= size("".join(row)) + 48
        if room < 0 and rows:
            break
        rows.append(row)
    if rows:
        yield table(["", "field", "before", "after"], rows)
    if len(rows) < len(changes):
        yield f"<p>{len(changes) - len(rows)} more changes.</p>"


def _texts(changes: Sequence[Change], room: int) -> Iterator[str]:
    """The texts' changed lines, all of them getting a like part of the room."""
    for at, change in enumerate(changes):
        share = room // (len(changes) - at)
        if share < 200:  # noqa: PLR2004 - less than a line or two says nothing
            yield f"<p>{len(changes) - at} more texts.</p>"
            return
        lines, left = _lines(change.lines, share)
        text = fence(lines, "diff")
        room -= size(text)
        yield f"<p>{code(words.path(change), 160)}</p>"
        if lines:
            yield text
        if left:
            yield f"<p>{left} more lines.</p>"
        yield from _marked(change.lines)


def _lines(lines: Sequence[Line], room: int) -> tuple[list[str], int]:
    """The lines of a diff fence for which there is room, and how many were left out."""
    longest = max(60, min(_LINE, room // 12))
    shown: list[str] = []
    last: Line | None = None
    for at, line in enumerate(lines):
        number = line.after if line.after is not None else line.before
        gap = last is None or _is_gap(last, line)
        new = [f"@@ line {number} @@"] if gap else []
        new.append(_SIGNS[line.kind] + visible(_line(line, longest)))
        room -= sum(size(one) + 1 for one in new)
        if room < 0:
            return shown, len(lines) - at
        shown += new
        last = line
    return shown, 0


def _is_gap(one: Line, other: Line) -> bool:
    """Whether unchanged lines were left out between two."""
    return one.kind == other.kind == "same" and (other.before or 0) != (one.before or 0) + 1


def _line(line: Line, longest: int) -> str:
    """A line; of a long one the changed words and what stands around them."""
    if len(line.text) <= longest:
        return line.text
    if not any(segment.marked for segment in line.segments):
        return shortened(line.text, longest)
    around = "".join(
        segment.text if segment.marked else shortened(segment.text, 80) for segment in line.segments
    )
    return shortened(around, 2 * longest)


def _marked(lines: Sequence[Line]) -> Iterator[str]:
    """The changed words of lines that changed in part: a fence can only show whole lines."""
    found: dict[str, None] = {}
    for line in lines:
        whole = all(segment.marked or not segment.text.strip() for segment in line.segments)
        if line.kind not in ("removed", "added") or whole:
            continue
        for segment in line.segments:
            if segment.marked and segment.text.strip():
                kind = "del" if line.kind == "removed" else "ins"
                found[f"<{kind}>{code(segment.text.strip(), 60)}</{kind}>"] = None
    if found:
        more = f" and {len(found) - _MOST_WORDS} more" if len(found) > _MOST_WORDS else ""
        yield f"<p>Changed words: {' '.join(list(found)[:_MOST_WORDS])}{more}</p>"


def _said_at_first(subject: Subject) -> tuple[Change, ...]:
    """What a new preset says and asks for, as if all of it had been added."""
    documents = subject.documents
    found: list[Change] = []
    overrides = _overrides(documents)
    prompt = overrides.get("defaultVersionedPrompt") or {}
    opening = overrides.get("openingLine") or {}
    texts = (
        (("profile", "openingLine", "content"), opening.get("content")),
        (("profile", "prompt", "text"), prompt.get("prompt")),
    )
    for path, text in texts:
        if isinstance(text, str) and text:
            lines = tuple(
                Line("added", (Segment(line, marked=False),), None, at)
                for at, line in enumerate(text.split("\n"), 1)
            )
            found.append(Change("added", path, after=text, lines=lines))
    inputs = documents.preset.get("inputs") or {}
    found += [Change("added", ("inputs", name), after=one) for name, one in inputs.items()]
    return tuple(found)


def _overrides(documents: Documents) -> Mapping[str, Any]:
    profile = documents.profile or {}
    found = profile.get("agentOverrides")
    return found if isinstance(found, dict) else {}


def _picture(preset: PresetDiff, changes: Sequence[Change], flow: Flow) -> str:
    """The flow's, where it changed."""
    sides = [preset.before, preset.after]
    if preset.trouble or preset.status not in ("changed", "added"):
        return ""
    if preset.before is not None and not _has_flow(changes):
        return ""
    flows = []
    for side in sides:
        prompt = _overrides(side.documents).get("defaultVersionedPrompt") if side else None
        flows.append((prompt or {}).get("flowDefinition"))
    return flow(*flows) if flows != [None, None] else ""
