"""
What the tests with real processes share: a zygote that forks them, campaigns, and a verdict.

The verdict is the simulation's judge over the ledger's file, with what the sandbox received.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import psycopg
from judge import verdict
from launcher_world import World
from psycopg.rows import dict_row

from dialform.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Self

    from dialform.sandbox import Received, Sandbox

PATIENCE = 100.0
"""Seconds that a process has to end; a machine may be busy."""

BUSY = "+14155550110"
KILLED = -signal.SIGKILL
_Given = TypeVar("_Given")
_TABLES = "SELECT tablename FROM pg_tables WHERE tablename = 'dial'"


def numbers(count: int) -> list[str]:
    """Numbers whose calls are answered."""
    return [f"+141555501{at:02}" for at in range(20, 20 + count)]


class Point(NamedTuple):
    """A moment in a process: a function of the product is called, or returns."""

    code: str
    """``module:qualified.name``."""

    when: str = "return"
    """Or ``call``."""

    within: str | None = None
    """A function that must be running."""

    nth: int = 1
    """Which time."""

    does: str = "SIGKILL"
    """The signals that it sends itself; or ``EIO``, ``ENOSPC``, ``EIO:fdatasync``: what writes of
    that thread, or one kind of them, fail with from there on."""

    def as_json(self) -> dict[str, Any]:
        """As the zygote takes it."""
        return self._asdict()

    def __str__(self) -> str:
        """A name for a test."""
        within = "" if self.within is None else self.within.rpartition(":")[2] + ">"
        count = "" if self.nth == 1 else f" {self.nth}"
        return f"{self.when} {within}{self.code.rpartition(':')[2]}{count}"


class Job:
    """A process of the command line."""

    def __init__(self, out: Path, err: Path, signals: Callable[[int], None]) -> None:
        self._out, self._err = out, err
        self._signals = signals
        self._code: Future[int] = Future()

    def wait(self, seconds: float = PATIENCE) -> int:
        """Its exit code, negative for the signal that ended it."""
        return self._code.result(seconds)

    def ended(self, *codes: int) -> Self:
        """Wait for it; it must have ended with one of ``codes``, and without a traceback."""
        code = self.wait()
        assert code in codes, f"{code}: {self.said[-2000:]}"
        assert "Traceback" not in self.said, self.said
        assert "bug in dialform" not in self.said, self.said
        return self

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send it a signal, unless it has ended."""
        self._signals(number)

    @property
    def said(self) -> str:
        """What it wrote to stderr so far."""
        return self._err.read_text(encoding="utf-8") if self._err.exists() else ""

    @property
    def out(self) -> str:
        """What it wrote to stdout so far."""
        return self._out.read_text(encoding="utf-8") if self._out.exists() else ""

    def told(self, code: int) -> None:
        """It has ended."""
        self._code.set_result(code)


class Zygote:
    """`process_zygote`, running."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("process_zygote.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._jobs: list[Job] = []
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(  # noqa: PLR0913 - what a process has
        self,
        *arguments: str,
        folder: Path,
        env: dict[str, str],
        at: Point | None = None,
        largest: int | None = None,
        clock: Path | None = None,
        terminal: str | None = None,
        out: str | None = None,
        polls: tuple[float, ...] = (0.3, 0.5),
        ignores: Sequence[str] = (),
    ) -> Job:
        """Fork a process; its output goes to files in ``folder``, which it works in."""
        with self._lock:
            name = len(self._jobs)
            job = Job(folder / f"{name}.out", folder / f"{name}.err", partial(self._signal, name))
            self._jobs.append(job)
            text = {
                "id": name,
                "arguments": arguments,
                "cwd": str(folder),
                "env": env,
                "out": out or str(folder / f"{name}.out"),
                "err": str(folder / f"{name}.err"),
                "at": None if at is None else at.as_json(),
                "largest": largest,
                "clock": None if clock is None else str(clock),
                "terminal": terminal,
                "polls": polls,
                "ignores": ignores,
            }
            self._ask(text)
        return job

    def close(self) -> None:
        """End it; processes that are left are killed."""
        for job in self._jobs:
            job.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._reader.join(30)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _signal(self, name: int, number: int) -> None:
        with self._lock:
            self._ask({"signal": number, "id": name})

    def _ask(self, what: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            self._jobs[told["ended"]].told(told["code"])


class Processes(World):
    """A registry with a released preset, and processes that launch from it."""

    def __init__(self, folder: Path, sandbox: Sandbox, zygote: Zygote) -> None:
        super().__init__(folder, sandbox)
        self.zygote = zygote
        self.shows_json = True
        del self.environment["PYTHONWARNINGS"]  # a process that is forked has read it long ago
        del self.environment["DIALFORM_LEDGER"]

    def received(self) -> list[Received]:
        """The ``POST /dials`` that the sandbox received."""
        for _ in range(3):
            try:
                return self.sandbox.received()
            except SettingError:  # it closed an idle connection at this moment: busy machines do
                time.sleep(0.1)
        return self.sandbox.received()

    def campaign(self, name: str, people: Sequence[str], *more: str, ledger: str = "") -> Campaign:
        """A campaign of that name, with a ledger in its own folder unless one is given."""
        return Campaign(self, name, people, more, ledger)

    def each(
        self,
        work: Callable[[str, _Given], list[str]],
        given: Iterable[_Given],
        *,
        at_once: int = 64,
    ) -> dict[str, list[str]]:
        """
        Do it with each, many at once, since what takes time is waiting; what is wrong where.

        ``work`` gets a name that no other has beside what is given.
        """
        named = [(f"{work.__name__}{at}", one) for at, one in enumerate(given)]
        found: dict[str, list[str]] = {}

        def done(one: tuple[str, _Given]) -> None:
            try:
                wrong = work(*one)
            except AssertionError as error:
                wrong = [str(error)]
            if wrong:
                found[f"{one[0]} {one[1]}"] = wrong

        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(done, named))
        return found


class Campaign:
    """A campaign, its file, its ledger, its processes."""

    def __init__(
        self, world: Processes, name: str, people: Sequence[str], more: Sequence[str], ledger: str
    ) -> None:
        self.world = world
        self.name = name
        self.people = list(people)
        self.folder = world.folder / name
        self.folder.mkdir()
        self.ledger = ledger or str(self.folder / "ledger.db")
        self.more = list(more)
        self.file = self.folder / "people.csv"
        self._write(self.people)
        self.retry = {"busy": 1} if "busy:1:1s" in self.more else {}

    def _write(self, people: Iterable[str]) -> None:
        # Its name is an input of every call, which says whose call it is.
        rows = "".join(f"{one},{self.name}\n" for one in people)
        self.file.write_text(f"to,name\n{rows}", encoding="utf-8")

    def add(self, people: Sequence[str]) -> None:
        """Let its file have these people instead, who are called as well."""
        self.people += people
        self._write(people)

    def words(self) -> tuple[str, ...]:
        """The command line that opens it and goes on."""
        launch = ("launch", "reminder", "people.csv", "-s", "dev", "--name", self.name, "--yes")
        shown = ("--json",) if self.world.shows_json else ()
        return *launch, "--ledger", self.ledger, *shown, *self.more

    def start(self, *more: str, **how: Any) -> Job:
        """A process that opens it or goes on."""
        return self.run(*self.words(), *more, **how)

    def run(self, *words: str, **how: Any) -> Job:
        """Some other command there."""
        given = {"folder": self.folder, "env": self.world.environment}
        return self.world.zygote.start(*words, **{**given, **how})

    def dial(self, key: str, **how: Any) -> Job:
        """A process that calls the first of its people, with that key for this very call."""
        call = ("dial", "reminder", "-s", "dev", "--to", self.people[0], "--once", key)
        return self.run(*call, "--input", f"name={self.name}", "--ledger", self.ledger, **how)

    def finish(self) -> Self:
        """Go on until everybody was called."""
        self.start().ended(0)
        return self

    def posts(self) -> list[tuple[str, bytes, str | None]]:
        """The ``POST /dials`` that the sandbox received: to whom, the body, the dial made."""
        found = []
        for one in self.world.received():
            body = json.loads(one.body)
            if body["callAgentInput"]["name"] == self.name:
                found.append((body["toNumber"], one.body, one.dial))
        return found

    def wrong(self) -> list[str]:
        """The judge's verdict, and what the sandbox received that the ledger doesn't know."""
        posts = self.posts()
        with self.reading() as rows:
            if not rows(_TABLES):
                return [f"{to} was called and there is no ledger" for to, _, _ in posts]
            dials, persons = rows("SELECT * FROM dial"), rows("SELECT * FROM person")
            is_campaign = bool(rows("SELECT id FROM campaign"))
        rings = [(0.0, to) for to, _, dial in posts if dial is not None]
        wrong = []
        if is_campaign:  # the sandbox's time runs faster than the ledger's
            slack = float("inf")
            wrong = verdict(persons, dials, rings, self.people, self.retry, slack=slack)
        for to in {to for to, _, _ in posts}:
            sent = [body for one, body, _ in posts if one == to]
            kept = [bytes(one["body"]) for one in dials if one["to_number"] == to]
            if len(sent) > len(kept) or set(sent) - set(kept):
                wrong.append(f"{to} was sent {len(sent)} requests, {len(kept)} are on record")
        made = {dial: to for to, _, dial in posts if dial is not None}
        wrong += [
            f"{one['to_number']} has a dial that the API made for {made.get(one['dial_id'])}"
            for one in dials
            if one["dial_id"] is not None and made.get(one["dial_id"]) != one["to_number"]
        ]
        return wrong

    def states(self) -> dict[str, str]:
        """Number -> the state of its row."""
        with self.reading() as rows:
            if not rows(_TABLES):
                return {}
            return {one["to_number"]: one["state"] for one in rows("SELECT * FROM person")}

    def reserved(self) -> int:
        """How many may have been sent, and nothing more is known of them; one at a time here."""
        with self.reading() as rows:
            if not rows(_TABLES):
                return 0
            found = rows("SELECT id FROM dial WHERE state IN ('reserved', 'unknown')")
        assert len(found) <= 1
        return len(found)

    def unknown(self) -> int:
        """How many are of unknown outcome; each must say why."""
        with self.reading() as rows:
            found = rows("SELECT * FROM dial WHERE state = 'unknown'")
        assert all(one["evidence"] or one["words"] for one in found), "no evidence"
        return len(found)

    def complete(self, skipped: Sequence[str] = ()) -> list[str]:
        """What is wrong after everybody was called: each was, once, or counts as unknown."""
        wrong = self.wrong()
        rang = {to for to, _, dial in self.posts() if dial is not None}
        for to, state in self.states().items():
            if state not in (("skipped",) if to in skipped else ("done", "unknown")):
                wrong.append(f"{to} is {state} in the end")
            if state == "done" and to not in rang:
                wrong.append(f"{to} is done and was never called")
        self.unknown()
        return wrong

    def reading(self) -> _Reading:
        """Queries of the ledger's file, or database."""
        return _Reading(self.ledger)


class _Reading:
    """The ledger, read past the product."""

    def __init__(self, ledger: str) -> None:
        self._connection: Any
        if "://" in ledger:
            self._connection = psycopg.connect(ledger, autocommit=True, row_factory=dict_row)
        else:
            self._connection = sqlite3.connect(ledger, timeout=30)
            self._connection.row_factory = sqlite3.Row
            # A server's own view, so that one question fits both.
            self._connection.execute(
                "CREATE TEMP VIEW pg_tables AS SELECT name AS tablename FROM main.sqlite_master"
            )

    def __enter__(self) -> Callable[[str], list[Any]]:
        return lambda text: self._connection.execute(text).fetchall()

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)
