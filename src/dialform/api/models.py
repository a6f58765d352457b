"""
The body of ``POST /dials``: every field, range and enum of the API's page "Create a new dial".

Attributes carry the API's own names. Types say what the page says: a field that may be null
is ``X | None``; one that may only be left out is ``Absent[X]``. What was set, null included,
is what ``model_dump(exclude_unset=True)`` gives back. Classes named ``...Fields`` hold the
fields that need no id of a workspace: declarations share them, and put names where the API
puts ids.

Leaves requests and answers to ``client``.
"""

from __future__ import annotations

from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

T = TypeVar("T")


class _NotNull:
    """Lets a field be left out (its default None is never checked) but not be null."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        if get_origin(source) in (Union, UnionType):
            source = Union[tuple(arg for arg in get_args(source) if arg is not NoneType)]  # noqa: UP007 - built at run time
        return handler(source)


Absent = Annotated[T | None, _NotNull()]
"""A field that may be left out but must not be null."""


class Model(BaseModel):
    """What all models of the wire have in common: frozen, strict, nothing unknown."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        use_attribute_docstrings=True,
    )


class OptionValue(Model):
    """A value for one option of a voice or a model."""

    optionId: str
    """The ID of option."""

    value: str
    """The option's value, always a string."""


LineType = Literal["INBOUND_ONLY", "INBOUND_OUTBOUND", "NONE"]
"""When an opening line is used."""


class OpeningLine(Model):
    """Details about the Agent's opening line."""

    lineType: LineType
    """An indication of when the opening line should be used."""

    content: str
    """The content of the opening line."""


class TranscriberParams(Model):
    """The transcriber and its keywords."""

    type: Literal["deepgram", "openai"]
    """The transcriber."""

    keywords: Absent[list[str]] = None
    """Keywords to be used for transcription."""


class IdleMessageConfig(Model):
    """What the agent says when the user is silent."""

    enabled: bool
    """Whether idle messages are enabled for this agent."""

    messages: Absent[list[str]] = None
    """The list of idle messages that the agent can say when the user is silent."""

    idleDurationMilliseconds: Absent[Annotated[int, Field(ge=5000)]] = None
    """The duration in milliseconds that the user must be silent before an idle message."""

    maxIdleMessages: Absent[Annotated[int, Field(ge=1)]] = None
    """The maximum number of idle messages that can be said during a call."""


class UtteranceDetectorConfig(Model):
    """How fast the end of an utterance is taken as such."""

    sensitivity: Literal["ULTRA_FAST", "FAST", "MEDIUM", "SLOW"]
    """The detector's sensitivity."""


class EndpointDetectorConfig(Model):
    """
    Configuration for endpoint detection to determine when a user has finished speaking.

    If not specified, will default to a semantic detector in the default mode.
    """

    type: Literal["SIMPLE", "SEMANTIC"]
    """The type of endpoint detector to use."""

    mode: Literal["CONSERVATIVE", "DEFAULT", "AGGRESSIVE"] | None = None
    """The mode for the endpoint detector (only applicable for SEMANTIC type)."""


class LifecycleMessages(Model):
    """What the agent says while a function runs."""

    started: list[str]
    """Messages when the function starts executing. One will be chosen at random."""


class LinkedFunction(Model):
    """A function that is available to the agent."""

    functionDefinitionId: str
    """The ID of the function definition to link."""

    lifecycleMessagesOverride: LifecycleMessages | None = None
    """Lifecycle messages to override the defaults, or null to not override."""


ConditionType = Literal["always", "equal", "in", "greater", "less", "language"]
"""The condition used to evaluate a transition rule."""


class TransitionRule(Model):
    """
    Where the call goes after a node.

    If ``conditionType`` is language, the value is a natural language condition to describe
    when to execute the transition.
    """

    conditionType: ConditionType
    """The condition used to evaluate the transition rule."""

    transitionNodeId: str
    """The id of the node to go to."""

    arrayConditionType: Literal["any", "all"] | None = None
    """'any' means at least one element must match, 'all' means all elements must match."""

    field: str | None = None
    """The output field that is compared."""

    value: str | None = None
    """The value compared with, or the condition in words."""

    values: list[str] | None = None
    """The values compared with, for ``in``."""


class FlowNode(Model):
    """A node of a flow."""

    id: str
    """The node's id, as in ``{{node.<id>.<field>}}``."""

    name: str
    """The node's name."""

    type: str
    """One of the allowed flow node types: freeform, question, function, ..."""

    transitionRules: list[TransitionRule]
    """Tried in order."""

    nodeData: dict[str, Any]
    """The node-specific configuration."""


class FlowDefinition(Model):
    """For agents with agentType CUSTOM_FLOW, the flow definition."""

    nodes: Absent[list[FlowNode]] = None
    """The nodes; the first one opens the call."""

    globalContext: str | None = None
    """What the agent knows in every node."""

    aiOpen: Absent[bool] = Field(default=None, deprecated="use openingLineType instead")
    """Deprecated, use openingLineType instead."""

    openingLineType: Absent[LineType] = None
    """When the opening line is used."""


class VersionedPromptFields(Model):
    """The fields of a prompt that need no id."""

    name: str
    """The prompt's name."""

    prompt: str | None = None
    """What the agent is told."""


class VersionedPrompt(VersionedPromptFields):
    """A prompt for this dial alone."""

    aiModelId: str
    """The ID of the model to use."""

    agentType: Literal["STANDARD", "CUSTOM_FLOW"]
    """The type of agent that this prompt represents."""

    flowDefinition: Absent[FlowDefinition] = None
    """For agents with agentType CUSTOM_FLOW, the flow definition that you want to use."""

    modelOptionValues: Absent[list[OptionValue]] = None
    """Options of the model."""


class IvrConfigurationFields(Model):
    """The fields of IVR handling that need no id."""

    detectionType: Literal["NONE", "STANDARD"]
    """The type of IVR detection to use."""

    taggingText: str | None = None
    """The tagging text for IVR detection."""


class IvrConfiguration(IvrConfigurationFields):
    """IVR detection and navigation: detection type, prompt, voice, and tagging settings."""

    versionedPromptId: str | None = None
    """The versioned prompt ID to use for IVR detection."""

    versionedPrompt: Absent[VersionedPrompt] = None
    """The default versioned prompt to use for IVR navigation."""

    aiVoiceId: str | None = None
    """The AI voice ID to use for IVR detection."""


class AgentOverridesFields(Model):
    """The fields of ``agentOverrides`` that need no id."""

    inboundWebhookResponse: Absent[bool] = None
    """Whether the inbound webhook's response is used."""

    maxDurationSeconds: Absent[int] = None
    """The maximum duration of the call in seconds."""

    openingLine: OpeningLine | None = None
    """The opening line. If unspecified, or null, no opening line will be created."""

    voiceVolumeLevel: Absent[Annotated[int, Field(ge=-300, le=300)]] = None
    """Generally between -300 and 300, the volume level of the voice. The default is -100."""

    backgroundNoiseType: Absent[Literal["noise", "office", "silence"]] = None
    """The background audio that's used by the agent."""

    metadata: Absent[dict[str, Any]] = None
    """Free data, sent along."""

    transcriberParams: Absent[TranscriberParams] = None
    """The transcriber and its keywords."""

    idleMessageConfig: Absent[IdleMessageConfig] = None
    """What the agent says when the user is silent."""

    utteranceDetectorConfig: Absent[UtteranceDetectorConfig] = None
    """How fast the end of an utterance is taken as such."""

    endpointDetectorConfig: Absent[EndpointDetectorConfig] = None
    """How the end of the user's turn is found."""

    language: Absent[str] = None
    """The language to use for the agent."""

    fillEmptyStringVariables: Absent[bool] = None
    """If true, inputs that are not given become empty strings, else placeholders stay."""


class AgentOverrides(AgentOverridesFields):
    """(Alpha) Optional overrides for the call agent used for this dial."""

    defaultVoiceId: Absent[str] = None
    """The ID of the voice to use."""

    defaultVersionedPrompt: Absent[VersionedPrompt] = None
    """The default versioned prompt to use."""

    inboundWebhookUrl: Absent[str] = None
    """The URL that inbound calls ask."""

    linkedFunctionDefinitionIds: Absent[list[str]] = Field(
        default=None, deprecated="use linkedFunctionDefinitionInputs instead"
    )
    """The functions available to this agent (deprecated)."""

    linkedFunctionDefinitionInputs: Absent[list[LinkedFunction]] = None
    """The functions available to this agent, with optional lifecycle messages."""

    ivrConfiguration: Absent[IvrConfiguration] = None
    """IVR detection and navigation."""


class DialFields(Model):
    """The fields of a dial that need no id and belong to every call of a preset."""

    browserCall: bool | None = None
    """Set to true if this is a browser call."""

    voiceVolumeLevel: Absent[Annotated[int, Field(ge=-300, le=300)]] = None
    """The volume level for the voice on the call, from -300 (quiet) to 300 (loud)."""

    overrideTranscriberFinalDurationMs: Absent[int] = None
    """How long in ms after an utterance to ignore the transcript's status and run inference."""

    timeoutMinutes: Absent[int] = None
    """Minutes before the call will be timed out. If not specified, there is no limit."""

    keywords: list[str] | None = None
    """A list of keywords to be used in the call."""


class CreateDial(DialFields):
    """The body of ``POST /dials``."""

    callAgentId: str
    """Required. The ID of the agent."""

    webhookUrl: str | None = None
    """The URL for the webhook for this dial session."""

    toNumber: str | None = None
    """Required if this is a phone dial, in E.164 format."""

    fromNumberId: str | None = None
    """The ID for the phone number to use to start the call."""

    fromNumberPoolId: str | None = None
    """The ID of a phone number pool to use when starting the call."""

    aiVoiceId: str | None = None
    """The ID for the voice. If not specified, the agent's default voice will be used."""

    voiceOptionValues: Absent[list[OptionValue]] = None
    """An optional configuration for the voice being used."""

    versionedModelId: Absent[str] = None
    """The prompt/model version to use for this call, else the agent's default."""

    ivrVersionedPromptId: Absent[str] = None
    """The prompt/model version for the IVR portion, if IVR navigation is enabled."""

    callAgentExtractorId: Absent[str] = None
    """The ID of the extractor to use for this call, else the agent's default."""

    callAgentInput: Absent[dict[str, Any]] = None
    """Any macros in the call agent prompt."""

    agentOverrides: Absent[AgentOverrides] = None
    """Optional overrides for the call agent used for this dial."""

    idempotencyKey: Absent[Annotated[str, Field(min_length=1, max_length=255)]] = None
    """A key for this very call, in newer editions of the API: used again, it is answered 409."""


PER_CALL_FIELDS = ("toNumber", "callAgentInput", "fromNumberId", "idempotencyKey")
"""What the launcher adds to a bound preset's body."""
