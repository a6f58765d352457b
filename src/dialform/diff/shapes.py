"""
How documents are to be read: which lists have identities, what things are called.

Pure data. What is not named here is compared as it stands, so that no field is ever passed over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dialform.presets.documents import (
    CALL_TWINS,
    FUNCTION_TWINS,
    IVR_TWINS,
    NODE_TWINS,
    OVERRIDE_TWINS,
    PROMPT_TWINS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Table:
    """A JSON object."""

    fields: Mapping[str, tuple[str, Shape]] = field(default_factory=dict)
    """By the document's key: what a reader calls it, and its own shape."""

    twins: Mapping[str, str] = field(default_factory=dict)
    """Names of ours for the API's fields, for pointers into the body."""


@dataclass(frozen=True)
class Rows:
    """A list whose elements are matched by what they are, not by where they stand."""

    key: str | None = None
    """The element's field that identifies it; None: the element itself does."""

    value: str | None = None
    """Elements ``{key, value}`` are read as that value."""

    ordered: bool = False
    """Whether the order matters to the call."""

    element: Table = Table()

    opens: bool = False
    """Whether the first element is where the call begins, and the order is nothing else."""

    renames: bool = False
    """Whether an element under another name is still the same one, if it says the same."""

    but: str | None = None
    """A field that says where an element leads and not what it is."""


Shape = Table | Rows | None


def _twins(twins: Mapping[str, tuple[str, Any]]) -> dict[str, str]:
    return {ours: theirs for ours, (theirs, _) in twins.items()}


_SET = Rows()
_SEQUENCE = Rows(ordered=True)
_OPTIONS = Rows(key="optionId", value="value")

RULES = Rows(
    ordered=True,
    but="transitionNodeId",
    element=Table({"transitionNodeId": ("to", None), "values": ("values", _SET)}),
)
"""The first rule that fits wins, so their order matters."""

NODE_DATA = Table(
    {
        "options": ("options", _SET),
        "inputs": ("inputs", Rows(key="name", value="value", renames=True)),
    },
    _twins(NODE_TWINS),
)

NODES = Rows(
    key="id",
    opens=True,
    renames=True,
    element=Table({"transitionRules": ("next", RULES), "nodeData": ("nodeData", NODE_DATA)}),
)

FLOW = Table({"nodes": ("node", NODES)})

PROMPT = Table(
    {
        "prompt": ("text", None),
        "flowDefinition": ("flow", FLOW),
        "modelOptionValues": ("modelOptionValues", _OPTIONS),
    },
    _twins(PROMPT_TWINS),
)

_STARTED = Table({"started": ("started", _SET)})  # one is chosen at random

OVERRIDES = Table(
    {
        "defaultVersionedPrompt": ("prompt", PROMPT),
        "ivrConfiguration": (
            "ivrConfiguration",
            Table({"versionedPrompt": ("prompt", PROMPT)}, _twins(IVR_TWINS)),
        ),
        "linkedFunctionDefinitionInputs": (
            "functions",
            Rows(
                key="function",
                element=Table(
                    {"lifecycleMessagesOverride": ("lifecycleMessagesOverride", _STARTED)},
                    _twins(FUNCTION_TWINS),
                ),
            ),
        ),
        "linkedFunctions": ("linkedFunctions", _SET),
        "transcriberParams": ("transcriberParams", Table({"keywords": ("keywords", _SET)})),
        "idleMessageConfig": ("idleMessageConfig", Table({"messages": ("messages", _SEQUENCE)})),
    },
    _twins(OVERRIDE_TWINS),
)

CALL = Table(
    {"voiceOptionValues": ("voiceOptionValues", _OPTIONS), "keywords": ("keywords", _SET)},
    _twins(CALL_TWINS),
)

DEFAULTS: Mapping[tuple[str, ...], str] = {
    ("timeoutMinutes",): "no limit",
    ("voice",): "the agent's default voice",
    ("promptVersion",): "the agent's default prompt",
    ("ivrPromptVersion",): "the agent's default",
    ("extractor",): "the agent's default extractor",
    ("profile", "voice"): "the agent's own voice",
    ("profile", "prompt"): "the agent's own prompt",
    ("profile", "openingLine"): "no opening line",
    ("profile", "voiceVolumeLevel"): "-100, the API's default",
    ("profile", "endpointDetectorConfig"): "semantic, default mode",
}
"""By path: what it means to the API that a field is not set. From the page of ``POST /dials``."""
