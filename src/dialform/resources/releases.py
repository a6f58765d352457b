"""Resources of what is launched: presets, releases, and what launchers need besides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from dialform.providers import DialPresetProvider, EnvironmentProvider, ReleaseProvider
from dialform.resources.args import as_text
from dialform.resources.base import WorkspaceResource

if TYPE_CHECKING:
    from collections.abc import Sequence


class DialPreset(WorkspaceResource, module="dialform", name="DialPreset"):
    """A preset, published under its digest and numbered; any change replaces it."""

    digest: pulumi.Output[str]
    """The document's name: ``sha256:...``."""

    version: pulumi.Output[int]
    """Its number in the registry: 1, 2, 3, ..."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        document: pulumi.Input[str],
        digest: pulumi.Input[str],
        pinned: pulumi.Input[int] | None = None,
        registry: pulumi.Input[str],
        workspace: pulumi.Input[str],
        keyvar: pulumi.Input[str],
        witness: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Declare a preset.

        Args:
            resource_name: the name in the stack.
            name: the preset's name.
            document: its canonical JSON, as one string.
            digest: the document's digest.
            pinned: the version it must already be; None allocates one where it has none.
            registry: the registry's URL; a folder is relative to the project.
            workspace: the workspace's URL.
            keyvar: the environment variable that holds the API key; never a key.
            witness: the id of an agent bound there: before a write it proves that the key is
                this workspace's. None: not proved.
            opts: Pulumi's options.

        """
        props = {
            "name": name,
            "document": document,
            "digest": digest,
            "pinned": pinned,
            "registry": registry,
            "workspace": workspace,
            "keyvar": keyvar,
            "witness": witness,
            "version": None,
        }
        keep = pulumi.ResourceOptions(retain_on_delete=True)
        super().__init__(
            DialPresetProvider(), resource_name, props, pulumi.ResourceOptions.merge(keep, opts)
        )


class Release(WorkspaceResource, module="dialform", name="Release"):
    """What an environment launches for a preset. Deleting it appends a withdrawal."""

    seq: pulumi.Output[int]
    """The entry of the release log that says so."""

    version: pulumi.Output[int]
    """The preset's version."""

    def __init__(
        self,
        resource_name: str,
        *,
        environment: pulumi.Input[str],
        preset: pulumi.Input[str],
        preset_digest: pulumi.Input[str],
        bound_digest: pulumi.Input[str],
        bindings: dict[str, Any],
        deviation: dict[str, Any] | None = None,
        observed: pulumi.Input[str] = "none",
        violations: Sequence[str] | None = None,
        writer: pulumi.Input[str],
        registry: pulumi.Input[str],
        workspace: pulumi.Input[str],
        keyvar: pulumi.Input[str],
        witness: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Declare a release.

        Args:
            resource_name: the name in the stack.
            environment: the environment's name.
            preset: the preset's name.
            preset_digest: what is launched.
            bound_digest: the digest of the bound preset that comes of it.
            bindings: what the preset's names mean here, by kind and name.
            deviation: what is different here.
            observed: the log's head as the program saw it (`providers.observed`), so that a
                move by somebody else shows in a preview.
            violations: the broken guardrails, a line each, over which it is refused.
            writer: the stack that writes this log: ``project/stack``.
            registry: the registry's URL; a folder is relative to the project.
            workspace: the workspace's URL.
            keyvar: the environment variable that holds the API key; never a key.
            witness: the id of an agent bound there: before a write it proves that the key is
                this workspace's. None: not proved.
            opts: Pulumi's options.

        """
        props: dict[str, Any] = {
            "environment": environment,
            "preset": preset,
            "presetDigest": preset_digest,
            "boundDigest": bound_digest,
            "bindings": as_text(bindings),
            "deviation": as_text(deviation or {}),
            "observed": observed,
            "writer": writer,
            "registry": registry,
            "workspace": workspace,
            "keyvar": keyvar,
            "witness": witness,
            "seq": None,
            "version": None,
        }
        if violations:  # absent otherwise, so that no state knows of it
            props["violations"] = list(violations)
        super().__init__(ReleaseProvider(), resource_name, props, opts)


class Environment(WorkspaceResource, module="dialform", name="Environment"):
    """What launchers need to know of an environment: its workspace and the key's variable."""

    seq: pulumi.Output[int]
    """The number of its document in the registry."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        document: pulumi.Input[str],
        registry: pulumi.Input[str],
        workspace: pulumi.Input[str],
        keyvar: pulumi.Input[str],
        witness: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Declare an environment.

        Args:
            resource_name: the name in the stack.
            name: the environment's name.
            document: its canonical JSON, as one string.
            registry: the registry's URL; a folder is relative to the project.
            workspace: the workspace's URL.
            keyvar: the environment variable that holds the API key; never a key.
            witness: the id of an agent bound there: before a write it proves that the key is
                this workspace's. None: not proved.
            opts: Pulumi's options.

        """
        props = {
            "name": name,
            "document": document,
            "registry": registry,
            "workspace": workspace,
            "keyvar": keyvar,
            "witness": witness,
            "seq": None,
        }
        super().__init__(EnvironmentProvider(), resource_name, props, opts)
