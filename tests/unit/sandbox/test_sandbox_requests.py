"""Which requests the sandbox takes, and what it says of the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sandbox_bodies import EVERYTHING, NUMBER, dev, dial, flow, node, prompt

from dialform.api.models import CreateDial
from dialform.sandbox import seed_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.sandbox import Sandbox
    from dialform.sandbox.keys import Keys

FLOW = "agentOverrides.defaultVersionedPrompt.flowDefinition"


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"authorization": "Bearer sandbox-dev"}
    with httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False) as one:
        yield one


def test_every_field_of_the_page_is_taken(http: httpx.Client) -> None:
    assert set(EVERYTHING) == set(CreateDial.model_fields)
    answer = http.post("/dials", json=EVERYTHING)
    assert answer.status_code == 200
    assert set(answer.json()) == {"dialToken", "sessionId", "dialId"}

    shown = http.get(f"/dials/{answer.json()['dialId']}").json()
    assert shown["inputs"] == EVERYTHING["callAgentInput"]
    assert shown["toNumber"] == NUMBER
    assert shown["voiceId"] == EVERYTHING["aiVoiceId"]
    assert shown["versionedPromptId"] == EVERYTHING["versionedModelId"]
    assert shown["fromNumberId"] == EVERYTHING["fromNumberId"]
    assert shown["agent"] == {"id": EVERYTHING["callAgentId"], "name": "Collector"}


@pytest.mark.parametrize(
    ("body", "status", "rule"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"\xff", 400, "not JSON"),
        (b"[]", 400, "must be a JSON object"),
        (b'"x"', 400, "must be a JSON object"),
        (b'{"a": 1, "a": 2}', 400, "key 'a' stands twice"),
        (b'{"agentOverrides": {"a": 1, "a": 2}}', 400, "key 'a' stands twice"),
        (b'{"a": NaN}', 400, "NaN is not JSON"),
        (b'{"a": 1e999}', 400, "not JSON"),
        (b'{"a": "\\ud800"}', 400, "not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", 400, "not JSON"),
        (b'{"a": ' + b"[" * 100_000, 400, "not JSON"),
        (b"\xef\xbb\xbf{}", 400, "not JSON"),
        (b" " * 1024 * 1024 + b"{}", 413, "more than"),
    ],
)
def test_what_is_not_json_is_400(http: httpx.Client, body: bytes, status: int, rule: str) -> None:
    headers = {"content-type": "application/json"}
    answer = http.post("/dials", content=body, headers=headers)
    assert answer.status_code == status
    assert rule in answer.json()["error"]["message"]


def test_the_content_type_must_be_json(http: httpx.Client) -> None:
    data = json.dumps(dial()).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = http.post("/dials", content=data, headers={"content-type": kind})
        assert answer.status_code == 400
    kind = "application/json; charset=utf-8"
    answer = http.post("/dials", content=data, headers={"content-type": kind})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("more", "field", "rule"),
    [
        ({"callAgentId": None}, "callAgentId", "valid string"),
        ({"toNumber": None}, "toNumber", "is required for a phone dial"),
        ({"toNumber": "4155550123"}, "toNumber", "E.164"),
        ({"toNumber": "+1 415 555 0123"}, "toNumber", "E.164"),
        ({"toNumber": "+0"}, "toNumber", "E.164"),
        ({"toNumber": "+١٤١٥٥٥٥٠١٢٣"}, "toNumber", "E.164"),  # digits that \d takes
        ({"toNumber": NUMBER + "\n"}, "toNumber", "E.164"),
        ({"fromNumberId": None}, "fromNumberId", "or fromNumberPoolId is required"),
        ({"webhookUrl": "ftp://x"}, "webhookUrl", "http(s) URL"),
        ({"webhookUrl": "https://"}, "webhookUrl", "http(s) URL"),
        ({"voiceVolumeLevel": 301}, "voiceVolumeLevel", "less than or equal to 300"),
        ({"voiceVolumeLevel": 1.0}, "voiceVolumeLevel", "valid integer"),
        ({"voiceVolumeLevel": True}, "voiceVolumeLevel", "valid integer"),
        ({"timeoutMinutes": "10"}, "timeoutMinutes", "valid integer"),
        ({"timeoutMinutes": None}, "timeoutMinutes", "valid integer"),
        ({"callAgentInput": []}, "callAgentInput", "dictionary"),
        ({"keywords": [1]}, "keywords.0", "valid string"),
        ({"agentOverrides": {"language": None}}, "agentOverrides.language", "valid string"),
        (
            {"agentOverrides": {"idleMessageConfig": {"enabled": True, "maxIdleMessages": 0}}},
            "agentOverrides.idleMessageConfig.maxIdleMessages",
            "greater than or equal to 1",
        ),
        (
            {"agentOverrides": {"openingLine": {"lineType": "ALWAYS", "content": "x"}}},
            "agentOverrides.openingLine.lineType",
            "INBOUND_OUTBOUND",
        ),
        (
            {"agentOverrides": {"openingLine": {"lineType": "NONE"}}},
            "agentOverrides.openingLine.content",
            "is required",
        ),
        ({"callAgentId": dev("voices", "Ava")}, "callAgentId", "workspace's agents"),
        (
            {"callAgentId": seed_id("prod", "agents", "Collector")},
            "callAgentId",
            "workspace's agents",
        ),
        ({"fromNumberId": "x"}, "fromNumberId", "workspace's phone_numbers"),
        ({"fromNumberPoolId": "x"}, "fromNumberPoolId", "workspace's number_pools"),
        ({"aiVoiceId": "x"}, "aiVoiceId", "workspace's voices"),
        ({"versionedModelId": "x"}, "versionedModelId", "workspace's versioned_prompts"),
        ({"ivrVersionedPromptId": "x"}, "ivrVersionedPromptId", "versioned_prompts"),
        ({"callAgentExtractorId": "x"}, "callAgentExtractorId", "extractors"),
        (
            {"agentOverrides": {"linkedFunctionDefinitionInputs": [{"functionDefinitionId": "x"}]}},
            "agentOverrides.linkedFunctionDefinitionInputs.0.functionDefinitionId",
            "workspace's functions",
        ),
        (
            {"agentOverrides": {"linkedFunctionDefinitionIds": ["x"]}},
            "agentOverrides.linkedFunctionDefinitionIds.0",
            "workspace's functions",
        ),
        (
            {"agentOverrides": {"defaultVersionedPrompt": prompt(aiModelId="x")}},
            "agentOverrides.defaultVersionedPrompt.aiModelId",
            "workspace's models",
        ),
        (
            {
                "agentOverrides": {
                    "defaultVersionedPrompt": prompt(
                        modelOptionValues=[{"optionId": "temprature", "value": "1"}]
                    )
                }
            },
            "agentOverrides.defaultVersionedPrompt.modelOptionValues.0.optionId",
            "has no such option",
        ),
        (
            {
                "agentOverrides": {
                    "ivrConfiguration": {"detectionType": "NONE", "versionedPromptId": "x"}
                }
            },
            "agentOverrides.ivrConfiguration.versionedPromptId",
            "versioned_prompts",
        ),
        (
            flow(node("a", "nowhere")),
            f"{FLOW}.nodes.0.transitionRules.0.transitionNodeId",
            "no node has the id",
        ),
        (
            flow(node("a"), node("a")),
            f"{FLOW}.nodes.1.id",
            "another node",
        ),
        (
            flow(node("a", functionId="x")),
            f"{FLOW}.nodes.0.nodeData.functionId",
            "workspace's functions",
        ),
    ],
)
def test_what_is_wrong_is_422_and_names_the_field(
    http: httpx.Client, sandbox: Sandbox, more: dict[str, Any], field: str, rule: str
) -> None:
    answer = http.post("/dials", json=dial(**more))
    assert answer.status_code == 422
    (found,) = answer.json()["error"]["fields"]
    assert found["field"] == field
    assert rule in found["message"]
    assert sandbox.dials() == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("phone_number", "toNumber"),
        ("to", "toNumber"),
        ("to_number", "toNumber"),
        ("agent_id", "callAgentId"),
        ("call_agent_id", "callAgentId"),
        ("voice_id", "aiVoiceId"),
        ("inputs", "callAgentInput"),
        ("timeout_minutes", "timeoutMinutes"),
        ("webhook", "webhookUrl"),
        ("tonumber", "toNumber"),
        ("overrides", "agentOverrides"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(
    http: httpx.Client, wrong: str, right: str
) -> None:
    answer = http.post("/dials", json=dial(**{wrong: "x"}))
    assert answer.status_code == 422
    (found,) = answer.json()["error"]["fields"]
    assert found == {"field": wrong, "message": f"unknown field; the right name is {right}"}


def test_a_wrong_name_inside_is_answered_too(http: httpx.Client) -> None:
    overrides = {"openingline": {}, "max_duration_seconds": 1, "xyz": 1}
    fields = http.post("/dials", json=dial(agentOverrides=overrides)).json()["error"]["fields"]
    assert {one["field"]: one["message"] for one in fields} == {
        "agentOverrides.openingline": "unknown field; the right name is openingLine",
        "agentOverrides.max_duration_seconds": "unknown field; the right name is "
        "maxDurationSeconds",
        "agentOverrides.xyz": "unknown field",
    }


def test_all_findings_come_at_once(http: httpx.Client) -> None:
    fields = http.post("/dials", json={"toNumber": 1, "x": 2}).json()["error"]["fields"]
    assert {one["field"] for one in fields} == {"callAgentId", "toNumber", "x"}


def test_a_browser_call_needs_no_number(http: httpx.Client, sandbox: Sandbox) -> None:
    body = {"callAgentId": dev("agents", "Reminder"), "browserCall": True}
    answer = http.post("/dials", json=body)
    assert answer.status_code == 200
    sandbox.advance(2)
    shown = http.get(f"/dials/{answer.json()['dialId']}").json()
    assert (shown["status"], shown["toNumber"], shown["fromNumberId"]) == (
        "in-progress",
        None,
        None,
    )
    assert sandbox.dials()[0]["rings"] is False


def test_a_pool_calls_one_person_from_one_number(http: httpx.Client) -> None:
    body = dial(fromNumberId=None, fromNumberPoolId=dev("number_pools", "US outbound"))
    members = {dev("phone_numbers", "+14155550150"), dev("phone_numbers", "+14155550151")}
    seen = set()
    for number in range(120, 130):
        callers = set()
        for _ in range(2):
            body["toNumber"] = f"+14155550{number}"
            created = http.post("/dials", json=body).json()["dialId"]
            callers.add(http.get(f"/dials/{created}").json()["fromNumberId"])
        assert len(callers) == 1
        seen |= callers
    assert seen == members


def test_a_pool_without_numbers_is_422(http: httpx.Client, sandbox: Sandbox) -> None:
    sandbox.edit("dev", "number_pools", dev("number_pools", "US outbound"), members=[])
    body = dial(fromNumberId=None, fromNumberPoolId=dev("number_pools", "US outbound"))
    answer = http.post("/dials", json=body)
    assert answer.status_code == 422
    assert "the pool has no number" in answer.text


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer wrong", "sandbox-dev", "Basic sandbox-dev", "Bearer  x y"]
)
def test_an_unknown_key_is_401_and_not_repeated(sandbox: Sandbox, header: str) -> None:
    headers = {"authorization": header}
    for method, path in (("POST", "/dials"), ("GET", "/voices"), ("GET", "/dials/x")):
        answer = httpx.request(method, sandbox.url + path, headers=headers, trust_env=False)
        assert answer.status_code == 401
        assert "wrong" not in answer.text
    assert all("authorization" not in one.headers for one in sandbox.requests())
    assert {one.workspace for one in sandbox.requests()} == {None}


def test_a_key_opens_its_own_workspace_only(http: httpx.Client, sandbox: Sandbox) -> None:
    created = http.post("/dials", json=dial()).json()["dialId"]
    other = {"authorization": "Bearer sandbox-prod"}
    assert http.get(f"/dials/{created}", headers=other).status_code == 404
    assert http.post(f"/dials/{created}/hangup", headers=other).status_code == 404
    assert [one["workspace"] for one in sandbox.dials()] == ["dev"]
    assert sandbox.dials("prod") == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/dials", 405),
        ("DELETE", "/voices/x", 405),
        ("PATCH", "/functions/x", 405),
        ("POST", "/number_pools", 404),
    ],
)
def test_what_the_api_does_not_have_is_said_in_json(
    http: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = http.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


KEYED = {"idempotencyKey": "df1:1", "toNumber": "+14155550121"}


@pytest.mark.parametrize(
    ("keys", "status", "shows_id"),
    [("conflict", 409, True), ("bare-conflict", 409, False), ("same", 200, True)],
)
def test_a_key_that_was_used_rings_no_second_phone(
    http: httpx.Client, sandbox: Sandbox, keys: Keys, status: int, *, shows_id: bool
) -> None:
    """Whatever else the second body says, and in this workspace alone."""
    sandbox.idempotency_keys(keys)
    first = http.post("/dials", json=dial(**KEYED)).json()["dialId"]

    again = http.post("/dials", json=dial(**KEYED, timeoutMinutes=3))

    assert again.status_code == status
    assert again.json().get("dialId") == (first if shows_id else None)
    assert sandbox.rings(KEYED["toNumber"]) == 1
    assert [one.dial for one in sandbox.received()] == [first, None]
    assert sandbox.about()["idempotencyKeys"] == keys


def test_an_older_api_ignores_keys(http: httpx.Client, sandbox: Sandbox) -> None:
    sandbox.idempotency_keys("ignored")
    ids = {http.post("/dials", json=dial(**KEYED)).json()["dialId"] for _ in range(2)}
    assert len(ids) == sandbox.rings(KEYED["toNumber"]) == 2


def test_a_key_of_a_refused_dial_is_free(http: httpx.Client) -> None:
    assert http.post("/dials", json=dial(**KEYED, timeoutMinutes="3")).status_code == 422
    assert http.post("/dials", json=dial(**KEYED)).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 256, 7, None])
def test_a_key_is_one_to_255_characters(http: httpx.Client, key: object) -> None:
    assert http.post("/dials", json=dial(idempotencyKey=key)).status_code == 422
