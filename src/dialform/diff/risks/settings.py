"""Risks of how a call is made: limits, voices, models, functions, webhooks, inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.diff.risks.rules import rule
from dialform.diff.risks.view import PROMPTS, View, table, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.diff.model import Path

DURATION = ("profile", "maxDurationSeconds")
TIMEOUT = ("timeoutMinutes",)
_LOUDER = 100
_VOLUMES = (("voiceVolumeLevel",), ("profile", "voiceVolumeLevel"))
_DEPRECATED = {"linkedFunctions": "linkedFunctionDefinitionInputs", "aiOpen": "openingLineType"}


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _up(before: View, after: View, path: tuple[str, ...], unit: str) -> Iterator[tuple[Path, str]]:
    old, new = _number(before.get(*path)), _number(after.get(*path))
    if old is not None and new is not None and new > old:
        yield path, f"up from {old:g} to {new:g} {unit}"


def _gone(before: View, after: View, path: tuple[str, ...]) -> bool:
    return before.get(*path) is not None and after.get(*path) is None


@rule("duration-up", "medium")
def _duration_up(before: View, after: View) -> Iterator[tuple[Path, str]]:
    yield from _up(before, after, DURATION, "seconds")


@rule("duration-gone", "high")
def _duration_gone(before: View, after: View) -> Iterator[tuple[Path, str]]:
    if _gone(before, after, DURATION):
        yield DURATION, "the agent has no maximum duration of its own any more"


@rule("timeout-up", "medium")
def _timeout_up(before: View, after: View) -> Iterator[tuple[Path, str]]:
    yield from _up(before, after, TIMEOUT, "minutes")


@rule("timeout-gone", "high", of_new=True)
def _timeout_gone(before: View, after: View) -> Iterator[tuple[Path, str]]:
    is_new = not before.call
    if _gone(before, after, TIMEOUT) or (is_new and after.get(*TIMEOUT) is None):
        yield TIMEOUT, "a call has no time-out: the API sets no limit by itself"


@rule("volume-up", "low")
def _volume(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for path in _VOLUMES:
        old, new = _number(before.get(*path)), _number(after.get(*path))
        if old is not None and new is not None and new >= old + _LOUDER:
            yield path, f"much louder: {old:g} -> {new:g}, of -300 to 300"


@rule("voice-changed", "medium")
def _voice(before: View, after: View) -> Iterator[tuple[Path, str]]:
    (_, old), (path, new) = before.voice, after.voice
    if old != new:
        words = (old or "the agent's own", new or "the agent's own")
        yield (
            path,
            f"another voice: {words[0]} -> {words[1]}; its tier, and so the price, may differ",
        )


@rule("model-changed", "medium")
def _model(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for prompt in PROMPTS:
        old, new = (
            view.called("models", view.prompt(prompt).get("model")) for view in (before, after)
        )
        if old and new and old != new:
            yield (*prompt, "model"), f"another model: {old} -> {new}"


@rule("temperature-below-default", "medium")
def _temperature(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for prompt in PROMPTS:
        old, new = (_temperature_of(view.prompt(prompt)) for view in (before, after))
        if new is not None and new < (1.0 if old is None else old):
            said = "not set" if old is None else f"{old:g}"
            yield (
                (*prompt, "modelOptionValues", "temperature"),
                (
                    f"lowered, {said} -> {new:g}: below the model's default the agent is mute, and "
                    f"the API takes it without a word"
                ),
            )


def _temperature_of(prompt: Any) -> float | None:
    for option in tables(table(prompt).get("modelOptionValues")):
        if option.get("optionId") == "temperature":
            try:
                return float(option["value"])
            except (KeyError, TypeError, ValueError):
                return None
    return None


@rule("language-changed", "high")
def _language(before: View, after: View) -> Iterator[tuple[Path, str]]:
    path = ("profile", "language")
    old, new = before.get(*path), after.get(*path)
    if old != new and old is not None:
        yield path, f"another language: {old} -> {new or 'not set'}"


@rule("agent-changed", "high")
def _agent(before: View, after: View) -> Iterator[tuple[Path, str]]:
    old, new = (view.called("agents", view.get("agent")) for view in (before, after))
    if old != new and old is not None:
        yield ("agent",), f"another agent: {old} -> {new}"


@rule("prompt-version-changed", "high")
def _prompt_version(before: View, after: View) -> Iterator[tuple[Path, str]]:
    old, new = (
        view.called("promptVersions", view.get("promptVersion")) for view in (before, after)
    )
    if old != new:
        yield (
            ("promptVersion",),
            f"another prompt of the workspace's: {old or 'none'} -> {new or 'none'}",
        )


@rule("function-added", "medium")
def _function_added(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for name, path in after.functions.items():
        if name not in before.functions:
            yield path, f"the agent may call {name!r} now"


@rule("function-removed", "medium")
def _function_removed(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for name, path in before.functions.items():
        if name not in after.functions:
            yield path, f"the agent can't call {name!r} any more"


@rule("webhook-host-changed", "high")
def _webhook(before: View, after: View) -> Iterator[tuple[Path, str]]:
    if before.webhook is not None and before.webhook != after.webhook:
        yield (
            ("webhook",),
            f"another host hears of calls: {before.webhook} -> {after.webhook or 'none'}",
        )


@rule("numbers-changed", "medium")
def _numbers(before: View, after: View) -> Iterator[tuple[Path, str]]:
    old, new = before.get("numbers"), after.get("numbers")
    if old is not None and old != new:
        yield ("numbers",), f"called from other numbers: {old} -> {new or 'none'}"


@rule("ivr-off", "medium")
def _ivr(before: View, after: View) -> Iterator[tuple[Path, str]]:
    path = ("profile", "ivrConfiguration", "detectionType")
    if before.get(*path) == "STANDARD" and after.get(*path) != "STANDARD":
        yield path, "phone menus are not recognised any more: the agent will talk to machines"


@rule("idle-messages-off", "low")
def _idle(before: View, after: View) -> Iterator[tuple[Path, str]]:
    path = ("profile", "idleMessageConfig", "enabled")
    if before.get(*path) is True and after.get(*path) is not True:
        yield path, "nothing is said into silence any more"


@rule("fill-empty-on", "medium")
def _fill(before: View, after: View) -> Iterator[tuple[Path, str]]:
    path = ("profile", "fillEmptyStringVariables")
    if after.get(*path) is True and before.get(*path) is not True:
        yield path, "an input that a call does not bring is said as nothing"


@rule("input-optional", "medium")
def _optional(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for name, one in before.inputs.items():
        now = after.inputs.get(name)
        if now is not None and table(one).get("required") and not table(now).get("required"):
            yield ("inputs", name, "required"), f"calls may leave {name!r} out now"


@rule("input-default-changed", "low")
def _default(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for name, one in before.inputs.items():
        old, new = table(one).get("default"), table(after.inputs.get(name)).get("default")
        is_hidden = table(one).get("sensitive") or table(after.inputs.get(name)).get("sensitive")
        if name in after.inputs and old is not None and old != new:
            yield (
                ("inputs", name, "default"),
                f"calls that leave {name!r} out say something else"
                if is_hidden
                else f"calls that leave {name!r} out say {new!r}, not {old!r}",
            )


@rule("input-unchecked", "low")
def _pattern(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for name, one in before.inputs.items():
        now = after.inputs.get(name)
        if now is not None and table(one).get("pattern") and not table(now).get("pattern"):
            yield ("inputs", name, "pattern"), f"any value of {name!r} is said now, unchecked"


@rule("deprecated-field", "low", of_new=True)
def _deprecated(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for name, instead in _DEPRECATED.items():
        paths = [("profile", name)] if name == "linkedFunctions" else []
        paths += [(*prompt, "flow", name) for prompt in PROMPTS if name == "aiOpen"]
        for path in paths:
            if after.get(*path) is not None and before.get(*path) is None:
                yield path, f"is deprecated by the API; use {instead}"


@rule("extra-fields", "low", of_new=True)
def _extra(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for name in sorted(after.extra - before.extra):
        where = ("profile", "extraFields") if name.startswith("profile.") else ("extraFields",)
        yield (*where, name.removeprefix("profile.")), "is sent as it stands, checked by nobody"
