"""
Ctrl-C, SIGTERM and a terminal that is closed: the first drains, the second leaves as unknown.

What is unknown is what may have been sent, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import pty
import shlex
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from process_world import Point, numbers, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from process_world import Campaign, Job, Processes

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
LIMITS = ("--rate", "1000", "--live", "50", "--in-flight", "2", "--failures", "1")
GOES_ON = "interrupted; go on with: "


def slowly(world: Processes, name: str, seconds: float, **how: Any) -> tuple[Campaign, Job]:
    """A campaign with two calls on their way, whose answers take that long."""
    world.sandbox.fail_next("dials", how="delay", after="created", seconds=seconds, times=1000)
    one = world.campaign(name, numbers(6), *LIMITS)
    job = one.start(**how)
    until(lambda: len(one.posts()) >= 2)
    return one, job


def states(one: Campaign) -> list[str]:
    return sorted(one.states().values())


def goes_on(one: Campaign, said: str) -> None:
    """What was printed goes on, and everybody is called."""
    one.world.sandbox.clear_faults()
    command = said.partition(GOES_ON)[2].splitlines()[0]
    words = shlex.split(command)
    assert words[0] == "dialform"
    one.run(*words[1:], "--yes").ended(0)
    assert one.complete() == []


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_drains(world: Processes, number: signal.Signals) -> None:
    one, job = slowly(world, "drains", 1.0)
    job.kill(number)
    job.ended(130)
    assert "waiting for the answers that are on their way" in job.said
    found = states(one)
    assert set(found) == {"live", "planned"}
    assert found.count("live") == len(one.posts()) < 6
    goes_on(one, job.said)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_second_leaves_what_is_on_its_way_as_unknown(
    world: Processes, number: signal.Signals
) -> None:
    one, job = slowly(world, "leaves", 60.0)
    began = time.monotonic()
    job.kill(number)
    until(lambda: "waiting for the answers" in job.said)
    job.kill(number)
    job.ended(130)
    assert time.monotonic() - began < 20
    assert states(one) == ["planned"] * 4 + ["unknown"] * 2
    assert one.unknown() == 2
    assert "warning: 2 of unknown outcome" in job.said
    goes_on(one, job.said)
    assert states(one) == ["done"] * 4 + ["unknown"] * 2


@pytest.fixture
def deaf() -> Iterator[str]:
    """The URL of a server to which no connection comes about: its queue is full."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"


def test_what_was_certainly_not_sent_is_called_later(world: Processes, deaf: str) -> None:
    """Reserved, and without a connection when the second Ctrl-C comes."""
    world.url = deaf
    world.publish_environment(deaf)
    world.release("reminder")
    one = world.campaign("deaf", numbers(6), *LIMITS)
    job = one.start()
    until(lambda: "reserved" in one.states().values())
    job.kill(signal.SIGINT)
    until(lambda: "waiting for the answers" in job.said)
    job.kill(signal.SIGINT)
    job.ended(130)
    assert states(one) == ["planned"] * 6
    assert "unknown outcome" not in job.said

    world.url = world.sandbox.url
    world.publish_environment(world.url)
    world.release("reminder")
    one.start("--preset", "reminder").ended(0)
    assert one.complete() == []
    assert one.unknown() == 0


@pytest.mark.parametrize("when", ["call", "return"])
def test_what_is_being_reserved_is_called_later(world: Processes, when: str) -> None:
    """Two signals while the first call is being reserved: it is on disk, and nobody sends it."""
    group = "dialform.launcher.campaign.writer:Writer._write"
    commit = "dialform.launcher.ledger.sqlite:SqliteConnection.commit"
    one = world.campaign("reserves", numbers(3), *LIMITS)
    job = one.start(at=Point(commit, when, group, does="SIGINT SIGTERM")).ended(130)
    assert states(one) == ["planned"] * 3
    assert one.posts() == []
    goes_on(one, job.said)
    assert one.unknown() == 0


def test_two_signals_at_any_moment_lose_nobody(world: Processes) -> None:
    def struck(name: str, moment: float) -> list[str]:
        one = world.campaign(name, numbers(8), *LIMITS)
        job = one.start()
        until(lambda: '"plan"' in job.out)
        time.sleep(moment)
        job.kill(signal.SIGTERM)
        job.kill(signal.SIGTERM)
        code = job.wait()  # killed where it has not yet begun to call
        if code not in (0, 130, -signal.SIGTERM) or "Traceback" in job.said:
            return [f"{code}: {job.said}"]
        wrong = one.wrong()
        left = [one for one in one.states().values() if one == "reserved"]
        if left and code == 130:
            wrong.append(f"{len(left)} are left as reserved")
        one.finish()
        return wrong + one.complete()

    assert world.each(struck, [at / 40 for at in range(16)], at_once=4) == {}


class Terminal:
    """A terminal, and all that is shown on it."""

    def __init__(self) -> None:
        self.controller, self._own = pty.openpty()
        self.name = os.ttyname(self._own)
        self.shown = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # what a terminal without processes gives
            while data := os.read(self.controller, 4096):
                self.shown += data

    def ended(self) -> str:
        """Everything, after its processes have ended."""
        os.close(self._own)
        self._reader.join(30)
        os.close(self.controller)
        return self.shown.decode().replace("\r\n", "\n")


def test_ctrl_c_on_a_terminal_drains_and_says_how_to_go_on(world: Processes) -> None:
    terminal = Terminal()
    world.environment |= {"TERM": "xterm", "COLUMNS": "400"}
    world.shows_json = False
    one, job = slowly(world, "typed", 1.5, terminal=terminal.name)
    os.write(terminal.controller, b"\x03")
    job.ended(130)
    said = terminal.ended()
    assert "waiting for the answers that are on their way" in said
    assert "\x1b[?25h" in said, "the cursor stays hidden"
    assert set(states(one)) == {"live", "planned"}
    goes_on(one, said)


def test_a_no_on_a_terminal_calls_nobody_and_is_no_success(world: Processes) -> None:
    terminal = Terminal()
    one = world.campaign("no", numbers(2))
    words = [word for word in one.words() if word not in ("--yes", "--json")]
    job = one.run(*words, terminal=terminal.name)
    os.write(terminal.controller, b"n\n")
    job.ended(3)
    assert terminal.ended().endswith(" nobody was called\n")
    assert one.states() == {}
    assert one.posts() == []


@pytest.mark.parametrize("shows_json", [False, True])
def test_a_terminal_that_is_closed_drains(world: Processes, *, shows_json: bool) -> None:
    """Though nothing can be written to it any more."""
    controller, own = pty.openpty()
    world.environment |= {"TERM": "xterm"}
    world.shows_json = shows_json
    one, job = slowly(world, "closed", 1.5, terminal=os.ttyname(own))
    os.close(own)
    os.close(controller)
    assert job.wait() in (130, 1)
    found = states(one)
    assert set(found) == {"live", "planned"}
    assert found.count("live") == len(one.posts()) < 6
    world.sandbox.clear_faults()
    one.finish()
    assert one.complete() == []


def test_nohup_is_respected(world: Processes) -> None:
    one, job = slowly(world, "nohup", 0.3, ignores=["SIGHUP"])
    job.kill(signal.SIGHUP)
    job.ended(0)
    assert one.complete() == []


def test_a_signal_is_heard_while_the_ledger_is_looked_at(world: Processes) -> None:
    """As the process is about to wait for long, with nobody left to call and a call live."""

    def heard(name: str, point: Point) -> list[str]:
        one = world.campaign(name, numbers(1), *LIMITS)
        job = one.start(at=point, polls=(600.0, 600.0))
        until(lambda: '"accepted"' in job.out)
        began = time.monotonic()
        job.ended(130)
        waited = time.monotonic() - began
        return [f"waited {waited:.0f} seconds"] if waited > 20 else one.wrong()

    looks = "dialform.launcher.ledger.waiting:Waiting.next_due"
    points = [Point(looks, "call", None, 2, does="SIGTERM")] * 12
    assert world.each(heard, points) == {}
