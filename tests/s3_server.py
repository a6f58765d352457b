"""A real S3 server on loopback, for tests, and what a client needs to be told of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]

BUCKET = "dialform-tests"
_START_SECONDS = 30
_ENVIRONMENT = dict(os.environ)
"""As it was before any test moved the cache folder, where the program and Go's own work are."""


@cache
def program() -> str:
    """The server's program, built the first time; a test without it is skipped, but not in CI."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "setup_s3.py"],
        env=_ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        message = "no S3 server: it is built with Go, see above"
        if os.environ.get("CI") or shutil.which("go"):
            pytest.fail(message)
        pytest.skip(message)
    return done.stdout.strip()


class S3Server:
    """A server that runs; its one bucket is a folder."""

    def __init__(self, port: int, folder: Path) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.folder = folder
        self._count = 0

    @property
    def environ(self) -> dict[str, str]:
        """What tells a client of it, as the owner."""
        return self.environ_of("owner", "owner-secret")

    def environ_of(self, key: str, secret: str) -> dict[str, str]:
        """The same, as somebody else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": "us-east-1",
        }

    def fresh(self) -> str:
        """The URL of a place in the bucket where nothing is."""
        self._count += 1
        return f"s3://{BUCKET}/place-{self._count}"

    def files(self, url: str) -> Path:
        """The folder of what is at a URL."""
        return self.folder / url.removeprefix("s3://")

    def admin(self, *words: str) -> None:
        """Run a command of the server's own for its owner."""
        subprocess.run(
            [program(), "admin", "--access", "owner", "--secret", "owner-secret",
             "--endpoint-url", self.endpoint, *words],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip


@contextlib.contextmanager
def running() -> Iterator[S3Server]:
    """A server that is empty; its objects lie in memory where the machine has such a disk."""
    shared = "/dev/shm"  # noqa: S108 - looked for, not relied on
    place = shared if os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder, _serving(Path(folder)) as server:
        yield server


@contextlib.contextmanager
def _serving(folder: Path) -> Iterator[S3Server]:
    buckets, users = folder / "buckets", folder / "users"
    (buckets / BUCKET).mkdir(parents=True)
    users.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command: list[str | Path] = [
        *(program(), "--port", f"127.0.0.1:{port}", "--quiet", "--keep-alive"),
        *("--health", "/health", "--iam-dir", users, "posix", buckets),
    ]
    environ = {**os.environ, "ROOT_ACCESS_KEY": "owner", "ROOT_SECRET_KEY": "owner-secret"}
    with (folder / "log").open("wb") as log, subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
    ) as process:  # fmt: skip
        try:
            _wait(f"http://127.0.0.1:{port}/health", process)
            yield S3Server(port, buckets)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            opener.open(url, timeout=2).close()
            return
        time.sleep(0.02)
    pytest.fail(f"the S3 server did not come up (exit code {process.poll()})")
