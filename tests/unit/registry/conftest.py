"""Fixtures of the registry's tests."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from registry_world import fast_folder
from s3_server import S3Server, running

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


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server, for all tests of a run."""
    top = tmp_path_factory.mktemp("s3")
    with tempfile.TemporaryDirectory(dir=fast_folder(top)) as folder, running(Path(folder)) as s3:
        yield s3


@pytest.fixture
def s3(s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, with its owner's credentials in the environment, and no cache yet."""
    for name, value in s3_server.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return s3_server


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk that syncs fast, for tests that write thousands of objects."""
    with tempfile.TemporaryDirectory(dir=fast_folder(tmp_path)) as folder:
        yield Path(folder)
