"""What rings in an environment: the numbers that calls are made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from dialform.resources import NumberPool

if TYPE_CHECKING:
    from dialform.components.context import Context


class Telephony(pulumi.ComponentResource):
    """Number pools."""

    def __init__(
        self, name: str, context: Context, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare the numbers that ``context`` binds."""
        super().__init__("dialform:components:Telephony", name, None, opts)
        self.numbers = {
            binding: NumberPool(
                binding,
                binding=binding,
                pool_id=numbers.get("pool"),
                members=numbers.get("members"),
                workspace=context.workspace,
                keyvar=context.keyvar,
                witness=context.witness,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for binding, numbers in context.declared.bindings.get("numbers", {}).items()
        }
        self.register_outputs({})
