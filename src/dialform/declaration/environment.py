"""
An environment: its workspace, its bindings, and what runs there.

Pure. Checks that every name a running preset needs is bound, and binds presets to the
exact body that is sent. A pinned preset's documents come from the registry, so whoever
binds one brings them along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dialform.declaration import flows
from dialform.declaration.findings import problems_of
from dialform.declaration.merging import near
from dialform.declaration.models import EnvironmentFile
from dialform.declaration.rules import check_texts, texts_of
from dialform.errors import DeclarationError, UsageError
from dialform.presets.canonical import canonical
from dialform.presets.documents import (
    PRESET_FORMAT,
    bound_preset,
    environment_document,
    references,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dialform.declaration.merging import Layered
    from dialform.declaration.models import Registry, Run, Workspace
    from dialform.declaration.objects import Preset
    from dialform.errors import Problem
    from dialform.presets.canonical import Digest

KINDS = ("agents", "models", "voices", "functions", "extractors", "promptVersions")
"""The kinds of binding that name one object of the workspace by id."""


class Environment:
    """An environment as declared. ``problems`` holds what is wrong with it and what it runs."""

    def __init__(self, layered: Layered, presets: Mapping[str, Preset]) -> None:
        """``presets`` are those of the working tree."""
        self.name = layered.name
        self.layered = layered
        self.problems: list[Problem] = []
        self.runs: dict[str, Run] = {}
        self.bindings: dict[str, dict[str, Any]] = {}
        self._presets = presets
        self._model: EnvironmentFile | None = None
        try:
            model = EnvironmentFile.model_validate(layered.value)
        except ValidationError as error:
            self.problems += problems_of(layered, EnvironmentFile, error)
            return
        self._model = model
        self.runs = dict(model.presets or {})
        self.bindings = model.model_dump(
            exclude_unset=True, include={*KINDS, "numbers", "webhooks"}
        )
        for kind in ("extractors", "promptVersions"):
            for binding in self.bindings.get(kind, {}).values():
                binding.pop("agent", None)
        check_texts(texts_of(layered), self.problems)
        self._check_bound()
        for name, run in self.runs.items():
            self._check_run(name, run)

    @property
    def workspace(self) -> Workspace:
        """The Vogent account."""
        return self.model.workspace

    @property
    def registry(self) -> Registry:
        """Where versions and releases are kept."""
        return self.model.registry

    @property
    def model(self) -> EnvironmentFile:
        """The file as typed; DeclarationError where it is wrong."""
        if self._model is None:
            raise DeclarationError(self.problems)
        return self._model

    @property
    def document(self) -> bytes:
        """The canonical bytes of what launchers need."""
        return canonical(
            environment_document(
                self.name, {"url": self.workspace.url, "keyvar": self.workspace.keyvar}
            )
        )

    def _report(self, path: tuple[str | int, ...], rule: str, message: str) -> None:
        self.problems.append(self.layered.problem(path, rule, message))

    def _check_bound(self) -> None:
        look_up = f"look it up with: dialform bind -s {self.name}"
        for kind in KINDS:
            for name, binding in self.bindings.get(kind, {}).items():
                if "id" not in binding:
                    what = "has no id" if "name" in binding else "is empty: it needs name or id"
                    self._report((kind, name), "unbound", f"{what}; {look_up}")
        for kind in ("extractors", "promptVersions"):
            for name, part in (getattr(self._model, kind) or {}).items():
                if part.agent is not None and part.agent not in self.bindings.get("agents", {}):
                    message = f"there is no {part.agent!r} in [agents]"
                    message += near(part.agent, self.bindings.get("agents", {}))
                    self._report((kind, name, "agent"), "reference", message)
        for name, numbers in self.bindings.get("numbers", {}).items():
            if not numbers:
                self._report(("numbers", name), "unbound", "needs a pool, members, or both")
            for index, member in enumerate(numbers.get("members", ())):
                if "id" not in member:
                    path = ("numbers", name, "members", index)
                    self._report(path, "unbound", f"has no id; {look_up}")

    def _check_run(self, name: str, run: Run) -> None:
        path = ("presets", name)
        pinned = run.version is not None or run.digest is not None
        if pinned == (run.follow is not None):
            message = 'takes either version and digest, or follow = "source"'
            self._report(path, "pin", message)
            return
        if pinned:
            if run.version is None or run.digest is None:
                missing = "version" if run.version is None else "digest"
                self._report(path, "pin", f"needs the {missing} of the pinned version as well")
            source = self._presets.get(name)
            if source is None or source.digest != run.digest:
                return  # its documents are in the registry; binding checks them
        preset = self._presets.get(name)
        if preset is None:
            message = f"there is no preset {name!r} in stacks/presets"
            self._report(path, "reference", message + near(name, self._presets))
            return
        if not pinned:
            self.problems += preset.all_problems()
        if preset.document is None or preset.data is None:
            return
        profile = preset.profile
        self._check_names(
            name,
            preset.document,
            None if profile is None else profile.document,
            places=preset,
        )

    def _check_names(
        self,
        name: str,
        preset: Mapping[str, Any],
        profile: Mapping[str, Any] | None,
        places: Preset | None = None,
    ) -> None:
        """Every name that the preset needs must be bound here."""
        path = ("presets", name)
        run = self.runs[name]
        if run.deviation is not None and run.deviation.profile is not None and profile is None:
            message = f"preset {name!r} has no profile to deviate from"
            self._report((*path, "deviation", "profile"), "deviation", message)
        named = [(kind, one) for kind, one, _ in references(preset)]
        if profile is not None:
            named += [(kind, one) for kind, one, _ in references(profile)]
        if run.deviation is not None and run.deviation.webhook is not None:
            named.append(("webhooks", run.deviation.webhook))
        for kind, one in dict.fromkeys(named):
            bound = self.bindings.get(kind, {})
            if one not in bound:
                where = _place(places, one)
                message = f"needs {one!r}{where}; bind it in [{kind}]{near(one, bound)}"
                self._report(path, "reference", message)
        if profile is not None:
            self._check_function_ids(name, profile)

    def _check_function_ids(self, name: str, profile: Mapping[str, Any]) -> None:
        """An id in a flow's JSON must be one that this environment binds."""
        bound = {binding.get("id") for binding in self.bindings.get("functions", {}).values()}
        overrides = profile["agentOverrides"]
        prompts = [
            overrides.get("defaultVersionedPrompt"),
            (overrides.get("ivrConfiguration") or {}).get("versionedPrompt"),
        ]
        for prompt in prompts:
            for _, one in flows.function_ids((prompt or {}).get("flowDefinition") or {}):
                if one not in bound:
                    message = (
                        f"its flow calls the function {one!r}, which no name in [functions] "
                        f'stands for; bind it, or write "function": NAME in the flow'
                    )
                    self._report(("presets", name), "id-in-shared-file", message)

    def require(self) -> None:
        """Raises DeclarationError if anything is wrong with it or what it runs."""
        errors = [problem for problem in self.problems if problem.severity == "error"]
        if errors:
            raise DeclarationError(_unique(errors))

    def follows(self, preset: str) -> bool:
        """Whether the preset follows the working tree here. UsageError if it does not run here."""
        return self.run(preset).follow is not None

    def run(self, preset: str) -> Run:
        """How the preset runs here."""
        try:
            return self.runs[preset]
        except KeyError:
            raise UsageError(
                f"preset {preset!r} is not declared in environment {self.name!r}"
                + near(preset, self.runs)
            ) from None

    def source(self, preset: str) -> Preset:
        """The preset as the working tree has it."""
        return self._presets[preset]

    def bound(self, preset: str) -> dict[str, Any]:
        """The bound preset of the working tree's preset."""
        source = self.source(preset)
        if source.document is None or source.digest is None:
            raise DeclarationError(source.all_problems())
        profile = source.profile
        return self.bind(
            preset, source.document, source.digest, None if profile is None else profile.document
        )

    def bind(
        self,
        preset: str,
        document: Mapping[str, Any],
        digest: Digest,
        profile: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """
        The bound preset of any preset's documents.

        Raises:
            DeclarationError: a name that this environment doesn't bind.

        """
        assert document["format"] == PRESET_FORMAT  # noqa: S101 - the registry has checked it
        before = len(self.problems)
        self._check_names(preset, document, profile)
        if len(self.problems) > before:
            raise DeclarationError(self.problems[before:])
        deviation = self.run(preset).deviation
        return bound_preset(
            environment=self.name,
            workspace=self.workspace.url,
            name=preset,
            preset=document,
            preset_digest=digest,
            profile=profile,
            bindings=self.bindings,
            deviation=None if deviation is None else deviation.model_dump(exclude_unset=True),
        )


def _place(preset: Preset | None, name: str) -> str:
    """`` (stacks/presets/x.toml:5)`` where a file of the working tree says the name."""
    if preset is None:
        return ""
    chains = [preset.layered, *([preset.profile.layered] if preset.profile else [])]
    for text in (text for chain in chains for text in texts_of(chain)):
        if text.value == name:
            found = text.problem("", "")
            return f" ({found.file}:{found.line})"
    return ""


def _unique(problems: list[Problem]) -> list[Problem]:
    return list({str(problem): problem for problem in problems}.values())
