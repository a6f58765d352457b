"""
Profiles and presets: from merged files to documents, with everything found on the way.

Pure but for the reading that a `Library` does. An object is made from its files, checked,
and turned into the document that is stored: API-shaped, with the names of bindings where
the API takes ids.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import ValidationError

from dialform.declaration import flows
from dialform.declaration.extra import check_extra, check_per_call
from dialform.declaration.findings import problems_of
from dialform.declaration.inputs import input_findings
from dialform.declaration.merging import Layered, near
from dialform.declaration.models import FlowFile, PresetFile, ProfileFile
from dialform.declaration.rules import located, macros_in
from dialform.declaration.source import JsonSource, dotted
from dialform.declaration.speech import Spoken
from dialform.errors import DeclarationError
from dialform.presets.canonical import NotCanonical, canonical, digest
from dialform.presets.documents import api_fields, overlay, preset_document, profile_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dialform.declaration.source import Prose, Source
    from dialform.errors import Problem
    from dialform.presets.canonical import Digest


class Library(Protocol):
    """Where an object finds what it names."""

    def prose(self, file: str) -> Prose:
        """A prose file, relative to stacks/; DeclarationError where it can't be used."""

    def flow(self, name: str) -> Flow | None:
        """The flow of that name."""

    def flow_names(self) -> list[str]:
        """All flows."""

    def profile(self, name: str) -> Profile | None:
        """The profile of that name."""

    def profile_names(self) -> list[str]:
        """All profiles."""

    def profile_problems(self, name: str) -> list[Problem]:
        """Why a profile that has a file can't be used."""


class Flow:
    """A flow, from its compact form or as the API's object."""

    def __init__(self, name: str, source: Source) -> None:
        """``source`` is stacks/flows/NAME.json (a `JsonSource`) or NAME.toml (compact)."""
        self.name = name
        self.source = source
        self.problems: list[Problem] = []
        compact = self._compact = not isinstance(source, JsonSource)
        self._keys: list[str] = []
        if compact:
            layered = Layered(name, [source], source.value)
            self.definition: dict[str, Any] = {}
            try:
                model = FlowFile.model_validate(source.value)
            except ValidationError as error:
                self.problems += problems_of(layered, FlowFile, error)
                return
            self.definition = flows.definition(model, self._report)
            if "aiOpen" in model.model_fields_set:
                _deprecated(layered, ("aiOpen",), "openingLineType", self.problems)
            self._keys = list(model.node)
        else:
            self.definition = source.value
            flows.check_definition(source.value, self._report)
        if not self.broken:
            flows.check_graph(self.definition, self.place, self._report)

    @property
    def broken(self) -> bool:
        """Whether it has errors, so that nothing can be said of its nodes."""
        return any(problem.severity == "error" for problem in self.problems)

    def place(self, node: int, rule: int | None = None) -> tuple[str | int, ...]:
        """Where the file says a node of the API's object, or one of its rules."""
        if self._compact:
            at: tuple[str | int, ...] = ("node", self._keys[node])
            return at if rule is None else (*at, "next", rule)
        at = ("nodes", node)
        return at if rule is None else (*at, "transitionRules", rule)

    def problem(self, path: tuple[str | int, ...], rule: str, message: str) -> Problem:
        """A finding at ``("nodes", node, "nodeData", ...)`` of the API's object."""
        at, rest = self.place(int(path[1])), path[2:]
        return self.source.problem((*at, *(rest[1:] if self._compact else rest)), rule, message)

    def _report(
        self, path: tuple[str | int, ...], rule: str, message: str, severity: str = "error"
    ) -> None:
        self.problems.append(self.source.problem(path, rule, message, severity=severity))

    def all_problems(self) -> list[Problem]:
        """Its own and its file's."""
        return [*self.problems, *self.source.problems]


def _deprecated(
    layered: Layered, path: tuple[str | int, ...], instead: str, problems: list[Problem]
) -> None:
    problems.append(
        layered.problem(
            path, "deprecated", f"is deprecated by the API; use {instead}", severity="warning"
        )
    )


@dataclass
class _Prompts:
    """What a profile's prompts bring: their files and their flows."""

    prose: dict[tuple[str, ...], Prose] = field(default_factory=dict)
    """By the path of their prompt in the profile's file."""
    flows: dict[tuple[str, ...], Flow] = field(default_factory=dict)
    """By the path of their prompt in the profile's file."""
    broken: bool = False
    """Whether one of their files is not there or wrong."""


class Profile:
    """An agent override profile. ``model`` is None where its files are wrong."""

    def __init__(self, layered: Layered, library: Library, *, partial: bool = False) -> None:
        """``partial``: it is only a parent of others, so it need not be complete."""
        self.name = layered.name
        self.layered = layered
        self.problems: list[Problem] = []
        self._prompts = _Prompts()
        self.document: dict[str, Any] | None = None
        try:
            model = ProfileFile.model_validate(layered.value)
        except ValidationError as error:
            found = problems_of(layered, ProfileFile, error)
            self.problems += [one for one in found if not (partial and one.rule == "missing-key")]
            return
        if "linkedFunctions" in model.model_fields_set:
            _deprecated(
                layered, ("linkedFunctions",), "linkedFunctionDefinitionInputs", self.problems
            )
        overrides = model.model_dump(exclude_unset=True)
        extra = overrides.pop("extraFields", None)
        written = dict(overrides)
        if overrides.get("prompt") is not None:
            overrides["defaultVersionedPrompt"] = self._prompt(
                overrides.pop("prompt"), ("prompt",), library, partial=partial
            )
        ivr = overrides.get("ivrConfiguration")
        if ivr is not None and ivr.get("prompt") is not None:
            ivr["versionedPrompt"] = self._prompt(
                ivr.pop("prompt"), ("ivrConfiguration", "prompt"), library, partial=partial
            )
        document = profile_document(overrides, extra_fields=extra)
        if extra:
            fields = self._without_implied(api_fields(document))
            check_extra(layered, extra, self.problems, written, fields)
        if not self._prompts.broken:
            self.document = document

    def _without_implied(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The API's fields, less the types of agent that no file says."""
        value = self.layered.value
        prompt = fields.get("defaultVersionedPrompt")
        if prompt and "agentType" not in (value.get("prompt") or {}):
            fields["defaultVersionedPrompt"] = _less(prompt, "agentType")
        ivr = fields.get("ivrConfiguration")
        if ivr and ivr.get("versionedPrompt"):
            said = value["ivrConfiguration"].get("prompt") or {}
            if "agentType" not in said:
                less = _less(ivr["versionedPrompt"], "agentType")
                fields["ivrConfiguration"] = {**ivr, "versionedPrompt": less}
        return fields

    def _prompt(
        self,
        prompt: dict[str, Any],
        path: tuple[str, ...],
        library: Library,
        *,
        partial: bool,
    ) -> dict[str, Any]:
        """The API's versioned prompt, with the model's name."""
        file, flow = prompt.pop("file", None), prompt.pop("flow", None)
        if file is not None:
            self._add_prose(prompt, path, file, library)
        if flow is not None:
            self._add_flow(prompt, path, flow, library)
        given = prompt.setdefault("agentType", "STANDARD" if flow is None else "CUSTOM_FLOW")
        if flow is not None and given == "STANDARD":
            message = "a flow implies CUSTOM_FLOW; drop this line or the flow"
            self._report((*path, "agentType"), "prompt-source", message)
        if given == "CUSTOM_FLOW" and flow is None and not partial:
            self._report((*path, "agentType"), "prompt-source", "CUSTOM_FLOW needs a flow")
        silent = file is None and "prompt" not in prompt
        if given == "STANDARD" and silent and not partial:
            self._prompts.broken = True
            self._report(path, "prompt-source", "says nothing: it needs a prompt or a file")
        return prompt

    def _add_prose(
        self, prompt: dict[str, Any], path: tuple[str, ...], file: str, library: Library
    ) -> None:
        if "prompt" in prompt:
            message = "stands beside a prompt; one of the two must go"
            self._report((*path, "file"), "prompt-source", message)
        try:
            prose = library.prose(file)
        except DeclarationError as error:
            self._prompts.broken = True
            for one in error.problems:
                if one.line is not None:
                    self.problems.append(one)
                    continue
                hint = ""
                if one.rule == "missing-file" and file.startswith("stacks/"):
                    hint = f"; paths are relative to stacks/: write {file.removeprefix('stacks/')}"
                message = f"{one.file}: {one.message}{hint}"
                self._report((*path, "file"), one.rule, message)
        else:
            prompt["prompt"] = prose.text
            self._prompts.prose[path] = prose

    def _add_flow(
        self, prompt: dict[str, Any], path: tuple[str, ...], flow: str, library: Library
    ) -> None:
        try:
            found = library.flow(flow)
        except DeclarationError as error:
            self._prompts.broken = True
            self.problems += error.problems
            return
        if found is None:
            self._prompts.broken = True
            message = f"there is no flow {flow!r} in stacks/flows"
            message += near(flow, library.flow_names())
            self._report((*path, "flow"), "reference", message)
        else:
            self._prompts.broken = self._prompts.broken or found.broken
            prompt["flowDefinition"] = found.definition
            self._prompts.flows[path] = found

    def _report(self, path: tuple[str | int, ...], rule: str, message: str) -> None:
        self.problems.append(self.layered.problem(path, rule, message))

    def problem(self, path: tuple[str | int, ...], rule: str, message: str) -> Problem:
        """A finding at ``path`` of the document, in the file that says it."""
        names = {"defaultVersionedPrompt": "prompt", "versionedPrompt": "prompt"}
        here = tuple(names.get(part, part) if isinstance(part, str) else part for part in path[1:])
        if "flowDefinition" in here:
            at = here.index("flowDefinition")
            for prompt, flow in self._prompts.flows.items():
                if prompt == here[:at]:
                    return flow.problem(here[at + 1 :], rule, message)
        return self.layered.problem(here, rule, message)

    def prose(self, prompt: tuple[str | int, ...]) -> Prose | None:
        """The file of the prompt at that path; None where it has none."""
        return next((one for path, one in self._prompts.prose.items() if path == prompt), None)

    def flow(self, prompt: tuple[str | int, ...]) -> Flow | None:
        """The flow of the prompt at that path; None where it has none."""
        return next((one for path, one in self._prompts.flows.items() if path == prompt), None)

    @property
    def flows(self) -> list[Flow]:
        """The flows that its prompts name."""
        return list(self._prompts.flows.values())

    @property
    def speaks(self) -> bool:
        """Whether it says what the agent is told, so that the macros are all known here."""
        return self.layered.value.get("prompt") is not None

    @cached_property
    def spoken(self) -> Spoken:
        """All texts of its files, its prompts and its flows."""
        return Spoken(
            [
                (self.layered, self.layered.value),
                *((prose, prose.text) for prose in self._prompts.prose.values()),
                *((flow.source, flow.source.value) for flow in self.flows),
            ]
        )

    def all_problems(self) -> list[Problem]:
        """Its own, its files' and its flows'."""
        _ = self.data
        found = [*self.problems, *self.spoken.malformed()]
        for source in self.layered.sources:
            found += source.problems
        for prose in self._prompts.prose.values():
            found += prose.problems
        for flow in self.flows:
            found += flow.all_problems()
        return found

    @cached_property
    def data(self) -> bytes | None:
        """The document's canonical bytes; None where it has none."""
        flows = [flow.source for flow in self.flows]
        return _canonical(self.document, self.layered, self.problems, flows)

    @cached_property
    def digest(self) -> Digest | None:
        """The document's name."""
        return None if self.data is None else digest(self.data)


def _less(table: dict[str, Any], key: str) -> dict[str, Any]:
    return {one: value for one, value in table.items() if one != key}


def _canonical(
    document: dict[str, Any] | None,
    layered: Layered,
    problems: list[Problem],
    more: Iterable[Source] = (),
) -> bytes | None:
    """Its bytes; the files from which it comes mostly say why it has none."""
    if document is None:
        return None
    try:
        return canonical(document)
    except NotCanonical as error:
        known = [one.rule for source in (*layered.sources, *more) for one in source.problems]
        if "canonical" not in known:
            problems.append(layered.problem((), "canonical", str(error)))
        return None


class Preset:
    """A preset. ``document`` is None where its files or its profile are wrong."""

    def __init__(self, layered: Layered, library: Library, *, partial: bool = False) -> None:
        """``partial``: it is only a parent of others, so it need not be complete."""
        self.name = layered.name
        self.layered = layered
        self.problems: list[Problem] = []
        self.profile: Profile | None = None
        self._call: dict[str, Any] | None = None
        self._extra: dict[str, Any] | None = None
        self.inputs: dict[str, Any] = {}
        try:
            model = PresetFile.model_validate(layered.value)
        except ValidationError as error:
            found = problems_of(layered, PresetFile, error)
            self.problems += [one for one in found if not (partial and one.rule == "missing-key")]
            self.profile = library.profile(str(layered.value.get("profile")))
            return
        call = model.model_dump(exclude_unset=True)
        name = call.pop("profile", None)
        self.inputs = call.pop("inputs", {})
        self._extra = call.pop("extraFields", None)
        self._call = call
        if name is not None:
            self.profile = library.profile(name)
            if self.profile is None:
                self._call = None
                self.problems += library.profile_problems(name)
            if self.profile is None and name not in library.profile_names():
                message = f"there is no profile {name!r} in stacks/profiles"
                message += near(name, library.profile_names())
                self.problems.append(layered.problem(("profile",), "reference", message))
        if self._extra:
            self._check_extra(model.model_dump(exclude_unset=True, exclude={"extraFields"}))
        self._check_inputs()
        if not partial:
            self._check_macros()
            self._check_numbers(call)

    def _check_numbers(self, call: dict[str, Any]) -> None:
        extra = self._extra or {}
        if call.get("numbers") or call.get("browserCall") or "fromNumberId" in extra:
            return
        self.problems.append(
            self.layered.problem(
                (),
                "numbers",
                "says no numbers to call from, which the API requires of a phone dial",
                severity="warning",
            )
        )

    def _check_extra(self, declared: dict[str, Any]) -> None:
        fields = api_fields(preset_document(self._call or {}))
        profile = self.profile.document if self.profile else None
        if profile is not None:
            overrides = api_fields(profile)
            fields["agentOverrides"] = overlay(overrides, profile.get("extraFields", {}))
        check_extra(self.layered, self._extra, self.problems, declared, fields)
        check_per_call(self.layered, self._extra, self.problems)

    def problem(self, path: tuple[str | int, ...], rule: str, message: str) -> Problem:
        """A finding at ``path`` of the document, in the file that says it."""
        return self.layered.problem(path[1:], rule, message)

    def _check_inputs(self) -> None:
        for name, declared in self.inputs.items():
            for message, key in input_findings(declared):
                path = ("inputs", name, key)
                self.problems.append(self.layered.problem(path, "input", message))

    @cached_property
    def _spoken(self) -> Spoken:
        """The texts of its own files, less what is said of inputs, which is for people."""
        value = {key: item for key, item in self.layered.value.items() if key != "inputs"}
        return Spoken([(self.layered, value)])

    def _check_macros(self) -> None:
        profile = self.profile
        if "profile" in self.layered.value and (profile is None or profile.document is None):
            return  # what it says is not known
        spoken = [self._spoken, *([] if profile is None else [profile.spoken])]
        names = {name for one in spoken for name in one.names}
        self._check_names(names, spoken)
        if profile is None or not profile.speaks:
            return  # the agent's own prompt speaks, and it is not known here
        for name, declared in self.inputs.items():
            if name not in names and not declared.get("usedElsewhere"):
                message = (
                    "is an input that nothing says; if a function or the agent's own texts "
                    "read it, add usedElsewhere = true"
                )
                problem = self.layered.problem(("inputs", name), "input-unused", message)
                self.problems.append(problem)

    def _check_names(self, names: set[str], spoken: list[Spoken]) -> None:
        """Each macro must be an input, or something that a node of the flow gives."""
        nodes: dict[str, set[str] | None] = {}
        for flow in self.profile.flows if self.profile else ():
            nodes |= flows.outputs(flow.definition)
        wrong = {name: self._macro_finding(name, nodes) for name in names - self.inputs.keys()}
        if not any(wrong.values()):
            return
        for place, value in (part for one in spoken for part in one.parts):
            for name, problem in located(place, value, macros_in):
                message = wrong.get(name)
                if message is not None:
                    self.problems.append(problem("macro", message))

    def _macro_finding(self, name: str, nodes: dict[str, set[str] | None]) -> str | None:
        if name.startswith("node."):
            node, _, output = name.removeprefix("node.").rpartition(".")
            if node not in nodes:
                node_name = node or name
                return f"{{{{{name}}}}}: the flow has no node {node_name!r}" + near(node, nodes)
            fields = nodes[node]
            if fields is None or output in fields:
                return None
            gives = f"gives {', '.join(sorted(fields))}" if fields else "gives nothing"
            return f"{{{{{name}}}}}: node {node!r} {gives}"
        return (
            f"{{{{{name}}}}} is not an input of preset {self.name!r}; "
            f"declare [{dotted(('inputs', name))}] in {self.layered.own.name}"
            + near(name, self.inputs)
        )

    def all_problems(self) -> list[Problem]:
        """Its own, its files' and its profile's."""
        _ = self.data
        found = [*self.problems, *self._spoken.malformed()]
        for source in self.layered.sources:
            found += source.problems
        return [*found, *(self.profile.all_problems() if self.profile else ())]

    @cached_property
    def document(self) -> dict[str, Any] | None:
        """What is stored."""
        if self._call is None or (self.profile is not None and self.profile.digest is None):
            return None
        return preset_document(
            self._call,
            profile=None if self.profile is None else self.profile.digest,
            inputs=self.inputs,
            extra_fields=self._extra,
        )

    @cached_property
    def data(self) -> bytes | None:
        """The document's canonical bytes; None where it has none."""
        return _canonical(self.document, self.layered, self.problems)

    @cached_property
    def digest(self) -> Digest | None:
        """The document's name."""
        return None if self.data is None else digest(self.data)


__all__ = ["Flow", "Library", "Preset", "Profile"]
