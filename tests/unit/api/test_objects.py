"""Lists and objects of a workspace."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dialform.api.client import Client
from dialform.api.objects import Dial, Voice, read
from dialform.errors import ApiError, Rejected
from dialform.sandbox import seed_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.sandbox import Sandbox


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with Client(sandbox.url, "sandbox-staging") as one:
        yield one


def test_every_kind_is_read(client: Client) -> None:
    agent = seed_id("staging", "agents", "Collector")
    assert [one.name for one in client.agents()] == ["Reminder", "Collector", "Qualifier"]
    assert client.voices()[0].id == seed_id("staging", "voices", "Ava")
    assert client.models()[0].modelOptions[0].id == "temperature"
    assert [one.name for one in client.versioned_prompts(agent)] == ["Collector v1", "Collector v2"]
    assert [one.name for one in client.extractors(agent)] == ["Collector outcome"]
    assert "Take payment" in [one.name for one in client.functions()]
    assert [one.type for one in client.phone_numbers()] == ["PSTN"] * 3
    with pytest.raises(Rejected) as caught:
        client.extractors("none")
    assert caught.value.status == 404


def test_all_pages_of_a_list_are_read(sandbox: Sandbox, client: Client) -> None:
    for number in range(230):
        sandbox.add("staging", "voices", name=f"Voice {number}")
    names = [voice.name for voice in client.voices()]
    assert len(names) == len(set(names)) == 235
    assert len(sandbox.requests("voices")) == 3


def test_what_the_api_adds_is_kept() -> None:
    voice = read(Voice, {"id": "v", "name": "Ava", "accent": "en-GB", "voiceTier": "NEW"})
    assert voice.model_extra == {"accent": "en-GB"}


def test_an_object_that_is_none_is_an_api_error() -> None:
    with pytest.raises(ApiError, match=r"no Dial: status"):
        read(Dial, {"id": "d"})


def test_a_dial_has_ended_when_nothing_more_will_happen() -> None:
    states = ["queued", "ringing", "in-progress", "completed", "failed", "canceled", "busy"]
    ended = [read(Dial, {"id": "d", "status": state}).ended for state in states]
    assert ended == [False] * 3 + [True] * 4


def test_the_client_needs_no_pydantic() -> None:
    """Nor pulumi nor the sandbox: a launcher imports it."""
    code = (
        "import sys; from dialform.api.client import Client; "
        "print([name for name in ('pydantic', 'pulumi', 'starlette') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"
