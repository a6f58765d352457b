"""
What may stand in the files of `stacks/`: a profile, a preset, a flow, an environment.

Fields that are the API's are inherited from ``dialform.api.models``. Where the API takes an
id of a workspace, a twin takes the name of a binding. The JSON Schemas for editors are made
from these models. Leaves reading, merging and cross-references to its neighbours.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from dialform.api.models import (
    Absent,
    AgentOverridesFields,
    DialFields,
    IvrConfigurationFields,
    LifecycleMessages,
    LineType,
    Model,
    OptionValue,
    VersionedPromptFields,
)
from dialform.declaration.calling import Calls  # noqa: TC001 - pydantic reads it
from dialform.declaration.campaigning import Campaigns  # noqa: TC001 - pydantic reads it
from dialform.declaration.guardrails import Guardrails  # noqa: TC001 - pydantic reads it
from dialform.declaration.keeping import LedgerSettings  # noqa: TC001 - pydantic reads it

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""What the name of a binding or a profile looks like."""

Name = Annotated[str, StringConstraints(pattern=rf"^{NAME.pattern}$")]
"""The name of a binding, a profile or a preset."""

MACRO_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,126}")
"""What stands in ``{{name}}``."""

MacroName = Annotated[str, StringConstraints(pattern=f"^{MACRO_NAME.pattern}$")]
"""The name of an input."""

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""``sha256:`` and 64 lower-case hex digits."""

E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
"""A phone number in E.164 form: ``+14155550100``."""

HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/@]+(?:/\S*)?$")]
"""An http or https URL without user name or password."""

Positive = Annotated[int, Field(ge=1)]
"""A duration that must not be nothing."""


def _options(value: object) -> object:
    """A map of options is the list of them in the order of their ids."""
    if isinstance(value, dict):
        return [{"optionId": key, "value": value[key]} for key in sorted(value)]
    return value


Options = Annotated[
    list[OptionValue],
    BeforeValidator(_options, json_schema_input_type=dict[str, str] | list[OptionValue]),
]
"""Option values: ``{ temperature = "0.7" }``, or the API's own list where its order matters."""


class Shared(Model):
    """What every file that can have a parent takes."""

    extends: Absent[Name] = None
    """The parent, by name. Tables merge by key, lists and values replace."""

    unset: Absent[list[str]] = None
    """Dotted keys that the parent sets and this file drops."""

    null: Absent[list[str]] = None
    """Dotted keys that are sent as null, which TOML can't write."""

    extraFields: Absent[dict[str, Any]] = None
    """Sent as it stands and not checked: fields and values that this version doesn't know."""


class Prompt(VersionedPromptFields):
    """API: ``defaultVersionedPrompt`` and ``ivrConfiguration.versionedPrompt``."""

    model: Name
    """The model: a name in the environment's [models]. API: ``aiModelId``."""

    file: Absent[str] = None
    """The file that holds the prompt, relative to stacks/."""

    flow: Absent[Name] = None
    """The flow in stacks/flows; implies ``agentType = "CUSTOM_FLOW"``."""

    agentType: Absent[Literal["STANDARD", "CUSTOM_FLOW"]] = None
    """The type of agent that this prompt represents. Without it: CUSTOM_FLOW with a flow, else STANDARD."""  # noqa: E501 - one paragraph in editors

    modelOptionValues: Absent[Options] = None
    """Options of the model: ``{ temperature = "0.7" }``."""


class IvrConfiguration(IvrConfigurationFields):
    """IVR detection and navigation."""

    promptVersion: Name | None = None
    """The prompt version: a name in the environment's [promptVersions]. API: ``versionedPromptId``."""  # noqa: E501 - one paragraph in editors

    prompt: Absent[Prompt] = None
    """A prompt of its own. API: ``versionedPrompt``."""

    voice: Name | None = None
    """The voice: a name in the environment's [voices]. API: ``aiVoiceId``."""


class LinkedFunction(Model):
    """A function that is available to the agent."""

    function: Name
    """The function: a name in the environment's [functions]. API: ``functionDefinitionId``."""

    lifecycleMessagesOverride: LifecycleMessages | None = None
    """What the agent says while the function runs, or null to not override."""


class ProfileFile(AgentOverridesFields, Shared):
    """An agent override profile: stacks/profiles/NAME.toml. API: ``agentOverrides``."""

    maxDurationSeconds: Absent[Positive] = None
    """The maximum duration of the call in seconds."""

    voice: Absent[Name] = None
    """The voice: a name in the environment's [voices]. API: ``defaultVoiceId``."""

    prompt: Absent[Prompt] = None
    """What the agent is told. API: ``defaultVersionedPrompt``."""

    inboundWebhook: Absent[Name] = None
    """The URL that inbound calls ask: a name in [webhooks]. API: ``inboundWebhookUrl``."""

    linkedFunctions: Absent[list[Name]] = Field(
        default=None, deprecated="use linkedFunctionDefinitionInputs instead"
    )
    """Deprecated. Names in [functions]. API: ``linkedFunctionDefinitionIds``."""

    linkedFunctionDefinitionInputs: Absent[list[LinkedFunction]] = None
    """The functions available to this agent, with optional lifecycle messages."""

    ivrConfiguration: Absent[IvrConfiguration] = None
    """IVR detection and navigation."""


class Input(Model):
    """A value that each call brings along. API: a key of ``callAgentInput``."""

    type: Absent[Literal["string", "integer", "number", "boolean", "any"]] = None
    """The value's type; string where nothing is said."""

    required: Absent[bool] = None
    """Whether a call without it is refused."""

    pattern: Absent[str] = None
    """A regular expression (Python's) that the whole string must match."""

    default: Absent[Any] = None
    """The value where a call brings none."""

    example: Absent[Any] = None
    """A made-up value for previews of what is said; never a real person's."""

    sensitive: Absent[bool] = None
    """Whether the value is hidden where calls are listed."""

    description: Absent[str] = None
    """What it is, for those who launch calls."""

    usedElsewhere: Absent[bool] = None
    """Whether it is the agent's own prompt, a function or a webhook that reads it."""


class PresetFile(DialFields, Shared):
    """A preset, what one kind of call is: stacks/presets/NAME.toml. API: ``POST /dials``."""

    agent: Name
    """The agent: a name in the environment's [agents]. API: ``callAgentId``."""

    profile: Absent[Name] = None
    """The agent override profile in stacks/profiles. API: ``agentOverrides``."""

    voice: Name | None = None
    """The voice: a name in the environment's [voices]. API: ``aiVoiceId``."""

    numbers: Name | None = None
    """The numbers called from: a name in [numbers]. API: ``fromNumberPoolId``, ``fromNumberId``."""

    webhook: Name | None = None
    """The webhook: a name in the environment's [webhooks]. API: ``webhookUrl``."""

    promptVersion: Absent[Name] = None
    """The prompt version: a name in [promptVersions]. API: ``versionedModelId``."""

    ivrPromptVersion: Absent[Name] = None
    """The IVR prompt version: a name in [promptVersions]. API: ``ivrVersionedPromptId``."""

    extractor: Absent[Name] = None
    """The extractor: a name in the environment's [extractors]. API: ``callAgentExtractorId``."""

    voiceOptionValues: Absent[Options] = None
    """Options of the voice: ``{ speed = "1.1" }``."""

    timeoutMinutes: Absent[Positive] = None
    """Minutes before the call will be timed out. If not specified, there is no limit."""

    inputs: Absent[dict[MacroName, Input]] = None
    """What each call brings along, by name. API: ``callAgentInput``."""


class Next(Model):
    """Where a flow goes after a node. Without a condition: always."""

    to: str
    """The id of the node to go to. API: ``transitionNodeId``."""

    equal: Absent[str] = None
    """If the answer equals this."""

    in_: Absent[list[str]] = Field(default=None, alias="in")
    """If the answer is one of these."""

    greater: Absent[str] = None
    """If the answer is greater than this number."""

    less: Absent[str] = None
    """If the answer is less than this number."""

    language: Absent[str] = None
    """If this, in plain language, is what happened."""

    field: Absent[str] = None
    """The output field that is compared."""

    arrayConditionType: Absent[Literal["any", "all"]] = None
    """Whether any or all elements of a multiple answer must match."""


class Node(Model):
    """A node of a flow: a question, a prompt, a function, or any type with its data."""

    name: Absent[str] = None
    """The node's name; its id where nothing is said."""

    question: Absent[str] = None
    """What is asked (type question)."""

    questionType: Absent[Literal["multiple_choice", "multiple_select", "freeform", "numeric"]] = (
        None
    )
    """The kind of answer; multiple_choice with options, else freeform."""

    options: Absent[list[str]] = None
    """The answers to choose from."""

    questionSchemaId: Absent[str] = None
    """As in the API's node data."""

    clarificationDetails: Absent[str] = None
    """What to say when the answer is unclear."""

    prompt: Absent[str] = None
    """What the agent does here (type freeform)."""

    function: Absent[Name] = None
    """The function that is called: a name in the environment's [functions] (type function)."""

    inputs: Absent[dict[str, str]] = None
    """The function's inputs by name."""

    outputs: Absent[list[dict[str, Any]]] = None
    """The function's outputs, as in the API's node data."""

    type: Absent[str] = None
    """Any other type of node; its data stands in ``[node.ID.data]``."""

    data: Absent[dict[str, Any]] = None
    """The node data of ``type``, sent as it stands."""

    next: Absent[list[Next]] = None
    """Where to go from here; tried in order."""


class FlowFile(Model):
    """A flow in its compact form: stacks/flows/NAME.toml. API: ``flowDefinition``."""

    openingLineType: Absent[LineType] = None
    """When the opening line is used."""

    globalContext: Absent[str] = None
    """What the agent knows in every node."""

    aiOpen: Absent[bool] = Field(default=None, deprecated="use openingLineType instead")
    """Deprecated, use openingLineType instead."""

    node: dict[Name, Node]
    """The nodes by id, in order; the first one opens the call."""


class Binding(Model):
    """An object of the workspace."""

    id: Absent[Annotated[str, StringConstraints(min_length=1)]] = None
    """Its id; `dialform bind` looks it up."""

    name: Absent[str] = None
    """Its name in the workspace, checked at every `up`."""


class AgentPart(Binding):
    """An object that belongs to an agent: a prompt version or an extractor."""

    agent: Absent[Name] = None
    """The agent it belongs to: a name in [agents]. Without it, all of them are searched."""


class Member(Model):
    """A phone number of the workspace; in files also the bare number, for `bind` to complete."""

    id: Absent[Annotated[str, StringConstraints(min_length=1)]] = None
    """API: ``fromNumberId``; `dialform bind` looks it up."""

    number: Absent[E164] = None
    """What the called person sees. E.164."""


def _member(value: object) -> object:
    """A bare number is a member without an id."""
    return {"number": value} if isinstance(value, str) else value


class Numbers(Model):
    """The numbers that calls are made from: a pool, members, or both."""

    pool: Absent[Annotated[str, StringConstraints(min_length=1)]] = None
    """A number pool's id. API: ``fromNumberPoolId``."""

    members: Absent[
        Annotated[
            list[Annotated[Member, BeforeValidator(_member, json_schema_input_type=E164 | Member)]],
            Field(min_length=1),
        ]
    ] = None
    """Numbers to choose from, the same one for the same person. API: ``fromNumberId``."""


class Workspace(Model):
    """A Vogent account."""

    url: HttpUrl
    """The API's base URL."""

    keyvar: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    """The name of the environment variable that holds the API key; never a key."""

    idempotencyKeys: Absent[bool] = None
    """Whether calls carry an ``idempotencyKey``: it honours them, as `dialform doctor` shows."""


class Registry(Model):
    """Where versions and releases are kept."""

    url: Annotated[str, StringConstraints(min_length=1)]
    """A folder, relative to the project, or its file:// URL."""

    keys: Absent[Annotated[list[str], Field(min_length=1, max_length=32)]] = None
    """Public keys whose signatures readers believe, ``ed25519:...``: `dialform registry keygen`."""

    threshold: Absent[Positive] = None
    """How many of the keys must have signed what starts or moves calls; 1 where nothing is said."""

    unsigned: Absent[bool] = None
    """Whether it does without keys: then whoever may write to the registry decides what is said."""


class ProfileDeviation(Model):
    """What one environment may set differently in a profile."""

    maxDurationSeconds: Absent[Positive] = None
    """The maximum duration of the call in seconds."""

    voiceVolumeLevel: Absent[Annotated[int, Field(ge=-300, le=300)]] = None
    """The volume level of the voice."""


class Deviation(Model):
    """What one environment may set differently: never what is said."""

    timeoutMinutes: Absent[Positive] = None
    """Minutes before the call will be timed out."""

    voiceVolumeLevel: Absent[Annotated[int, Field(ge=-300, le=300)]] = None
    """The volume level for the voice on the call."""

    overrideTranscriberFinalDurationMs: Absent[int] = None
    """Milliseconds after an utterance until inference runs."""

    webhook: Absent[Name] = None
    """The webhook: a name in the environment's [webhooks]."""

    profile: Absent[ProfileDeviation] = None
    """Differences in the profile."""


class Run(Model):
    """How a preset runs in an environment: pinned, or following the source."""

    version: Absent[Positive] = None
    """The version that runs."""

    digest: Absent[Digest] = None
    """That version's digest."""

    follow: Absent[Literal["source"]] = None
    """``source`` takes the working tree."""

    deviation: Absent[Deviation] = None
    """What is different here."""


Duration = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,3}[mhd]$")]
"""A length of time: ``30m``, ``2h``, ``3d``."""

Person = Annotated[str, StringConstraints(min_length=1)]
"""Who approves, as DIALFORM_BY or GITHUB_ACTOR names them."""


class Approvals(Model):
    """Who must have approved what is promoted."""

    of: Annotated[list[Person], Field(min_length=1)]
    """The people whose approval counts."""

    count: Absent[Positive] = None
    """How many of them it takes; all where nothing is said."""


def _approvals(value: object) -> object:
    """A bare list is those who must all approve."""
    return {"of": value} if isinstance(value, list) else value


class Gates(Model):
    """What must be so before a version is promoted to this environment."""

    from_: Absent[Name] = Field(default=None, alias="from")
    """The environment where it must run."""

    soak: Absent[Duration] = None
    """How long it must have been live there without a break: ``30m``, ``2h``, ``3d``."""

    approvals: Absent[
        Annotated[
            Approvals, BeforeValidator(_approvals, json_schema_input_type=list[Person] | Approvals)
        ]
    ] = None
    """Who must have approved it: all of a list, or ``{ of = [...], count = 1 }``."""

    dials: Absent[Positive] = None
    """How many dials with that version must have been completed there."""

    failureRate: Absent[Annotated[float, Field(ge=0, le=1)]] = None
    """Which share of its dials there may have failed: 0.05 is one in twenty."""

    @property
    def asks_for_dials(self) -> bool:
        """Whether evidence of dials is asked for."""
        return self.dials is not None or self.failureRate is not None


class EnvironmentFile(Model):
    """An environment: stacks/NAME.toml."""

    extends: Absent[Name] = None
    """The parent environment, by name."""

    unset: Absent[list[str]] = None
    """Dotted keys that the parent sets and this file drops."""

    workspace: Workspace
    """The Vogent account."""

    registry: Registry
    """Where versions and releases are kept."""

    agents: Absent[dict[Name, Binding]] = None
    """Agents by name."""

    models: Absent[dict[Name, Binding]] = None
    """Models by name."""

    voices: Absent[dict[Name, Binding]] = None
    """Voices by name."""

    functions: Absent[dict[Name, Binding]] = None
    """Functions by name."""

    extractors: Absent[dict[Name, AgentPart]] = None
    """Extractors by name."""

    promptVersions: Absent[dict[Name, AgentPart]] = None
    """Versioned prompts by name."""

    numbers: Absent[dict[Name, Numbers]] = None
    """Numbers and number pools by name."""

    webhooks: Absent[dict[Name, HttpUrl]] = None
    """Webhook URLs by name."""

    presets: Absent[dict[Name, Run]] = None
    """What runs here."""

    gates: Absent[Gates] = None
    """What must be so before a version is promoted to here."""

    guardrails: Absent[Guardrails] = None
    """What every call here must keep to, besides stacks/guardrails."""

    calls: Absent[Calls] = None
    """What every call must keep to when it is dialled: destinations, hours, caps."""

    campaigns: Absent[Campaigns] = None
    """What every campaign must keep to: limits, and what is tried again."""

    ledger: Absent[LedgerSettings] = None
    """What ledgers keep of this environment's dials, and for how long."""
