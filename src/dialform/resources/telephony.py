"""Resources of what rings: the numbers that calls are made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.providers import NumberPoolProvider
from dialform.resources.base import WorkspaceResource

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi

    from dialform.resources.args import MemberArgs


class NumberPool(WorkspaceResource, module="dialform", name="NumberPool"):
    """
    Numbers to call from: a pool's id, phone numbers, or both.

    Phone numbers are verified when they are declared, and their drift shows at `refresh`. The
    API has no list of pools, so a pool's id is verified by the first dial alone. Nothing here
    ever buys, links or releases a number.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        binding: pulumi.Input[str],
        pool_id: pulumi.Input[str] | None = None,
        members: Sequence[MemberArgs] | None = None,
        workspace: pulumi.Input[str],
        keyvar: pulumi.Input[str],
        witness: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Declare numbers.

        Args:
            resource_name: the name in the stack.
            binding: the name that presets use.
            pool_id: the pool's id. API: ``fromNumberPoolId``.
            members: phone numbers. API: ``fromNumberId``.
            workspace: the workspace's URL.
            keyvar: the environment variable that holds the API key; never a key.
            witness: the id of an agent bound there: before a write it proves that the key is
                this workspace's. None: not proved.
            opts: Pulumi's options.

        """
        props = {
            "binding": binding,
            "poolId": pool_id,
            "members": members,
            "workspace": workspace,
            "keyvar": keyvar,
            "witness": witness,
        }
        super().__init__(NumberPoolProvider(), resource_name, props, opts)
