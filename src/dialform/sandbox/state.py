"""
All that a sandbox knows: workspaces and their objects, dials, what was received.

In memory; with a `StateFile` also on disk, saved whenever something has changed. Leaves HTTP
to others.
"""

from __future__ import annotations

import base64
import copy
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dialform.sandbox.clock import Clock
from dialform.sandbox.dials import Dial
from dialform.sandbox.seed import WORKSPACES, seeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.sandbox.faults import Fault
    from dialform.sandbox.statefile import StateFile

MAX_REQUESTS = 20_000
"""How many received requests are kept; older ones are forgotten."""

Objects = dict[str, dict[str, dict[str, Any]]]
"""Kind to id to object."""


@dataclass(slots=True)
class Request:
    """A request as it was received."""

    workspace: str | None
    """Whose key it carried; None: no known key."""

    what: str
    """The endpoint's name: ``dials`` is ``POST /dials``."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    """Less ``Authorization``."""

    body: bytes
    time: float
    """Seconds since 1970, the sandbox's time."""

    status: int | None = None
    """What was answered; None: nothing was."""

    dial: str | None = None
    """The id of the dial it created."""

    def as_json(self) -> dict[str, Any]:
        """With the body in base64, so that not a byte is lost."""
        return {
            "workspace": self.workspace,
            "what": self.what,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "base64": base64.b64encode(self.body).decode(),
            "time": self.time,
            "status": self.status,
            "dial": self.dial,
        }

    @classmethod
    def of_json(cls, value: dict[str, Any]) -> Request:
        """What `as_json` gave."""
        fields = {key: value[key] for key in cls.__slots__ if key != "body"}
        return cls(**fields, body=base64.b64decode(value["base64"]))


@dataclass
class State:
    """The sandbox's memory. Used from one thread, the server's."""

    clock: Clock
    file: StateFile | None = None
    workspaces: dict[str, Objects] = field(default_factory=dict)
    dials: dict[str, Dial] = field(default_factory=dict)
    requests: deque[Request] = field(default_factory=lambda: deque(maxlen=MAX_REQUESTS))
    faults: list[Fault] = field(default_factory=list)
    resets: int = 0
    """How often it was made new; a request that began before has nothing to do here."""

    @classmethod
    def begin(
        cls, wall: Callable[[], float], *, speed: float = 1.0, file: StateFile | None = None
    ) -> State:
        """A new state, or the one in ``file``. Raises SettingError for a file it can't read."""
        state = cls(Clock(wall, speed=speed), file)
        stored = None if file is None else file.load()
        if stored is None:
            state.reset()
        else:
            state._restore(stored)
        return state

    def reset(self) -> None:
        """As new: the seeds, no dials, no faults. Time and its speed go on."""
        self.workspaces = {name: copy.deepcopy(seeded(name)) for name in WORKSPACES}
        self.dials = {}
        self.requests.clear()
        self.faults.clear()
        self.resets += 1
        self.save()

    def rings(self, number: str) -> int:
        """How many dials to ``number`` ring, now or later, or rang: in all workspaces."""
        return sum(
            dial.rings for dial in self.dials.values() if dial.body.get("toNumber") == number
        )

    def save(self) -> None:
        """To the file, if there is one."""
        if self.file is not None:
            self.file.save(
                {
                    "time": self.clock.now(),
                    "workspaces": self.workspaces,
                    "dials": [dial.as_json() for dial in self.dials.values()],
                    "requests": [
                        request.as_json() for request in self.requests if request.what == "dials"
                    ],
                }
            )

    def _restore(self, stored: dict[str, Any]) -> None:
        assert self.file is not None  # noqa: S101 - where `stored` comes from
        try:
            self.clock.not_before(float(stored["time"]))
            self.workspaces = stored["workspaces"]
            self.dials = {dial["id"]: Dial(**dial) for dial in stored["dials"]}
            self.requests.extend(Request.of_json(request) for request in stored["requests"])
            complete = set(self.workspaces) >= set(WORKSPACES)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self.file.corrupt(f"{type(error).__name__}: {error}") from None
        if not complete:
            raise self.file.corrupt("a workspace is missing")
