"""
What `pulumi up` does, in plain functions: verify against the workspace, write to the registry.

The providers are glue over this; it knows no Pulumi. Everything here can be repeated: what is
already as it should be is left alone, so an interrupted `up` is completed by the next one.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dialform.drift import Key, changes, leans_on, object_document, references_document
from dialform.drift.objects import OBJECT_FORMAT, REFERENCES_FORMAT, own_prompt
from dialform.errors import LostRace, Refused, RegistryError, Rejected, SettingError
from dialform.presets.canonical import canonical, digest, parse
from dialform.presets.documents import (
    BOUND_FORMAT,
    PRESET_FORMAT,
    PROFILE_FORMAT,
    Unbound,
    bound_preset,
)
from dialform.registry.authorship import meta

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from dialform.api.client import Client
    from dialform.drift import ObjectChange
    from dialform.presets.canonical import Digest
    from dialform.registry import Entry, Registry

ACCEPT_DRIFT = "DIALFORM_ACCEPT_DRIFT"
"""The variable that lets one run release over drift."""

KEY_SETTING = "dialform:apiKey"
"""The Pulumi setting that may hold the API key, as a secret."""


class Mismatch(SettingError):
    """An object of the workspace is missing, or is not what the file says."""


@dataclass(frozen=True, slots=True)
class WorkspaceRef:
    """The workspace that an environment's ids belong to."""

    url: str
    keyvar: str
    witness: str | None
    """The id of an agent that is bound there: it proves that a key is this workspace's."""


class Workspace:
    """A workspace as one `up` sees it: each list is read once."""

    def __init__(self, ref: WorkspaceRef, connect: Callable[[], Client]) -> None:
        """``connect`` opens a client; it raises SettingError where there is no key."""
        self.ref = ref
        self._connect = connect
        self._client: Client | None = None
        self._lock = threading.RLock()
        self._lists: dict[tuple[str, str | None], dict[str, dict[str, Any]]] = {}

    def names(self, kind: str, agent: str | None = None) -> dict[str, str]:
        """Id -> name (a phone number's number) of all objects of a kind."""
        name = "number" if kind == "phone_numbers" else "name"
        return {key: one.get(name) or "" for key, one in self.objects(kind, agent).items()}

    def objects(self, kind: str, agent: str | None = None) -> dict[str, dict[str, Any]]:
        """Id -> object, as the API shows it, of all objects of a kind."""
        with self._lock:
            if (kind, agent) not in self._lists:
                if self._client is None:
                    self._client = self._connect()
                self._lists[kind, agent] = _read_objects(self._client, kind, agent)
            return self._lists[kind, agent]

    def leaned_on(self, bound: Mapping[str, Any]) -> dict[Key, bytes]:
        """
        The documents of the objects that a bound preset refers to, less those that are gone.

        Of an agent whose own prompt speaks, that prompt is one of them: it can be changed in
        place.
        """
        found: dict[Key, bytes] = {}
        agents = [one["id"] for one in bound["bindings"].get("agents", {}).values()]
        for key in leans_on(bound):
            raw = self._object(key, agents)
            if raw is not None:
                found[key] = object_document(key, raw)
            spoken = None if raw is None or key.kind != "agents" else own_prompt(bound, raw)
            prompt = None if spoken is None else Key("promptVersions", spoken)
            there = None if prompt is None else self._object(prompt, [key.id])
            if prompt is not None and there is not None:
                found[prompt] = object_document(prompt, there)
        return found

    def document(self, key: Key, agents: Iterable[str]) -> bytes | None:
        """An object's document as it is now; None where the workspace has no such object."""
        raw = self._object(key, agents)
        return None if raw is None else object_document(key, raw)

    def _object(self, key: Key, agents: Iterable[str]) -> dict[str, Any] | None:
        if key.kind in ("extractors", "promptVersions"):
            lists = (self.objects(key.kind, agent) for agent in agents)
            return next((there[key.id] for there in lists if key.id in there), None)
        return self.objects(_LISTED.get(key.kind, key.kind)).get(key.id)

    def prove(self) -> None:
        """
        Show that the key belongs to the workspace whose ids are bound.

        Raises:
            Mismatch: it does not.

        """
        witness = self.ref.witness
        if witness is not None and witness not in self.names("agents"):
            raise Mismatch(
                f"the API key in {self.ref.keyvar} opens a workspace without the agent {witness}, "
                f"which is bound in [agents]. Nothing was written. If the key is another "
                f"workspace's, set the right one; if the agent was removed, bind another"
            )

    def verify(self, kind: str, bound: Mapping[str, Mapping[str, Any]]) -> None:
        """
        Check that objects exist and are called what the file says.

        Raises:
            Mismatch: naming each that is not.

        """
        self._raise(
            self._fault(kind, name, binding, self.names(kind))
            for name, binding in sorted(bound.items())
        )

    def verify_parts(
        self, kind: str, bound: Mapping[str, Mapping[str, Any]], agents: Iterable[str]
    ) -> None:
        """The same for extractors and prompt versions, which belong to one of ``agents``."""
        if bound:
            there: dict[str, str] = {}
            for agent in agents:
                there |= self.names(kind, agent)
            self._raise(
                self._fault(kind, name, binding, there) for name, binding in sorted(bound.items())
            )

    @staticmethod
    def _raise(faults: Iterable[str | None]) -> None:
        found = [fault for fault in faults if fault is not None]
        if found:
            raise Mismatch("; ".join(found))

    def _fault(
        self, kind: str, name: str, binding: Mapping[str, Any], there: Mapping[str, str]
    ) -> str | None:
        found = there.get(binding["id"])
        said = binding.get("name")
        if found is None:
            return (
                f"{_ONE[kind]} {name!r} (id {binding['id']}) is not in the workspace "
                f"{self.ref.url}; bind it anew in [{kind}]"
            )
        if said is not None and found != said:
            return (
                f"{_ONE[kind]} {name!r} (id {binding['id']}) is called {found!r} in the "
                f"workspace, and the file says {said!r}; correct the name or the id in [{kind}]"
            )
        return None

    def verify_all(self, bound: Mapping[str, Mapping[str, Any]]) -> None:
        """
        Check all that a bound preset holds, so that nothing is released that can't be called.

        Raises:
            Mismatch: naming each that is not there, or is not what the file says.

        """
        for kind in ("agents", "voices", "models", "functions"):
            if kind in bound:
                self.verify(kind, bound[kind])
        agents = [agent["id"] for agent in bound.get("agents", {}).values()]
        for kind in ("extractors", "promptVersions"):
            self.verify_parts(kind, bound.get(kind, {}), agents)
        for name, numbers in bound.get("numbers", {}).items():
            if numbers.get("members"):
                self.verify_members(name, numbers["members"])

    def verify_members(self, name: str, members: Iterable[Mapping[str, Any]]) -> None:
        """
        Check that phone numbers exist and are the ones the file says.

        Raises:
            Mismatch: naming each that is not.

        """
        there = self.names("phone_numbers")
        self._raise(self._member_fault(name, member, there) for member in members)

    def _member_fault(
        self, name: str, member: Mapping[str, Any], there: Mapping[str, str]
    ) -> str | None:
        found = there.get(member["id"])
        said = member.get("number")
        if found is None:
            return (
                f"number {said or member['id']} of {name!r} (id {member['id']}) is not in the "
                f"workspace {self.ref.url}; remove it from [numbers.{name}]"
            )
        if said is not None and said != found:
            return (
                f"the id {member['id']} in [numbers.{name}] is {found} in the workspace, and the "
                f"file says {said}; correct the id or the number"
            )
        return None


_ONE = {
    "agents": "agent",
    "models": "model",
    "voices": "voice",
    "functions": "function",
    "extractors": "extractor",
    "promptVersions": "prompt version",
}


_LISTED = {"numbers": "phone_numbers"}
"""Kinds of binding whose objects the API lists under another name."""


def _read_objects(client: Client, kind: str, agent: str | None) -> dict[str, dict[str, Any]]:
    lists: dict[str, Callable[[], Iterable[Any]]] = {
        "agents": client.agents,
        "models": client.models,
        "voices": client.voices,
        "functions": client.functions,
        "phone_numbers": client.phone_numbers,
    }
    if agent is None:
        return {one.id: one.model_dump() for one in lists[kind]()}
    read: Callable[[str], Iterable[Any]] = client.versioned_prompts
    if kind == "extractors":
        read = client.extractors
    try:
        return {one.id: one.model_dump() for one in read(agent)}
    except Rejected as error:
        not_found = 404
        if error.status == not_found:
            return {}
        raise


def key_of(ref: WorkspaceRef, setting: str | None) -> str:
    """
    The API key: Pulumi's secret setting, else the environment variable.

    Raises:
        SettingError: neither is there.

    """
    key = setting or os.environ.get(ref.keyvar)
    if not key:
        raise SettingError(
            f"there is no API key for {ref.url}: set the environment variable {ref.keyvar}, "
            f"or: pulumi config set --secret {KEY_SETTING}"
        )
    return key


def publish_profile(
    registry: Registry, workspace: Workspace, data: bytes, references: Mapping[str, Any]
) -> Digest:
    """Verify the models and functions that a profile names, and publish its document."""
    workspace.prove()
    for kind, bound in references.items():
        workspace.verify(kind, bound)
    return registry.publish_blob(data)


def publish_preset(
    registry: Registry, workspace: Workspace, name: str, data: bytes, pinned: int | None = None
) -> int:
    """
    Publish a preset's document and give its version.

    ``pinned``: the version that it must already be; then nothing is allocated.

    Raises:
        RegistryError: the pinned version is not in the registry, or is other content.

    """
    if pinned is not None:
        wanted, found = digest(data), registry.preset_digest(name, pinned)
        if found != wanted:
            raise RegistryError(
                f"{name}@{pinned} is {found} in the registry, and the pin says {wanted}; "
                f"correct version or digest of the pin"
            )
        return pinned
    workspace.prove()
    registry.publish_blob(data)
    return registry.publish_version(name, digest(data))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an environment is to launch for a preset."""

    environment: str
    workspace: str
    preset: str
    preset_digest: Digest
    bindings: Mapping[str, Mapping[str, Any]]
    deviation: Mapping[str, Any]
    bound_digest: Digest


def build_bound(registry: Registry, wanted: Wanted) -> bytes:
    """
    The bound preset from what the registry holds.

    Raises:
        RegistryError: its digest is not the one that was declared.
        SettingError: a name in the preset is not bound.

    """
    preset = registry.read_document(wanted.preset_digest, PRESET_FORMAT)
    profile = (
        registry.read_document(preset["profile"], PROFILE_FORMAT) if "profile" in preset else None
    )
    try:
        bound = bound_preset(
            environment=wanted.environment,
            workspace=wanted.workspace,
            name=wanted.preset,
            preset=preset,
            preset_digest=wanted.preset_digest,
            profile=profile,
            bindings=wanted.bindings,
            deviation=wanted.deviation,
        )
    except Unbound as error:
        raise SettingError(
            f"{wanted.preset} in {wanted.environment}: {error}; add it to the release's bindings"
        ) from None
    data = canonical(bound)
    if digest(data) != wanted.bound_digest:
        raise RegistryError(
            f"{wanted.preset} in {wanted.environment}: the bound preset made from the registry is "
            f"{digest(data)}, and {wanted.bound_digest} was declared. Nothing was released; run "
            f"the same version of dialform everywhere"
        )
    return data


def release(
    registry: Registry, workspace: Workspace, wanted: Wanted, *, writer: str, saw: int | Digest
) -> Entry:
    """
    Make ``wanted`` live, unless it is. A held log that says the same is left held.

    ``saw``: the log's head as the author saw it, by number (0 for none) or by what was live.

    Raises:
        Refused: the log is held, the version is barred, or another stack writes this log.
        LostRace: somebody else moved the log meanwhile.

    """
    workspace.prove()
    workspace.verify_all(wanted.bindings)
    data = build_bound(registry, wanted)
    head = registry.head(wanted.environment, wanted.preset)
    if head is not None and (head.state, head.bound_digest) == ("held", wanted.bound_digest):
        return head
    if isinstance(saw, str):
        if head is None or head.bound_digest not in (saw, wanted.bound_digest):
            now = "gone" if head is None else f"at {head.describe()}"
            raise LostRace(
                f"the log of {wanted.preset} in {wanted.environment} is {now}, moved by somebody "
                f"else during this `up`; look at it, then run `pulumi up` again"
            )
        saw = head.seq
    version = registry.version_of(wanted.preset, wanted.preset_digest)
    if version is None:
        raise RegistryError(
            f"{wanted.preset}: {wanted.preset_digest} was not published under this name; declare "
            f"its DialPreset, and let the Release depend on it"
        )
    bound = parse(data)
    present = workspace.leaned_on(bound)
    refuse_drift(registry, head, workspace, present)
    listed = [(key, registry.publish_blob(document)) for key, document in present.items()]
    references = registry.publish_blob(references_document(listed))
    registry.publish_blob(data)
    return registry.append(
        wanted.environment,
        wanted.preset,
        "release",
        expected=saw,
        version=version,
        preset_digest=wanted.preset_digest,
        bound_digest=wanted.bound_digest,
        references=references,
        meta=meta(writer),
        take_over=os.environ.get("DIALFORM_TAKE_OVER"),
    )


def drift_of(registry: Registry, entry: Entry, workspace: Workspace) -> list[ObjectChange] | None:
    """
    What a release leans on that is not any more as it was; None where that was not recorded.

    Each recorded object is looked up in the workspace itself: one that is not named any more,
    as an agent's former prompt, may well be there still.
    """
    if entry.references is None:
        return None
    bound = registry.read_document(entry.bound_digest, BOUND_FORMAT)
    agents = [one["id"] for one in bound["bindings"].get("agents", {}).values()]
    recorded: dict[Key, dict[str, Any]] = {}
    present: dict[Key, dict[str, Any]] = {}
    for row in registry.read_document(entry.references, REFERENCES_FORMAT)["objects"]:
        key = Key(row["kind"], row["id"])
        now = workspace.document(key, agents)
        if now is None or digest(now) != row["digest"]:
            recorded[key] = registry.read_document(row["digest"], OBJECT_FORMAT)["fields"]
            if now is not None:
                present[key] = parse(now)["fields"]
    return changes(recorded, present)


def refuse_drift(
    registry: Registry, head: Entry | None, workspace: Workspace, wanted: Collection[Key]
) -> None:
    """
    Do not release over what somebody changed in the workspace, unless this run accepts it.

    Objects that the new release does not refer to any more are no concern of it.

    Raises:
        Refused: naming each object and field.

    """
    if head is None or head.state not in ("live", "rolled-back"):
        return  # what is held is refused for that, and what was withdrawn begins anew
    if os.environ.get(ACCEPT_DRIFT, "") not in ("", "0"):
        return
    found = [one for one in drift_of(registry, head, workspace) or () if one.key in wanted]
    if found:
        raise Refused(
            f"{head.preset} in {head.environment} leans on what was changed in the workspace since "
            f"{head.describe()}: {'. '.join(map(str, found))}. Nothing was released; undo the "
            f"change there, or accept it for one run with {ACCEPT_DRIFT}=1"
        )


def withdraw(registry: Registry, environment: str, preset: str, writer: str) -> Entry | None:
    """
    What is no longer declared is no longer launched.

    Returns:
        The log's head: withdrawn, or another stack's by now, which is left as it is. None where
        there is no log.

    """
    head = registry.head(environment, preset)
    if head is None or head.state == "withdrawn" or head.writer not in (None, writer):
        return head
    return registry.append(
        environment,
        preset,
        "withdraw",
        expected=head.seq,
        meta=meta(writer, reason="no longer declared"),
    )


def publish_environment(registry: Registry, workspace: Workspace, name: str, data: bytes) -> int:
    """Publish what launchers need to know of an environment."""
    workspace.prove()
    return registry.publish_environment(name, data)
