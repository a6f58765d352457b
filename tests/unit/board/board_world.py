"""The reference project, released in three environments that have come apart since."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from dialform.declaration import Project
from dialform.presets.canonical import canonical
from dialform.registry import Meta, Registry

if TYPE_CHECKING:
    from dialform.registry import Entry, Kind

REFERENCE = Path(__file__).parents[3]
HOSTILE = "</script><script>alert(1)</script> {{7*7}} <img src=x onerror=alert(2)>"


class World:
    """A checkout with its registry."""

    def __init__(self, root: Path) -> None:
        """Released once in each environment; then ``collections`` moved on, ``lead`` was held."""
        self.root = root
        shutil.copytree(REFERENCE / "stacks", root / "stacks")
        shutil.copy(REFERENCE / "Pulumi.yaml", root)
        self._minute = 0
        self.registry.create_marker()
        for environment in ("dev", "staging", "prod"):
            for preset in ("collections", "lead", "reminder"):
                self.release(environment, preset)
        prompt = root / "stacks" / "prompts" / "collections.md"
        text = prompt.read_text(encoding="utf-8")
        prompt.write_text(text.replace("calm, respectful", "calm, brief"), encoding="utf-8")
        self.release("dev", "collections")
        self.release("staging", "collections")
        flow = root / "stacks" / "prompts" / "reminder.md"
        flow.write_text(f"{flow.read_text(encoding='utf-8')}\n{HOSTILE}\n", encoding="utf-8")
        self.release("dev", "reminder")
        self.move("prod", "lead", "hold", f"wrong offer {HOSTILE}")

    @property
    def registry(self) -> Registry:
        """The checkout's."""
        return Registry.open(".dialform/registry", base=self.root)

    def release(self, environment: str, preset: str) -> Entry:
        """Make the working tree's content live."""
        project = Project(self.root)
        declared, source = project.environment(environment), project.presets[preset]
        assert source.profile is not None
        assert source.profile.data is not None
        assert source.data is not None
        registry = self.registry
        registry.publish_blob(source.profile.data)
        digest = registry.publish_blob(source.data)
        registry.publish_environment(environment, declared.document)
        return registry.append(
            environment,
            preset,
            "release",
            expected=None,
            version=registry.publish_version(preset, digest),
            preset_digest=digest,
            bound_digest=registry.publish_blob(canonical(declared.bound(preset))),
            meta=Meta(self._time(), by="anna", change="https://example.com/12"),
        )

    def move(self, environment: str, preset: str, kind: Kind, reason: str) -> Entry:
        """Hold or withdraw."""
        meta = Meta(self._time(), by="ben", reason=reason)
        return self.registry.append(environment, preset, kind, expected=None, meta=meta)

    def damage(self, environment: str, preset: str) -> None:
        """Break the bound preset that is live."""
        head = self.registry.head(environment, preset)
        assert head is not None
        name = head.bound_digest.removeprefix("sha256:")
        found = list((self.root / ".dialform").rglob(f"*{name[2:]}*"))
        assert found
        for path in found:
            path.chmod(0o644)
            path.write_bytes(b"{}")

    def _time(self) -> str:
        self._minute += 1
        return f"2026-11-23T22:{self._minute:02}:00Z"
