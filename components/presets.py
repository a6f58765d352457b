"""What is launched in an environment: its presets, and the release of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from dialform.providers import observed
from dialform.resources import DialPreset, Release

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dialform.planning import Plan


class Presets(pulumi.ComponentResource):
    """Dial presets and their releases."""

    def __init__(  # noqa: PLR0913 - a part each
        self,
        name: str,
        plan: Plan,
        *,
        profiles: Mapping[str, pulumi.Resource],
        first: Sequence[pulumi.Resource],
        violations: Mapping[str, Sequence[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Declare what ``plan`` runs.

        ``profiles`` are published before the presets that name them; ``first`` are resources
        that must be in order before anything is released. Only `depends_on` orders them: a
        value taken from another resource would be unknown in previews and blank the diff.
        ``violations``: by preset, the broken guardrails over which nothing is released.
        """
        super().__init__("dialform:components:Presets", name, None, opts)
        self.presets: dict[str, DialPreset] = {}
        self.releases: dict[str, Release] = {}
        for running in plan.running:
            before = [profiles[running.profile.name]] if running.profile else []
            self.presets[running.name] = DialPreset(
                running.name,
                name=running.name,
                document=running.data.decode(),
                digest=running.digest,
                pinned=running.pinned,
                registry=plan.registry_url,
                workspace=plan.workspace,
                keyvar=plan.keyvar,
                witness=plan.witness,
                opts=pulumi.ResourceOptions(parent=self, depends_on=before),
            )
            self.releases[running.name] = Release(
                running.name,
                environment=plan.declared.name,
                preset=running.name,
                preset_digest=running.digest,
                bound_digest=running.bound_digest,
                bindings=running.bound["bindings"],
                deviation=running.bound["deviation"],
                observed=observed(running.head),
                violations=(violations or {}).get(running.name),
                writer=plan.writer,
                registry=plan.registry_url,
                workspace=plan.workspace,
                keyvar=plan.keyvar,
                witness=plan.witness,
                opts=pulumi.ResourceOptions(
                    parent=self, depends_on=[self.presets[running.name], *first]
                ),
            )
        self.register_outputs({})
