"""What rings in an environment: the numbers that calls are made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from dialform.resources import NumberPool

if TYPE_CHECKING:
    from dialform.planning import Plan


class Telephony(pulumi.ComponentResource):
    """Number pools."""

    def __init__(self, name: str, plan: Plan, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the numbers that ``plan`` binds."""
        super().__init__("dialform:components:Telephony", name, None, opts)
        self.numbers = {
            binding: NumberPool(
                binding,
                binding=binding,
                pool_id=numbers.get("pool"),
                members=numbers.get("members"),
                workspace=plan.workspace,
                keyvar=plan.keyvar,
                witness=plan.witness,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for binding, numbers in plan.declared.bindings.get("numbers", {}).items()
        }
        self.register_outputs({})
