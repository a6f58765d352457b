"""Fixtures of the registry's tests."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from registry_world import fast_folder

from dialform.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's folder, without a registry yet."""
    return tmp_path


@pytest.fixture
def registry(project: Path) -> Registry:
    """A registry in the project that was not created yet."""
    return Registry.open("registry", base=project)


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk that syncs fast, for tests that write thousands of objects."""
    with tempfile.TemporaryDirectory(dir=fast_folder(tmp_path)) as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def memory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test on a machine that saw no registry yet: reference registries have one id."""
    monkeypatch.setenv("DIALFORM_STATE", str(tmp_path / "state"))
