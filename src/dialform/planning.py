"""
What an environment is to run: its declaration, put together with what the registry has.

The one look-up against the direction of the data: a pinned preset's documents are read from
the registry by digest, and the heads of the release logs are noted as they were seen. `pulumi
up` carries a plan out; diffs and reviews say what that would do. Knows no Pulumi.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dialform.errors import (
    DeclarationError,
    ObjectAbsent,
    Refused,
    RegistryError,
    SettingError,
    Untrusted,
)
from dialform.presets.canonical import Digest, canonical, digest
from dialform.presets.documents import PRESET_FORMAT, PROFILE_FORMAT, references
from dialform.registry import Change, Meta, Registry, next_entry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dialform.declaration import Environment
    from dialform.registry import Entry
    from dialform.registry.trust.signers import Signer


@dataclass(frozen=True, slots=True)
class Document:
    """A profile as it is published."""

    name: str
    document: Mapping[str, Any]
    data: bytes
    digest: Digest


@dataclass(frozen=True, slots=True)
class Running:
    """A preset as an environment is to run it."""

    name: str
    document: Mapping[str, Any]
    data: bytes
    digest: Digest
    profile: Document | None
    pinned: int | None
    """The version it is pinned to; None where it follows the source."""

    bound: Mapping[str, Any]
    bound_digest: Digest
    head: Entry | None
    """The release log's head, whoever signed it."""

    distrust: str | None = None
    """Why launchers don't believe what the head says; None where they do, or nobody pins keys."""


class Effect(NamedTuple):
    """What `pulumi up` does to the release log of one preset."""

    preset: str
    kind: Literal["release", "withdraw", "nothing", "refused"]
    head: Entry | None
    """The log's head, where it starts from."""

    running: Running | None
    """What is wanted; None for what is no longer declared."""

    reason: str = ""
    """Why it is refused, and the way out."""


def is_fixed(head: Entry, wanted: Digest) -> bool:
    """Whether a person's hold or rollback keeps `up` from making ``wanted`` live."""
    return head.state == "held" or (head.state == "rolled-back" and head.preset_digest != wanted)


class Plan:
    """What `pulumi up` on an environment would make live."""

    def __init__(self, declared: Environment, *, root: Path, writer: str) -> None:
        """
        ``writer``: the stack that writes this environment's logs, ``project/stack``.

        Raises:
            DeclarationError: what is declared can't be released.
            RegistryError: a pinned version can't be read.

        """
        declared.require()
        self.declared = declared
        self.writer = writer
        self.workspace: str = declared.workspace.url
        self.keyvar: str = declared.workspace.keyvar
        agents = declared.bindings.get("agents", {})
        self.witness: str | None = agents[min(agents)]["id"] if agents else None
        """An agent that proves a key to be this workspace's."""
        self.registry_url: str = declared.registry.url
        self.registry = Registry.open(self.registry_url, base=root).glance()
        self._believing = self._with_keys(root)
        self._profiles: dict[str, Document] = {}
        exists = self.registry.exists
        if exists:
            runs = {name: declared.run(name) for name in sorted(declared.runs)}
            self.registry.warm(
                (name, run.version or 0, Digest(run.digest))
                for name, run in runs.items()
                if run.follow is None and run.digest
            )
        self.running = [self._run(name, exists=exists) for name in sorted(declared.runs)]

    @property
    def profiles(self) -> list[Document]:
        """The profiles that are named by what runs, each once, by name in the stack."""
        return list(self._profiles.values())

    def effects(self) -> list[Effect]:
        """
        What `pulumi up` would do, preset by preset: decided by the log's own rules.

        A preset that is no longer declared is withdrawn by the stack that released it.
        """
        found = [self._effect(running) for running in self.running]
        declared = {running.name for running in self.running}
        there = self.registry.presets(self.declared.name) if self.registry.exists else ()
        for name in there:
            head = None if name in declared else self.registry.head(self.declared.name, name)
            if head is not None and head.state != "withdrawn":
                kind: Literal["withdraw", "nothing"] = (
                    "withdraw" if head.writer in (None, self.writer) else "nothing"
                )
                found.append(Effect(name, kind, head, None))
        return sorted(found, key=lambda effect: effect.preset)

    def _effect(self, running: Running) -> Effect:
        head = running.head
        if head is None:
            return Effect(running.name, "release", None, running)
        is_ours = head.state == "held" or (
            head.state == "live" and head.writer in (None, self.writer)
        )
        if is_ours and head.bound_digest == running.bound_digest:
            return Effect(running.name, "nothing", head, running)
        known = self.registry.version_of(running.name, running.digest)
        version = running.pinned or known or len(self.registry.versions(running.name)) + 1
        change = Change("release", version, running.digest, running.bound_digest)
        try:
            next_entry(
                head,
                change,
                Meta(head.time, writer=self.writer),
                environment=self.declared.name,
                preset=running.name,
                take_over=os.environ.get("DIALFORM_TAKE_OVER"),
            )
        except Refused as error:
            return Effect(running.name, "refused", head, running, str(error))
        return Effect(running.name, "release", head, running)

    def references(self, document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """The models and functions that a profile names, as this environment binds them."""
        found: dict[str, dict[str, Any]] = {}
        for kind, name, _ in references(document):
            if kind in ("models", "functions"):
                found.setdefault(kind, {})[name] = self.declared.bindings[kind][name]
        return found

    def _run(self, name: str, *, exists: bool) -> Running:
        run = self.declared.run(name)
        if run.follow is None:
            document, data, profile = self._pinned(name, exists=exists)
            pinned = run.version
        else:
            source = self.declared.source(name)
            if source.document is None or source.data is None:
                raise DeclarationError(source.all_problems())
            document, data, pinned = source.document, source.data, None
            profile = None
            if source.profile is not None:
                profile = self._document(source.profile.name, source.profile.document or {})
        bound = self.declared.bind(
            name, document, digest(data), None if profile is None else profile.document
        )
        return Running(
            name=name,
            document=document,
            data=data,
            digest=digest(data),
            profile=profile,
            pinned=pinned,
            bound=bound,
            bound_digest=digest(canonical(bound)),
            head=self.registry.head(self.declared.name, name) if exists else None,
            distrust=self._distrust(name) if exists else None,
        )

    def _with_keys(self, root: Path) -> Registry | None:
        """The registry as launchers with the declared keys see it; None without keys."""
        from dialform.registry.trust.settings import trust_of  # noqa: PLC0415 - where keys are

        pinned = self.declared.registry
        trust = trust_of(
            os.environ, keys=pinned.keys or (), threshold=pinned.threshold, remembers=False
        )
        if trust.keys is None:
            return None
        return Registry.open(self.registry_url, base=root, trust=trust).glance()

    def _distrust(self, name: str) -> str | None:
        if self._believing is None:
            return None
        try:
            self._believing.head(self.declared.name, name)
        except Untrusted as error:
            return str(error)
        return None

    def require_signer(self, signer: Signer | None) -> None:
        """
        Where keys are pinned, what is written must be signed by one of those that count.

        Raises:
            SettingError: there is no signer, or its key can't be read.
            Untrusted: its key does not count.

        """
        if self._believing is None or self._believing.guard is None:
            return
        if signer is None:
            raise SettingError(
                f"keys are pinned for {self.declared.name}, so what is released must be signed: "
                "set DIALFORM_SIGNER (env:NAME, file:PATH or command:...). Nothing was written"
            )
        public, keys = signer.public, self._believing.guard.trust.keys
        if self.registry.exists:
            keys = self._believing.guard.keys
        if keys is not None and public not in keys.keys:
            raise Untrusted(
                f"the key of DIALFORM_SIGNER, {public.keyid}, is none of those that count for "
                f"{self.declared.name} ({', '.join(sorted(keys.ids))}). Nothing was written",
                rule="unknown-key",
            )

    def _document(self, name: str, document: Mapping[str, Any]) -> Document:
        data = canonical(document)
        if name in self._profiles and self._profiles[name].data != data:
            name = f"{name}-{digest(data)[7:15]}"  # two presets, pinned to two states of one
        return self._profiles.setdefault(name, Document(name, document, data, digest(data)))

    def _pinned(self, name: str, *, exists: bool) -> tuple[Any, bytes, Document | None]:
        """A pinned preset's documents: from the registry, by digest."""
        run = self.declared.run(name)
        wanted = Digest(run.digest or "")
        place = self.declared.layered.problem(("presets", name), "pin", "")
        where = f"{place.file}:{place.line}: {place.key}"
        if not exists:
            raise RegistryError(
                f"{where}: version {run.version} is pinned, and the registry {self.registry_url} "
                f"has nothing yet; run `pulumi up` first in an environment that follows the source"
            )
        try:
            found = self.registry.preset_digest(name, run.version or 0)
            if found != wanted:
                raise RegistryError(
                    f"{where}: version {run.version} is {found} in the registry, and the pin "
                    f"says {wanted}; correct version or digest"
                )
            document = self.registry.read_document(wanted, PRESET_FORMAT)
            profile = None
            if "profile" in document:
                content = self.registry.read_document(document["profile"], PROFILE_FORMAT)
                profile = self._document(self._profile_name(name, document["profile"]), content)
        except ObjectAbsent as error:
            raise RegistryError(
                f"{where}: {error}; run `pulumi up` first in an environment that follows the "
                f"source, or correct the pin"
            ) from None
        return document, canonical(document), profile

    def _profile_name(self, preset: str, wanted: Digest) -> str:
        """
        A name for a pinned profile, which has none of its own in the registry.

        The working tree's, where that is the same or the preset's name, so that moving a pin
        shows the profile's lines as a change and not as two resources.
        """
        try:
            source = self.declared.source(preset)
        except KeyError:
            return preset
        if source.profile is not None and source.profile.digest == wanted:
            return source.profile.name
        return source.profile.name if source.profile is not None else preset
