"""Risks of how a call is made: limits, voices, models, functions, webhooks, inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.diff.risks.rules import WHOLE, rule
from dialform.diff.risks.view import PROMPTS, View, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dialform.diff.model import Path

DURATION = ("profile", "maxDurationSeconds")
TIMEOUT = ("timeoutMinutes",)
_LOUDER = 100
_QUIET = -100.0
"""The API's default, on the page of `agentOverrides.voiceVolumeLevel`."""

_VOLUMES = (("voiceVolumeLevel",), ("profile", "voiceVolumeLevel"))
OF_AGENT = "the agent's own"

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
    (path, new), (_, old) = _loudness(after), _loudness(before)
    if new >= old + _LOUDER:
        yield path, f"much louder: {old:g} -> {new:g}, of -300 to 300"


def _loudness(view: View) -> tuple[tuple[str, ...], float]:
    """Where the volume is said, and what it is: the call's wins; -100 where nothing says it."""
    for path in _VOLUMES:
        value = _number(view.get(*path))
        if value is not None:
            return path, value
    return _VOLUMES[0], _QUIET


@rule("voice-changed", "medium")
def _voice(before: View, after: View) -> Iterator[tuple[Path, str]]:
    (_, old), (path, new) = before.voice, after.voice
    names = [view.called("voices", name) for view, name in ((before, old), (after, new))]
    if names[0] != names[1]:
        told = f"another voice: {names[0] or OF_AGENT} -> {names[1] or OF_AGENT}"
        if None in (_tier(before), _tier(after)):
            told += "; no release recorded its tier here, so the price may differ"
        yield path, told


@rule("voice-tier-changed", "medium")
def _voice_tier(before: View, after: View) -> Iterator[tuple[Path, str]]:
    old, new = _tier(before), _tier(after)
    if old is not None and new is not None and old != new:
        yield after.voice[0], f"the voice is {new}, not {old}: a minute has another price"


def _tier(view: View) -> str | None:
    """The voice's tier as a release recorded it; None where none did."""
    found = view.described("voices", view.voice[1]).get("voiceTier")
    return found if isinstance(found, str) else None


@rule("model-changed", "medium")
def _model(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for prompt in PROMPTS:
        old, new = (
            view.called("models", view.prompt(prompt).get("model")) for view in (before, after)
        )
        if old and new and old != new:
            yield (*prompt, "model"), f"another model: {old} -> {new}"


@rule("temperature-below-default", "medium", of_new=True)
def _temperature(before: View, after: View) -> Iterator[tuple[Path, str]]:
    for prompt in PROMPTS:
        was, now = before.prompt(prompt), after.prompt(prompt)
        key, default = _default_temperature(after, now)
        old, new = _option(was, key), _option(now, key)
        if new is None or (old == new and was.get("model") == now.get("model")):
            continue
        path = (*prompt, "modelOptionValues", key)
        if default is not None:
            if new < default:
                yield path, f"{new:g} is below {default:g}, the model's default: {_MUTE}"
        elif before.call and new < (1.0 if old is None else old):
            said = "not set" if old is None else f"{old:g}"
            yield (
                path,
                f"lowered, {said} -> {new:g}; no release recorded the model's default: {_MUTE}",
            )


_MUTE = "below it the agent is mute, and the API takes it without a word"


def _default_temperature(view: View, prompt: Mapping[str, Any]) -> tuple[str, float | None]:
    """The option's id and the model's default for it, as a release recorded them."""
    fields = view.described("models", prompt.get("model"))
    for option in tables(fields.get("modelOptions")):
        names = (str(option.get(key)).lower() for key in ("id", "name"))
        if "temperature" in names:
            return str(option.get("id")), _float(option.get("default"))
    return "temperature", None


def _option(prompt: Mapping[str, Any], key: str) -> float | None:
    for option in tables(prompt.get("modelOptionValues")):
        if option.get("optionId") == key:
            return _float(option.get("value"))
    return None


def _float(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


@rule(WHOLE, "high")
def _profile(before: View, after: View) -> Iterator[tuple[Path, str]]:
    if before.overrides and not after.overrides:
        yield ("profile",), "nothing is said of the agent any more: its own settings hold"


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
