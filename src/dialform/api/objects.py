"""
The objects of a workspace, as lists and `GET /dials/{id}` show them.

Typed as far as dialform uses them; further fields are kept. Lenient on purpose: a new or
missing field of the API must not stop an ``up``.
"""

# ruff: noqa: N815 - the API's own names

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from dialform.api.answers import talked
from dialform.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable


class ApiObject(BaseModel):
    """What has an id. Fields that the API adds are kept, see ``model_extra``."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    id: str
    """The id, as requests take it."""


class Voice(ApiObject):
    """Of ``GET /voices``."""

    name: str
    voiceType: str | None = None
    voiceTier: str | None = None
    """``STANDARD`` or ``PREMIUM``."""

    description: str | None = None


class ModelOption(ApiObject):
    """An option of a model."""

    name: str | None = None
    valueType: str | None = None
    """``STRING``, ``INT`` or ``FLOAT``; the value itself is always written as a string."""

    default: Any = None


class AiModel(ApiObject):
    """Of ``GET /models``."""

    name: str
    modelOptions: list[ModelOption] = []


class Agent(ApiObject):
    """Of ``GET /agents``. Never to be written back: a GET shows fields that PUT refuses."""

    name: str


class Prompt(ApiObject):
    """Of ``GET /agents/{id}/versioned_prompts``. Its text can change under the same id."""

    name: str | None = None
    prompt: str | None = None
    aiModelId: str | None = None
    agentType: str | None = None


class Extractor(ApiObject):
    """Of ``GET /agents/{id}/extractors``."""

    name: str | None = None
    extractorFieldsJsonSchema: Any = None


class Function(ApiObject):
    """Of ``GET /functions``."""

    name: str


class PhoneNumber(ApiObject):
    """Of ``GET /phone_numbers``."""

    number: str
    """E.164, or a SIP user."""

    type: str | None = None
    """``PSTN`` or ``SIP_USERNAME``."""

    agentId: str | None = None
    """The agent that answers its calls."""


class Dial(ApiObject):
    """Of ``GET /dials/{id}``."""

    status: str
    """``queued``, ``ringing``, ``in-progress``, then ``completed``, ``failed``, ``canceled``,
    ``busy`` or ``no-answer``."""

    systemResultType: str | None = None
    """How it ended; ``RATE_LIMITED``: its phone never rang."""

    toNumber: str | None = None
    fromNumberId: str | None = None
    voiceId: str | None = None
    versionedPromptId: str | None = None
    agent: Any = None
    inputs: Any = None
    """``callAgentInput`` as it was sent."""

    transcript: Any = None
    startedAt: str | None = None
    durationSeconds: Any = None

    @property
    def seconds(self) -> float:
        """How long people talked so far; 0 where the API says nothing readable."""
        return talked(self.durationSeconds)

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status not in ("queued", "ringing", "in-progress")


Read = TypeVar("Read", bound=ApiObject)


def read(kind: type[Read], value: Any) -> Read:
    """One object of an answer. Raises ApiError for what it can't be."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ApiError(
            f"the API's answer is no {kind.__name__}: {place}: {first['msg']}; "
            "is this the base URL of the Vogent API?"
        ) from None


def read_all(kind: type[Read], values: Iterable[Any]) -> list[Read]:
    """All objects of a list's answers. Raises ApiError."""
    return [read(kind, value) for value in values]
