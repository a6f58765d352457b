"""
From ``P``, ``P@7`` or ``P@sha256:...`` to the bound preset that is released, verified.

Reads the registry and nothing else. Refuses what is held, withdrawn or yanked, with who did
that, when, why, and the way out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.errors import ObjectAbsent, ObjectCorrupt, Refused, UsageError
from dialform.presets.canonical import Digest, is_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dialform.registry import Entry, Registry

BOUND_FORMAT = "dialform.bound-preset/1"
_VERSION = re.compile(r"[1-9][0-9]{0,8}")


class Reference(NamedTuple):
    """A preset as a caller names it: what is live, or one version or digest of it."""

    name: str
    version: int | None = None
    digest: Digest | None = None

    def __str__(self) -> str:
        """As it is written."""
        which = self.digest if self.version is None else self.version
        return self.name if which is None else f"{self.name}@{which}"


class Released(NamedTuple):
    """A bound preset that was released, and where its log stands."""

    reference: Reference
    entry: Entry
    """The entry of the log that says its version and digests."""

    head: Entry
    """The log's newest entry."""

    bound: dict[str, Any]
    """The bound preset document, its bytes hashed."""

    keyvar: str
    """The environment variable that holds the workspace's API key."""

    keys: bool = False
    """Whether calls there carry an ``idempotencyKey``."""

    document: Mapping[str, Any] = {}
    """What the registry says of the environment."""

    @property
    def yanked(self) -> bool:
        """Whether this version is barred for good in the environment."""
        return self.entry.version in self.head.yanked


def parse_reference(text: str) -> Reference:
    """
    The preset, version or digest that ``text`` names.

    Raises:
        UsageError: it is of another form, or the name can't be a preset's.

    """
    from dialform.registry.names import check_name  # noqa: PLC0415 - `cli` asks for nothing else

    name, at, which = text.partition("@")
    check_name(name, "preset")
    if not at:
        return Reference(name)
    if _VERSION.fullmatch(which):
        return Reference(name, version=int(which))
    if is_digest(which):
        return Reference(name, digest=Digest(which))
    raise UsageError(f"{text!r}: after the @ stands a version (7) or a digest (sha256:...)")


def resolve(registry: Registry, environment: str, text: str) -> Released:
    """
    What ``text`` names, ready to be dialled.

    Raises:
        Refused: it is held, withdrawn or yanked, or bound to a workspace that the environment
            has left.
        ObjectAbsent: there is no such environment, preset or release.
        RegistryError: the registry can't be read, or not trusted.

    """
    released = look_up(registry, environment, text)
    _refuse_stopped(registry, released)
    return released


def look_up(registry: Registry, environment: str, text: str) -> Released:
    """
    What ``text`` names, whether it may be dialled or not.

    Raises:
        ObjectAbsent: there is no such environment, preset or release.
        RegistryError: the registry can't be read, or not trusted.

    """
    reference = parse_reference(text)
    document = environment_of(registry, environment)
    workspace = document["workspace"]
    head = registry.head(environment, reference.name)
    if head is None:
        raise ObjectAbsent(
            f"{reference.name} was never released in {environment} ({registry.url})"
            f"{near(reference.name, registry.presets(environment))}; "
            f"`dialform presets -s {environment}` lists what was"
        )
    entry = head
    if reference.version is not None or reference.digest is not None:
        entry = registry.find_release(
            environment, reference.name, version=reference.version, digest=reference.digest
        )
    bound = registry.read_document(entry.bound_digest, BOUND_FORMAT)
    _check_fit(registry, entry, bound)
    if bound["workspace"] != workspace["url"]:
        raise Refused(
            f"{reference} in {environment} was released for the workspace {bound['workspace']}, "
            f"the environment's is {workspace['url']} now: its ids mean nothing there; "
            "release it again with `pulumi up`"
        )
    keys = workspace.get("idempotencyKeys") is True
    return Released(reference, entry, head, bound, workspace["keyvar"], keys, document)


def near(name: str, names: Iterable[str]) -> str:
    """``; did you mean 'x'?``, else which names there are, for the end of a sentence."""
    import difflib  # noqa: PLC0415 - errors only

    known = sorted(names)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    few = 8
    more = ", ..." if len(known) > few else ""
    return f"; there are: {', '.join(known[:few])}{more}" if known else ""


def workspace_of(registry: Registry, environment: str) -> dict[str, Any]:
    """
    What the registry says of an environment's workspace: ``url``, ``keyvar``, and the rest.

    Raises:
        ObjectAbsent: there is no such environment.
        RegistryError: the registry can't be read, or not trusted.

    """
    found: dict[str, Any] = environment_of(registry, environment)["workspace"]
    return found


def environment_of(registry: Registry, environment: str) -> dict[str, Any]:
    """
    What the registry says of an environment: its ``workspace``, and ``calls`` where it has rules.

    Raises:
        ObjectAbsent: there is no such environment.
        RegistryError: the registry can't be read, or not trusted.

    """
    if not registry.exists:
        raise ObjectAbsent(
            f"{registry.url}: nothing was released into this registry yet; `pulumi up` does"
        )
    document = registry.environment(environment)
    if document is None:
        raise ObjectAbsent(
            f"the registry {registry.url} has no environment {environment!r}"
            f"{near(environment, registry.environments())}"
        )
    workspace = document.get("workspace")
    if not isinstance(workspace, dict) or not all(
        isinstance(workspace.get(key), str) for key in ("url", "keyvar")
    ):
        raise ObjectCorrupt(
            f"{registry.url}: the document of environment {environment} has no workspace with "
            "url and keyvar; publish it again with `pulumi up`"
        )
    _say_unsigned(registry, environment, workspace["url"])
    return document


def _say_unsigned(registry: Registry, environment: str, workspace: str) -> None:
    """Where calls are real and no keys are pinned, that is said, once in a process."""
    guard = registry.guard
    if guard is None or guard.trust.keys is not None:
        return
    from dialform.api.location import is_loopback  # noqa: PLC0415 - where no keys are pinned
    from dialform.registry.trust.guard import unsigned_message  # noqa: PLC0415

    if not is_loopback(workspace):
        guard.say(unsigned_message(registry.url, environment))


def _check_fit(registry: Registry, entry: Entry, bound: dict[str, Any]) -> None:
    """The bound preset is of the preset and environment that the log is of."""
    preset = {"name": entry.preset, "digest": entry.preset_digest}
    if bound.get("environment") != entry.environment or bound.get("preset") != preset:
        raise ObjectCorrupt(
            f"{registry.url}: bound preset {entry.bound_digest} is not of "
            f"{entry.preset} version {entry.version} in {entry.environment}, as the release "
            "says; `dialform registry verify` names what is damaged"
        )
    if not isinstance(bound.get("body"), dict) or not isinstance(bound.get("workspace"), str):
        raise ObjectCorrupt(f"{registry.url}: bound preset {entry.bound_digest} has no body")


def _refuse_stopped(registry: Registry, released: Released) -> None:
    head, name = released.head, released.reference.name
    stack = f"-s {head.environment}"
    if head.state == "held":
        raise Refused(
            f"{name} is held in {head.environment}{_story(registry, head, 'hold')}; "
            f"`dialform resume {name} {stack} --reason ...` ends the hold"
        )
    if head.state == "withdrawn":
        raise Refused(
            f"{name} is withdrawn in {head.environment}{_story(registry, head, 'withdraw')}; "
            "declare it and run `pulumi up` to release it again"
        )
    if released.yanked:
        version = released.entry.version
        raise Refused(
            f"version {version} of {name} is yanked in {head.environment}"
            f"{_story(registry, head, 'yank', version)}; it is barred for good: release or name "
            "another version"
        )


def _story(registry: Registry, head: Entry, kind: str, version: int | None = None) -> str:
    """`` since <time> by <whom>: <reason>`` of the entry that did it."""
    entry = head
    if head.kind != kind or (version is not None and head.subject != version):
        entries = reversed(registry.entries(head.environment, head.preset))
        does = (
            one
            for one in entries
            if one.kind == kind and (version is None or one.subject == version)
        )
        entry = next(does, head)  # an unsigned stop is obeyed though nothing below it made it
    by = f" by {entry.by}" if entry.by else ""
    reason = f": {entry.reason}" if entry.reason else ""
    return f" since {entry.time}{by}{reason}"
