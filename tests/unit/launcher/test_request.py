"""Requests: pure, canonical, and the same person called from the same number."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialform.errors import InputError
from dialform.launcher import assembled, chosen_member
from dialform.presets.canonical import canonical, digest

MEMBERS = st.lists(st.uuids().map(str), min_size=1, max_size=12, unique=True)
PEOPLE = [f"+1415555{number:04}" for number in range(400)]
ANN = PEOPLE[0]


def bound(**changes: Any) -> dict[str, Any]:
    return {
        "format": "dialform.bound-preset/1",
        "environment": "dev",
        "workspace": "https://api.vogent.ai/api/",
        "preset": {"name": "reminder", "digest": "sha256:" + "0" * 64},
        "deviation": {},
        "bindings": {"numbers": {"us": {"pool": "p", "members": [{"id": "a"}, {"id": "b"}]}}},
        "body": {"callAgentId": "c", "fromNumberPoolId": "p"},
        "inputs": {"name": {"required": True}},
        "numbers": "us",
    } | changes


def test_the_body_is_canonical_and_holds_the_calls_own_fields() -> None:
    request = assembled(bound(), to=ANN, inputs={"name": "Zoë"})
    assert request.body == canonical(json.loads(request.body))
    assert json.loads(request.body) == {
        "callAgentId": "c",
        "fromNumberPoolId": "p",
        "toNumber": ANN,
        "callAgentInput": {"name": "Zoë"},
        "fromNumberId": chosen_member(["a", "b"], ANN),
    }
    assert request.digest == digest(request.body)
    assert request.bound_digest == digest(canonical(bound()))
    assert request.url == "https://api.vogent.ai/api/dials"


def test_nothing_is_added_that_is_not_there() -> None:
    """No inputs, no callAgentInput; a pool without members, no fromNumberId."""
    pool = {"numbers": {"us": {"pool": "p"}}}
    request = assembled(bound(inputs={}, bindings=pool), to=ANN)
    assert json.loads(request.body).keys() == {"callAgentId", "fromNumberPoolId", "toNumber"}
    kept = assembled(bound(inputs={}, body={"callAgentId": "c", "callAgentInput": {}}), to=ANN)
    assert json.loads(kept.body)["callAgentInput"] == {}


def test_a_partial_request_says_what_it_lacks() -> None:
    request = assembled(bound(), partial=True)
    assert request.missing == ("--to", "--input name=...")
    assert json.loads(request.body).keys() == {"callAgentId", "fromNumberPoolId"}
    assert assembled(bound(), to=ANN, inputs={"name": "Ann"}).missing == ()


def test_inputs_can_be_made_from_the_declarations() -> None:
    request = assembled(bound(), to=ANN, inputs=lambda declared: dict.fromkeys(declared, "x"))
    assert request.inputs == {"name": "x"}


def test_an_input_without_canonical_form_is_refused() -> None:
    with pytest.raises(InputError, match="no canonical JSON form"):
        assembled(bound(inputs={"any": {"type": "any"}}), to=ANN, inputs={"any": [float("inf")]})


@given(MEMBERS, st.randoms())
def test_the_same_person_gets_the_same_member_in_any_order(members: list[str], random: Any) -> None:
    shuffled = random.sample(members, len(members))
    assert chosen_member(members, ANN) == chosen_member(shuffled, ANN)
    assert chosen_member(members, ANN) in members


@settings(max_examples=25)
@given(MEMBERS, st.uuids().map(str))
def test_a_new_member_moves_people_to_itself_only(members: list[str], new: str) -> None:
    before = {person: chosen_member(members, person) for person in PEOPLE}
    after = {person: chosen_member([*members, new], person) for person in PEOPLE}
    moved = {after[person] for person in PEOPLE if before[person] != after[person]}
    assert moved <= {new}


def test_members_share_people_evenly() -> None:
    """Among four members of 400 people each gets its hundred, give or take some."""
    counts = Counter(chosen_member(["a", "b", "c", "d"], person) for person in PEOPLE)
    assert all(70 < count < 130 for count in counts.values())
    assert len(counts) == 4


def test_the_choice_is_a_contract() -> None:
    """Another one would call people from numbers they don't know."""
    chosen = [chosen_member(["a", "b", "c"], person) for person in PEOPLE[:12]]
    assert "".join(chosen) == "aaacbbabcaaa"
