"""Fixtures for all tests: a running sandbox."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
import s3_server as s3_servers

from dialform.sandbox import Sandbox

# A shell that runs this in the background ignores Ctrl-C, and every command started here would
# inherit that; tests interrupt some of them.
signal.signal(signal.SIGINT, signal.default_int_handler)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3_server import S3Server


@pytest.fixture(scope="session", autouse=True)
def state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept among the user's own files is kept elsewhere, also by the commands run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """A sandbox that all tests of a run share; use `sandbox`, which is as new for each."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """A real server on a free loopback port, as new: seeds, no dials, its time stands still."""
    running_sandbox.reset()
    running_sandbox.speed(0)
    return running_sandbox


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A real S3 server that all tests of a run share; use `s3`."""
    with s3_servers.running() as running:
        yield running


@pytest.fixture
def s3(s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, with its owner's credentials in the environment, and nothing kept of it yet."""
    for name, value in s3_server.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return s3_server
