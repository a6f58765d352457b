"""What a PUT of the sandbox takes, for each kind of object that can be changed."""

# ruff: noqa: N815 - the API's own names

from __future__ import annotations

from typing import Any, Literal

from dialform.api.models import Absent, AgentOverridesFields, FlowDefinition, Model, OptionValue


class AgentChanges(AgentOverridesFields):
    """What ``PUT /agents/{id}`` takes."""

    name: Absent[str] = None
    defaultVoiceId: Absent[str] = None
    defaultVersionedPromptId: Absent[str] = None
    defaultExtractorId: Absent[str] = None


class PromptChanges(Model):
    """What ``PUT /agents/{id}/versioned_prompts/{id}`` takes."""

    name: Absent[str] = None
    prompt: Absent[str] = None
    aiModelId: Absent[str] = None
    agentType: Absent[Literal["STANDARD", "CUSTOM_FLOW"]] = None
    flowDefinition: Absent[FlowDefinition] = None
    modelOptionValues: Absent[list[OptionValue]] = None


class ExtractorChanges(Model):
    """What ``PUT /agents/{id}/extractors/{id}`` takes."""

    name: Absent[str] = None
    extractorFieldsJsonSchema: Absent[dict[str, Any]] = None


class FunctionChanges(Model):
    """What ``PUT /functions/{id}`` takes."""

    name: Absent[str] = None
    description: Absent[str] = None


class NumberChanges(Model):
    """What ``PUT /phone_numbers/{id}`` takes: an empty ``agentId`` unlinks the number."""

    agentId: str
