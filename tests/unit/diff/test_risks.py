"""Each rule fires on what it is for, and not on what only looks like it."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

import pytest
from diff_documents import PRESETS, ROOT, content, documents, leaves, nodes, put

from dialform.diff.risks import RULES, binding_risks, risks

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.diff import Documents

    Edit = Callable[["Documents"], None]


def over(made: Documents) -> Any:
    assert made.profile is not None
    return made.profile["agentOverrides"]


def setting(*path: str, to: Any) -> Edit:
    """Set a field of the profile (``profile`` first) or of the call."""

    def edit(made: Documents) -> None:
        where = over(made) if path[0] == "profile" else made.preset["call"]
        put(where, path[1:] if path[0] == "profile" else path, to)

    return edit


def unset(*path: str) -> Edit:
    def edit(made: Documents) -> None:
        where: Any = over(made) if path[0] == "profile" else made.preset["call"]
        rest = path[1:] if path[0] == "profile" else path
        for part in rest[:-1]:
            where = where[part]
        del where[rest[-1]]

    return edit


PROMPT = ("profile", "defaultVersionedPrompt", "prompt")
OPENING = ("profile", "openingLine", "content")


def prompt(change: Callable[[str], str]) -> Edit:
    def edit(made: Documents) -> None:
        table = over(made)["defaultVersionedPrompt"]
        table["prompt"] = change(table["prompt"])

    return edit


def everywhere(pattern: str, to: str) -> Edit:
    """Replace in all texts."""

    def edit(made: Documents) -> None:
        for which in (made.preset, made.profile):
            for at, value in list(leaves(which)):
                if isinstance(value, str):
                    put(which, at, re.sub(pattern, to, value, flags=re.IGNORECASE))

    return edit


def node(key: str, change: Callable[[dict[str, Any]], Any]) -> Edit:
    def edit(made: Documents) -> None:
        change(next(one for one in nodes(made) if one["id"] == key))

    return edit


def declared(name: str, **fields: Any) -> Edit:
    def edit(made: Documents) -> None:
        for key, value in fields.items():
            if value is None:
                made.preset["inputs"][name].pop(key, None)
            else:
                made.preset["inputs"][name][key] = value

    return edit


def extra(made: Documents) -> None:
    assert isinstance(made.preset, dict)
    made.preset["extraFields"] = {"newField": 1}


def swap_start(made: Documents) -> None:
    nodes(made)[0], nodes(made)[1] = nodes(made)[1], nodes(made)[0]


def swap_others(made: Documents) -> None:
    nodes(made)[3], nodes(made)[4] = nodes(made)[4], nodes(made)[3]


def without_last(made: Documents) -> None:
    over(made)["linkedFunctionDefinitionInputs"].pop()


def with_another(made: Documents) -> None:
    over(made)["linkedFunctionDefinitionInputs"].append({"function": "refund"})


def reversed_functions(made: Documents) -> None:
    over(made)["linkedFunctionDefinitionInputs"].reverse()


def other_message(made: Documents) -> None:
    functions = over(made)["linkedFunctionDefinitionInputs"]
    functions[0]["lifecycleMessagesOverride"]["started"][0] = "Just a moment."


OUTBOUND = ("profile", "openingLine", "lineType")
TEMPERATURE = ("profile", "defaultVersionedPrompt", "modelOptionValues")

CASES: dict[str, tuple[str, Edit, Edit]] = {
    "opening-changed": ("collections", setting(*OPENING, to="Hi."), setting(*OUTBOUND, to="NONE")),
    "opening-silent": (
        "collections",
        setting(*OUTBOUND, to="INBOUND_ONLY"),
        setting(*OPENING, to="Hi."),
    ),
    "opt-out-lost": (
        "lead",
        everywhere(
            r"[^.\n]*(call(ed)? (you )?again|opt[- ]?out|be called|(off|from) (our|the) list"
            r"|not call|stop call|don't call)[^.\n]*",
            "bye",
        ),
        prompt(lambda text: text + "\nBe brief."),
    ),
    "disclosure-lost": (
        "collections",
        everywhere("record(ed|ing)", "friendly"),
        setting(*OPENING, to="Hello, this automated assistant calls on a recorded line."),
    ),
    "prompt-doubled": (
        "collections",
        prompt(lambda t: f"{t}\n\n{t}"),
        prompt(lambda t: f"{t}\n{t[:99]}"),
    ),
    "prompt-halved": (
        "collections",
        prompt(lambda t: t[: len(t) // 3]),
        prompt(lambda t: t[: len(t) * 3 // 4]),
    ),
    "prompt-emptied": ("collections", setting(*PROMPT, to=" "), setting(*PROMPT, to="Be brief.")),
    "macro-added": (
        "collections",
        prompt(lambda t: t + " {{nickname}}"),
        prompt(lambda t: t + " {{name}}"),
    ),
    "macro-lost": (
        "collections",
        everywhere(r"\{\{callbackNumber\}\}", "us"),
        prompt(lambda t: t.replace("{{name}}", "them")),
    ),
    "look-alike": (
        "collections",
        prompt(lambda t: t + " P\u0430y now."),
        prompt(lambda t: t + " \u041f\u0440\u0438\u0432\u0435\u0442 \u65e5\u672c\u3042."),
    ),
    "invisible-characters": (
        "collections",
        prompt(lambda t: t + " pay\u200bnow"),
        prompt(lambda t: t + " \U0001f469\u200d\U0001f4bb"),
    ),
    "negation-lost": (
        "collections",
        prompt(lambda t: re.sub(r"\b[Nn]ever\b", "always", t, count=1)),
        prompt(lambda t: t + " Never shout."),
    ),
    "figures-changed": (
        "collections",
        prompt(lambda t: t + " Pay 20 dollars."),
        prompt(lambda t: t + " Pay soon."),
    ),
    "duration-up": (
        "collections",
        setting("profile", "maxDurationSeconds", to=9999),
        setting("profile", "maxDurationSeconds", to=60),
    ),
    "duration-gone": (
        "collections",
        unset("profile", "maxDurationSeconds"),
        setting("profile", "maxDurationSeconds", to=60),
    ),
    "timeout-up": (
        "collections",
        setting("timeoutMinutes", to=99),
        setting("timeoutMinutes", to=2),
    ),
    "timeout-gone": ("collections", unset("timeoutMinutes"), setting("timeoutMinutes", to=99)),
    "volume-up": (
        "collections",
        setting("voiceVolumeLevel", to=200),
        setting("voiceVolumeLevel", to=0),
    ),
    "voice-changed": (
        "collections",
        setting("voice", to="plain"),
        setting("profile", "voice", to="plain"),
    ),
    "model-changed": (
        "collections",
        setting("profile", "defaultVersionedPrompt", "model", to="fast"),
        setting("profile", "defaultVersionedPrompt", "name", to="fast"),
    ),
    "temperature-below-default": (
        "collections",
        setting(*TEMPERATURE, to=[{"optionId": "temperature", "value": "0.2"}]),
        setting(*TEMPERATURE, to=[{"optionId": "temperature", "value": "0.9"}]),
    ),
    "language-changed": (
        "collections",
        setting("profile", "language", to="es"),
        setting("profile", "language", to="en"),
    ),
    "agent-changed": (
        "collections",
        setting("agent", to="qualifier"),
        setting("agent", to="collector"),
    ),
    "prompt-version-changed": (
        "collections",
        setting("promptVersion", to="v2"),
        setting("ivrPromptVersion", to="v2"),
    ),
    "function-added": ("collections", with_another, reversed_functions),
    "function-removed": ("collections", without_last, other_message),
    "webhook-host-changed": (
        "collections",
        setting("webhook", to="others"),
        setting("webhook", to="events"),
    ),
    "numbers-changed": ("collections", setting("numbers", to="eu"), setting("numbers", to="us")),
    "ivr-off": (
        "collections",
        setting("profile", "ivrConfiguration", "detectionType", to="NONE"),
        setting("profile", "ivrConfiguration", "taggingText", to="x"),
    ),
    "idle-messages-off": (
        "collections",
        setting("profile", "idleMessageConfig", "enabled", to=False),
        setting("profile", "idleMessageConfig", "maxIdleMessages", to=1),
    ),
    "fill-empty-on": (
        "collections",
        setting("profile", "fillEmptyStringVariables", to=True),
        setting("profile", "fillEmptyStringVariables", to=False),
    ),
    "input-optional": (
        "collections",
        declared("name", required=None),
        declared("planAllowed", required=True),
    ),
    "input-default-changed": (
        "collections",
        declared("company", default="Acme"),
        declared("company", example="Acme"),
    ),
    "input-unchecked": (
        "collections",
        declared("postalCode", pattern=None),
        declared("postalCode", pattern="[0-9]{9}"),
    ),
    "deprecated-field": (
        "collections",
        setting("profile", "linkedFunctions", to=["transfer"]),
        setting("profile", "metadata", to={"aiOpen": True}),
    ),
    "extra-fields": ("collections", extra, setting("keywords", to=["x"])),
    "flow-unreachable": (
        "lead",
        node("identity", lambda one: one["transitionRules"].pop(1)),
        node("identity", lambda one: one["transitionRules"].pop(3)),
    ),
    "flow-dead-end": (
        "lead",
        node("interested", lambda one: one["transitionRules"].clear()),
        node("interested", lambda one: one["transitionRules"].pop()),
    ),
    "flow-start-changed": ("lead", swap_start, swap_others),
}


def of(rule: str, edit: Edit) -> list[str]:
    """The rules that an edit of that rule's preset breaks."""
    preset = CASES[rule][0]
    before, after = content(preset), content(preset)
    if rule == "fill-empty-on":
        over(before).pop("fillEmptyStringVariables")
    edit(after)
    return [one.rule for one in risks(before, after)]


def test_each_rule_has_a_case_that_fires_it_and_one_that_does_not() -> None:
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize("rule", CASES)
def test_it_fires(rule: str) -> None:
    assert rule in of(rule, CASES[rule][1])


@pytest.mark.parametrize("rule", CASES)
def test_it_does_not_fire_on_what_only_looks_like_it(rule: str) -> None:
    assert rule not in of(rule, CASES[rule][2])


@pytest.mark.parametrize("preset", PRESETS)
def test_no_change_is_no_risk(preset: str) -> None:
    assert risks(documents(preset), documents(preset)) == []


@pytest.mark.parametrize("preset", PRESETS)
def test_the_reference_presets_are_fine_when_they_are_new(preset: str) -> None:
    assert risks(None, documents(preset)) == []


def test_a_new_preset_without_a_timeout_is_said() -> None:
    made = content("collections")
    unset("timeoutMinutes")(made)
    assert [one.rule for one in risks(None, made)] == ["timeout-gone"]


def test_a_moved_sentence_is_not_lost() -> None:
    """From the prompt into the opening line."""
    before, after = content("collections"), content("collections")
    everywhere("record(ed|ing)", "friendly")(after)
    put(
        over(after), ("openingLine", "content"), "This call is recorded, by an automated assistant."
    )
    assert "disclosure-lost" not in [one.rule for one in risks(before, after)]


def test_what_an_environment_sets_differently_counts() -> None:
    before, after = documents("collections"), documents("collections")
    put(after.bound, ("deviation", "timeoutMinutes"), 55)
    (found,) = risks(before, after)
    assert (found.rule, found.path) == ("timeout-up", ("timeoutMinutes",))
    assert "55" in found.message


def test_a_voice_of_another_name_behind_a_binding_is_another_voice() -> None:
    before, after = documents("collections"), documents("collections")
    put(after.bound, ("bindings", "voices", "warm"), {"id": "x", "name": "Eva"})
    assert [one.rule for one in risks(before, after)] == ["voice-changed"]


def test_names_bound_to_differently_named_objects_are_a_risk() -> None:
    before = {"voices": {"warm": {"id": "1", "name": "Ava"}, "plain": {"id": "2", "name": "Ben"}}}
    after = {"voices": {"warm": {"id": "3", "name": "Eva"}, "plain": {"id": "4", "name": "Ben"}}}
    (found,) = binding_risks(before, after)
    assert (found.rule, found.path) == ("binding-name", ("bindings", "voices", "warm"))


def test_the_page_lists_every_rule_with_its_level() -> None:
    text = (ROOT / "docs/risks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (high|medium|low) \|", text, re.MULTILINE)
    assert dict(rows) == {
        **{name: rule.level for name, rule in RULES.items()},
        "binding-name": "medium",
    }
    assert len(rows) == len(dict(rows))


@pytest.mark.parametrize("seed", range(60))
def test_no_document_breaks_a_rule(seed: int) -> None:
    """Leaves of any kind anywhere: a rule says something or nothing."""
    draw = random.Random(seed)  # noqa: S311 - a seed, so that a failure comes again
    preset = draw.choice(PRESETS)
    after = documents(preset)
    for which in draw.sample(range(3), 2):
        places = [at for at, _ in leaves(after[which])]
        for at in draw.sample(places, 8):
            put(after[which], at, draw.choice([None, [], {}, 5, "x", True, ["a"], {"a": 1}, 1.5]))
    for one in [*risks(documents(preset), after), *risks(after, documents(preset))]:
        assert one.rule in RULES
        assert one.message


def test_a_disclosure_that_only_the_prompt_keeps_is_lost_to_who_answers() -> None:
    before, after = content("collections"), content("collections")
    put(over(after), ("openingLine", "content"), "Hello, this is Sam. I said it plainly again.")
    found = [one for one in risks(before, after) if one.rule == "disclosure-lost"]
    assert [one.message for one in found] == [
        "the opening line does not say any more that the call is recorded",
        "the opening line does not say any more that an automated assistant calls",
    ]


def test_a_node_that_loses_its_opt_out_is_named() -> None:
    before, after = content("lead"), content("lead")
    node("interested", lambda one: one["transitionRules"].pop(0))(after)
    (found,) = [one for one in risks(before, after) if one.rule == "opt-out-lost"]
    assert found.path[-2:] == ("interested", "next")


def test_the_default_of_a_sensitive_input_is_not_shown() -> None:
    before, after = content("collections"), content("collections")
    declared("company", default="Acme", sensitive=True)(after)
    (found,) = [one for one in risks(before, after) if one.rule == "input-default-changed"]
    assert "Acme" not in found.message
