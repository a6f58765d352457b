"""
The documents that are stored and hashed: profile, preset, bound preset.

Pure. Profiles and presets are the same in every environment: where the API takes an id they
hold a twin, the name of a binding (``TWINS``). Binding puts the environment's ids in and
gives the exact body of ``POST /dials`` less what each call adds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dialform.presets.canonical import Digest

PROFILE_FORMAT = "dialform.profile/1"
PRESET_FORMAT = "dialform.preset/1"
BOUND_FORMAT = "dialform.bound-preset/1"
ENVIRONMENT_FORMAT = "dialform.environment/1"

CALL_TWINS = {
    "agent": ("callAgentId", "agents"),
    "voice": ("aiVoiceId", "voices"),
    "numbers": ("fromNumberPoolId", "numbers"),
    "webhook": ("webhookUrl", "webhooks"),
    "promptVersion": ("versionedModelId", "promptVersions"),
    "ivrPromptVersion": ("ivrVersionedPromptId", "promptVersions"),
    "extractor": ("callAgentExtractorId", "extractors"),
}
"""In a preset: our key, the API's, and the kind of binding."""

OVERRIDE_TWINS = {
    "voice": ("defaultVoiceId", "voices"),
    "inboundWebhook": ("inboundWebhookUrl", "webhooks"),
    "linkedFunctions": ("linkedFunctionDefinitionIds", "functions"),
}
"""In a profile."""

PROMPT_TWINS = {"model": ("aiModelId", "models")}
"""In a prompt."""

IVR_TWINS = {
    "voice": ("aiVoiceId", "voices"),
    "promptVersion": ("versionedPromptId", "promptVersions"),
}
"""In a profile's ``ivrConfiguration``."""

FUNCTION_TWINS = {"function": ("functionDefinitionId", "functions")}
"""In a linked function."""

NODE_TWINS = {"function": ("functionId", "functions")}
"""In a function node's data."""

TWINS = (CALL_TWINS, OVERRIDE_TWINS, PROMPT_TWINS, IVR_TWINS, FUNCTION_TWINS, NODE_TWINS)
"""All of them."""

FUNCTION_NODES = ("function", "function_call")
"""The types of node that call a function."""

Binding = dict[str, Any]
Bindings = dict[str, dict[str, Any]]
"""Kind -> name -> ``{id, name}``, numbers ``{pool, members}``, a webhook's URL."""


class Unbound(LookupError):
    """A name that the environment doesn't bind."""

    def __init__(self, kind: str, name: str, path: tuple[str | int, ...]) -> None:
        """``path`` is where the document names it."""
        self.kind = kind
        self.name = name
        self.path = path
        super().__init__(f"no {name!r} among the environment's [{kind}]")


def profile_document(
    overrides: dict[str, Any], *, extra_fields: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A profile: API-shaped ``agentOverrides`` with twins."""
    document: dict[str, Any] = {"format": PROFILE_FORMAT, "agentOverrides": overrides}
    if extra_fields:
        document["extraFields"] = extra_fields
    return document


def preset_document(
    call: dict[str, Any],
    *,
    profile: Digest | None = None,
    inputs: dict[str, Any] | None = None,
    extra_fields: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A preset: the fields of the call with twins, its profile's digest, its inputs."""
    document: dict[str, Any] = {"format": PRESET_FORMAT, "call": call}
    if profile is not None:
        document["profile"] = profile
    if inputs:
        document["inputs"] = inputs
    if extra_fields:
        document["extraFields"] = extra_fields
    return document


def environment_document(
    environment: str,
    workspace: Mapping[str, Any],
    calls: Mapping[str, Any] | None = None,
    campaigns: Mapping[str, Any] | None = None,
    ledger: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """
    What launchers need besides.

    ``workspace`` is ``{url, keyvar}``, with ``idempotencyKeys`` where calls carry a key;
    ``calls`` are the rules for single calls: a document without them is one from before them.
    ``campaigns`` are the limits for campaigns, ``ledger`` is what ledgers keep.
    """
    document: dict[str, Any] = {
        "format": ENVIRONMENT_FORMAT,
        "environment": environment,
        "workspace": dict(workspace),
    }
    if calls is not None:
        document["calls"] = dict(calls)
    if campaigns is not None:
        document["campaigns"] = dict(campaigns)
    if ledger is not None:
        document["ledger"] = dict(ledger)
    return document


def overlay(under: Any, over: Any) -> Any:
    """
    ``over`` laid over ``under``, table by table.

    A table over a list means its elements: ``{"0": {...}}`` is laid over the first.
    """
    if not isinstance(over, dict) or not isinstance(under, (dict, list)):
        return over
    if isinstance(under, list):
        if not is_overlay_of(under, over):
            return over
        return [
            overlay(item, over[str(index)]) if str(index) in over else item
            for index, item in enumerate(under)
        ]
    merged = dict(under)
    for key, value in over.items():
        merged[key] = overlay(merged[key], value) if key in merged else value
    return merged


def is_overlay_of(elements: list[Any], over: dict[str, Any]) -> bool:
    """Whether all keys of ``over`` are places of ``elements``."""
    return bool(over) and over.keys() <= {str(index) for index in range(len(elements))}


class _Binder:
    """Puts ids where the twins are and notes which bindings were used."""

    def __init__(self, bindings: Mapping[str, Mapping[str, Any]]) -> None:
        self._bindings = bindings
        self.used: Bindings = {}

    def look_up(self, kind: str, name: str, path: tuple[str | int, ...]) -> Any:
        try:
            found = self._bindings[kind][name]
        except KeyError:
            raise Unbound(kind, name, path) from None
        self.used.setdefault(kind, {})[name] = found
        return found

    def _id(self, kind: str, name: Any, path: tuple[str | int, ...]) -> Any:
        if name is None:
            return None
        if isinstance(name, list):
            return [self._id(kind, one, (*path, at)) for at, one in enumerate(name)]
        found = self.look_up(kind, name, path)
        return found if kind == "webhooks" else found["id"]

    def twins(
        self,
        table: dict[str, Any],
        twins: Mapping[str, tuple[str, str]],
        path: tuple[str | int, ...],
    ) -> dict[str, Any]:
        """``table`` with each twin replaced by the API's field."""
        bound: dict[str, Any] = {}
        for key, value in table.items():
            if key in twins:
                field, kind = twins[key]
                bound[field] = self._id(kind, value, (*path, key))
            else:
                bound[key] = value
        return bound

    def prompt(self, prompt: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
        bound = self.twins(prompt, PROMPT_TWINS, path)
        flow = bound.get("flowDefinition")
        if flow and flow.get("nodes"):
            at = (*path, "flowDefinition", "nodes")
            nodes = [self._node(node, (*at, index)) for index, node in enumerate(flow["nodes"])]
            bound["flowDefinition"] = {**flow, "nodes": nodes}
        return bound

    def _node(self, node: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
        data = node.get("nodeData")
        if node.get("type") not in FUNCTION_NODES or not isinstance(data, dict):
            return node
        return {**node, "nodeData": self.twins(data, NODE_TWINS, (*path, "nodeData"))}

    def overrides(self, overrides: dict[str, Any]) -> dict[str, Any]:
        path = ("agentOverrides",)
        bound = self.twins(overrides, OVERRIDE_TWINS, path)
        if bound.get("defaultVersionedPrompt"):
            bound["defaultVersionedPrompt"] = self.prompt(
                bound["defaultVersionedPrompt"], (*path, "defaultVersionedPrompt")
            )
        if bound.get("linkedFunctionDefinitionInputs"):
            at = (*path, "linkedFunctionDefinitionInputs")
            bound["linkedFunctionDefinitionInputs"] = [
                self.twins(one, FUNCTION_TWINS, (*at, index))
                for index, one in enumerate(bound["linkedFunctionDefinitionInputs"])
            ]
        ivr = bound.get("ivrConfiguration")
        if ivr:
            at = (*path, "ivrConfiguration")
            ivr = self.twins(ivr, IVR_TWINS, at)
            if ivr.get("versionedPrompt"):
                ivr["versionedPrompt"] = self.prompt(
                    ivr["versionedPrompt"], (*at, "versionedPrompt")
                )
            bound["ivrConfiguration"] = ivr
        return bound


class _Noting(_Binder):
    """Notes which names are used; any name will do."""

    def __init__(self) -> None:
        super().__init__({})
        self.found: list[tuple[str, str, tuple[str | int, ...]]] = []

    def look_up(self, kind: str, name: str, path: tuple[str | int, ...]) -> Any:
        self.found.append((kind, name, path))
        return "" if kind == "webhooks" else {"id": ""}


def references(document: Mapping[str, Any]) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
    """Each ``(kind, name, path)`` that a profile or preset document names."""
    binder = _Noting()
    if document["format"] == PROFILE_FORMAT:
        binder.overrides(document["agentOverrides"])
    else:
        binder.twins(document["call"], CALL_TWINS, ("call",))
    yield from binder.found


def api_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a profile or preset document sets, under the API's names and with blank ids."""
    binder = _Noting()
    if document["format"] == PROFILE_FORMAT:
        return binder.overrides(document["agentOverrides"])
    fields = binder.twins(document["call"], CALL_TWINS, ("call",))
    if "profile" in document:
        fields["agentOverrides"] = {}
    return fields


def bound_preset(  # noqa: PLR0913 - all that goes into the document
    *,
    environment: str,
    workspace: str,
    name: str,
    preset: Mapping[str, Any],
    preset_digest: Digest,
    profile: Mapping[str, Any] | None,
    bindings: Mapping[str, Mapping[str, Any]],
    deviation: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """
    A preset with an environment's ids and deviation: the body that launchers send.

    Args:
        environment: the environment's name.
        workspace: the workspace's URL.
        name: the preset's name.
        preset: its document.
        preset_digest: that document's digest.
        profile: the profile's document, where the preset has one.
        bindings: what the environment binds; only what is used goes into the result.
        deviation: what the environment sets differently, as declared.

    Raises:
        Unbound: a name that ``bindings`` doesn't have.

    """
    deviation = dict(deviation or {})
    here = {key: value for key, value in deviation.items() if key != "profile"}
    binder = _Binder(bindings)
    call = {**preset["call"], **here}
    numbers = call.pop("numbers", None)
    body = binder.twins(call, CALL_TWINS, ("call",))
    if numbers is not None:
        pool = binder.look_up("numbers", numbers, ("call", "numbers")).get("pool")
        if pool is not None:
            body["fromNumberPoolId"] = pool
    elif "numbers" in preset["call"]:
        body["fromNumberPoolId"] = None
    if profile is not None:
        there = deviation.get("profile", {})
        overrides = binder.overrides({**profile["agentOverrides"], **there})
        body["agentOverrides"] = overlay(overrides, _less(profile.get("extraFields"), there))
    document = {
        "format": BOUND_FORMAT,
        "environment": environment,
        "workspace": workspace,
        "preset": {"name": name, "digest": preset_digest},
        "deviation": deviation,
        "bindings": binder.used,
        "body": overlay(body, _less(preset.get("extraFields"), here)),
        "inputs": preset.get("inputs", {}),
    }
    if numbers is not None:
        document["numbers"] = numbers
    return document


def _less(extra: Mapping[str, Any] | None, deviation: Mapping[str, Any]) -> dict[str, Any]:
    """The extra fields that the environment doesn't set differently."""
    set_here = {CALL_TWINS[key][0] if key in CALL_TWINS else key for key in deviation}
    return {key: value for key, value in (extra or {}).items() if key not in set_here}
