"""
Real publishers in real processes, run as a script by the tests.

One interpreter is started and forks the publishers, so that hundreds of them take seconds. It
prints what came of each as a JSON document.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry_world import environment, meta, objects, preset, publish, release

from dialform.errors import DialformError
from dialform.registry import Registry
from dialform.registry import folder as folder_module
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_WAIT_SECONDS = 60


def forked(work: Callable[[], Any]) -> tuple[int, int]:
    """Do ``work`` in a new process: its id, and where its answer can be read as JSON."""
    readable, writable = os.pipe()
    child = os.fork()
    if child:
        os.close(writable)
        return child, readable
    status = 1
    try:
        signal.alarm(_WAIT_SECONDS)
        try:
            answer: Any = {"done": work()}
        except DialformError as error:
            answer = {"error": type(error).__name__, "message": str(error)}
        os.write(writable, json.dumps(answer).encode())
        status = 0
    finally:
        os._exit(status)


def answer_of(child: int, readable: int) -> Any:
    """What the process answered; None if it was killed."""
    with os.fdopen(readable, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return None
    return json.loads(text)


def at_once(works: list[Callable[[], Any]]) -> list[Any]:
    """Do all ``works`` in a process each, set off together; their answers."""
    gate, start = os.pipe()

    def gated(work: Callable[[], Any]) -> Callable[[], Any]:
        def wait() -> Any:
            os.close(start)
            os.read(gate, 1)  # ends when the last copy of `start` is closed
            return work()

        return wait

    children = [forked(gated(work)) for work in works]
    os.close(gate)
    os.close(start)
    return [answer_of(*child) for child in children]


def opened(folder: str) -> Registry:
    return Registry.open(folder, base=Path(folder).parent)


# Races


def race_versions(folder: str, count: int) -> Any:
    """Each publishes a content of its own, and one that is the same for all."""

    def work(number: int) -> Callable[[], Any]:
        def publisher() -> Any:
            registry = opened(folder)
            own = publish(registry, "collections", f"own {number}")
            return [own[0], publish(registry, "collections", "common")[0]]

        return publisher

    return at_once([work(number) for number in range(count)])


def race_releases(folder: str, count: int, *, same: bool) -> Any:
    """Each releases onto the empty log that all of them saw."""

    def work(number: int) -> Callable[[], Any]:
        text = "same" if same else f"own {number}"
        return lambda: release(opened(folder), "collections", text, expected=0).seq

    return at_once([work(number) for number in range(count)])


def race_hold(folder: str, count: int) -> Any:
    """Releasers move the log on and on while an operator stops it."""
    at_once([lambda: release(opened(folder), "collections", "first").seq])

    def releaser(number: int) -> Callable[[], Any]:
        def work() -> Any:
            moved = 0
            until = time.monotonic() + _WAIT_SECONDS / 2
            for attempt in itertools.count():
                if time.monotonic() > until:
                    break
                registry = opened(folder)
                head = registry.head("prod", "collections")
                try:
                    text = f"{number}/{attempt}"
                    assert head is not None
                    release(registry, "collections", text, expected=head.seq)
                    moved += 1
                except DialformError as error:
                    if type(error).__name__ == "Refused":
                        return moved
            return -1

        return work

    def holder() -> Any:
        time.sleep(0.05)
        held = opened(folder).append(
            "prod", "collections", "hold", expected=None, meta=meta(1, writer=None, reason="stop")
        )
        return held.seq

    return at_once([holder, *[releaser(number) for number in range(count)]])


def race_first(folder: str, count: int) -> Any:
    """All find no registry, and make it."""

    def work(number: int) -> Callable[[], Any]:
        def publisher() -> Any:
            registry = opened(folder)
            registry.publish_blob(preset(str(number)))
            return registry.id

        return publisher

    return at_once([work(number) for number in range(count)])


def race_marker(folder: str, count: int) -> Any:
    """All make one place a registry on purpose."""

    def work() -> Any:
        registry = opened(folder)
        return [registry.create_marker(), registry.id]

    return at_once([work] * count)


def race_environments(folder: str, count: int) -> Any:
    """All publish the same document of an environment."""
    return at_once(
        [lambda: opened(folder).publish_environment("prod", environment("prod"))] * count
    )


# Kills


def up(folder: str, text: str) -> list[int]:
    """What one ``up`` of one preset writes."""
    registry = opened(folder)
    seq = registry.publish_environment("prod", environment("prod", text.upper()))
    entry = release(registry, "collections", text, expected=_seen(registry))
    return [seq, entry.version, entry.seq]


def _seen(registry: Registry) -> int:
    head = registry.head("prod", "collections")
    return 0 if head is None else head.seq


def killed_at(step: int, work: Callable[[], Any]) -> Callable[[], Any]:
    """
    ``work``, killed by SIGKILL just before the store's ``step``-th call into the system.

    A profile hook counts the calls that are made from the store's own code.
    """

    def doomed() -> Any:
        left = step

        def hook(frame: FrameType, event: str, _argument: object) -> None:
            nonlocal left
            if event == "c_call" and frame.f_code.co_filename == folder_module.__file__:
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1

        sys.setprofile(hook)
        try:
            return work()
        finally:
            sys.setprofile(None)

    return doomed


def kill_everywhere(top: str, before: int) -> Any:
    """
    Kill an ``up`` at each step of its way; look; run it again; look.

    ``before`` ups went well before it.
    """
    pattern = Path(top, "pattern")
    for number in range(before):
        up(str(pattern / "registry"), f"before {number}")
    pattern.mkdir(exist_ok=True)
    faults = []
    step = 0
    while True:
        project = Path(shutil.copytree(pattern, Path(top, "project")))
        folder = str(project / "registry")
        answer = answer_of(*forked(killed_at(step, partial(up, folder, "next"))))
        faults += [f"step {step}: {fault}" for fault in _faults(folder, before, answer)]
        shutil.rmtree(project)
        if answer is not None:
            return {"steps": step, "faults": faults}
        step += 1


def kill_anytime(folder: str, wanted: int, seed: int) -> Any:
    """Kill ``wanted`` ups after a random time each, on one registry, and run each again."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    kills, seconds = 0, 0.01
    faults: list[str] = []
    for number in range(20 * wanted):
        if kills == wanted:
            break
        child, readable = forked(partial(up, folder, f"text {number}"))
        time.sleep(chance.uniform(0, 2 * seconds))
        os.kill(child, signal.SIGKILL)
        kills += answer_of(child, readable) is None
        (found, done, seconds) = at_once([partial(_rerun, folder, f"text {number}")])[0]["done"]
        faults += [f"round {number}: {fault}" for fault in found]
        if done != [number + 1, number + 1, number + 1]:
            faults.append(f"round {number}: the rerun made {done}")
    return {"kills": kills, "faults": faults + at_once([partial(_damage, folder)])[0]["done"]}


def _rerun(folder: str, text: str) -> list[Any]:
    """
    The damage that is found, what the next ``up`` makes, and the seconds it took.

    In a process of its own: what a client of object stores runs inside does not live on in a fork.
    """
    found = _damage(folder)
    began = time.monotonic()
    done = up(folder, text)
    return [found, done, time.monotonic() - began]


def _faults(folder: str, before: int, answer: Any) -> list[str]:
    faults = _damage(folder)
    expected = [before + 1, before + 1, before + 1]
    if answer not in (None, {"done": expected}):
        faults.append(f"not killed, it answered {answer}")
    if (done := up(folder, "next")) != expected:
        faults.append(f"the rerun made {done}")
    once = objects(Path(folder))
    if up(folder, "next") != expected or objects(Path(folder)) != once:
        faults.append("the run after that changed something")
    numbers = [number for number, _ in opened(folder).versions("collections")]
    if numbers != list(range(1, before + 2)):
        faults.append(f"versions {numbers}")
    if len(opened(folder).entries("prod", "collections")) != before + 1:
        faults.append("a lost or a double entry")
    return faults + _damage(folder)


def _damage(folder: str) -> list[str]:
    """What is wrong with a registry that may not be there yet."""
    registry = opened(folder)
    return [str(finding) for finding in verify(registry)] if registry.exists else []


if __name__ == "__main__":
    name, arguments, options = json.loads(sys.argv[1])
    print(json.dumps(globals()[name](*arguments, **options)))  # noqa: T201  # read by the test
