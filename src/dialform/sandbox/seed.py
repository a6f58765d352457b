"""
What each workspace of the sandbox holds when it is new.

The names are the same in every workspace, the ids are not: an id comes from the workspace,
the kind and the name alone (`seed_id`), so that stack files can hold ids which are the same
on every machine. Models, vendors and numbers are made up; the numbers are of the range that
is reserved for fiction.
"""

from __future__ import annotations

import uuid
from typing import Any

WORKSPACES = ("dev", "staging", "prod")
"""The workspaces of the sandbox."""

KEYS = {workspace: f"sandbox-{workspace}" for workspace in WORKSPACES}
"""Workspace to API key. Nothing secret about them: they open nothing but a sandbox."""

KINDS = (
    "agents",
    "voices",
    "models",
    "versioned_prompts",
    "extractors",
    "functions",
    "phone_numbers",
    "number_pools",
)
"""The kinds of object. ``number_pools`` has no endpoint: a pool is only an id on a dial."""

_NAMESPACE = uuid.UUID("5d6e3bfb-0f0c-5d1c-9a53-6a0b2c5b7c11")

_VOICES = (
    ("Ava", "PREBUILT", "PREMIUM", "Warm and unhurried"),
    ("Ben", "PREBUILT", "PREMIUM", "Friendly, a little deeper"),
    ("Chloe", "PREBUILT", "STANDARD", "Bright and quick"),
    ("Diego", "PREBUILT", "STANDARD", "Calm; English and Spanish"),
    ("Emma", "CLONED", "PREMIUM", "The team's own recording"),
)

_MODEL_OPTIONS = (
    ("temperature", "Temperature", "FLOAT", "0.7"),
    ("maxTokens", "Longest answer", "INT", "300"),
    ("style", "Style", "STRING", "plain"),
)

_MODELS = {
    "Atlas 2": _MODEL_OPTIONS,
    "Atlas 2 mini": _MODEL_OPTIONS[:2],
    "Borealis 1": _MODEL_OPTIONS[:1],
}

_AGENTS = {
    "Reminder": (
        "Hello, I am calling about your appointment.",
        "You remind people of an appointment. Be brief.",
        {"confirmed": {"type": "boolean"}},
    ),
    "Collector": (
        "Hello, I am calling about your account.",
        "You help people to settle an open invoice. Be polite and factual.",
        {"outcome": {"type": "string"}, "amount": {"type": "number"}},
    ),
    "Qualifier": (
        "Hello, you asked us about solar panels.",
        "You find out whether a visit makes sense. Ask one question at a time.",
        {"qualified": {"type": "boolean"}},
    ),
}
"""Name to opening line, prompt and the fields that the extractor looks for."""

_FUNCTIONS = {
    "Book visit": "Books a visit at the person's address.",
    "Take payment": "Takes a card payment by phone.",
    "Send payment link": "Sends a link to pay by text message.",
    "Transfer to a person": "Hands the call to a colleague.",
}

_NUMBERS = {"dev": (150, 151, 152), "staging": (160, 161, 162), "prod": (170, 171, 172)}
"""The last digits of each workspace's numbers, after +1 415 555 0."""

_POOLS = {"US outbound": 2, "US support": 1}
"""Name to how many of the workspace's numbers are members: the first ones."""


def seed_id(workspace: str, kind: str, name: str) -> str:
    """
    The id of a seeded object, as ``seed_id("dev", "voices", "Ava")``.

    A phone number's name is the number itself, a prompt's ``Collector v1``, an extractor's
    ``Collector outcome``.
    """
    return str(uuid.uuid5(_NAMESPACE, f"{workspace}/{kind}/{name}"))


def seeded_numbers(workspace: str) -> tuple[str, ...]:
    """The workspace's phone numbers, in E.164."""
    return tuple(f"+14155550{last:03}" for last in _NUMBERS[workspace])


def seeded(workspace: str) -> dict[str, dict[str, dict[str, Any]]]:
    """A new workspace: kind to id to object, each object as the API shows it."""

    def one(kind: str, name: str, **fields: Any) -> tuple[str, dict[str, Any]]:
        key = seed_id(workspace, kind, name)
        return key, {"id": key, "name": name, **fields}

    def of(kind: str, name: str) -> str:
        return seed_id(workspace, kind, name)

    numbers = seeded_numbers(workspace)
    return {
        "agents": dict(
            one(
                "agents",
                name,
                defaultVoiceId=of("voices", "Ava"),
                defaultVersionedPromptId=of("versioned_prompts", f"{name} v2"),
                defaultExtractorId=of("extractors", f"{name} outcome"),
                openingLine={"lineType": "INBOUND_OUTBOUND", "content": opening},
                language="en",
                maxDurationSeconds=600,
                idleMessageConfig={
                    "enabled": False,
                    "messages": [],
                    "idleDurationMilliseconds": 0,
                    "maxIdleMessages": 0,
                },
            )
            for name, (opening, _, _) in _AGENTS.items()
        ),
        "voices": dict(
            one("voices", name, voiceType=kind, voiceTier=tier, description=description)
            for name, kind, tier, description in _VOICES
        ),
        "models": dict(
            one(
                "models",
                name,
                modelOptions=[
                    {"id": key, "name": label, "valueType": kind, "default": default}
                    for key, label, kind, default in options
                ],
            )
            for name, options in _MODELS.items()
        ),
        "versioned_prompts": dict(
            one(
                "versioned_prompts",
                f"{name} v{version}",
                agentId=of("agents", name),
                aiModelId=of("models", "Atlas 2"),
                agentType="STANDARD",
                prompt=prompt if version == 1 else f"{prompt} Say goodbye.",
                modelOptionValues=[],
            )
            for name, (_, prompt, _) in _AGENTS.items()
            for version in (1, 2)
        ),
        "extractors": dict(
            one(
                "extractors",
                f"{name} outcome",
                agentId=of("agents", name),
                extractorFieldsJsonSchema={"type": "object", "properties": fields},
            )
            for name, (_, _, fields) in _AGENTS.items()
        ),
        "functions": dict(
            one("functions", name, description=description)
            for name, description in _FUNCTIONS.items()
        ),
        "phone_numbers": {
            of("phone_numbers", number): {
                "id": of("phone_numbers", number),
                "number": number,
                "type": "PSTN",
                "agentId": None,
            }
            for number in numbers
        },
        "number_pools": dict(
            one(
                "number_pools",
                name,
                members=[of("phone_numbers", number) for number in numbers[:count]],
            )
            for name, count in _POOLS.items()
        ),
    }
