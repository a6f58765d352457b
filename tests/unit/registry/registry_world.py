"""What the registry's tests share: documents, a reference registry, a store in memory."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from dialform.presets.canonical import Digest, canonical
from dialform.registry import Entry, Kind, Meta, Registry

if TYPE_CHECKING:
    from pathlib import Path

STACK = "calls/prod"


def profile(text: str) -> bytes:
    return canonical({"format": "dialform.profile/1", "agentOverrides": {"language": text}})


def preset(text: str, profile_digest: Digest | None = None) -> bytes:
    doc: dict[str, Any] = {"format": "dialform.preset/1", "call": {"agent": text}, "inputs": {}}
    if profile_digest is not None:
        doc["profile"] = profile_digest
    return canonical(doc)


def bound(environment: str, name: str, digest: Digest, text: str = "") -> bytes:
    return canonical(
        {
            "format": "dialform.bound-preset/1",
            "environment": environment,
            "workspace": "https://api.vogent.ai/api",
            "preset": {"name": name, "digest": digest},
            "deviation": {},
            "bindings": {"agents": {"collector": {"id": f"id-{environment}-{text}"}}},
            "body": {"callAgentId": f"id-{environment}-{text}"},
            "inputs": {},
        }
    )


def environment(name: str, keyvar: str = "VOGENT_API_KEY") -> bytes:
    return canonical(
        {
            "format": "dialform.environment/1",
            "environment": name,
            "workspace": {"url": "https://api.vogent.ai/api", "keyvar": keyvar},
        }
    )


def meta(second: int = 0, *, writer: str | None = STACK, reason: str | None = None) -> Meta:
    return Meta(f"2026-11-23T23:00:{second:02}Z", reason=reason, by="anna", writer=writer)


def publish(registry: Registry, name: str, text: str) -> tuple[int, Digest]:
    """A preset with a profile: its version and its digest."""
    profile_digest = registry.publish_blob(profile(text))
    digest = registry.publish_blob(preset(text, profile_digest))
    return registry.publish_version(name, digest), digest


def release(  # noqa: PLR0913  # as many sides as the thing itself
    registry: Registry,
    name: str,
    text: str,
    *,
    env: str = "prod",
    expected: int | None = None,
    as_meta: Meta | None = None,
    take_over: str | None = None,
) -> Entry:
    """All that a first or a later ``up`` does for one preset."""
    version, digest = publish(registry, name, text)
    bound_digest = registry.publish_blob(bound(env, name, digest, text))
    return registry.append(
        env,
        name,
        "release",
        expected=expected,
        version=version,
        preset_digest=digest,
        bound_digest=bound_digest,
        meta=as_meta or meta(),
        take_over=take_over,
    )


def small_registry(folder: Path) -> Registry:
    """Two presets, two environments, every kind of entry; all blobs are referred to."""
    return filled(Registry.open(str(folder), base=folder.parent))


def filled(registry: Registry) -> Registry:
    """The same, in a registry that is there."""
    registry.publish_environment("prod", environment("prod"))
    registry.publish_environment("prod", environment("prod", "OTHER_KEY"))
    registry.publish_environment("staging", environment("staging"))
    release(registry, "collections", "one")
    release(registry, "collections", "two", as_meta=meta(1))
    release(registry, "collections", "three", as_meta=meta(2))
    release(registry, "collections", "one", env="staging")
    release(registry, "reminder", "one")
    kinds: tuple[Kind, ...] = ("hold", "resume", "withdraw")
    for second, kind in enumerate(kinds, start=3):
        because = meta(second, writer=None, reason="wrong amount in the opening line")
        registry.append("prod", "collections", kind, expected=None, meta=because)
    registry.append("prod", "collections", "yank", expected=6, yank_version=2, meta=meta(6))
    return registry


def objects(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``, temporary ones included, by key."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def fast_folder(fallback: Path) -> Path:
    """Where many small synced files cost little: memory, where the machine has such a disk."""
    shared = type(fallback)("/dev/shm")  # noqa: S108  # looked for, not relied on
    return shared if os.access(shared, os.W_OK) else fallback


class MemoryStore:
    """A ``Store`` in a dict, which counts what it is asked."""

    url = "memory"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.calls = 0
        self._lock = threading.Lock()

    def present(self) -> bool:
        self.step("present")
        return bool(self.objects)

    def read(self, key: str) -> bytes | None:
        self.step("read")
        return self.objects.get(key)

    def create(self, key: str, data: bytes) -> bool:
        self.step("create")
        with self._lock:
            return self.objects.setdefault(key, data) is data

    def names(self, prefix: str) -> list[str]:
        self.step("names")
        top = f"{prefix}/" if prefix else ""
        under = [key.removeprefix(top) for key in list(self.objects) if key.startswith(top)]
        return sorted({key.partition("/")[0] for key in under})

    def keys(self, prefix: str) -> list[str]:
        self.step("keys")
        top = f"{prefix}/" if prefix else ""
        return sorted(key for key in list(self.objects) if key.startswith(top))

    def step(self, _operation: str) -> None:
        """Called before each operation; a scheduler may wait here."""
        self.calls += 1
