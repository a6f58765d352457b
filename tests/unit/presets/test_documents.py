"""Binding: each name gives its id wherever it stands, and the body is what is declared."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from dialform.presets.canonical import Digest, canonical
from dialform.presets.documents import (
    BOUND_FORMAT,
    CALL_TWINS,
    FUNCTION_TWINS,
    IVR_TWINS,
    NODE_TWINS,
    OVERRIDE_TWINS,
    PROMPT_TWINS,
    Unbound,
    api_fields,
    bound_preset,
    overlay,
    preset_document,
    profile_document,
    references,
)

DIGEST = Digest("sha256:" + "0" * 64)
BINDINGS: dict[str, dict[str, Any]] = {
    kind: {"it": {"id": f"{kind}-1", "name": "It"}, "other": {"id": f"{kind}-2"}}
    for kind in ("agents", "models", "voices", "functions", "extractors", "promptVersions")
}
BINDINGS |= {
    "numbers": {
        "it": {"pool": "pool-1", "members": [{"id": "n-1", "number": "+14155550100"}]},
        "few": {"members": [{"id": "n-2", "number": "+14155550101"}]},
    },
    "webhooks": {"it": "https://hooks.example.com/it", "other": "https://hooks.example.com/2"},
}
NODE = {"id": "a", "name": "a", "type": "function", "transitionRules": []}


def bound(
    call: dict[str, Any] | None = None,
    overrides: dict[str, Any] | None = None,
    *,
    deviation: dict[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
    profile_extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A bound preset of these fields."""
    profile = None
    if overrides is not None:
        profile = profile_document(overrides, extra_fields=profile_extra)
    preset = preset_document({"agent": "it", **(call or {})}, extra_fields=extra)
    before = copy.deepcopy((preset, profile))
    made = bound_preset(
        environment="dev",
        workspace="https://api.vogent.ai/api",
        name="visit",
        preset=preset,
        preset_digest=DIGEST,
        profile=profile,
        bindings=BINDINGS,
        deviation=deviation,
    )
    assert (preset, profile) == before, "documents are not changed"
    canonical(made)
    return made


def wanted(kind: str) -> str:
    """What stands for the name."""
    return {"webhooks": "https://hooks.example.com/it", "numbers": "pool-1"}.get(kind, f"{kind}-1")


@pytest.mark.parametrize(("ours", "field", "kind"), [(k, *v) for k, v in CALL_TWINS.items()])
def test_name_in_a_preset_becomes_the_id(ours: str, field: str, kind: str) -> None:
    made = bound({ours: "it"})

    assert made["body"][field] == wanted(kind)
    assert ours not in made["body"]
    assert made["bindings"][kind] == {"it": BINDINGS[kind]["it"]}


@pytest.mark.parametrize(("ours", "field", "kind"), [(k, *v) for k, v in OVERRIDE_TWINS.items()])
def test_name_in_a_profile_becomes_the_id(ours: str, field: str, kind: str) -> None:
    many = ours == "linkedFunctions"
    made = bound({}, {ours: ["it", "it"] if many else "it"})

    assert made["body"]["agentOverrides"] == {field: [wanted(kind)] * 2 if many else wanted(kind)}


@pytest.mark.parametrize(("ours", "field", "kind"), [(k, *v) for k, v in PROMPT_TWINS.items()])
def test_name_in_a_prompt_becomes_the_id(ours: str, field: str, kind: str) -> None:
    prompt = {"name": "p", ours: "it"}
    made = bound(
        {}, {"defaultVersionedPrompt": prompt, "ivrConfiguration": {"versionedPrompt": prompt}}
    )
    overrides = made["body"]["agentOverrides"]

    assert overrides["defaultVersionedPrompt"] == {"name": "p", field: wanted(kind)}
    assert overrides["ivrConfiguration"]["versionedPrompt"] == {"name": "p", field: wanted(kind)}


@pytest.mark.parametrize(("ours", "field", "kind"), [(k, *v) for k, v in IVR_TWINS.items()])
def test_name_in_ivr_becomes_the_id(ours: str, field: str, kind: str) -> None:
    made = bound({}, {"ivrConfiguration": {ours: "it"}})
    assert made["body"]["agentOverrides"]["ivrConfiguration"] == {field: wanted(kind)}


@pytest.mark.parametrize(("ours", "field", "kind"), [(k, *v) for k, v in FUNCTION_TWINS.items()])
def test_name_of_a_linked_function_becomes_the_id(ours: str, field: str, kind: str) -> None:
    made = bound({}, {"linkedFunctionDefinitionInputs": [{ours: "it"}, {ours: "other"}]})
    linked = made["body"]["agentOverrides"]["linkedFunctionDefinitionInputs"]
    assert linked == [{field: wanted(kind)}, {field: f"{kind}-2"}]


@pytest.mark.parametrize("place", ["defaultVersionedPrompt", "ivrConfiguration"])
@pytest.mark.parametrize("node_type", ["function", "function_call"])
@pytest.mark.parametrize(("ours", "field", "kind"), [(k, *v) for k, v in NODE_TWINS.items()])
def test_name_in_a_flow_becomes_the_id(
    ours: str, field: str, kind: str, node_type: str, place: str
) -> None:
    node = {**NODE, "type": node_type, "nodeData": {ours: "it", "inputs": []}}
    said = {**NODE, "type": "freeform", "nodeData": {ours: "it"}}
    prompt = {"flowDefinition": {"nodes": [node, said]}}
    made = bound({}, {place: prompt if place[0] == "d" else {"versionedPrompt": prompt}})
    there = made["body"]["agentOverrides"][place]
    nodes = there.get("versionedPrompt", there)["flowDefinition"]["nodes"]

    assert nodes[0]["nodeData"] == {field: wanted(kind), "inputs": []}
    assert nodes[1] == said, "another type's data is sent as it stands"


def test_null_stays_null() -> None:
    body = bound(
        {"voice": None, "webhook": None, "numbers": None}, {"ivrConfiguration": {"voice": None}}
    )["body"]

    assert (body["aiVoiceId"], body["webhookUrl"], body["fromNumberPoolId"]) == (None, None, None)
    assert body["agentOverrides"]["ivrConfiguration"] == {"aiVoiceId": None}


def test_numbers_without_a_pool_leave_it_out() -> None:
    made = bound({"numbers": "few"})

    assert "fromNumberPoolId" not in made["body"]
    assert made["numbers"] == "few"
    assert made["bindings"]["numbers"] == {"few": BINDINGS["numbers"]["few"]}


def test_deviation_is_laid_over_preset_and_profile() -> None:
    deviation = {
        "timeoutMinutes": 3,
        "webhook": "other",
        "profile": {"maxDurationSeconds": 60},
    }
    made = bound(
        {"timeoutMinutes": 9, "webhook": "it"},
        {"maxDurationSeconds": 600, "language": "en"},
        deviation=deviation,
        extra={"webhookUrl": "https://x.example.com", "callLabel": "a"},
        profile_extra={"maxDurationSeconds": "ten", "newField": 1},
    )

    assert made["body"] == {
        "callAgentId": "agents-1",
        "timeoutMinutes": 3,
        "webhookUrl": "https://hooks.example.com/2",
        "callLabel": "a",
        "agentOverrides": {"maxDurationSeconds": 60, "language": "en", "newField": 1},
    }
    assert made["deviation"] == deviation
    assert set(made["bindings"]["webhooks"]) == {"other"}


def test_document_says_what_it_is_of() -> None:
    made = bound()
    assert made == {
        "format": BOUND_FORMAT,
        "environment": "dev",
        "workspace": "https://api.vogent.ai/api",
        "preset": {"name": "visit", "digest": DIGEST},
        "deviation": {},
        "bindings": {"agents": {"it": BINDINGS["agents"]["it"]}},
        "body": {"callAgentId": "agents-1"},
        "inputs": {},
    }


@pytest.mark.parametrize(
    ("call", "overrides", "kind", "path"),
    [
        ({"voice": "no"}, None, "voices", ("call", "voice")),
        ({"numbers": "no"}, None, "numbers", ("call", "numbers")),
        ({}, {"voice": "no"}, "voices", ("agentOverrides", "voice")),
        (
            {},
            {"linkedFunctions": ["it", "no"]},
            "functions",
            ("agentOverrides", "linkedFunctions", 1),
        ),
        (
            {},
            {"ivrConfiguration": {"versionedPrompt": {"model": "no"}}},
            "models",
            ("agentOverrides", "ivrConfiguration", "versionedPrompt", "model"),
        ),
    ],
)
def test_name_that_is_not_bound_says_where_it_stands(
    call: dict[str, Any], overrides: dict[str, Any] | None, kind: str, path: tuple[str | int, ...]
) -> None:
    with pytest.raises(Unbound) as raised:
        bound(call, overrides)
    assert (raised.value.kind, raised.value.name, raised.value.path) == (kind, "no", path)
    assert str(raised.value) == f"no 'no' among the environment's [{kind}]"


def test_references_are_all_names_with_their_places() -> None:
    preset = preset_document(dict.fromkeys(CALL_TWINS, "it"))
    assert {(kind, name, path) for kind, name, path in references(preset)} == {
        (kind, "it", ("call", key)) for key, (_, kind) in CALL_TWINS.items()
    }
    profile = profile_document(
        {"voice": "it", "linkedFunctionDefinitionInputs": [{"function": "f"}]}
    )
    assert list(references(profile)) == [
        ("voices", "it", ("agentOverrides", "voice")),
        ("functions", "f", ("agentOverrides", "linkedFunctionDefinitionInputs", 0, "function")),
    ]


def test_api_fields_are_the_names_that_are_sent() -> None:
    assert set(api_fields(preset_document(dict.fromkeys(CALL_TWINS, "it")))) == {
        field for field, _ in CALL_TWINS.values()
    }
    assert "agentOverrides" in api_fields(preset_document({}, profile=DIGEST))


@pytest.mark.parametrize(
    ("under", "over", "result"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"a": [1, {"b": 2}]}, {"a": {"1": {"c": 3}}}, {"a": [1, {"b": 2, "c": 3}]}),
        ({"a": [1]}, {"a": {"1": 3}}, {"a": {"1": 3}}),
        ({"a": [1]}, {"a": {}}, {"a": {}}),
        ({"a": [1]}, {"a": [2]}, {"a": [2]}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
    ],
)
def test_overlay(under: Any, over: Any, result: Any) -> None:
    before = copy.deepcopy(under)
    assert overlay(under, over) == result
    assert under == before
