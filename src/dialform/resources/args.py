"""Typed arguments that several resources take."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    import pulumi


class BindingArgs(TypedDict):
    """An object of the workspace."""

    id: pulumi.Input[str]
    """Its id."""

    name: NotRequired[pulumi.Input[str]]
    """Its name there, checked at every change."""


class AccessArgs(TypedDict):
    """How the workspace is reached. Never a key."""

    keyvar: pulumi.Input[str]
    """The environment variable that holds the API key."""

    witness: NotRequired[pulumi.Input[str]]
    """The id of an agent bound there: before a write it proves that the key is the right one."""


class MemberArgs(TypedDict):
    """A phone number."""

    id: pulumi.Input[str]
    """API: ``fromNumberId``."""

    number: NotRequired[pulumi.Input[str]]
    """E.164, checked at every change."""


class ObservedArgs(TypedDict):
    """A release log's head as the program saw it."""

    entry: pulumi.Input[str]
    """Number and kind, or ``none``."""

    state: NotRequired[pulumi.Input[str]]
    """live, held or withdrawn."""

    boundDigest: NotRequired[pulumi.Input[str]]
    """What is live."""
