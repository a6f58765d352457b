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


NEW = ("opt-out-missing", "disclosure-missing")
"""Rules of presets that are new."""

AVA = "8a84b71e-ddac-5ce9-b072-79a2278dbf8b"


def bound(which: str, key: str, **fields: Any) -> Edit:
    def edit(made: Documents) -> None:
        assert made.bound is not None
        made.bound["bindings"][which][key].update(fields)

    return edit


def no_profile(made: Documents) -> None:
    over(made).clear()


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
    "opt-out-missing": (
        "reminder",
        everywhere(
            r"[^.\n]*(call(ed)? (you )?again|opt[- ]?out|be called|(off|from) (our|the) list"
            r"|not call|stop call|don't call)[^.\n]*",
            "bye",
        ),
        prompt(lambda text: text + "\nBe brief."),
    ),
    "disclosure-missing": (
        "collections",
        everywhere("record(ed|ing)|automated|assistant|behalf", "friendly"),
        setting(*OPENING, to="Hello."),
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
    "unusual-space": (
        "collections",
        prompt(lambda t: t + " pay\u00a0now"),
        prompt(lambda t: t + "\n\n  pay now"),
    ),
    "negation-lost": (
        "collections",
        prompt(lambda t: re.sub(r"\b[Nn]ever\b", "always", t, count=1) + "\nNever shout."),
        prompt(lambda t: re.sub(r"\b[Nn]ever\b", "do not", t, count=1)),
    ),
    "negation-added": (
        "collections",
        prompt(lambda t: t.replace("Repeat back", "Do not repeat back")),
        prompt(lambda t: t + "\nNever shout."),
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
    "voice-tier-changed": (
        "collections",
        setting("voice", to="plain"),
        setting("voice", to="bright"),
    ),
    "profile-removed": ("collections", no_profile, setting("profile", "language", to="es")),
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
    "extractor-changed": (
        "collections",
        setting("extractor", to="other"),
        setting("extractor", to="payment-outcome"),
    ),
    "rebound": (
        "collections",
        bound("functions", "transfer", id="another"),
        bound("voices", "warm", name="Eva"),
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
    "fill-empty-off": (
        "collections",
        unset("profile", "fillEmptyStringVariables"),
        setting("profile", "fillEmptyStringVariables", to=True),
    ),
    "input-required": (
        "collections",
        declared("planAllowed", required=True),
        declared("planAllowed", required=False),
    ),
    "input-removed": (
        "collections",
        lambda made: made.preset["inputs"].pop("company"),
        declared("company", required=True),
    ),
    "input-revealed": (
        "collections",
        declared("postalCode", sensitive=None),
        declared("company", sensitive=True),
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
    "flow-no-catch-all": (
        "lead",
        node("identity", lambda one: one["transitionRules"].pop()),
        node("identity", lambda one: one["transitionRules"].pop(0)),
    ),
    "flow-start-changed": ("lead", swap_start, swap_others),
}


RECORDED: dict[tuple[str, str], dict[str, Any]] = {
    ("voices", "Ava"): {"voiceTier": "PREMIUM"},
    ("voices", "Ben"): {"voiceTier": "STANDARD"},
    ("voices", "Chloe"): {"voiceTier": "PREMIUM"},
    ("models", "Atlas 2"): {"modelOptions": [{"id": "temperature", "default": 0.7}]},
}
"""What a release would have recorded; by name here, as these tests set names and not ids."""


def of(rule: str, edit: Edit) -> list[str]:
    """The rules that an edit of that rule's preset breaks."""
    preset = CASES[rule][0]
    make = documents if rule in IN_PLACE else content
    before, after = make(preset), make(preset)
    if rule == "fill-empty-on":
        over(before).pop("fillEmptyStringVariables")
    if rule == "voice-tier-changed":
        before, after = recorded(before), recorded(after)
    edit(after)
    return [one.rule for one in risks(None if rule in NEW else before, after)]


IN_PLACE = ("rebound", "voice-tier-changed")
"""Rules of what an environment's names stand for."""


def recorded(made: Documents) -> Documents:
    """The same, with every voice and model bound, under ids that a release recorded."""
    assert made.bound is not None
    kinds = {"voices": {"warm": "Ava", "plain": "Ben", "bright": "Chloe"}, "models": {}}
    kinds["models"] = {"careful": "Atlas 2", "fast": "Atlas 2 mini"}
    bindings = made.bound["bindings"]
    for kind, names in kinds.items():
        bindings[kind] = {key: {"id": name, "name": name} for key, name in names.items()}
    return made._replace(look_up=lambda kind, key: RECORDED.get((kind, key)))


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
    """From the prompt into the IVR's."""
    before, after = content("collections"), content("collections")
    said = "This call is recorded."
    prompt(lambda text: f"{text}\n{said}")(before)
    menu = over(after)["ivrConfiguration"]["versionedPrompt"]
    menu["prompt"] = f"{menu['prompt']}\n{said}"
    assert "disclosure-lost" not in [one.rule for one in risks(before, after)]


def test_one_of_several_sentences_of_a_disclosure_is_lost() -> None:
    before, after = content("collections"), content("collections")
    said = "Say that the call is recorded."
    prompt(lambda text: f"{text}\n{said}")(before)
    (found,) = [one for one in risks(before, after) if one.rule == "disclosure-lost"]
    assert found.path[-1] == "text"
    assert said in found.message


def test_a_sentence_that_says_the_same_in_other_words_is_not_lost() -> None:
    before, after = content("collections"), content("collections")
    prompt(lambda text: f"{text}\nSay that the call is recorded.")(before)
    prompt(lambda text: f"{text}\nTell them: we are recording this.")(after)
    assert "disclosure-lost" not in [one.rule for one in risks(before, after)]


def test_a_temperature_is_held_against_the_default_that_a_release_recorded() -> None:
    def of_temperature(value: str) -> list[str]:
        before, after = recorded(documents("collections")), recorded(documents("collections"))
        unset(*TEMPERATURE)(before)
        setting(*TEMPERATURE, to=[{"optionId": "temperature", "value": value}])(after)
        rule = "temperature-below-default"
        return [one.message for one in risks(before, after) if one.rule == rule]

    assert of_temperature("0.7") == []
    (message,) = of_temperature("0.6")
    assert "0.6 is below 0.7" in message


def test_a_new_preset_below_the_models_default_is_said() -> None:
    made = recorded(documents("collections"))
    setting(*TEMPERATURE, to=[{"optionId": "temperature", "value": "0.1"}])(made)
    assert [one.rule for one in risks(None, made)] == ["temperature-below-default"]


def test_another_model_with_a_higher_default_makes_the_same_temperature_a_risk() -> None:
    before, after = recorded(documents("lead")), recorded(documents("lead"))
    for made in (before, after):
        setting(*TEMPERATURE, to=[{"optionId": "temperature", "value": "0.2"}])(made)
    setting("profile", "defaultVersionedPrompt", "model", to="careful")(after)
    assert "temperature-below-default" in [one.rule for one in risks(before, after)]


def test_a_voice_of_unknown_tier_says_that_the_price_may_differ() -> None:
    def told(make: Callable[[Documents], Documents]) -> str:
        before, after = make(documents("collections")), make(documents("collections"))
        bound("voices", "warm", id="Chloe", name="Chloe")(after)
        (found,) = [one for one in risks(before, after) if one.rule == "voice-changed"]
        return found.message

    assert "no release recorded" in told(lambda made: made)
    assert "no release recorded" not in told(recorded)


def test_a_webhook_of_the_same_name_in_another_environment_is_no_risk() -> None:
    there = risks(documents("collections", "dev"), documents("collections", "staging"))
    assert "webhook-host-changed" not in [one.rule for one in there]
    before, after = documents("collections"), documents("collections")
    assert after.bound is not None
    after.bound["bindings"]["webhooks"]["events"] = "https://other.example.com/x"
    assert [one.rule for one in risks(before, after)] == ["webhook-host-changed"]


def test_another_number_of_a_pool_is_said() -> None:
    before, after = documents("collections"), documents("collections")
    assert after.bound is not None
    after.bound["bindings"]["numbers"]["us"]["members"][0]["number"] = "+14155550199"
    (found,) = risks(before, after)
    assert (found.rule, found.path) == ("rebound", ("bindings", "numbers", "us"))
    assert "+14155550199" in found.message


def test_a_macro_that_only_the_prompt_keeps_is_lost_to_who_answers() -> None:
    before, after = content("collections"), content("collections")
    put(
        over(after),
        ("openingLine", "content"),
        "Hello, this is an automated assistant calling on a recorded line for {{company}}.",
    )
    (found,) = [one for one in risks(before, after) if one.rule == "macro-lost"]
    assert found.path[-2:] == ("openingLine", "content")


@pytest.mark.parametrize(
    "word",
    [
        "\u0420\u0430\u0443",  # wholly Cyrillic
        "\U0001d40f\U0001d41a\U0001d432",  # of formulas
        "P\u0430y",
    ],
)
def test_a_disguised_word_is_found_in_a_default_too(word: str) -> None:
    before, after = content("collections"), content("collections")
    declared("company", default=f"{word} Solar of Larkfield and its many good friends")(after)
    assert "look-alike" in [one.rule for one in risks(before, after)]


@pytest.mark.parametrize("letter", ["\u061c", "\u2061", "\ufe0f", "\U000e0101", "\u2028", "\u3164"])
def test_a_letter_that_nobody_sees_is_found(letter: str) -> None:
    before, after = content("collections"), content("collections")
    prompt(lambda text: f"{text} pay{letter} now")(after)
    found = [one.rule for one in risks(before, after)]
    assert "invisible-characters" in found


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",  # Wales
        "\u2764\ufe0f",
        "1\ufe0f\u20e3",
        "\u845b\U000e0100",
        "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    ],
)
def test_what_belongs_to_the_character_before_is_seen(text: str) -> None:
    before, after = content("collections"), content("collections")
    prompt(lambda old: f"{old} {text} now")(after)
    assert "invisible-characters" not in [one.rule for one in risks(before, after)]


def test_a_profile_that_is_gone_is_one_risk() -> None:
    before, after = content("collections"), content("collections")
    no_profile(after)
    about = [one.rule for one in risks(before, after) if one.path[0] == "profile"]
    assert about == ["profile-removed"]


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
        "calls-widened": "high",
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
