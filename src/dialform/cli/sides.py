"""What ``diff`` and its kin compare: the project, registries and commits behind a side's name."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Self

from dialform.cli import context
from dialform.cli.parser import near
from dialform.errors import ObjectAbsent, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from dialform.declaration import Project
    from dialform.diff.model import Difference, Side
    from dialform.diff.sides import Spec
    from dialform.registry import Registry


def registry_of(args: argparse.Namespace, environment: str) -> Registry:
    """The registry of an environment, which ``args`` may name otherwise. Raises as `context`."""
    args = argparse.Namespace(**{**vars(args), "stack": environment})
    context.environment_of(args)
    return context.registry_of(args)


class Sides(contextlib.ExitStack):
    """Opens sides; what commits were unpacked for them is gone when it ends."""

    def __init__(self, args: argparse.Namespace, project: Project | None = None) -> None:
        """``args.registry`` is what ``--registry`` says; ``project``: None for the one here."""
        super().__init__()
        self._args = args
        self._project = project
        self._commits: dict[str, Project] = {}

    def __enter__(self) -> Self:
        """Nothing is opened yet."""
        return self

    def compared(
        self, before: Spec, after: Spec, *, only: Collection[str] | None = None
    ) -> Difference:
        """The difference between two sides."""
        from dialform.diff.compare import compare  # noqa: PLC0415 - when run

        names = [spec.name for spec in (before, after) if spec.kind == "version"]
        sides = self.side(before), self.side(after)
        if len(names) == 2:  # noqa: PLR2004 - two versions
            sides = sides[0], _called(sides[1], names[0])
        if names:
            only = [names[0]]
        known = {*sides[0].subjects, *sides[1].subjects}
        for name in only or ():
            if name not in known:
                raise UsageError(f"there is no preset {name!r} on either side{near(name, known)}")
        return compare(*sides, only=only)

    def side(self, spec: Spec) -> Side:
        """One side."""
        from dialform.diff import sides  # noqa: PLC0415 - when run

        if spec.kind == "live":
            return self._live(spec.name)
        if spec.kind == "version":
            return sides.version(self._shared_registry(spec), spec)
        if spec.kind == "source":
            return self._planned(
                self.project, spec.text, spec.name, "the working tree", effects=True
            )
        if spec.kind == "tree":
            return sides.declared(self.project, spec.text, "the working tree")
        project = self._at(spec.name)
        origin = f"git {spec.name}"
        if spec.of is None:
            return sides.declared(project, spec.text, origin)
        return self._planned(project, spec.text, spec.of, origin)

    @property
    def project(self) -> Project:
        """The working tree's."""
        if self._project is None:
            from dialform.cli.project import project_here  # noqa: PLC0415 - where it is needed

            self._project = project_here()
        return self._project

    def _live(self, environment: str) -> Side:
        from dialform.diff.sides import live  # noqa: PLC0415 - when run

        registry = registry_of(self._args, environment)
        found = live(registry, environment)
        if not found.subjects and not context.in_checkout(self._args):
            others = registry.environments() if registry.exists else []
            if environment not in others:
                raise ObjectAbsent(
                    f"the registry {registry.url} has no environment {environment!r}"
                    f"{near(environment, others)}"
                )
        return found

    def _planned(
        self, project: Project, label: str, environment: str, origin: str, *, effects: bool = False
    ) -> Side:
        from dialform.diff.sides import planned  # noqa: PLC0415 - when run
        from dialform.planning import Plan  # noqa: PLC0415

        declared = project.environment(environment)
        root = self.project.root  # a relative registry is the working tree's, at any commit
        plan = Plan(declared, root=root, writer=f"{self.project.pulumi_name}/{environment}")
        return planned(plan, label, origin, effects=effects)

    def _at(self, ref: str) -> Project:
        if ref not in self._commits:
            from dialform.declaration.git import project_at  # noqa: PLC0415 - where it is needed

            root = context.project_root()
            if root is None:
                raise UsageError(f"git:{ref} needs a project: run this in a checkout")
            self._commits[ref] = self.enter_context(project_at(Path(root), ref))
        return self._commits[ref]

    def _shared_registry(self, spec: Spec) -> Registry:
        registry = context.registry_of(argparse.Namespace(**{**vars(self._args), "stack": None}))
        known = registry.presets()
        if spec.name not in known:
            raise ObjectAbsent(
                f"the registry {registry.url} has no preset {spec.name!r}{near(spec.name, known)}"
            )
        return registry


def _called(side: Side, name: str) -> Side:
    """A version of one preset opposite a version of another: compared as one."""
    import dataclasses  # noqa: PLC0415 - rare

    return dataclasses.replace(side, subjects={name: next(iter(side.subjects.values()))})
