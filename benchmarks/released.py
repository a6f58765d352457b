"""The reference project, released in a registry of its own against a sandbox on a free port."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialform.declaration import Project
from dialform.presets.canonical import Digest, canonical
from dialform.registry import Meta, Registry

if TYPE_CHECKING:
    from dialform.declaration import Environment
    from dialform.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[1]
STANDARD = "http://127.0.0.1:8421/api"
"""Where the project's own files expect the sandbox."""


def release_all(folder: Path, sandbox: Sandbox, environment: str = "dev") -> Project:
    """Copy the project to ``folder`` and release what ``environment`` runs, without Pulumi."""
    shutil.copytree(ROOT / "stacks", folder / "stacks")
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    stack = folder / "stacks" / f"{environment}.toml"
    stack.write_text(stack.read_text(encoding="utf-8").replace(STANDARD, sandbox.url), "utf-8")
    project = Project(folder)
    declared = project.environment(environment)
    registry = Registry.open(".dialform/registry", base=folder)
    registry.publish_environment(environment, declared.document)
    for name in project.presets:
        _release(registry, declared, environment, name)
    return project


def _release(registry: Registry, declared: Environment, environment: str, name: str) -> None:
    """Publish a preset's documents and make it live."""
    bound = declared.bound(name)
    preset = declared.source(name)
    if preset.profile is not None:
        registry.publish_blob(canonical(preset.profile.document))
    registry.publish_blob(canonical(preset.document))
    registry.append(
        environment,
        name,
        "release",
        expected=0,
        version=registry.publish_version(name, Digest(bound["preset"]["digest"])),
        preset_digest=Digest(bound["preset"]["digest"]),
        bound_digest=registry.publish_blob(canonical(bound)),
        meta=Meta(time="2026-11-23T23:00:00Z"),
    )


def example_inputs(bound: dict[str, Any]) -> list[str]:
    """``--input`` for each input that has an example."""
    return [
        argument
        for name, declared in bound["inputs"].items()
        if "example" in declared
        for argument in ("--input", f"{name}={declared['example']}")
    ]
