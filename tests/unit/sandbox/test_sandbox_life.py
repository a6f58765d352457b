"""A dial's life: pure, by the clock; and as the API shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_bodies import dial as body
from sandbox_bodies import flow, node, prompt

from dialform.api.client import Client
from dialform.errors import Deferred
from dialform.sandbox.clock import Clock, timestamp
from dialform.sandbox.dials import OUTCOMES, Dial, moment, view
from dialform.sandbox.script import Filler, script

if TYPE_CHECKING:
    from dialform.sandbox import Sandbox

AGENT = {
    "id": "a",
    "name": "Agent",
    "openingLine": {"lineType": "INBOUND_OUTBOUND", "content": "Hello {{name}}."},
}


def placed(number: str = "+14155550123", *, hung_up: float | None = None, **more: Any) -> Dial:
    """A dial that was placed at 1000."""
    return Dial(
        id="d",
        session_id="s",
        workspace="dev",
        created=1000.0,
        agent=AGENT,
        prompt=None,
        voice=None,
        from_number=None,
        from_digits=None,
        body=body(toNumber=number, **more),
        raw="",
        hung_up=hung_up,
    )


def story(dial: Dial) -> list[str]:
    """The statuses that a dial passes, then its result."""
    seen: list[str] = []
    for second in range(0, 9000, 1):
        here = moment(dial, 1000.0 + second)
        if seen[-1:] != [here.status]:
            seen.append(here.status)
        if here.result is not None:
            return [*seen, here.result]
    return seen


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("0123", ["queued", "ringing", "in-progress", "completed", "AGENT_HANGUP"]),
        ("0110", ["queued", "ringing", "busy", "BUSY"]),
        ("0111", ["queued", "ringing", "no-answer", "NO_ANSWER"]),
        ("0112", ["queued", "failed", "FAILED"]),
        ("0113", ["queued", "failed", "RATE_LIMITED"]),
        ("0114", ["queued", "ringing", "in-progress", "completed", "VOICEMAIL_DETECTED_HANGUP"]),
        ("0115", ["queued", "ringing", "in-progress", "completed", "COUNTERPARTY_HANGUP"]),
        ("0116", ["queued", "ringing", "in-progress", "completed", "TRANSFERRED"]),
        ("0117", ["queued", "ringing", "in-progress", "completed", "AGENT_HANGUP"]),
        ("0118", ["queued", "ringing", "in-progress", "completed", "LONG_SILENCE_HANGUP"]),
    ],
)
def test_the_number_chooses_how_a_call_ends(number: str, told: list[str]) -> None:
    dial = placed(f"+1415555{number}")
    assert story(dial) == told
    assert dial.rings == ("ringing" in told)


def test_every_outcome_is_told_above() -> None:
    assert set(OUTCOMES) == {f"01{number}" for number in range(10, 19)}


@pytest.mark.parametrize(
    "more",
    [
        {"timeoutMinutes": 1},
        {"agentOverrides": {"maxDurationSeconds": 60}},
        {"timeoutMinutes": 10**400, "agentOverrides": {"maxDurationSeconds": 60}},
    ],
)
def test_a_time_limit_cuts_a_call(more: dict[str, Any]) -> None:
    here = moment(placed("+14155550117", **more), 1e9)
    assert (here.result, here.talked) == ("TIMEOUT", 60)


def test_a_limit_of_less_than_nothing_breaks_nothing() -> None:
    here = moment(placed(timeoutMinutes=-(10**400)), 1e9)
    assert (here.result, here.talked) == ("TIMEOUT", 0)


@pytest.mark.parametrize(
    ("at", "status", "result", "rings"),
    [
        (1000.5, "canceled", "CANCELLED", False),
        (1003.0, "canceled", "CANCELLED", True),
        (1010.0, "completed", "USER_HANGUP", True),
        (2000.0, "completed", "AGENT_HANGUP", True),
    ],
)
def test_hanging_up(at: float, status: str, result: str, *, rings: bool) -> None:
    dial = placed(hung_up=at)
    here = moment(dial, 1e6)
    assert (here.status, here.result, dial.rings) == (status, result, rings)
    assert moment(dial, at - 0.25).result is None or at == 2000.0


ORDER = ["queued", "ringing", "in-progress"]


@given(
    number=st.sampled_from([*OUTCOMES, "0123"]),
    hung_up=st.none() | st.floats(1000, 1100),
    times=st.lists(st.floats(1000, 10_000), min_size=2).map(sorted),
)
def test_time_only_takes_a_call_onwards(
    number: str, hung_up: float | None, times: list[float]
) -> None:
    """Statuses never go back, an end is final, and what was asked for stands unchanged."""
    dial = placed(f"+1415555{number}", hung_up=hung_up)
    before = -1
    end = None
    for time in times:
        here = view(dial, time)
        place = ORDER.index(here["status"]) if here["status"] in ORDER else 3
        assert place >= before
        assert (here["systemResultType"] is None) == (place < 3)
        assert end is None or end == (here["status"], here["endedAt"], here["durationSeconds"])
        before = place
        if place == 3:
            end = (here["status"], here["endedAt"], here["durationSeconds"])
        assert here["toNumber"] == dial.body["toNumber"]


def test_the_api_shows_it(sandbox: Sandbox) -> None:
    with Client(sandbox.url, "sandbox-dev") as client:
        import json  # noqa: PLC0415 - here alone

        inputs = {"name": "Ann", "n": 1.5, "none": None, "deep": {"ä": []}}
        data = json.dumps(body(callAgentInput=inputs)).encode()
        created = client.create_dial(data).dial_id
        states = []
        for seconds in (0, 2, 5, 60):
            sandbox.advance(seconds)
            states.append(client.dial(created).status)
        assert states == ["queued", "ringing", "in-progress", "completed"]
        end = client.dial(created)
        assert end.inputs == inputs
        assert end.transcript[-1]["text"] == "Hello, I am calling about your account."

        with pytest.raises(Deferred, match="too many concurrent dials"):
            client.create_dial(json.dumps(body(toNumber="+14155550119")).encode())
        assert sandbox.rings("+14155550119") == 0


def test_a_dial_keeps_the_prompt_that_it_was_placed_with(sandbox: Sandbox) -> None:
    """A versioned prompt can be changed in place; what was said can not."""
    import json  # noqa: PLC0415 - here alone

    with Client(sandbox.url, "sandbox-dev") as client:
        created = client.create_dial(json.dumps(body()).encode()).dial_id
        used = client.dial(created).versionedPromptId
        assert used is not None
        sandbox.edit("dev", "versioned_prompts", used, prompt="Something else.")
        sandbox.remove("dev", "agents", body()["callAgentId"])
        assert client.dial(created).versionedPromptId == used


def test_a_clock_can_run_jump_and_stand() -> None:
    wall = [100.0]
    clock = Clock(lambda: wall[0], speed=60)
    wall[0] += 2
    assert clock.now() == 220
    clock.speed = 0
    wall[0] += 50
    assert clock.now() == 220
    clock.advance(5)
    assert clock.now() == 225
    clock.speed = 1
    wall[0] -= 30  # the wall's clock was set back
    assert clock.now() == 225
    clock.not_before(1000)
    clock.not_before(500)
    assert clock.now() == 1000
    assert timestamp(1.5) == "1970-01-01T00:00:01.500Z"


def test_a_script_fills_in_what_the_call_knows() -> None:
    asked = node("ask", "book", question="For {{address}}?", options=["yes", {"label": "no"}])
    booked = node("book", functionId="f", inputs=[{"name": "at", "value": "{{node.ask.answer}}"}])
    one = body(callAgentInput={"name": "Ann", "address": {"town": "Ulm"}}, **flow(asked, booked))
    told = script(one, AGENT, None, {"f": "Book visit"})

    assert told.opening is not None
    assert [(piece.text, piece.kind) for piece in told.opening] == [
        ("Hello ", "said"),
        ("Ann", "input"),
        (".", "said"),
    ]
    ask, book = told.steps
    assert "".join(piece.text for piece in ask.text) == 'For {"town": "Ulm"}?'
    assert (ask.options, ask.next) == (["yes", "no"], ["then → book"])
    assert (
        "".join(piece.text for piece in book.text) == "Runs: Book visit\nat = {{node.ask.answer}}"
    )
    assert book.text[-1].kind == "open"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"conditionType": "equal", "value": "yes"}, "“yes” → x"),
        ({"conditionType": "in", "values": ["a", "b"]}, "“a” or “b” → x"),
        ({"conditionType": "greater", "value": "5", "field": "n"}, "n: more than 5 → x"),
        ({"conditionType": "less", "value": "5"}, "less than 5 → x"),
        ({"conditionType": "language", "value": "asks why"}, "if “asks why” → x"),
        ({"conditionType": "always"}, "otherwise → x"),
    ],
)
def test_a_rule_in_words(rule: dict[str, Any], words: str) -> None:
    step = node("a")
    step["transitionRules"] = [{**rule, "transitionNodeId": "x"}] * 2
    assert script(body(**flow(step)), AGENT, None).steps[0].next[0] == words


def test_no_opening_line_is_none() -> None:
    for line in (None, {"lineType": "INBOUND_ONLY", "content": "x"}):
        assert script(body(agentOverrides={"openingLine": line}), AGENT, None).opening is None


def test_what_no_input_fills_stays_or_becomes_empty() -> None:
    assert Filler(body()).spoken("a {{ b }}{{node.c.d}}") == "a {{ b }}{{node.c.d}}"
    empty = body(agentOverrides={"fillEmptyStringVariables": True})
    assert Filler(empty).spoken("a {{b}}{{node.c.d}}") == "a {{node.c.d}}"


def test_a_prompt_by_id_wins_over_the_inline_one() -> None:
    one = body(agentOverrides={"defaultVersionedPrompt": prompt(prompt="inline")})
    assert script(one, AGENT, None).prompt[0].text == "inline"
    assert script(one, AGENT, {"prompt": "by id"}).prompt[0].text == "by id"
