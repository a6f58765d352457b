"""Resources of what is heard: voices and agent override profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from dialform.providers import OverrideProfileProvider, VoiceProvider
from dialform.resources.args import as_text
from dialform.resources.base import WorkspaceResource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dialform.resources.args import BindingArgs


class Voice(WorkspaceResource, module="dialform", name="Voice"):
    """A voice of the workspace, verified when it is declared; drift shows at `refresh`."""

    def __init__(
        self,
        resource_name: str,
        *,
        binding: pulumi.Input[str],
        voice_id: pulumi.Input[str],
        voice_name: pulumi.Input[str] | None = None,
        workspace: pulumi.Input[str],
        keyvar: pulumi.Input[str],
        witness: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Declare a voice.

        Args:
            resource_name: the name in the stack.
            binding: the name that presets and profiles use.
            voice_id: its id in the workspace.
            voice_name: its name there; None checks that it exists only.
            workspace: the workspace's URL.
            keyvar: the environment variable that holds the API key; never a key.
            witness: the id of an agent bound there: before a write it proves that the key is
                this workspace's. None: not proved.
            opts: Pulumi's options.

        """
        props = {
            "binding": binding,
            "voiceId": voice_id,
            "voiceName": voice_name,
            "workspace": workspace,
            "keyvar": keyvar,
            "witness": witness,
        }
        super().__init__(VoiceProvider(), resource_name, props, opts)


class OverrideProfile(WorkspaceResource, module="dialform", name="OverrideProfile"):
    """An agent override profile, published under its digest; any change replaces it."""

    digest: pulumi.Output[str]
    """The document's name: ``sha256:...``."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: pulumi.Input[str],
        document: pulumi.Input[str],
        digest: pulumi.Input[str],
        references: Mapping[str, Mapping[str, BindingArgs]] | None = None,
        registry: pulumi.Input[str],
        workspace: pulumi.Input[str],
        keyvar: pulumi.Input[str],
        witness: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Declare a profile.

        Args:
            resource_name: the name in the stack.
            name: the profile's name.
            document: its canonical JSON, as one string.
            digest: the document's digest.
            references: the models and functions it names, by kind and name; verified.
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
            "references": as_text(references or {}),
            "registry": registry,
            "workspace": workspace,
            "keyvar": keyvar,
            "witness": witness,
        }
        keep = pulumi.ResourceOptions(retain_on_delete=True)
        super().__init__(
            OverrideProfileProvider(),
            resource_name,
            props,
            pulumi.ResourceOptions.merge(keep, opts),
        )
