"""
A project: all files under `stacks/`, read and put together.

The one place of this package that walks the disk. Objects are made when they are asked for,
so that an environment that is pinned does not stumble over a half-edited preset.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from dialform.declaration.environment import Environment, merged_unbound
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
        self.unreadable: dict[str, list[Problem]] = {}
        """The files that are there and can't be read, with the reasons."""
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
        self.unreadable = {name: list(why) for name, why in self.problems.items()}

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
        self._inside: dict[Path, bool] = {}

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
        if not self._is_inside(path):
            message = "leads out of the project; prompts are part of it"
            return DeclarationError([Problem(file=name, rule="missing-file", message=message)])
        try:
            text = read_prose(path, name)
        except DeclarationError as error:
            return error
        if not text.strip():
            message = "says nothing: write the prompt into it"
            return DeclarationError(
                [Problem(file=name, line=1, rule="prompt-source", message=message)]
            )
        return name, text

    def _is_inside(self, path: Path) -> bool:
        """Whether ``path``, links followed, is in the project; asked once for each folder."""
        try:
            if path.is_symlink():
                return path.resolve().is_relative_to(self.root.resolve())
            folder = path.parent
            if folder not in self._inside:
                self._inside[folder] = folder.resolve().is_relative_to(self.root.resolve())
            return self._inside[folder]
        except (OSError, ValueError):
            return False

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
        names = [f"{name}{ending}" for ending in (".toml", ".json")]
        found = [one for one in names if (folder / one).exists()]
        if not found:
            return None
        shown = f"{STACKS}/flows/{found[0]}"
        compact = found[0] == names[0]
        flow = Flow(
            name, (read_toml if compact else read_json)(folder / found[0], shown), compact=compact
        )
        if len(found) > 1:
            message = f"stands beside {found[1]}; one of the two must go"
            flow.problems.append(Problem(file=shown, line=1, rule="flow-file", message=message))
        return flow

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
            chain = chain_of(name, self._profiles.sources, problems, self._profiles.unreadable)
            if chain is not None:
                partial = name in self._profiles.parents and name not in used
                value = layered(name, chain, problems)
                found[name] = Profile(value, self, partial=partial)
        return found

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
            files = self._environments
            chain = chain_of(name, files.sources, problems, files.unreadable)
            if chain is None:
                raise DeclarationError(problems)
            value = layered(name, chain, problems, nulls=False)
            made = Environment(value, self.presets, self._unreadable_presets)
            made.problems[:0] = problems
            return made
        if name in self._environments.problems:
            raise DeclarationError(self._environments.problems[name])
        raise UsageError(
            f"there is no environment {name!r}: no {STACKS}/{name}.toml"
            + near(name, self.environment_names())
        )

    def _flow_problems(self) -> list[Problem]:
        found: list[Problem] = []
        for name in self.flow_names():
            try:
                flow = self.flow(name)
            except DeclarationError as error:
                found += error.problems
            else:
                found += [] if flow is None else flow.problems
        return found

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
            for folder in (self._profiles, self._presets):
                found += [one for problems in folder.problems.values() for one in problems]
            found += self._flow_problems()
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
