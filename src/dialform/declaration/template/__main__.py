"""The Pulumi program: this stack's environment, as stacks/<stack>.toml declares it."""

from dialform.components import declare

declare()
