"""
A project: all files under `stacks/`, read and put together.

The one place of this package that walks the disk. Objects are made when they are asked for,
so that an environment that is pinned does not stumble over a half-edited preset.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from dialform.declaration.environment import Environment
from dialform.declaration.merging import chain_of, layered, near
from dialform.declaration.objects import Flow, Preset, Profile
from dialform.declaration.source import read_json, read_prose, read_toml
from dialform.errors import DeclarationError, Problem, SettingError, UsageError
from dialform.registry.names import check_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dialform.declaration.source import Source

STACKS = "stacks"
"""The folder of declarations, in the project's folder."""


class _Folder:
    """The TOML files of one kind, and the problems of reading them."""

    def __init__(self, root: Path, folder: str) -> None:
        self.sources: dict[str, Source] = {}
        self.problems: dict[str, list[Problem]] = {}
        self.entries: list[str] = []
        path = root / folder
        try:
            self.entries = sorted(entry for entry in os.listdir(path))  # noqa: PTH208 - names only
        except FileNotFoundError:
            return
        for entry in self.entries:
            name, ending = os.path.splitext(entry)  # noqa: PTH122 - names only
            if ending != ".toml" or name.startswith("."):
                continue
            try:
                self.sources[name] = read_toml(path / entry, f"{folder}/{entry}")
            except DeclarationError as error:
                self.problems[name] = list(error.problems)

    @cached_property
    def parents(self) -> set[str]:
        """The names that others extend."""
        named = (source.value.get("extends") for source in self.sources.values())
        return {name for name in named if isinstance(name, str)}


class Project:
    """All that is declared in ``root/stacks``."""

    def __init__(self, root: Path) -> None:
        """
        Read the files under ``root``; what is wrong with them shows in `problems`.

        Raises:
            SettingError: ``root`` has no stacks/ folder.

        """
        self.root = root
        if not (root / STACKS).is_dir():
            raise SettingError(
                f"{root}: there is no {STACKS}/ folder here; "
                f"run this in a project, or make one with: dialform init DIR"
            )
        self._environments = _Folder(root, STACKS)
        self._profiles = _Folder(root, f"{STACKS}/profiles")
        self._presets = _Folder(root, f"{STACKS}/presets")
        self._prose: dict[str, tuple[str, str] | DeclarationError] = {}
        self._flows: dict[str, Flow | None] = {}

    # What objects ask of their library.

    def prose(self, file: str) -> tuple[str, str]:
        """``(name, text)`` of a prose file, relative to stacks/."""
        if file not in self._prose:
            self._prose[file] = self._read_prose(file)
        found = self._prose[file]
        if isinstance(found, DeclarationError):
            raise found
        return found

    def _read_prose(self, file: str) -> tuple[str, str] | DeclarationError:
        name = f"{STACKS}/{file}"
        path = self.root / STACKS / file
        try:
            inside = path.resolve().is_relative_to(self.root.resolve())
        except (OSError, ValueError):
            inside = False
        if not inside:
            message = "leads out of the project; prompts are part of it"
            return DeclarationError([Problem(file=name, rule="missing-file", message=message)])
        try:
            return name, read_prose(path, name)
        except DeclarationError as error:
            return error

    def flow_names(self) -> list[str]:
        """All flows."""
        try:
            entries = os.listdir(self.root / STACKS / "flows")  # noqa: PTH208 - names only
        except FileNotFoundError:
            return []
        return sorted({os.path.splitext(entry)[0] for entry in entries})  # noqa: PTH122 - names only

    def flow(self, name: str) -> Flow | None:
        """The flow of that name, from NAME.toml or NAME.json."""
        if name not in self._flows:
            self._flows[name] = self._read_flow(name)
        return self._flows[name]

    def _read_flow(self, name: str) -> Flow | None:
        folder = self.root / STACKS / "flows"
        for ending, read in ((".toml", read_toml), (".json", read_json)):
            path = folder / f"{name}{ending}"
            if path.exists():
                source = read(path, f"{STACKS}/flows/{name}{ending}")
                return Flow(name, source, compact=ending == ".toml")
        return None

    def profile_names(self) -> list[str]:
        """All profiles that have a file."""
        return sorted({*self._profiles.sources, *self._profiles.problems})

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
            chain = chain_of(name, self._profiles.sources, problems)
            if chain is not None:
                partial = name in self._profiles.parents and name not in used
                value = layered(name, chain, problems)
                try:
                    found[name] = Profile(value, self, partial=partial)
                except DeclarationError as error:
                    problems += error.problems
        return found

    @cached_property
    def presets(self) -> dict[str, Preset]:
        """All presets by name."""
        found: dict[str, Preset] = {}
        for name, source in self._presets.sources.items():
            problems = self._presets.problems.setdefault(name, [])
            self._check_name("preset", name, source, problems)
            chain = chain_of(name, self._presets.sources, problems)
            if chain is not None:
                partial = name in self._presets.parents and "agent" not in source.value
                value = layered(name, chain, problems)
                found[name] = Preset(value, self, partial=partial)
                found[name].problems += problems
        return found

    @staticmethod
    def _check_name(kind: str, name: str, source: Source, problems: list[Problem]) -> None:
        try:
            check_name(name, kind)
        except UsageError as error:
            problems.append(Problem(file=source.name, rule="name", message=str(error)))

    def environment_names(self) -> list[str]:
        """All environments."""
        return sorted({*self._environments.sources, *self._environments.problems})

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
            chain = chain_of(name, self._environments.sources, problems)
            if chain is None:
                raise DeclarationError(problems)
            made = Environment(layered(name, chain, problems), self.presets)
            made.problems[:0] = problems
            unreadable = [
                problem
                for preset in made.runs
                for problem in self._presets.problems.get(preset, [])
                if preset not in self._presets.sources
            ]
            made.problems += unreadable
            return made
        if name in self._environments.problems:
            raise DeclarationError(self._environments.problems[name])
        raise UsageError(
            f"there is no environment {name!r}: no {STACKS}/{name}.toml"
            + near(name, self.environment_names())
        )

    def problems(self, environments: Iterable[str] | None = None) -> list[Problem]:
        """Everything that is wrong with all files, or with what some environments run."""
        found: list[Problem] = []
        for name in self.environment_names() if environments is None else environments:
            try:
                found += self.environment(name).problems
            except DeclarationError as error:
                found += error.problems
        if environments is None:
            for folder in (self._profiles, self._presets):
                found += [one for problems in folder.problems.values() for one in problems]
            for profile in self.profiles.values():
                found += profile.all_problems()
            for preset in self.presets.values():
                found += preset.all_problems()
        return sorted(
            {str(problem): problem for problem in found}.values(),
            key=lambda problem: (problem.file, problem.line or 0, problem.key),
        )


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
