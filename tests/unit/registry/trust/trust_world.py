"""What the tests of signatures share: people with keys, and a registry as each of them sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registry_world import environment, release

from dialform.registry import Registry
from dialform.registry.trust.guard import Trust
from dialform.registry.trust.keys import PublicKey, new_key
from dialform.registry.trust.memory import Memory
from dialform.registry.trust.signers import Signer
from dialform.registry.trust.verifying import pinned

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.registry import Entry

NOW = 1_795_600_000.0
"""2026-11-25, in seconds since 1970."""


@dataclass
class World:
    """A folder with a registry, keys, and the state of reading machines."""

    root: Path
    people: dict[str, PublicKey] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.root / "registry"

    def key(self, person: str) -> PublicKey:
        """Their public key; the private one is in a file of their name."""
        if person not in self.people:
            public, pem = new_key()
            (self.root / f"{person}.pem").write_bytes(pem)
            self.people[person] = public
        return self.people[person]

    def signer(self, person: str) -> Signer:
        self.key(person)
        return Signer("file", str(self.root / f"{person}.pem"), None)

    def trust(
        self,
        *people: str,
        threshold: int = 1,
        machine: str | None = None,
        strict: bool = False,
        now: float = NOW,
    ) -> Trust:
        """What a reader demands who pins these people's keys; ``machine`` remembers."""
        keys = pinned([self.key(one).line for one in people], threshold) if people else None
        memory = None
        if machine is not None:
            memory = Memory(str(self.root / machine), self.said.append)
        return Trust(keys, strict, memory, self.said.append, lambda: now)

    def reader(
        self, *people: str, threshold: int = 1, machine: str | None = None, strict: bool = False
    ) -> Registry:
        """The registry as somebody reads it who pins these people's keys."""
        trust = self.trust(*people, threshold=threshold, machine=machine, strict=strict)
        return Registry.open(str(self.folder), base=self.root, trust=trust)

    def writer(self, person: str | None = None, *pins: str, threshold: int = 1) -> Registry:
        """The registry as that person writes it; None has no key."""
        signer = None if person is None else self.signer(person)
        return Registry.open(
            str(self.folder),
            base=self.root,
            signer=lambda: signer,
            trust=self.trust(*pins, threshold=threshold) if pins else None,
        )

    def released(self, person: str | None = "ci", text: str = "one") -> Entry:
        """A release of ``collections`` in prod, with its environment, by that person."""
        writer = self.writer(person)
        writer.publish_environment("prod", environment("prod"))
        return release(writer, "collections", text)

    def path(self, key: str) -> Path:
        return self.folder / key
