"""What a template puts together from pieces is the canonical form of the whole, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialform.errors import InputError
from dialform.launcher.inputs import checked_inputs
from dialform.launcher.request import Template, chosen_member
from dialform.presets.canonical import NotCanonical, canonical, digest

if TYPE_CHECKING:
    from collections.abc import Callable

TO = "+14155550123"
TEXT = st.text(st.characters(codec="utf-8"), max_size=6)
VALUES = st.one_of(TEXT, st.integers(-9, 9), st.booleans(), st.none(), st.floats(-9, 9))
FIELDS = st.dictionaries(
    st.one_of(
        TEXT,
        st.sampled_from(["aiVoiceId", "callAgentId", "callAgentInputs", "fromNumberPoolId", "to"]),
        st.sampled_from(["fromNumberId", "toNumber", "timeoutMinutes", "webhookUrl", "\U0001f600"]),
    ),
    st.one_of(VALUES, st.dictionaries(TEXT, VALUES, max_size=2)),
)
DECLARED: dict[str, dict[str, Any]] = {
    "name": {},
    "company": {"default": "Acme"},
    "amount": {"type": "number"},
}
INPUTS = st.fixed_dictionaries(
    {}, optional={"name": TEXT, "company": TEXT, "amount": st.floats(-9, 9), "é": TEXT}
)


def bound(body: dict[str, Any], members: list[str], declared: dict[str, Any]) -> dict[str, Any]:
    """A bound preset with that body."""
    numbers: dict[str, Any] = {}
    if members:
        pool = {"us": {"members": [{"id": one} for one in members]}}
        numbers = {"numbers": "us", "bindings": {"numbers": pool}}
    return {
        "environment": "dev",
        "workspace": "http://localhost/api",
        "preset": {"name": "reminder", "digest": "sha256:0"},
        "inputs": declared,
        "body": body,
        **numbers,
    }


@given(
    body=FIELDS,
    fixed=st.dictionaries(TEXT, VALUES, max_size=2),
    members=st.lists(st.sampled_from(["a", "b", "c"]), unique=True),
    declared=st.sampled_from([DECLARED, {}, {"é": {"required": True}}]),
    inputs=INPUTS,
)
def test_the_bytes_are_the_canonical_form_of_the_whole(
    body: dict[str, Any],
    fixed: dict[str, Any],
    members: list[str],
    declared: dict[str, Any],
    inputs: dict[str, Any],
) -> None:
    document = bound(body | ({"callAgentInput": fixed} if fixed else {}), members, declared)

    def whole() -> bytes:
        values = checked_inputs(declared, inputs)
        own: dict[str, Any] = {"toNumber": TO, "idempotencyKey": "k"}
        if members:
            own["fromNumberId"] = chosen_member(members, TO)
        if values:
            own["callAgentInput"] = {**fixed, **values}
        try:
            return canonical({**document["body"], **own})
        except NotCanonical as error:
            raise InputError(f"inputs: {error}") from None

    def pieces() -> bytes:
        return Template(document).request(to=TO, inputs=inputs, key="k").body

    assert outcome(pieces) == outcome(whole)


@given(body=FIELDS, members=st.lists(st.sampled_from(["a", "b"]), unique=True), inputs=INPUTS)
def test_what_is_said_to_be_the_same_holds_nothing_of_a_call(
    body: dict[str, Any], members: list[str], inputs: dict[str, Any]
) -> None:
    template = Template(bound(body, members, DECLARED))
    try:
        one = template.request(to=TO, inputs=inputs)
    except InputError:
        return
    other = template.request(to="+14155550199", inputs={"name": "\0", **inputs, "company": "B"})
    head, tail = one.same
    assert other.same == one.same
    assert one.body[:head] == other.body[:head]
    assert one.body[len(one.body) - tail :] == other.body[len(other.body) - tail :]
    assert one.digest == digest(one.body)
    assert TO.encode() not in one.body[:head] + one.body[len(one.body) - tail :]


def outcome(call: Callable[[], bytes]) -> object:
    """What a call returns, or the error's words."""
    try:
        return call()
    except InputError as error:
        return str(error)


def test_a_number_that_is_none_and_one_for_a_browser_call_are_refused() -> None:
    with pytest.raises(InputError, match="is not in E"):
        Template(bound({}, [], {})).request(to="4155550123")
    with pytest.raises(InputError, match="a browser call"):
        Template(bound({"browserCall": True}, [], {})).request(to=TO)
