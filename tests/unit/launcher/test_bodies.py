"""The bodies of a campaign are those that single calls have, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialform.errors import InputError
from dialform.launcher import assembled
from dialform.launcher.bodies import Bodies, as_json
from dialform.presets.canonical import LARGEST, canonical

if TYPE_CHECKING:
    from collections.abc import Callable

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
    "count": {"type": "integer"},
    "pin": {"pattern": "[0-9]{2}"},
}
INPUTS = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXT,
        "company": TEXT,
        "amount": st.floats(-9, 9),
        "é": TEXT,
        "count": st.sampled_from([1, True, 2**60, 1.0, "1"]),
        "pin": st.sampled_from(["01", "1", 1]),
    },
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
def test_bodies_are_those_of_single_calls(
    body: dict[str, Any],
    fixed: dict[str, Any],
    members: list[str],
    declared: dict[str, Any],
    inputs: dict[str, Any],
) -> None:
    document = bound(body | ({"callAgentInput": fixed} if fixed else {}), members, declared)

    def single() -> tuple[object, ...]:
        request = assembled(document, to="+14155550123", inputs=inputs)
        return request.body, request.from_number_id, request.inputs

    def of_many() -> tuple[object, ...]:
        return Bodies(document).body("+14155550123", inputs)

    assert outcome(of_many) == outcome(single)


def outcome(call: Callable[[], tuple[object, ...]]) -> object:
    """What a call returns, or the error's words."""
    try:
        return tuple(call())
    except InputError as error:
        return str(error)


@given(
    st.recursive(
        st.one_of(
            VALUES,
            st.integers(-LARGEST, LARGEST),
            st.floats(-LARGEST, LARGEST),
            st.sampled_from([-0.0, 1e-7, 1e21, 1e22, 5e-324, 123456789012345.6]),
        ),
        lambda inner: st.one_of(st.lists(inner), st.dictionaries(TEXT, inner)),
    )
)
def test_values_are_written_in_canonical_form(value: Any) -> None:
    assert as_json(value) == canonical(value).decode()


def test_a_number_that_is_none_and_a_browser_call_are_refused() -> None:
    with pytest.raises(InputError, match="is not in E"):
        Bodies(bound({}, [], {})).body("4155550123", {})
    with pytest.raises(InputError, match="a browser call"):
        Bodies(bound({"browserCall": True}, [], {}))
