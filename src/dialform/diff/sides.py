"""
The sides of a diff, from what a user writes: ``prod``, ``source:prod``, ``collections@6``.

Reads the registry and declarations; what stands in git is brought by whoever can read git.
Nothing is opened that is not compared.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from dialform.diff.model import Documents, Side, Subject, nothing_known
from dialform.diff.recorded import Recorded
from dialform.errors import DeclarationError, ObjectAbsent, RegistryError, UsageError
from dialform.presets.canonical import Digest, is_digest
from dialform.presets.documents import BOUND_FORMAT, PRESET_FORMAT, PROFILE_FORMAT

if TYPE_CHECKING:
    from dialform.declaration import Preset, Project
    from dialform.diff.model import LookUp
    from dialform.planning import Effect, Plan, Running
    from dialform.registry import Entry, Registry


class Spec(NamedTuple):
    """What a user wrote for one side."""

    text: str
    kind: str
    """``live``, ``source``, ``version`` or ``git``."""

    name: str
    """The environment's, the preset's, or the git ref."""

    of: str | None = None
    """The version or digest of a preset; the environment of a ref."""


def parse(text: str) -> Spec:
    """
    The side that ``text`` means.

    Raises:
        UsageError: it means none.

    """
    prefix, colon, rest = text.partition(":")
    if colon and prefix in ("source", "git"):
        if not rest:
            raise UsageError(f"{text!r}: say which: source:ENV, git:REF or git:REF:ENV")
        if prefix == "source":
            return Spec(text, "source", rest)
        ref, _, environment = rest.partition(":")
        return Spec(text, "git", ref, environment or None)
    name, at, version = text.partition("@")
    if at and (is_digest(version) or version.isdecimal()) and name:
        return Spec(text, "version", name, version)
    if colon or at or not text:
        raise UsageError(
            f"{text!r} is no side of a diff: it takes ENV (what is live there), source:ENV (what "
            f"the working tree would release there), PRESET@N, or git:REF"
        )
    return Spec(text, "live", text)


def live(registry: Registry, environment: str) -> Side:
    """What is live in an environment; what was withdrawn there is not."""
    subjects: dict[str, Subject] = {}
    recorded = Recorded(registry)
    for name, head in registry.heads(environment) if registry.exists else ():
        if isinstance(head, RegistryError):
            subjects[name] = _unreadable(name, environment, head)
        elif head.state != "withdrawn":
            subjects[name] = released(registry, head, recorded)
    document = registry.environment(environment) if registry.exists else None
    return Side(environment, subjects, environment, rules=document)


def _unreadable(name: str, environment: str, error: RegistryError) -> Subject:
    """A preset of which nothing can be told: whoever opens it gets the reason."""

    def opens() -> Documents:
        raise error

    return Subject(name, Digest(""), environment=environment, origin="registry", opens=opens)


def released(registry: Registry, entry: Entry, recorded: Recorded | None = None) -> Subject:
    """What an entry of a log makes live; ``recorded``: the registry's, where one is at hand."""
    look_up = (recorded or Recorded(registry)).beside(entry)
    return Subject(
        entry.preset,
        entry.preset_digest,
        entry.version,
        entry.bound_digest,
        entry.environment,
        entry.state,
        "registry",
        partial(_read, registry, entry.preset_digest, entry.bound_digest, look_up),
    )


def _read(
    registry: Registry, digest: Digest, bound: Digest | None, look_up: LookUp = nothing_known
) -> Documents:
    preset = registry.read_document(digest, PRESET_FORMAT)
    profile = None
    if "profile" in preset:
        profile = registry.read_document(preset["profile"], PROFILE_FORMAT)
    content = None if bound is None else registry.read_document(bound, BOUND_FORMAT)
    return Documents(preset, profile, content, look_up)


def version(registry: Registry, spec: Spec) -> Side:
    """One version of a preset, in no environment."""
    name, of = spec.name, str(spec.of)
    if is_digest(of):
        digest, number = Digest(of), registry.version_of(name, Digest(of))
        if number is None:
            raise ObjectAbsent(f"{of} was never published as {name}")
    else:
        number = int(of)
        digest = registry.preset_digest(name, number)
    opens = partial(_read, registry, digest, None)
    subject = Subject(name, digest, number, origin="registry", opens=opens)
    return Side(spec.text, {name: subject})


def planned(plan: Plan, label: str, origin: str, *, effects: bool = False) -> Side:
    """
    What `pulumi up` would make live in an environment.

    ``effects``: whether that is what the next `up` does, and no other commit's.
    """
    environment = plan.declared.name
    recorded = Recorded(plan.registry)
    return Side(
        label,
        {
            one.name: _running(one, environment, origin, recorded.anywhere(environment, one.name))
            for one in plan.running
        },
        environment,
        plan.declared.bindings,
        plan.declared.rules,
        {one.preset: _told(one) for one in plan.effects()} if effects else {},
    )


def _told(effect: Effect) -> str:
    return f"{effect.kind}: {effect.reason}" if effect.reason else effect.kind


def _running(running: Running, environment: str, origin: str, look_up: LookUp) -> Subject:
    profile = None if running.profile is None else running.profile.document
    documents = Documents(running.document, profile, running.bound, look_up)
    return Subject(
        running.name,
        running.digest,
        running.pinned,
        running.bound_digest,
        environment,
        origin=origin if running.pinned is None else "registry",
        opens=lambda: documents,
    )


def declared(project: Project, label: str, origin: str) -> Side:
    """The presets of a project's files, in no environment."""
    subjects: dict[str, Subject] = {}
    for name, preset in project.presets.items():
        if preset.digest is not None and "agent" in preset.layered.value:
            opens = partial(_declared, preset)
            subjects[name] = Subject(name, preset.digest, origin=origin, opens=opens)
    return Side(label, subjects)


def _declared(preset: Preset) -> Documents:
    if preset.document is None:
        raise DeclarationError(preset.all_problems())
    return Documents(
        preset.document, None if preset.profile is None else preset.profile.document, None
    )
