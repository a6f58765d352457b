"""
A commit's declarations: the project's files as git has them, in a temporary folder.

Touches git and a temporary folder. Reads objects by plumbing alone, so that neither index nor
work tree, hook, filter or attribute of the repository has a part in it; asks no network.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dialform.declaration.files import STACKS, printable
from dialform.declaration.merging import near
from dialform.declaration.project import Project
from dialform.errors import SettingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LINK = "120000"
_NEVER = frozenset(("", ".", "..", ".git"))
_OWN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")
"""What a hook is started with, and what would lead away from the project's own repository."""


class Blob(NamedTuple):
    """A file of a tree: what it is, and which content it has."""

    mode: str
    id: str


class Repository:
    """The git repository around a project, for reading."""

    def __init__(self, root: Path) -> None:
        """
        ``root`` is the project's folder, which may lie below the repository's.

        Raises:
            SettingError: there is no repository, or no git.

        """
        self._root = root
        found, error = self._try("rev-parse", "--show-prefix")
        if found is None:
            if "not a git repository" in error:
                raise SettingError(
                    f"{root}: is not in a git repository, so there is no commit to compare with"
                )
            raise SettingError(f"{root}: git says: {error}")
        self.prefix = os.fsdecode(found).removesuffix("\n")
        """The project's folder in the repository: empty, or ends in a slash."""

    def commit(self, ref: str) -> str:
        """
        The id of the commit that ``ref`` names: a branch, a tag, an id, ``HEAD~2``.

        Raises:
            UsageError: there is none.

        """
        if not ref or ref.startswith("-") or not ref.isprintable():
            raise UsageError(f"{ref!r} can't be a git ref: name a branch, a tag or a commit")
        found, _ = self._try("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        if found is not None:
            return found.decode().strip()
        hint = near(ref, self.refs())
        if self.is_shallow:
            raise UsageError(
                f"git has no commit {ref!r} here{hint}: this is a shallow clone; fetch the whole "
                f"history (actions/checkout: fetch-depth: 0; elsewhere: git fetch --unshallow)"
            )
        raise UsageError(f"git has no commit {ref!r} here{hint}")

    def refs(self) -> list[str]:
        """The names of branches and tags."""
        kinds = ("refs/heads", "refs/remotes", "refs/tags")
        found, _ = self._try("for-each-ref", "--format=%(refname:short)", *kinds)
        return printable(os.fsdecode(found or b"")).split("\n")[:-1]

    @property
    def is_shallow(self) -> bool:
        """Whether older commits were left out of the clone."""
        found, _ = self._try("rev-parse", "--is-shallow-repository")
        return found == b"true\n"

    def tree(self, commit: str, folder: str = STACKS) -> str | None:
        """The id of a folder of the project at a commit; None where it is not there."""
        path = f"{self.prefix}{folder}".rstrip("/")
        found, _ = self._try("rev-parse", "--verify", "--quiet", f"{commit}:{path}")
        return None if found is None else found.decode().strip()

    def history(self, commits: Iterable[str], most: int) -> list[str]:
        """At most that many commits that touch stacks/, newest first."""
        paths = f":(top,literal){self.prefix}{STACKS}"
        args = ("rev-list", "--full-history", f"--max-count={most}", *commits, "--", paths)
        return self._ask(*args).decode().split()

    def files(self, tree: str) -> dict[str, Blob]:
        """The files of a tree by path."""
        found: dict[str, Blob] = {}
        for entry in self._ask("ls-tree", "-r", "-z", "--full-tree", tree).split(b"\0")[:-1]:
            about, _, path = entry.partition(b"\t")
            mode, kind, name = about.decode().split(" ")
            if kind == "blob":
                found[os.fsdecode(path)] = Blob(mode, name)
        return found

    def blobs(self, ids: Iterable[str]) -> dict[str, bytes]:
        """
        Contents by id.

        Raises:
            SettingError: one isn't here, as in a partial clone.

        """
        wanted = list(dict.fromkeys(ids))
        data = self._ask("cat-file", "--batch", given="".join(f"{one}\n" for one in wanted))
        found: dict[str, bytes] = {}
        at = 0
        for one in wanted:
            end = data.index(b"\n", at)
            about = data[at:end].split(b" ")
            if about[1:] == [b"missing"]:
                raise SettingError(
                    f"git has no content of {one} here: fetch it, then run this again"
                )
            at = end + 1 + int(about[2])
            found[one] = data[end + 1 : at]
            at += 1
        return found

    def _ask(self, *args: str, given: str = "") -> bytes:
        found, error = self._try(*args, given=given)
        if found is None:
            raise SettingError(f"{self._root}: git says: {error}")
        return found

    def _try(self, *args: str, given: str = "") -> tuple[bytes | None, str]:
        """What git prints, None where it fails, and the first line of its complaint."""
        settings = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
        kept = {name: value for name, value in os.environ.items() if name not in _OWN}
        command = ("git", "--no-pager", "--no-replace-objects", "-C", str(self._root), *args)
        try:
            done = subprocess.run(  # noqa: S603 - no shell; a ref never starts with a dash
                command, input=given.encode(), capture_output=True, check=False, env=kept | settings
            )
        except FileNotFoundError:
            raise SettingError("git is not on PATH; install it, then run this again") from None
        if done.returncode == 0:
            return done.stdout, ""
        lines = done.stderr.decode("utf-8", "replace").strip().split("\n")
        return None, lines[0].removeprefix("fatal: ")


class Unpacked:
    """A folder that is made to hold one tree after another; what is equal stays as it is."""

    def __init__(self, repository: Repository, folder: Path) -> None:
        """``folder`` is empty."""
        self.folder = folder
        self._repository = repository
        self._there: dict[str, Blob] = {}

    def show(self, files: Mapping[str, Blob], below: str = STACKS) -> None:
        """
        Make the folder hold these files at ``below``, and nothing else.

        Raises:
            SettingError: it can't.

        """
        lead = f"{below}/" if below else ""
        files = {f"{lead}{path}": blob for path, blob in files.items() if _is_sound(path)}
        gone = [path for path, blob in self._there.items() if files.get(path) != blob]
        for path in gone:
            self._drop(self.folder / path)
        new = {path: blob for path, blob in files.items() if self._there.get(path) != blob}
        contents = self._repository.blobs(blob.id for blob in new.values())
        try:
            self._write(new, contents)
        except OSError as error:
            message = f"can't be unpacked into {self.folder}: {error.strerror}"
            raise SettingError(f"{below}: {message}") from None
        (self.folder / STACKS).mkdir(exist_ok=True)
        self._there = files

    def mentions(self, words: bytes) -> bool:
        """Whether a TOML file holds these words."""
        paths = (self.folder / path for path in self._there if path.endswith(".toml"))
        return any(words in path.read_bytes() for path in paths if not path.is_symlink())

    def _drop(self, path: Path) -> None:
        path.unlink()
        for folder in path.parents:
            if folder == self.folder or any(folder.iterdir()):
                break
            folder.rmdir()

    def _write(self, files: Mapping[str, Blob], contents: Mapping[str, bytes]) -> None:
        """Links last, so that nothing is written through one."""
        for path, blob in sorted(files.items(), key=lambda item: item[1].mode == _LINK):
            place = self.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if blob.mode == _LINK:
                place.symlink_to(os.fsdecode(contents[blob.id]))  # a project's reader keeps inside
            else:
                with place.open("xb") as file:
                    file.write(contents[blob.id])


def _is_sound(path: str) -> bool:
    """Whether a path can only lead down."""
    return not any(part.lower() in _NEVER or "\\" in part for part in path.split("/"))


@contextlib.contextmanager
def project_at(root: Path, ref: str) -> Iterator[Project]:
    """
    The declarations of the project at ``root`` as they are at a commit, while the context lasts.

    Findings name their file as ``ref:stacks/prod.toml``.

    Raises:
        UsageError: ``ref`` names no commit.
        SettingError: no repository, no git, or the commit has no declarations.

    """
    repository = Repository(root)
    commit = repository.commit(ref)
    with unpacked(repository) as made:
        tree = repository.tree(commit)
        if tree is None:
            raise SettingError(
                f"{ref}: there is no {repository.prefix}{STACKS}/ at that commit, so it declares "
                f"nothing; name one that does"
            )
        made.show(repository.files(tree))
        whole = repository.tree(commit, "")
        if made.mentions(b"../") and whole is not None:
            made.show(repository.files(whole), "")  # a prompt may lie beside stacks/
        yield Project(made.folder, label=f"{ref}:")


@contextlib.contextmanager
def unpacked(repository: Repository) -> Iterator[Unpacked]:
    """An empty folder for trees, gone with the context."""
    with tempfile.TemporaryDirectory(prefix="dialform-") as folder:
        yield Unpacked(repository, Path(folder))
