"""A real PostgreSQL server for tests: a folder of its own, a Unix socket, no port."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

WHY = "no PostgreSQL server here: apt-get install postgresql"


def programs() -> Path | None:
    """The folder of the server's programs, the newest; None where there are none."""
    found = shutil.which("postgres")
    if found:
        return Path(found).resolve().parent
    folders = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    return max((one.parent for one in folders), key=lambda one: int(one.parent.name), default=None)


class PostgresServerProcess:
    """A server that is started, as no root, and keeps nothing."""

    def __init__(self, bin_folder: Path) -> None:
        """Start it; a few seconds."""
        # The socket's path must be short: at most about a hundred characters.
        self._folder = Path(tempfile.mkdtemp(prefix="dialform-pg-", dir="/tmp"))
        self._user = self._nobody()
        data = self._folder / "data"
        self._run(
            *(str(bin_folder / "initdb"), "-D", str(data), "-U", "dialform", "-A", "trust"),
            *("--no-sync", "-E", "UTF8", "--locale=C"),
        )
        # Nothing is to outlive a machine's crash here: durability is PostgreSQL's own affair.
        options = {"fsync": "off", "unix_socket_directories": str(self._folder), "port": "5432"}
        options |= {"listen_addresses": "", "max_connections": "60"}
        self._log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(
            [
                *(str(bin_folder / "postgres"), "-D", str(data)),
                *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
            ],
            stdout=self._log,
            stderr=self._log,
            cwd=self._folder,
            **self._user,
        )
        self._wait()
        self._names = itertools.count(1)

    def new_database(self) -> str:
        """The URL of a new, empty database. Thread-safe."""
        name = f"ledger{next(self._names)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._url(name)

    def cut_connections(self) -> None:
        """End all connections, as a restart of the server does."""
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND application_name = 'dialform'"
            )

    def stop(self) -> None:
        """End it and remove its folder."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)
        self._log.close()
        shutil.rmtree(self._folder)

    def _url(self, database: str) -> str:
        return f"postgresql://dialform@/{database}?host={quote(str(self._folder), safe='')}"

    def _nobody(self) -> dict[str, Any]:
        """Who runs it: the server refuses to run as root."""
        if os.geteuid() != 0:
            return {}
        names = {one.pw_name for one in pwd.getpwall()}
        user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
        os.chown(self._folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            command, capture_output=True, cwd=self._folder, check=False, timeout=60, **self._user
        )
        assert done.returncode == 0, done.stderr.decode()

    def _wait(self) -> None:
        for _ in range(300):
            assert self._process.poll() is None, (self._folder / "log").read_text()
            try:
                psycopg.connect(self._url("postgres")).close()
            except psycopg.OperationalError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError((self._folder / "log").read_text())
