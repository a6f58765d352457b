"""
Disks that fail, for real, run as a script by the tests: limits, full and read-only mounts.

Where it mounts, it is run in a mount namespace of its own, so that nothing of it outlasts it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry_processes import answer_of, forked, opened, up
from registry_world import environment, meta, objects, profile, publish, small_registry

from dialform.errors import DialformError
from dialform.presets.canonical import digest
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.registry import Registry

NOBODY = 65534


def outcome(work: Callable[[], Any]) -> list[str]:
    """The error's name and text; "done" where there is none."""
    try:
        work()
    except DialformError as error:
        return [type(error).__name__, str(error)]
    return ["done", ""]


def _faults(folder: str, *, before: set[str]) -> list[str]:
    """What a refused write left behind: anything but whole objects."""
    registry = opened(folder)
    faults = [str(finding) for finding in verify(registry)] if registry.exists else []
    left = objects(Path(folder)).keys() - before if registry.exists else set()
    return faults + [key for key in left if "tmp" in key]


def small_files(folder: str, most: int) -> Any:
    """An ``up`` under every limit on the size of a file, from nothing to ``most`` bytes."""
    errors, faults = [], []
    for limit in range(0, most, 8):
        project = Path(folder, str(limit))
        project.mkdir()
        registry = str(project / "registry")

        def limited(limit: int = limit, registry: str = registry) -> Any:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            # The answer goes through a pipe, to which the limit does not apply.
            return outcome(lambda: up(registry, "next"))

        errors.append(answer_of(*forked(limited))["done"])
        faults += _faults(registry, before=set())
        if up(registry, "next") != [1, 1, 1]:
            faults.append(f"{limit}: not completed")
        faults += _faults(registry, before=set())
    return {"errors": errors, "faults": faults}


def no_more_files(folder: str) -> Any:
    """A process that may open no further file looks for what is there and what is not."""
    registry = str(Path(folder, "registry"))
    small_registry(Path(registry))

    def limited() -> Any:
        fresh = opened(registry)
        fresh.head("prod", "collections")
        lowest = os.dup(0)
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, lowest))
        return [
            outcome(lambda: fresh.head("prod", "collections")),
            outcome(lambda: fresh.read_blob(digest(b"nowhere"))),
            outcome(lambda: fresh.publish_blob(profile("new"))),
        ]

    return answer_of(*forked(limited))["done"]


def as_nobody(folder: str) -> Any:
    """Rights that this user has not: on a file, on a folder, on the marker, on writing."""
    top = Path(folder)
    top.chmod(0o755)  # nobody is to get there
    answers = {}
    for name, key, mode in (
        ("entry", "registry/releases/prod/collections/7.json", 0o000),
        ("log", "registry/releases/prod/collections", 0o000),
        ("marker", "registry/registry.json", 0o000),
        ("top", "registry", 0o000),
        ("blobs", "registry/blobs/sha256", 0o555),
    ):
        project = top / name
        project.mkdir(mode=0o755)
        small_registry(project / "registry")
        for path in (project / "registry").rglob("*"):
            path.chmod(0o777 if path.is_dir() else 0o666)
        (project / "registry").chmod(0o777)
        (project / key).chmod(mode)
        path = project / "registry"

        def unprivileged(path: Path = path) -> Any:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            registry = opened(str(path))
            return {
                "read": outcome(lambda: registry.head("prod", "collections")),
                "exists": outcome(lambda: registry.exists),
                "write": outcome(lambda: registry.publish_blob(profile("new"))),
            }

        answers[name] = answer_of(*forked(unprivileged))["done"]
        (project / key).chmod(0o777)
        answers[name]["left"] = [one for one in objects(path) if "tmp" in one]
    return answers


# Mounts


def _mount(folder: str, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "dialform", folder], check=True)


def _remount(folder: str, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


def _unmount(folder: str) -> None:
    subprocess.run(["umount", folder], check=True)


def full_disks(folder: str, what: str, most: int) -> Any:
    """An ``up`` on disks of 1, 2, ... inodes or pages, until it fits; then again with room."""
    errors, faults = [], []
    for room in range(2, most):
        _mount(folder, f"nr_inodes={room},size=1m" if what == "inodes" else f"size={room * 4}k")
        registry = str(Path(folder, "registry"))
        errors.append(outcome(partial(up, registry, "next")))
        faults += _faults(registry, before=set())
        _remount(folder, "nr_inodes=1000,size=1m")
        if up(registry, "next") != [1, 1, 1]:
            faults.append(f"{room}: not completed")
        faults += _faults(registry, before=set())
        _unmount(folder)
    return {"errors": errors, "faults": faults}


def read_only(folder: str) -> Any:
    """What can be done with a registry on a disk that takes no write."""
    _mount(folder, "size=1m")
    path = Path(folder, "registry")
    small_registry(path)
    _remount(folder, "ro")
    before = objects(path)
    registry = opened(str(path))
    answers = {
        "read": outcome(lambda: registry.entries("prod", "collections")),
        "verify": outcome(lambda: list(verify(registry))),
        "blob": outcome(lambda: registry.publish_blob(profile("new"))),
        "log": outcome(
            lambda: registry.append("prod", "reminder", "hold", expected=None, meta=meta())
        ),
        "environment": outcome(
            lambda: registry.publish_environment("prod", environment("prod", "NEW"))
        ),
        "again": outcome(lambda: publish(registry, "collections", "two")),
        "init": outcome(opened(str(Path(folder, "other"))).create_marker),
    }
    return {"answers": answers, "changed": objects(path) != before}


def unmounted(folder: str) -> Any:
    """The registry's own disk goes away and comes back."""
    path = Path(folder, "registry")
    path.mkdir()
    _mount(str(path), "size=1m")
    opened(str(path)).create_marker()
    old = small_registry(path)
    subprocess.run(["umount", "--lazy", str(path)], check=True)

    def calls(registry: Registry) -> list[Callable[[], Any]]:
        return [
            lambda: registry.head("prod", "collections"),
            lambda: registry.head("prod", "nothing"),
            lambda: registry.exists,
            lambda: registry.publish_blob(profile("new")),
            lambda: list(verify(registry)),
        ]

    works = [*calls(old), *calls(opened(str(path)))]
    return {
        "answers": [outcome(work)[0] for work in works],
        "written": [child.name for child in path.iterdir()],
    }


if __name__ == "__main__":
    name, arguments, options = json.loads(sys.argv[1])
    print(json.dumps(globals()[name](*arguments, **options)))  # noqa: T201  # read by the test
