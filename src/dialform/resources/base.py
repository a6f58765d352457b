"""What all resources share: none is declared where an API key stands in clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import Resource
from pulumi.runtime.config import is_config_secret

from dialform.publishing import KEY_SETTING

if TYPE_CHECKING:
    from pulumi.dynamic import ResourceProvider


class WorkspaceResource(Resource):
    """A resource of a workspace. Its subclasses' ``name`` and ``module`` are in every state."""

    def __init__(
        self,
        provider: ResourceProvider,
        resource_name: str,
        props: dict[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it; ``props`` are inputs, and None for each output."""
        refuse_plain_key()
        super().__init__(provider, resource_name, props, opts)


def refuse_plain_key() -> None:
    """
    Make sure that Pulumi's settings hold no API key in clear: state and git would keep it.

    Raises:
        pulumi.RunError: they do.

    """
    if is_config_secret(KEY_SETTING) or not pulumi.Config("dialform").get("apiKey"):
        return
    raise pulumi.RunError(
        f"{KEY_SETTING} stands in Pulumi.{pulumi.get_stack()}.yaml in clear: revoke that key, "
        f"then set the new one with `pulumi config set --secret {KEY_SETTING}`"
    )
