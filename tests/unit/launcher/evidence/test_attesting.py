"""What counts as a match: the shapes in which the API may show a dial, and what it leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from dialform.launcher.evidence import Story, attested
from dialform.launcher.records import Record
from dialform.presets.canonical import canonical, digest

BODY = {
    "callAgentId": "a-1",
    "aiVoiceId": "v-1",
    "fromNumberId": "n-1",
    "toNumber": "+14155550100",
    "callAgentInput": {"name": "Ann", "pin": "zebra"},
}
SHOWN: dict[str, Any] = {
    "agent": {"id": "a-1", "name": "Desk"},
    "voiceId": "v-1",
    "fromNumberId": "n-1",
    "toNumber": "+14155550100",
    "versionedPromptId": "p-1",
    "inputs": {"name": "Ann", "pin": "zebra"},
}


def story(**changes: Any) -> Story:
    """A dial of a body; ``...`` takes a field out."""
    value = {name: one for name, one in {**BODY, **changes}.items() if one is not ...}
    body = canonical(value)
    fields: dict[str, Any] = dict.fromkeys(Record._fields)
    fields |= {"id": "1", "withheld": '["pin"]', "inputs": "{}", "body_digest": digest(body)}
    return Story(Record(**fields), body, None, None, (), None, None, ())


def verdict(field: str, told: Story, prompt: str | None = None, **shown: Any) -> str:
    """What is said of one field; ``...`` is not shown."""
    fields = {name: one for name, one in {**SHOWN, **shown}.items() if one is not ...}
    return next(one.verdict for one in attested(told, fields, prompt).checks if one.field == field)


@pytest.mark.parametrize(
    ("field", "sent", "shown", "said"),
    [
        ("agent", {}, {"agent": "a-1"}, "match"),
        ("agent", {}, {"agent": {"name": "Desk"}}, "not shown"),
        ("agent", {}, {"agent": "a-2"}, "differs"),
        ("voiceId", {"aiVoiceId": None, "agentOverrides": {"defaultVoiceId": "v-1"}}, {}, "match"),
        ("voiceId", {"agentOverrides": {"defaultVoiceId": "v-2"}}, {}, "match"),
        ("voiceId", {"aiVoiceId": ...}, {}, "not declared"),
        ("voiceId", {}, {"voiceId": None}, "differs"),
        ("fromNumberId", {"fromNumberId": ..., "fromNumberPoolId": "p"}, {}, "not declared"),
        ("toNumber", {"toNumber": ..., "browserCall": True}, {"toNumber": None}, "match"),
        ("inputs", {"callAgentInput": ...}, {"inputs": {}}, "match"),
        ("inputs", {}, {"inputs": {"name": "Ann"}}, "differs"),
        ("inputs", {}, {"inputs": ...}, "not shown"),
    ],
)
def test_a_field_is_compared_as_it_was_sent(
    field: str, sent: dict[str, Any], shown: dict[str, Any], said: str
) -> None:
    assert verdict(field, story(**sent), **shown) == said


INLINE = {"agentOverrides": {"defaultVersionedPrompt": {"name": "p", "prompt": "Hi"}}}


@pytest.mark.parametrize(
    ("sent", "own", "said"),
    [
        ({"versionedModelId": "p-1"}, None, "match"),
        ({"versionedModelId": "p-2"}, "p-1", "differs"),
        (INLINE, "p-1", "not shown"),
        ({}, None, "not declared"),
        ({}, "p-1", "match"),
        ({}, "p-2", "differs"),
    ],
)
def test_a_prompt_is_compared_by_the_version_that_speaks(
    sent: dict[str, Any], own: str | None, said: str
) -> None:
    assert verdict("versionedPromptId", story(**sent), own) == said


def test_a_sensitive_value_is_compared_and_not_told() -> None:
    shown = {**SHOWN, "inputs": {"name": "Ann", "pin": "lion"}}
    found = attested(story(), shown)
    assert [one.field for one in found.differs] == ["inputs"]
    told = str(found.as_json())
    assert "zebra" not in told
    assert "lion" not in told
    assert "(sensitive)" in told
