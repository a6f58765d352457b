"""One edit is one change, no edit is none, and each is told as what it is."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from diff_documents import PRESETS, Place, content, documents, leaves, nodes, put
from hypothesis import given, settings
from hypothesis import strategies as st

from dialform.diff import ABSENT, Change, Documents
from dialform.diff.changes import changes
from dialform.presets.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Callable

IDENTITIES = {"id", "transitionNodeId", "optionId", "format", "profile", "function"}
"""Fields whose edit makes another thing, or one that nothing refers to any more."""


def edits() -> list[tuple[str, int, Place, Any]]:
    """Every leaf of the reference project: preset, document, place, value."""
    return [
        (preset, which, at, value)
        for preset in PRESETS
        for which in (0, 1)
        for at, value in leaves(content(preset)[which])
        if at[-1] not in IDENTITIES and not ("inputs" in at and at[-1] == "name")
    ]


def other(value: Any) -> Any:
    """A value of the same kind that is not equal."""
    if isinstance(value, str):
        return value.replace("\n", "\nindeed ", 1) if "\n" in value else f"{value}x"
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, (int, float)) else "x"


EDITS = edits()


def edited(preset: str, which: int, at: Place, new: Any) -> Documents:
    made = content(preset)
    put(made[which], at, new)
    return made


@pytest.mark.parametrize("number", range(0, len(EDITS), 3))
def test_one_edited_leaf_is_one_change(number: int) -> None:
    preset, which, at, value = EDITS[number]
    (one,) = changes(content(preset), edited(preset, which, at, other(value)))
    assert (one.before, one.after) == (value, other(value))
    (back,) = changes(edited(preset, which, at, other(value)), content(preset))
    assert (back.before, back.after) == (other(value), value)
    assert len(back.path) == len(one.path)  # an element is called what it says, before the edit


@given(picked=st.sets(st.integers(0, len(EDITS) - 1), min_size=2, max_size=6))
@settings(deadline=None, max_examples=60)
def test_edits_of_several_leaves_are_as_many_changes(picked: set[int]) -> None:
    preset = EDITS[min(picked)][0]
    after = content(preset)
    count = 0
    for number in picked:
        name, which, at, value = EDITS[number]
        if name == preset and "\n" not in str(value):
            put(after[which], at, other(value))
            count += 1
    found = changes(content(preset), after)
    # A rule or a list element may be matched to another one once several of its fields changed.
    assert bool(found) == bool(count)
    assert len(found) <= 3 * count


@pytest.mark.parametrize("preset", PRESETS)
def test_equal_documents_have_no_changes(preset: str) -> None:
    assert changes(documents(preset), documents(preset)) == ()


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("which", [0, 1])
def test_each_removed_key_is_said_as_removed(preset: str, which: int) -> None:
    """Whatever is taken out of a document is a change: nothing is passed over."""
    document = content(preset)[which]
    tables = [at[:-1] for at, _ in leaves(document) if isinstance(at[-1], str)]
    places = {(*table, key) for table in tables for key in _table(document, table)}
    for at in sorted(places - {("format",), ("profile",)}, key=str)[::2]:
        after = content(preset)
        parent: Any = after[which]
        for part in at[:-1]:
            parent = parent[part]
        del parent[at[-1]]
        assert changes(content(preset), after), at


def _table(document: Any, at: Place) -> Any:
    for part in at:
        document = document[part]
    return document


def test_absent_null_and_default_are_told_apart() -> None:
    before, null, default = content("reminder"), content("reminder"), content("reminder")
    for one, value in ((null, None), (default, -100)):
        put(one.profile, ("agentOverrides", "voiceVolumeLevel"), value)
    (to_null,) = changes(before, null)
    (to_default,) = changes(before, default)
    (between,) = changes(null, default)
    assert (to_null.before, to_null.after) == (ABSENT, None)
    assert (to_default.before, to_default.after) == (ABSENT, -100)
    assert (between.before, between.after) == (None, -100)
    assert "-100" in to_default.note
    assert between.note == ""


@pytest.mark.parametrize(("before", "after"), [(1, True), (0, False), (1, "1"), (600, 600.5)])
def test_values_of_other_kinds_differ(before: Any, after: Any) -> None:
    one, two = content("reminder"), content("reminder")
    put(one.preset, ("call", "extra"), before)
    put(two.preset, ("call", "extra"), after)
    (found,) = changes(one, two)
    assert (found.before, found.after) == (before, after)


@pytest.mark.parametrize("key", ["__private", "a/b", "a~b", "a.b", "", "0"])
def test_odd_keys_are_compared_and_pointed_at(key: str) -> None:
    before, after = content("reminder"), content("reminder")
    put(before.profile, ("agentOverrides", "metadata", key), "one")
    put(after.profile, ("agentOverrides", "metadata", key), "two")
    (found,) = changes(before, after)
    assert found.path == ("profile", "metadata", key)
    pointed = key.replace("~", "~0").replace("/", "~1")
    assert found.pointer == f"/agentOverrides/metadata/{pointed}"


# Lists


def shuffled(after: Documents, kind: str) -> None:
    call = after.preset["call"]
    assert after.profile is not None
    overrides = after.profile["agentOverrides"]
    lists = {
        "keywords": call.get("keywords"),
        "options": call.get("voiceOptionValues"),
        "functions": overrides.get("linkedFunctionDefinitionInputs"),
    }
    lists[kind].reverse()


@pytest.mark.parametrize("kind", ["keywords", "options", "functions"])
def test_an_order_that_does_not_matter_is_told_as_such(kind: str) -> None:
    after = content("collections")
    shuffled(after, kind)
    (found,) = changes(content("collections"), after)
    assert found.kind == "reordered"
    assert sorted(found.before) == sorted(found.after)
    assert found.before != found.after


def test_the_order_of_nodes_behind_the_first_does_not_matter() -> None:
    after = content("lead")
    nodes(after)[3], nodes(after)[5] = nodes(after)[5], nodes(after)[3]
    assert [one.kind for one in changes(content("lead"), after)] == ["reordered"]


def test_another_first_node_is_another_start() -> None:
    after = content("lead")
    nodes(after)[0], nodes(after)[1] = nodes(after)[1], nodes(after)[0]
    (found,) = changes(content("lead"), after)
    assert found.path == ("profile", "prompt", "flow", "start")
    assert (found.before, found.after) == ("identity", "interested")


def test_a_rule_that_comes_earlier_was_moved() -> None:
    """The first rule that fits wins."""
    after = content("lead")
    rules = nodes(after)[0]["transitionRules"]
    rules.insert(0, rules.pop(2))
    (found,) = changes(content("lead"), after)
    assert (found.kind, found.before, found.after) == ("moved", 3, 1)
    assert found.path[-2:] == ("next", "equal wrong number")


@pytest.mark.parametrize("at", range(4))
def test_an_inserted_rule_changes_no_other(at: int) -> None:
    after = content("lead")
    rule = {"conditionType": "equal", "value": "maybe", "transitionNodeId": "goodbye"}
    nodes(after)[0]["transitionRules"].insert(at, rule)
    (found,) = changes(content("lead"), after)
    assert found.kind == "added"
    assert found.path[-2:] == ("next", "equal maybe")
    (back,) = changes(after, content("lead"))
    assert back.kind == "removed"


def test_a_renamed_node_is_one_change_wherever_it_is_named() -> None:
    after = content("lead")
    for node in nodes(after):
        if node["id"] == "goodbye":
            node["id"] = node["name"] = "farewell"
        for rule in node["transitionRules"]:
            if rule["transitionNodeId"] == "goodbye":
                rule["transitionNodeId"] = "farewell"
    (found,) = changes(content("lead"), after)
    assert (found.kind, found.before, found.after) == ("renamed", "goodbye", "farewell")


def test_a_new_node_is_added_as_a_whole() -> None:
    after = content("lead")
    node = {"id": "thanks", "name": "thanks", "type": "freeform", "nodeData": {"prompt": "Thank."}}
    nodes(after).append({**node, "transitionRules": []})
    (found,) = changes(content("lead"), after)
    assert found.kind == "added"
    assert found.path == ("profile", "prompt", "flow", "node", "thanks")
    assert found.after["prompt"] == "Thank."


def test_a_renamed_input_is_told_from_a_new_one() -> None:
    after = content("reminder")
    inputs = after.preset["inputs"]
    inputs["callback"] = inputs.pop("callbackNumber")
    overrides = after.profile["agentOverrides"]  # type: ignore[index]
    prompt = overrides["defaultVersionedPrompt"]
    prompt["prompt"] = prompt["prompt"].replace("{{callbackNumber}}", "{{callback}}")
    found = {one.kind: one for one in changes(content("reminder"), after)}
    assert found.keys() == {"renamed", "changed"}
    assert (found["renamed"].before, found["renamed"].after) == ("callbackNumber", "callback")


def test_an_input_with_an_equal_declaration_is_not_a_renamed_one() -> None:
    """Nothing that is said names it."""
    after = content("reminder")
    inputs = after.preset["inputs"]
    inputs["unheard"] = inputs.pop("callbackNumber")
    assert sorted(one.kind for one in changes(content("reminder"), after)) == ["added", "removed"]


# What environments set


def bound(edit: Callable[[dict[str, Any]], None]) -> Documents:
    made = documents("collections")
    value = copy.deepcopy(dict(made.bound or {}))
    edit(value)
    return made._replace(bound=value)


def test_a_deviation_is_no_content() -> None:
    after = bound(lambda value: value["deviation"].update(timeoutMinutes=4))
    (found,) = changes(documents("collections"), after)
    assert (found.area, found.path) == ("deviation", ("deviation", "timeoutMinutes"))


def test_a_binding_is_one_change_with_both_objects() -> None:
    def edit(value: dict[str, Any]) -> None:
        value["bindings"]["voices"]["warm"] = {"id": "another", "name": "Eva"}

    (found,) = changes(documents("collections"), bound(edit))
    assert (found.area, found.path) == ("bindings", ("bindings", "voices", "warm"))
    assert found.after == {"id": "another", "name": "Eva"}


def test_pointers_lead_to_the_field_in_the_body() -> None:
    """Of every edit of a field that the body holds as it stands."""
    for preset, which, at, value in EDITS[::5]:
        after = edited(preset, which, at, other(value))
        (found,) = changes(content(preset), after)
        body = documents(preset).bound["body"]  # type: ignore[index]
        if found.pointer.startswith("/inputs") or _is_twin(found) or which != 1:
            continue
        there = _pointed(body, found.pointer)
        assert there == value or canonical(there) == canonical(value), found.pointer


def _is_twin(change: Change) -> bool:
    return bool(change.pointer) and change.pointer.rpartition("/")[2].endswith(("Id", "Ids", "Url"))


def _pointed(value: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value
