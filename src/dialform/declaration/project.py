"""
A project: all files under `stacks/`, read and put together.

Objects are made when they are asked for,
so that an environment that is pinned does not stumble over a half-edited preset.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dialform.declaration.environment import Environment, merged_unbound
from dialform.declaration.files import STACKS, Disk, Folder, printable
from dialform.declaration.merging import Layered, chain_of, layered, near
from dialform.declaration.models import NAME
from dialform.declaration.objects import Flow, Preset, Profile
from dialform.declaration.rulesets import BOUND, RuleSet
from dialform.errors import DeclarationError, Problem, SettingError, UsageError
from dialform.registry.names import check_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dialform.declaration.source import Prose, Source


class Project:
    """All that is declared in ``root/stacks``."""

    def __init__(
        self, root: Path, *, label: str = "", edited: Mapping[str, str] | None = None
    ) -> None:
        """
        Read the files under ``root``; what is wrong with them shows in `problems`.

        Args:
            root: the project's folder.
            label: leads the names of its files in findings, like ``main:``.
            edited: the texts that TOML files are taken to have, by file, before they are written.

        Raises:
            SettingError: ``root`` has no stacks/ folder.

        """
        self.root = root
        if not (root / STACKS).is_dir():
            raise SettingError(
                f"{root}: there is no {STACKS}/ folder here; "
                f"run this in a project, or make one with: dialform init DIR"
            )
        self._disk = Disk(root, label=label, edited=edited)
        self._environments = Folder(self._disk, STACKS, ".toml")
        self._profiles = Folder(self._disk, f"{STACKS}/profiles", ".toml")
        self._presets = Folder(self._disk, f"{STACKS}/presets", ".toml")
        self._guardrails = Folder(self._disk, f"{STACKS}/guardrails", ".toml")

    @cached_property
    def pulumi_name(self) -> str:
        """
        The Pulumi project's name, as Pulumi.yaml says it.

        Raises:
            SettingError: there is no such file, or it says none.

        """
        try:
            text = (self.root / "Pulumi.yaml").read_text(encoding="utf-8")
        except OSError as error:
            raise SettingError(f"Pulumi.yaml: can't be read: {error.strerror}") from None
        # One plain key of a file whose form Pulumi checks: no parser is needed for it.
        found = re.search(r"""^name:[ \t]*["']?([A-Za-z0-9_.-]+)""", text, re.MULTILINE)
        if found is None:
            raise SettingError('Pulumi.yaml says no name: write "name: ..."')
        return found[1]

    # What objects ask of their library.

    def prose(self, file: str) -> Prose:
        """A prose file, relative to stacks/; DeclarationError where it can't be used."""
        prose = self._disk.prose(f"{STACKS}/{file}")
        if not prose.text.strip():
            message = "says nothing: write the prompt into it"
            raise DeclarationError(
                [Problem(file=prose.name, line=1, rule="prompt-source", message=message)]
            )
        return prose

    @cached_property
    def _flow_files(self) -> Folder:
        return Folder(self._disk, f"{STACKS}/flows", ".toml", ".json")

    @cached_property
    def flows(self) -> dict[str, Flow]:
        """All flows that can be read, by name."""
        return {name: Flow(name, source) for name, source in self._flow_files.sources.items()}

    def flow_names(self) -> list[str]:
        """All flows that have a file."""
        return self._flow_files.names

    def flow(self, name: str) -> Flow | None:
        """The flow of that name, from NAME.toml or NAME.json; DeclarationError if unreadable."""
        if name in self._flow_files.problems:
            raise DeclarationError(self._flow_files.problems[name])
        return self.flows.get(name)

    def profile_names(self) -> list[str]:
        """All profiles that have a file."""
        return self._profiles.names

    def profile_problems(self, name: str) -> list[Problem]:
        """Why a profile that has a file can't be used."""
        return self._profiles.problems.get(name, [])

    def profile(self, name: str) -> Profile | None:
        """The profile of that name."""
        return self.profiles.get(name)

    # The objects.

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """All profiles by name."""
        used = {
            source.value.get("profile")
            for source in self._presets.sources.values()
            if isinstance(source.value.get("profile"), str)
        }
        found: dict[str, Profile] = {}
        for name in self._profiles.sources:
            problems = self._profiles.problems.setdefault(name, [])
            self._check_profile_name(name, problems)
            chain = chain_of(name, self._profiles.sources, problems, self._profiles.unreadable)
            if chain is not None:
                partial = name in self._profiles.parents and name not in used
                value = layered(name, chain, problems)
                found[name] = Profile(value, self, partial=partial)
        return found

    def _check_profile_name(self, name: str, problems: list[Problem]) -> None:
        """Presets name it, so it must be a name."""
        if not NAME.fullmatch(name):
            file = self._profiles.sources[name].name
            message = "a profile's name takes up to 63 letters, digits, '.', '_' and '-'"
            problems.append(Problem(file=file, rule="name", message=message))

    @cached_property
    def presets(self) -> dict[str, Preset]:
        """All presets by name."""
        found: dict[str, Preset] = {}
        for name, source in self._presets.sources.items():
            problems = self._presets.problems.setdefault(name, [])
            self._check_name("preset", name, source, problems)
            chain = chain_of(name, self._presets.sources, problems, self._presets.unreadable)
            if chain is not None:
                partial = name in self._presets.parents and "agent" not in source.value
                value = layered(name, chain, problems)
                found[name] = Preset(value, self, partial=partial)
                found[name].problems += problems
        return found

    @cached_property
    def _unreadable_presets(self) -> dict[str, list[Problem]]:
        """Presets that have a file and can't be made, with the reasons."""
        known = self.presets
        return {name: why for name, why in self._presets.problems.items() if name not in known}

    @staticmethod
    def _check_name(kind: str, name: str, source: Source, problems: list[Problem]) -> None:
        try:
            check_name(name, kind)
        except UsageError as error:
            problems.append(Problem(file=source.name, rule="name", message=str(error)))

    @cached_property
    def guardrails(self) -> list[RuleSet]:
        """The guardrails that hold in all environments, a set for each file."""
        sources = self._guardrails.sources
        found = [RuleSet(Layered(name, [source], source.value)) for name, source in sources.items()]
        if not found:
            return []
        values = [source.value for source in self._environments.sources.values()]
        bindings = {kind: _named(values, kind) for kind in BOUND}
        presets = {*self.presets, *self._unreadable_presets, *_named(values, "presets")}
        for one in found:
            one.problems += one.check_names(bindings, presets, "any environment")
        return found

    def environment_names(self) -> list[str]:
        """All environments."""
        return self._environments.names

    def environment(self, name: str) -> Environment:
        """
        An environment; what is wrong with it shows in its ``problems``.

        Raises:
            UsageError: there is none of that name.
            DeclarationError: its files can't be read.

        """
        if name in self._environments.sources:
            problems: list[Problem] = []
            self._check_name("environment", name, self._environments.sources[name], problems)
            files = self._environments
            chain = chain_of(name, files.sources, problems, files.unreadable)
            if chain is None:
                raise DeclarationError(problems)
            value = layered(name, chain, problems, nulls=False)
            made = Environment(
                value,
                self.presets,
                self._unreadable_presets,
                self.guardrails,
                lambda file: self._disk.source(f"{STACKS}/{file}"),
            )
            made.problems[:0] = problems
            made.check_source(self.environment_names())
            made.problems += [
                one for why in self._guardrails.unreadable.values() for one in why
            ]  # a rule that can't be read is not one that holds
            return made
        if name in self._environments.problems:
            raise DeclarationError(self._environments.problems[name])
        raise UsageError(
            f"there is no environment {name!r}: no {STACKS}/{printable(name)}.toml"
            + near(name, self.environment_names())
        )

    def problems(self, environments: Iterable[str] | None = None) -> list[Problem]:
        """Everything that is wrong with all files, or with what some environments run."""
        found: list[Problem] = []
        made: list[Environment] = []
        for name in self.environment_names() if environments is None else environments:
            try:
                made.append(self.environment(name))
            except DeclarationError as error:
                found += error.problems
        for environment in made:
            apart = {id(one.problem) for one in environment.unbound}
            found += [one for one in environment.problems if id(one) not in apart]
        found += merged_unbound(made)
        if environments is None:
            objects: list[Profile | Preset | Flow] = [*self.profiles.values()]
            objects += [*self.presets.values(), *self.flows.values()]
            for one in objects:
                found += one.all_problems()
            for rules in self.guardrails:
                found += rules.problems
            for folder in (
                self._environments,
                self._profiles,
                self._presets,
                self._flow_files,
                self._guardrails,
            ):
                found += folder.stray
                found += [one for problems in folder.problems.values() for one in problems]
        return sorted(
            {str(problem): problem for problem in found}.values(),
            key=lambda problem: (problem.file, problem.line or 0, problem.key, problem.message),
        )


def _named(values: Iterable[dict[str, Any]], table: str) -> set[str]:
    """The keys of a table of environments, whatever may be wrong with them."""
    found = (value.get(table) for value in values)
    return {name for one in found if isinstance(one, dict) for name in one}


def load_environment(root: Path, name: str) -> Environment:
    """
    The environment ``name`` of the project at ``root``, with nothing wrong.

    Raises:
        DeclarationError: everything that is wrong with it and with what it runs.
        UsageError: there is no such environment.
        SettingError: ``root`` is no project.

    """
    environment = Project(root).environment(name)
    environment.require()
    return environment
