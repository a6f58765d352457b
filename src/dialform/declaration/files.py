"""
The files of a project: which there are, whether they are inside it, what is wrong with each.

Walks the disk, for reading only. What the files say together is put together elsewhere.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from dialform.declaration.rules import check_prose, check_source
from dialform.declaration.source import (
    Prose,
    parse_toml,
    read_json,
    read_prose,
    read_toml,
    refuse,
)
from dialform.errors import DeclarationError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dialform.declaration.source import Source

STACKS = "stacks"
"""The folder of declarations, in the project's folder."""

_LIKELY = (".toml", ".json", ".yaml", ".yml", ".tml")
_SETTINGS = "Pulumi."  # Pulumi.yaml and Pulumi.<stack>.yaml are Pulumi's own


class Disk:
    """A project's files, each read once. Paths are relative to the project, with ``/``."""

    def __init__(
        self, root: Path, *, label: str = "", edited: Mapping[str, str] | None = None
    ) -> None:
        """
        ``root`` is the project's folder; ``label`` leads the names of its files in errors.

        ``edited``: the texts, line ends as LF, that TOML files are to have, by file.
        """
        self._edited = edited or {}
        self._root = str(root)
        self._label = label
        self._real = os.path.realpath(root)
        self._folders: dict[str, bool] = {}
        self._prose: dict[str, Prose | DeclarationError] = {}

    def names(self, folder: str) -> list[str]:
        """
        What a folder holds, hidden files aside; nothing where there is none.

        Raises:
            DeclarationError: it can't be read.

        """
        try:
            entries = os.listdir(f"{self._root}/{folder}")  # noqa: PTH208 - names only
        except FileNotFoundError:
            return []
        except OSError as error:
            raise refuse(
                "unreadable", self.shown(folder), f"can't be read: {error.strerror}"
            ) from None
        return sorted(entry for entry in entries if not entry.startswith("."))

    def source(self, file: str) -> Source:
        """A TOML or JSON file; DeclarationError where it can't be read."""
        path, shown = self._inside(file)
        if file in self._edited:
            source = parse_toml(self._edited[file], shown)
        else:
            source = (read_json if file.endswith(".json") else read_toml)(path, shown)
        source.problems += check_source(source)
        return source

    def prose(self, file: str) -> Prose:
        """A text file; DeclarationError where it can't be read."""
        if file not in self._prose:
            try:
                prose = read_prose(*self._inside(file))
            except DeclarationError as error:
                self._prose[file] = error
            else:
                prose.problems += check_prose(prose)
                self._prose[file] = prose
        found = self._prose[file]
        if isinstance(found, DeclarationError):
            raise found
        return found

    def shown(self, file: str) -> str:
        """A file's name as errors show it."""
        return printable(f"{self._label}{file}")

    def _inside(self, file: str) -> tuple[str, str]:
        """The path to open and the name to show; DeclarationError where it leads elsewhere."""
        shown = self.shown(file)
        folder, _, name = file.rpartition("/")
        path = f"{self._root}/{file}"
        if "\0" in file or name in ("", ".", "..") or not self._holds(folder, path):
            message = "leads out of the project; what is declared is part of it"
            raise refuse("missing-file", shown, message)
        return path, shown

    def _holds(self, folder: str, path: str) -> bool:
        if folder not in self._folders:
            self._folders[folder] = self._leads_inside(f"{self._root}/{folder}")
        return self._folders[folder] and (
            not os.path.islink(path) or self._leads_inside(path)  # noqa: PTH114 - fast
        )

    def _leads_inside(self, path: str) -> bool:
        real = os.path.realpath(path)
        return real == self._real or real.startswith(os.path.join(self._real, ""))  # noqa: PTH118 - ends in a slash


class Folder:
    """The files of one kind by name, and the problems of reading them."""

    def __init__(self, disk: Disk, folder: str, *endings: str) -> None:
        """``endings`` are those of the files that are read; a name has one file."""
        self.sources: dict[str, Source] = {}
        self.problems: dict[str, list[Problem]] = {}
        self.stray: list[Problem] = []
        """What is wrong with the folder and with files that nobody reads."""
        try:
            entries = disk.names(folder)
        except DeclarationError as error:
            self.stray += error.problems
            entries = []
        for entry in entries:
            name, ending = os.path.splitext(entry)  # noqa: PTH122 - names only
            if ending in endings:
                self._read(disk, name, f"{folder}/{entry}")
            elif ending.lower() in _LIKELY and not entry.startswith(_SETTINGS):
                message = f"is not read: files here end in {' or '.join(endings)}"
                self.stray.append(
                    Problem(
                        file=disk.shown(f"{folder}/{entry}"),
                        rule="stray-file",
                        message=message,
                        severity="warning",
                    )
                )
        self.unreadable = {name: list(why) for name, why in self.problems.items()}
        """The files that are there and can't be read, with the reasons."""

    def _read(self, disk: Disk, name: str, file: str) -> None:
        if name in self.sources:
            other = self.sources.pop(name).name
            ending = os.path.splitext(other)[1]  # noqa: PTH122 - names only
            message = f"stands beside {name}{ending}; one of the two must go"
            file = disk.shown(file)
            self.problems[name] = [Problem(file=file, line=1, rule="flow-file", message=message)]
            return
        try:
            self.sources[name] = disk.source(file)
        except DeclarationError as error:
            self.problems.setdefault(name, []).extend(error.problems)

    @cached_property
    def parents(self) -> set[str]:
        """The names that others extend."""
        named = (source.value.get("extends") for source in self.sources.values())
        return {name for name in named if isinstance(name, str)}

    @property
    def names(self) -> list[str]:
        """All that have a file."""
        return sorted({*self.sources, *self.problems})


def printable(name: str) -> str:
    """A file's name, which need not be UTF-8 on disk, as it can be printed."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
