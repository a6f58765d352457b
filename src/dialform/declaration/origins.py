"""
The declarations that a release was made from: the commit whose files give its very digests.

Touches git and a temporary folder, by way of `git`. A release's own commit says what its
environment's file was; a pinned version's content was declared at another commit, which the
log of the environment where it was first released has.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.declaration.git import project_at
from dialform.declaration.project import Project
from dialform.errors import DeclarationError, DialformError, SettingError, UsageError
from dialform.presets.canonical import canonical, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from dialform.declaration.environment import Environment
    from dialform.declaration.objects import Preset

DIRTY = "-dirty"
"""What ends a recorded commit where stacks/ had uncommitted changes."""

WORKING_TREE = "working tree"


class Wanted(NamedTuple):
    """What the declarations must give."""

    environment: str
    preset: str
    preset_digest: str
    bound_digest: str
    document: Mapping[str, Any] | None
    """The preset's document, for an environment that pins it; None where nobody has it."""

    profile: Mapping[str, Any] | None


class Origins:
    """What was found so far."""

    def __init__(self) -> None:
        """Nothing."""
        self.preset: Preset | None = None
        self.preset_at: str | None = None
        """The commit, or `WORKING_TREE`."""
        self.environment: Environment | None = None
        self.environment_at: str | None = None
        self.bound: dict[str, Any] | None = None
        """The bound preset that the two give."""
        self.commits: dict[str, str] = {}
        """What leads the names of files (``ref:stacks/prod.toml``) -> the commit as recorded."""
        self.notes: list[str] = []
        """Why something could not be had."""

    @property
    def complete(self) -> bool:
        """Whether there is nothing more to look for."""
        return self.preset is not None and self.environment is not None


@contextlib.contextmanager
def origins(root: Path | None, wanted: Wanted, commits: Iterable[str]) -> Iterator[Origins]:
    """
    The preset and the environment as declared at the first commits that give their digests.

    Looks at ``commits`` in order and at the working tree last. What can't be had is a note, not
    an error: whoever asks shows the rest.

    Args:
        root: the project's folder; None where there is no checkout.
        wanted: what they must give.
        commits: as release logs have them, perhaps with `DIRTY` at the end.

    """
    found = Origins()
    if root is None:
        found.notes.append(
            "there is no project here (Pulumi.yaml and stacks/ in this folder or above), so "
            "files and lines are not known: run this in a checkout of it"
        )
        yield found
        return
    with contextlib.ExitStack() as opened:
        for commit in dict.fromkeys(commits):
            if found.complete:
                break
            ref = commit.removesuffix(DIRTY)
            found.commits[ref] = commit
            try:
                project = opened.enter_context(project_at(root, ref))
                _look(found, project, wanted, commit)
            except DeclarationError as error:
                found.notes.append(f"{_short(commit)}: its declarations can't be read: {error}")
            except (SettingError, UsageError) as error:
                found.notes.append(f"{_short(commit)}: {error}")
        if not found.complete:
            with contextlib.suppress(DialformError):
                _look(found, Project(root), wanted, WORKING_TREE)
        _say_missing(found, wanted)
        yield found


def _look(found: Origins, project: Project, wanted: Wanted, at: str) -> None:
    """Take what this project gives."""
    preset = project.presets.get(wanted.preset)
    if found.preset is None and preset is not None and preset.digest == wanted.preset_digest:
        found.preset, found.preset_at = preset, at
    if found.environment is None:
        _bind(found, project, wanted, at)


def _bind(found: Origins, project: Project, wanted: Wanted, at: str) -> None:
    """Take the environment, if its file gives the bound preset."""
    document, profile = wanted.document, wanted.profile
    if found.preset is not None and found.preset.document is not None:
        document = found.preset.document
        profile = None if found.preset.profile is None else found.preset.profile.document
    if document is None or wanted.environment not in project.environment_names():
        return
    try:
        environment = project.environment(wanted.environment)
        if wanted.preset not in environment.runs:
            return
        bound = environment.bind(wanted.preset, document, digest(canonical(document)), profile)
    except DialformError:
        return
    if digest(canonical(bound)) == wanted.bound_digest:
        found.environment, found.environment_at, found.bound = environment, at, bound


def _say_missing(found: Origins, wanted: Wanted) -> None:
    if found.preset is None:
        found.notes.append(
            f"no recorded commit gives preset {wanted.preset} with the digest "
            f"{wanted.preset_digest}: its files and lines are not known"
        )
    if found.environment is None:
        found.notes.append(
            f"no recorded commit gives the bound preset {wanted.bound_digest} in "
            f"{wanted.environment}: the lines of its bindings are not known"
        )


def _short(commit: str) -> str:
    return f"commit {commit[:12]}{DIRTY if commit.endswith(DIRTY) else ''}"
