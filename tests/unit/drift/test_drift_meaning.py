"""What is a change of a recorded object, and what only says the same in another way."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialform.drift import FieldChange, Key, changes, object_document
from dialform.presets.canonical import parse

KEY = Key("agents", "a")


def found(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """The changed fields, which say the same the other way round."""
    there = [field for one in changes({KEY: before}, {KEY: after}) for field in one.fields]
    back = [field for one in changes({KEY: after}, {KEY: before}) for field in one.fields]
    assert {FieldChange(one.path, one.after, one.before) for one in there if _plain(one)} == {
        one for one in back if _plain(one)
    }
    assert len(there) == len(back)
    return [tuple(one) for one in there]


def _plain(one: FieldChange) -> bool:
    return not isinstance(one.before, (list, dict)) and not isinstance(one.after, (list, dict))


ZEROED = {"enabled": False, "messages": [], "idleDurationMilliseconds": 0, "maxIdleMessages": 0}


def node(kind: str) -> dict[str, Any]:
    return {"nodes": [{"id": "a", "type": kind}]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"description": ""}, {}),
        ({"keywords": []}, {"keywords": None}),
        ({"openingLine": {"content": "", "lineType": None}}, {}),
        ({"transcriberParams": {}}, {"transcriberParams": {"keywords": []}}),
        ({"idleMessageConfig": ZEROED}, {}),
        ({"idleMessageConfig": ZEROED}, {"idleMessageConfig": {"enabled": False}}),
        (node("function_call"), node("function")),
        ({"rules": {"transitionRules": [{"value": None}]}}, {"rules": {"transitionRules": [{}]}}),
    ],
)
def test_what_the_api_means_the_same_by_is_no_change(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert found(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ({"prompt": "Be kind."}, {"prompt": ""}, ("prompt", "Be kind.", None)),
        ({"aiOpen": False}, {}, ("aiOpen", False, None)),
        ({"voiceVolumeLevel": 0}, {}, ("voiceVolumeLevel", 0, None)),
        (
            {"idleMessageConfig": ZEROED},
            {"idleMessageConfig": {"enabled": True}},
            ("idleMessageConfig", None, {"enabled": True}),
        ),
        # An empty value that a rule compares with, or that a function is called with, is one.
        (
            {"transitionRules": [{"value": ""}]},
            {"transitionRules": [{}]},
            ("transitionRules[0].value", "", None),
        ),
        (
            {"inputs": [{"name": "x", "value": ""}]},
            {"inputs": [{"name": "x"}]},
            ("inputs[x].value", "", None),
        ),
        (
            {"extractorFieldsJsonSchema": {"properties": {"paid": {}}}},
            {"extractorFieldsJsonSchema": {"properties": {}}},
            ("extractorFieldsJsonSchema.properties.paid", {}, None),
        ),
        (node("function"), node("freeform"), ("nodes[a].type", "function", "freeform")),
    ],
)
def test_what_means_something_else_is_one_change(
    before: dict[str, Any], after: dict[str, Any], change: tuple[str, Any, Any]
) -> None:
    assert found(before, after) == [change]


def flow(*nodes: str, **texts: str) -> dict[str, Any]:
    return {
        "flowDefinition": {
            "nodes": [{"id": one, "nodeData": {"prompt": texts.get(one, one)}} for one in nodes]
        }
    }


def test_elements_are_matched_by_what_identifies_them() -> None:
    """One that is put in shifts no other; each change names the element."""
    assert found(flow("a", "b", "c"), flow("a", "x", "b", "c", c="other")) == [
        ("flowDefinition.nodes[c].nodeData.prompt", "c", "other"),
        ("flowDefinition.nodes[x]", None, {"id": "x", "nodeData": {"prompt": "x"}}),
    ]
    assert found(flow("a", "b"), flow("a")) == [
        ("flowDefinition.nodes[b]", {"id": "b", "nodeData": {"prompt": "b"}}, None)
    ]
    options = [{"optionId": "temperature", "value": "0.7"}, {"optionId": "style", "value": "plain"}]
    hotter = [options[1], {**options[0], "value": "0.9"}]
    assert found({"modelOptionValues": options}, {"modelOptionValues": hotter}) == [
        ("modelOptionValues[temperature].value", "0.7", "0.9")
    ]


def test_an_order_that_a_call_follows_is_a_change_and_no_other() -> None:
    assert found(flow("a", "b", "c"), flow("a", "c", "b")) == []
    assert found(flow("a", "b", "c"), flow("b", "a", "c")) == [("flowDefinition.nodes", "a", "b")]
    rules = [{"id": "1", "value": "yes"}, {"id": "2", "value": "no"}]
    assert found({"transitionRules": rules}, {"transitionRules": rules[::-1]}) == [
        ("transitionRules", ["1", "2"], ["2", "1"])
    ]


def test_elements_without_identity_are_compared_by_place() -> None:
    assert found({"started": ["a", "b"]}, {"started": ["a", "c"]}) == [("started[1]", "b", "c")]
    twice = [{"id": "x", "a": 1}, {"id": "x", "a": 2}]
    assert found({"list": twice}, {"list": [twice[0], {"id": "x", "a": 3}]}) == [
        ("list[1].a", 2, 3)
    ]
    assert found({"list": [1]}, {"list": [1, 2]}) == [("list", [1], [1, 2])]


LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab\ud800\u00e9", max_size=3)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "nodes", "x"]), inner, max_size=3)
        | st.lists(
            st.fixed_dictionaries({"id": st.text("abc", max_size=2), "x": inner}), max_size=3
        )
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from("pqr"), VALUES, max_size=3)


@given(OBJECTS)
def test_an_object_is_no_change_of_itself(raw: dict[str, Any]) -> None:
    """Neither as it is recorded, whatever text is in it."""
    assert found(raw, copy.deepcopy(raw)) == []
    fields = parse(object_document(KEY, raw))["fields"]
    assert found(fields, fields) == []


@given(OBJECTS, OBJECTS)
def test_a_change_is_seen_from_both_sides(before: dict[str, Any], after: dict[str, Any]) -> None:
    found(before, after)


def test_one_edited_leaf_is_one_change() -> None:
    before = flow("a", "b", "c")
    for node in "abc":
        after = flow("a", "b", "c", **{node: "edited"})
        assert found(before, after) == [
            (f"flowDefinition.nodes[{node}].nodeData.prompt", node, "edited")
        ]


def test_what_utf_8_cannot_hold_is_recorded_in_letters() -> None:
    raw = {"name": "A\ud800", "x": [{"\udc00": "\ude00"}], "n": float("nan"), "i": float("inf")}
    assert parse(object_document(KEY, raw))["fields"] == {
        "name": "A\\ud800",
        "x": [{"\\udc00": "\\ude00"}],
        "n": "nan",
        "i": "inf",
    }
