"""
What one side says of a preset, as the rules look at it: values by path, texts, flows.

Pure. Values are effective ones: what an environment sets differently is laid over the declaration.
Documents that no declaration would give are taken as they come.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dialform.diff.model import Documents, Path

OPENING = ("profile", "openingLine")
PROMPTS = (("profile", "prompt"), ("profile", "ivrConfiguration", "prompt"))
_THEIRS = {
    "prompt": ("defaultVersionedPrompt", "versionedPrompt"),
    "flow": ("flowDefinition",),
    "text": ("prompt",),
}
"""The documents' keys for what the declaration calls otherwise."""


def table(value: Any) -> Mapping[str, Any]:
    """``value`` where it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def tables(value: Any) -> list[Mapping[str, Any]]:
    """The tables of a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


class View:
    """One side of one preset."""

    def __init__(self, documents: Documents) -> None:
        """``documents`` are not altered."""
        bound = table(documents.bound)
        deviation = dict(table(bound.get("deviation")))
        there = table(deviation.pop("profile", None))
        profile = table(documents.profile)
        self.environment: str | None = bound.get("environment")
        self.bindings: Mapping[str, Any] = table(bound.get("bindings"))
        self.call: Mapping[str, Any] = {**table(documents.preset.get("call")), **deviation}
        self.overrides: Mapping[str, Any] = {**table(profile.get("agentOverrides")), **there}
        self._look_up = documents.look_up
        self.inputs: Mapping[str, Any] = table(documents.preset.get("inputs"))
        self.extra: set[str] = {
            *table(documents.preset.get("extraFields")),
            *(f"profile.{key}" for key in table(profile.get("extraFields"))),
        }

    def get(self, *path: str) -> Any:
        """The value at a path of the declaration's words; None where there is none."""
        value: Any = self.overrides if path[0] == "profile" else self.call
        for part in path[1:] if path[0] == "profile" else path:
            there = table(value)
            keys = (part, *_THEIRS.get(part, ()))
            value = next((there[key] for key in keys if key in there), None)
        return value

    def bound(self, kind: str, name: Any) -> Any:
        """What a name stands for here; None where that is not known."""
        return table(self.bindings.get(kind)).get(name) if isinstance(name, str) else None

    def described(self, kind: str, name: Any) -> Mapping[str, Any]:
        """What a release recorded of the object behind a name; empty where nobody knows it."""
        key = table(self.bound(kind, name)).get("id")
        return table(self._look_up(kind, key)) if isinstance(key, str) else {}

    def prompt(self, at: Path) -> Mapping[str, Any]:
        """A prompt of its own."""
        return table(self.get(*map(str, at)))

    def text(self, at: Path) -> str:
        """A prompt's text; empty where there is none."""
        text = self.prompt(at).get("prompt")
        return text if isinstance(text, str) else ""

    def nodes(self, at: Path) -> dict[str, Mapping[str, Any]]:
        """The nodes of a prompt's flow by id; the first one opens the call."""
        found = tables(table(self.prompt(at).get("flowDefinition")).get("nodes"))
        return {str(node.get("id")): node for node in found}

    @cached_property
    def functions(self) -> dict[str, Path]:
        """The functions that the agent may call, with the place that says so."""
        found: dict[str, Path] = {}
        for one in tables(self.overrides.get("linkedFunctionDefinitionInputs")):
            name = str(one.get("function"))
            found.setdefault(name, ("profile", "functions", name))
        linked = self.overrides.get("linkedFunctions")
        for name in linked if isinstance(linked, list) else ():
            found.setdefault(str(name), ("profile", "linkedFunctions", str(name)))
        for prompt in PROMPTS:
            for key, node in self.nodes(prompt).items():
                called = table(node.get("nodeData")).get("function")
                if isinstance(called, str):
                    found.setdefault(called, (*prompt, "flow", "node", key, "function"))
        return found

    @cached_property
    def texts(self) -> dict[Path, str]:
        """Everything that is said, or told to the agent, by its place."""
        return {path: text for path, text in self._texts() if isinstance(text, str)}

    def _texts(self) -> Iterator[tuple[Path, Any]]:
        yield (*OPENING, "content"), table(self.overrides.get("openingLine")).get("content")
        for prompt in PROMPTS:
            yield (*prompt, "text"), self.text(prompt)
            flow = (*prompt, "flow")
            yield (
                (*flow, "globalContext"),
                table(self.prompt(prompt).get("flowDefinition")).get("globalContext"),
            )
            for key, node in self.nodes(prompt).items():
                data = table(node.get("nodeData"))
                for field in ("question", "prompt", "clarificationDetails"):
                    yield (*flow, "node", key, field), data.get(field)
                for rule in tables(node.get("transitionRules")):
                    if rule.get("conditionType") == "language":
                        yield (
                            (*flow, "node", key, "next", str(rule.get("value"))),
                            rule.get("value"),
                        )
        idle = table(self.overrides.get("idleMessageConfig")).get("messages")
        for at, message in enumerate(idle if isinstance(idle, list) else ()):
            yield ("profile", "idleMessageConfig", "messages", at), message
        for one in tables(self.overrides.get("linkedFunctionDefinitionInputs")):
            started = table(one.get("lifecycleMessagesOverride")).get("started")
            for at, message in enumerate(started if isinstance(started, list) else ()):
                yield ("profile", "functions", str(one.get("function")), "started", at), message

    @cached_property
    def written(self) -> dict[Path, str]:
        """`texts`, and the inputs' defaults, which are said as well; no sensitive ones."""
        found = dict(self.texts)
        for name, one in self.inputs.items():
            default = table(one).get("default")
            if isinstance(default, str) and not table(one).get("sensitive"):
                found["inputs", name, "default"] = default
        return found

    @cached_property
    def webhook(self) -> str | None:
        """The host that hears of calls; the binding's name where the URL is not known."""
        name: str | None = self.call.get("webhook")
        url = self.bound("webhooks", name)
        return urlsplit(url).hostname if isinstance(url, str) else name

    @cached_property
    def voice(self) -> tuple[Path, str | None]:
        """Where the voice is said and its name in the stack: the preset's wins."""
        path: Path = ("voice",) if self.call.get("voice") else ("profile", "voice")
        name = self.get(*map(str, path))
        return path, name if isinstance(name, str) else None

    def called(self, kind: str, name: Any) -> str | None:
        """What the object behind a name is called in the workspace, or else the name."""
        there = table(self.bound(kind, name)).get("name")
        return there if isinstance(there, str) else name if isinstance(name, str) else None
