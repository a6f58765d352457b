"""What is heard in an environment: its voices, and the profiles of what runs there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from dialform.resources import OverrideProfile, Voice

if TYPE_CHECKING:
    from dialform.planning import Plan


class Speech(pulumi.ComponentResource):
    """Voices and override profiles."""

    def __init__(self, name: str, plan: Plan, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the voices that ``plan`` binds and the profiles that its presets name."""
        super().__init__("dialform:components:Speech", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.voices = {
            binding: Voice(
                binding,
                binding=binding,
                voice_id=bound["id"],
                voice_name=bound.get("name"),
                workspace=plan.workspace,
                keyvar=plan.keyvar,
                witness=plan.witness,
                opts=child,
            )
            for binding, bound in plan.declared.bindings.get("voices", {}).items()
        }
        self.profiles = {
            profile.name: OverrideProfile(
                profile.name,
                name=profile.name,
                document=profile.data.decode(),
                digest=profile.digest,
                references=plan.references(profile.document),
                registry=plan.registry_url,
                workspace=plan.workspace,
                keyvar=plan.keyvar,
                witness=plan.witness,
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(self.voices.values())),
            )
            for profile in plan.profiles
        }
        self.register_outputs({})
