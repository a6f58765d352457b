"""
Pinned versions without a registry: their documents rebuilt from git, where the digest matches.

What a pin names was declared once, so the declarations of some commit give it again, byte for
byte. Looks at the declarations at hand first, then back through the commits that touch stacks/.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from dialform.declaration.git import unpacked
from dialform.declaration.project import Project
from dialform.errors import DialformError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dialform.declaration.git import Repository
    from dialform.presets.canonical import Digest

    Found = tuple[Mapping[str, Any], Mapping[str, Any] | None]
    """A preset's document and its profile's."""

MOST = 200
"""How many commits are looked at."""


class Pins(ExitStack):
    """Finds presets by digest. What was unpacked on the way is gone when it ends."""

    def __init__(
        self,
        repository: Repository,
        projects: Sequence[Project],
        commits: Sequence[str],
        *,
        most: int = MOST,
    ) -> None:
        """
        Nothing is looked at yet.

        Args:
            repository: the projects' own.
            projects: the declarations at hand, which are looked at first.
            commits: where the way back begins.
            most: how many commits that touch stacks/ are looked at.

        """
        super().__init__()
        self._repository = repository
        self._commits = commits
        self.most = most
        self._found: dict[str, Found] = {}
        self._walk = self._documents(projects)
        self.bound_hit = False
        """Whether there are commits that were not looked at."""

    def __enter__(self) -> Self:
        """As it is."""
        return self

    def find(self, digest: Digest) -> Found | None:
        """The documents of the preset of that digest; None where no commit gives them."""
        while digest not in self._found and next(self._walk, False):
            pass
        return self._found.get(digest)

    def _documents(self, projects: Sequence[Project]) -> Iterator[bool]:
        """Notes what one tree after another declares."""
        for project in projects:
            self._note(project)
            yield True
        commits = self._repository.history(self._commits, self.most + 1)
        self.bound_hit = len(commits) > self.most
        made = self.enter_context(unpacked(self._repository))
        seen: set[str] = set()
        for commit in commits[: self.most]:
            tree = self._repository.tree(commit)
            if tree is None or tree in seen:
                continue
            seen.add(tree)
            try:
                made.show(tree)
                self._note(Project(made.folder))
            except DialformError:
                continue  # a broken commit has nothing to give; another may
            yield True

    def _note(self, project: Project) -> None:
        for preset in project.presets.values():
            if preset.document is None or preset.digest is None or preset.digest in self._found:
                continue
            profile = preset.profile
            self._found[preset.digest] = (
                preset.document,
                None if profile is None else profile.document,
            )
