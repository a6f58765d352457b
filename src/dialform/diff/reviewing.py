"""
Two states of the declarations compared, environment by environment.

Asks no log: what is compared is what the files say would run. What is broken on one side is
named, and the rest is compared all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from dialform.declaration.merging import near
from dialform.diff.compare import compare
from dialform.diff.model import Documents, Side, Subject, nothing_known
from dialform.diff.review import Review, Reviewed, Unseen
from dialform.errors import DeclarationError, UsageError
from dialform.presets.canonical import Digest, canonical, digest
from dialform.presets.documents import Unbound

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from dialform.declaration import Environment, Project
    from dialform.declaration.history import Found
    from dialform.diff.model import LookUp
    from dialform.errors import Problem

    Find = Callable[[str, str, Digest], Found | None]
    """The documents of a pinned preset, from the URL of its registry, its name and digest."""

    Records = Callable[[str, str, str], LookUp]
    """From a registry's URL, an environment and a preset, what was recorded there."""


@dataclass(slots=True)
class _Half:
    """An environment as one side declares it."""

    environment: Environment | None = None
    """None where its file can't be read."""

    subjects: dict[str, Subject] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)
    """Presets whose content is out of reach."""

    broken: set[str] = field(default_factory=set)
    """Presets that can't be bound."""

    problems: list[str] = field(default_factory=list)


def review(  # noqa: PLR0913 - two states, and where their parts come from
    base: Project,
    head: Project,
    *,
    label: str,
    find: Find,
    only: Collection[str] = (),
    recorded: Records = lambda *_: nothing_known,
) -> Review:
    """
    What a change from ``base`` to ``head`` does in each environment.

    Args:
        base: the older declarations.
        head: the newer ones.
        label: what the user called the older ones.
        find: gives the content of pinned presets.
        only: the environments to look at; all where it is empty.
        recorded: gives what releases recorded of what a preset leans on.

    Raises:
        UsageError: neither side has an environment of ``only``.

    """
    names = sorted({*base.environment_names(), *head.environment_names()})
    for name in only:
        if name not in names:
            raise UsageError(f"there is no environment {name!r} on either side{near(name, names)}")
    found: list[Reviewed] = []
    followed: set[str] = set()
    for name in names:
        if only and name not in only:
            continue
        halves = (
            _half(base, name, find, f"git {label}", recorded),
            _half(head, name, find, "the working tree", recorded),
        )
        for half in halves:
            if half is not None and half.environment is not None:
                runs = half.environment.runs
                followed |= {preset for preset, run in runs.items() if run.follow is not None}
        found.append(_reviewed(name, *halves, label))
    idle = () if only else _idle(base, head, followed)
    return Review(label, tuple(found), idle)


def _half(project: Project, name: str, find: Find, origin: str, recorded: Records) -> _Half | None:
    if name not in project.environment_names():
        return None
    try:
        environment = project.environment(name)
        url = environment.registry.url
    except DeclarationError as error:
        return _Half(problems=_told(error.problems))
    half = _Half(environment)
    half.problems += _told(one for one in environment.problems if one.severity == "error")
    for preset, run in environment.runs.items():
        version = None
        if run.follow is not None:
            source = project.presets.get(preset)
            if source is None or source.document is None or source.digest is None:
                half.broken.add(preset)
                continue
            named = source.digest
            profile = source.profile
            content: Found = (source.document, None if profile is None else profile.document)
        else:
            named = Digest(run.digest or "")
            pinned = find(url, preset, named)
            if pinned is None:
                half.unseen.add(preset)
                continue
            content, version = pinned, run.version
        try:
            look_up = recorded(url, name, preset)
            half.subjects[preset] = _subject(environment, preset, named, content, version, look_up)
            half.subjects[preset].origin = origin
        except DeclarationError as error:
            half.broken.add(preset)
            half.problems += [one for one in _told(error.problems) if one not in half.problems]
        except Unbound:
            half.broken.add(preset)  # which is among its problems already
    return half


def _subject(  # noqa: PLR0913, PLR0917 - what a subject is made of
    environment: Environment,
    name: str,
    named: Digest,
    content: Found,
    version: int | None,
    look_up: LookUp,
) -> Subject:
    """The preset as it would run there."""
    bound = environment.bind(name, content[0], named, content[1])
    opens = partial(_same, Documents(*content, bound, look_up))
    bound_digest = digest(canonical(bound))
    return Subject(name, named, version, bound_digest, environment.name, opens=opens)


def _same(documents: Documents) -> Documents:
    return documents


def _reviewed(name: str, before: _Half | None, after: _Half | None, label: str) -> Reviewed:
    halves = [half or _Half() for half in (before, after)]
    problems = tuple(one for half in halves for one in half.problems)
    out = {one for half in halves for one in (*half.unseen, *half.broken)}
    if any(half is not None and half.environment is None for half in (before, after)):
        out |= {preset for half in halves for preset in half.subjects}
    labels = (f"git:{label}:{name}", f"source:{name}")
    sides = [
        Side(
            text,
            {preset: one for preset, one in half.subjects.items() if preset not in out},
            name,
            {} if half.environment is None else half.environment.bindings,
            rules,
        )
        for text, half, rules in zip(labels, halves, _rules(before, after), strict=True)
    ]
    return Reviewed(
        name,
        compare(*sides),
        "added" if before is None else "removed" if after is None else "kept",
        tuple(_unseen(*halves)),
        problems,
    )


def _rules(
    before: _Half | None, after: _Half | None
) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """The rules for calls on both sides; those of a new environment are all new."""
    environments = [None if half is None else half.environment for half in (before, after)]
    told = [None if one is None else one.rules for one in environments]
    return {} if before is None else told[0], told[1]


def _unseen(before: _Half, after: _Half) -> Iterable[Unseen]:
    """The pins whose content nobody has, unless nothing about them is different."""
    for preset in sorted(before.unseen | after.unseen):
        if preset in before.broken | after.broken or _is_alike(preset, before, after):
            continue
        yield Unseen(preset, _running(preset, before), _running(preset, after))


def _is_alike(preset: str, before: _Half, after: _Half) -> bool:
    """Whether both declare the same of a preset, and all that it could name."""
    old, new = before.environment, after.environment
    if old is None or new is None:
        return False
    return (
        old.runs.get(preset) == new.runs.get(preset)
        and old.bindings == new.bindings
        and old.workspace == new.workspace
    )


def _running(preset: str, half: _Half) -> str:
    run = None if half.environment is None else half.environment.runs.get(preset)
    if run is None:
        return ""
    if run.follow is not None:
        return "the source"
    return f"version {run.version}, {run.digest}"


def _idle(base: Project, head: Project, followed: Collection[str]) -> tuple[str, ...]:
    """The presets that differ and that no environment takes from the source."""
    digests = [_digests(project) for project in (base, head)]
    names = sorted({*digests[0], *digests[1]} - set(followed))
    return tuple(name for name in names if digests[0].get(name) != digests[1].get(name))


def _digests(project: Project) -> Mapping[str, Digest | None]:
    """Those of the presets that are more than a parent of others."""
    presets = project.presets.items()
    return {name: one.digest for name, one in presets if "agent" in one.layered.value}


def _told(problems: Iterable[Problem]) -> list[str]:
    """A line each; unknown keys of a file are one, as a newer dialform's file has many."""
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        unknown = problem.rule == "unknown-key"
        found.setdefault(problem.file if unknown else str(problem), []).append(problem)
    lines = []
    for group in found.values():
        line = str(group[0])
        more = len({str(one) for one in group}) - 1
        if more:
            line += (
                f" (and {more} more unknown key{'' if more == 1 else 's'} in this file: where they "
                "are meant, a newer dialform wrote it)"
            )
        elif group[0].rule == "unknown-key" and "did you mean" not in line:
            line += " (where it is meant, a newer dialform wrote this file)"
        lines.append(line)
    return lines
