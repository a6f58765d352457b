"""
Pinned versions without a registry: their documents rebuilt from git, where the digest matches.

What a pin names was declared once, so the declarations of some commit give it again, byte for
byte. Looks at the declarations at hand first, then back through the commits that touch stacks/.
Of each it reads the files that the preset is made of, and those once.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from dialform.declaration.git import unpacked
from dialform.declaration.project import Project
from dialform.errors import DialformError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dialform.declaration.git import Blob, Repository, Unpacked
    from dialform.presets.canonical import Digest

    Found = tuple[Mapping[str, Any], Mapping[str, Any] | None]
    """A preset's document and its profile's."""

MOST = 200
"""How many commits are looked at."""

_QUOTED = re.compile(r""""([^"\n]{1,200})"|'([^'\n]{1,200})'""")
"""What may be a name in a TOML file. One too many is no harm."""


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
        self._projects = list(projects)
        self._commits = commits
        self.most = most
        self._found: dict[str, Found] = {}
        self._walk = self._history()
        self._walked: list[Mapping[str, Blob]] = []
        self._made: Unpacked | None = None
        self._names: dict[str, set[str]] = {}
        self._seen: set[frozenset[tuple[str, Blob]]] = set()
        self.bound_hit = False
        """Whether there are commits that were not looked at."""

    def __enter__(self) -> Self:
        """As it is."""
        return self

    def find(self, name: str, digest: Digest) -> Found | None:
        """The documents of the preset of that name and digest; None where no commit gives them."""
        while self._projects:
            self._note(self._projects.pop(0))
        if digest not in self._found:
            for _ in self._states(name):
                if digest in self._found:
                    break
        return self._found.get(digest)

    def _states(self, name: str) -> Iterator[None]:
        """Notes one after another what the preset was, newest first."""
        if self._made is None:
            self._made = self.enter_context(unpacked(self._repository))
        for files in self._trees():
            needed = self._needed(name, files)
            key = frozenset(needed.items())
            if key in self._seen:
                continue
            self._seen.add(key)
            try:
                self._made.show(needed)
                self._note(Project(self._made.folder))
            except DialformError:
                continue  # a broken commit has nothing to give; another may
            yield

    def _trees(self) -> Iterator[Mapping[str, Blob]]:
        """The files of stacks/ at each commit, as far as they differ. Each is read once."""
        yield from self._walked
        for files in self._walk:
            self._walked.append(files)
            yield files

    def _history(self) -> Iterator[Mapping[str, Blob]]:
        commits = self._repository.history(self._commits, self.most + 1)
        self.bound_hit = len(commits) > self.most
        seen: set[str] = set()
        for commit in commits[: self.most]:
            tree = self._repository.tree(commit)
            if tree is not None and tree not in seen:
                seen.add(tree)
                yield self._repository.files(tree)

    def _needed(self, name: str, files: Mapping[str, Blob]) -> dict[str, Blob]:
        """What a preset is made of: its file, and all that is named from there on."""
        needed: dict[str, Blob] = {}
        new = {f"presets/{name}.toml"}
        while new:
            found = {path: files[path] for path in new if path in files and path not in needed}
            needed |= found
            new = set()
            self._read([one for path, one in found.items() if path.endswith(".toml")])
            for path, blob in found.items():
                for one in self._names[blob.id] if path.endswith(".toml") else ():
                    places = (f"presets/{one}.toml", f"profiles/{one}.toml", one)
                    new |= {*places, f"flows/{one}.toml", f"flows/{one}.json"}
        return needed

    def _read(self, blobs: Sequence[Blob]) -> None:
        """The names in files that were not read yet."""
        unread = [blob.id for blob in blobs if blob.id not in self._names]
        for name, data in self._repository.blobs(unread).items() if unread else ():
            text = data.decode("utf-8", "replace")
            self._names[name] = {one or other for one, other in _QUOTED.findall(text)}

    def _note(self, project: Project) -> None:
        for preset in project.presets.values():
            if preset.document is None or preset.digest is None or preset.digest in self._found:
                continue
            profile = preset.profile
            self._found[preset.digest] = (
                preset.document,
                None if profile is None else profile.document,
            )
