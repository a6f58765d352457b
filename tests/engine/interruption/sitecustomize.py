"""
Interrupts `pulumi up` at an exact object: Python runs this first wherever PYTHONPATH has it.

Nothing of dialform is changed. An audit hook sees each object's link into the registry just
before it is made, and each removal of the temporary file just after.

- INTERRUPT ``before:3``: where two are there and the third is about to appear; ``after:3``: where
  the third has just appeared.
- INTERRUPT_WHO ``all``: kills the engine and everything it started; ``engine``: that alone.
- MEET ``FOLDER:NAME:COUNT``: waits, before a version is written, until COUNT processes are there.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

REGISTRY = ".dialform/registry"
PATIENCE = 20.0
"""Seconds to wait for others."""

_lock = threading.Lock()


def processes(session: int) -> list[int]:
    """The processes of a session, oldest first."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                pid = int(entry.name)
                if os.getsid(pid) == session:
                    found.append(pid)
            except ProcessLookupError:
                pass
    return sorted(found)


def interrupt() -> None:
    """Kill; this process is the last one to go."""
    session, own = os.getsid(0), os.getpid()
    if os.environ.get("INTERRUPT_WHO") == "engine":
        os.kill(session, signal.SIGKILL)  # the engine leads the session
        return
    for pid in processes(session):
        if pid != own:
            os.kill(pid, signal.SIGKILL)
    os.kill(own, signal.SIGKILL)


def meet() -> None:
    """Say that this process is there, and wait for the others."""
    folder, name, count = os.environ["MEET"].rsplit(":", 2)
    (Path(folder) / name).touch()
    end = time.monotonic() + PATIENCE
    while len(list(Path(folder).iterdir())) < int(count) and time.monotonic() < end:
        time.sleep(0.001)


def objects() -> int:
    """How many objects the registry has."""
    files = Path(REGISTRY).rglob("*.json") if Path(REGISTRY).exists() else ()
    return sum(".dialform-tmp-" not in str(file) for file in files)


def watch(event: str, details: tuple[Any, ...]) -> None:
    """Look at what is about to happen in the registry, or has just happened."""
    if event in ("os.link", "os.rename"):
        target = str(details[1])
        where = "before"
        if "MEET" in os.environ and "/presets/" in target:
            meet()
    elif event == "os.remove":
        target = str(details[0])
        where = "after"
    else:
        return
    if f"{REGISTRY}/" in target or target.endswith(REGISTRY):
        with _lock:
            count = objects() + (where == "before")
            if os.environ.get("INTERRUPT") == f"{where}:{count}":
                interrupt()


if os.environ.get("INTERRUPT") or os.environ.get("MEET"):
    sys.addaudithook(watch)
