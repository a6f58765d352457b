"""
All that a sandbox knows: workspaces and their objects, dials, what was received.

In memory; with a `StateFile` also on disk, saved whenever something has changed. Leaves HTTP
to others.
"""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dialform.sandbox.clock import Clock
from dialform.sandbox.dials import Dial
from dialform.sandbox.keys import KEYS_DO
from dialform.sandbox.seed import KINDS, WORKSPACES, seeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from dialform.sandbox.faults import Fault
    from dialform.sandbox.keys import Keys
    from dialform.sandbox.statefile import StateFile

MAX_REQUESTS = 20_000
"""How many received requests are kept; older ones are forgotten."""

Objects = dict[str, dict[str, dict[str, Any]]]
"""Kind to id to object."""


@dataclass(slots=True, eq=False)
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

    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Its own name."""

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
            "key": self.key,
        }

    @classmethod
    def of_json(cls, value: dict[str, Any]) -> Request:
        """What `as_json` gave."""
        fields = {key: value[key] for key in cls.__slots__ if key != "body"}
        return cls(**fields, body=base64.b64decode(value["base64"]))


@dataclass
class State:
    """
    The sandbox's memory. Used from one thread, the server's.

    What is to last goes through the methods, then `save`.
    """

    clock: Clock
    file: StateFile | None = None
    workspaces: dict[str, Objects] = field(default_factory=dict)
    dials: dict[str, Dial] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)
    """Dial to how many of its webhooks were sent. Not kept in the file."""

    keys: Keys = "conflict"
    """What becomes of an ``idempotencyKey`` that was used before."""

    used_keys: dict[tuple[str, str], str] = field(default_factory=dict)
    """Workspace and ``idempotencyKey`` to the id of the dial that has it."""

    resets: int = 0
    """How often it was made new; a request that began before has nothing to do here."""

    @classmethod
    def begin(
        cls, wall: Callable[[], float], *, speed: float = 1.0, file: StateFile | None = None
    ) -> State:
        """A new state, or the one in ``file``. Raises SettingError for a file it can't read."""
        state = cls(Clock(wall, speed=speed), file)
        if file is None or not state._restore(file):
            state.reset()
        return state

    def reset(self) -> None:
        """As new: the seeds, no dials, no faults. Time and its speed go on."""
        if self.file is not None:
            self.file.clear()
        self.workspaces = {name: {kind: {} for kind in KINDS} for name in WORKSPACES}
        for workspace in WORKSPACES:
            for kind, objects in seeded(workspace).items():
                for one in objects.values():
                    self.put_object(workspace, kind, one)
        self.dials = {}
        self.told = {}
        self.requests.clear()
        self.faults.clear()
        self.used_keys.clear()
        self.set_keys("conflict")
        self.resets += 1
        self.save()

    def put_object(self, workspace: str, kind: str, one: dict[str, Any]) -> None:
        """Put an object into a workspace, or in place of the one with its id."""
        self.workspaces[workspace][kind][one["id"]] = one
        if self.file is not None:
            self.file.put("object", json.dumps([workspace, kind, one["id"]]), one)

    def drop_object(self, workspace: str, kind: str, key: str) -> dict[str, Any]:
        """Take an object out of a workspace."""
        if self.file is not None:
            self.file.drop("object", json.dumps([workspace, kind, key]))
        return self.workspaces[workspace][kind].pop(key)

    def put_dial(self, dial: Dial) -> None:
        """Put a dial in, or in place of what was known of it."""
        self.dials[dial.id] = dial
        self._note_key(dial)
        if self.file is not None:
            self.file.put("dial", dial.id, dial.as_json())

    def set_keys(self, keys: Keys) -> None:
        """Say what becomes of keys that were used before."""
        self.keys = keys
        if self.file is not None:
            self.file.put("keys", "", keys)

    def _note_key(self, dial: Dial) -> None:
        key = dial.body.get("idempotencyKey")
        if isinstance(key, str):
            self.used_keys.setdefault((dial.workspace, key), dial.id)

    def received(self, request: Request) -> None:
        """A request came. Only dials asked for go to the file."""
        self.requests[request.key] = request
        self.answered(request)
        if len(self.requests) > MAX_REQUESTS:
            oldest = next(iter(self.requests))
            del self.requests[oldest]
            if self.file is not None:
                self.file.drop("request", oldest)

    def answered(self, request: Request) -> None:
        """Something became of a request."""
        known = request.key in self.requests
        if self.file is not None and request.what == "dials" and known:
            self.file.put("request", request.key, request.as_json())

    def rings(self, number: str) -> int:
        """How many dials to ``number`` ring, now or later, or rang: in all workspaces."""
        return sum(
            dial.rings for dial in self.dials.values() if dial.body.get("toNumber") == number
        )

    def save(self) -> None:
        """To the file, if there is one. Raises SettingError."""
        if self.file is not None:
            self.file.put("time", "", self.clock.now())
            self.file.save()

    def _restore(self, file: StateFile) -> bool:
        """Take what is in the file; False: nothing is."""
        try:
            for _, time in file.read("time"):
                self.clock.not_before(float(time))
            self.workspaces = {name: {kind: {} for kind in KINDS} for name in WORKSPACES}
            for key, one in file.read("object"):
                workspace, kind, name = json.loads(key)
                self.workspaces[workspace][kind][name] = one
            self.dials = {key: Dial(**dial) for key, dial in file.read("dial")}
            for dial in self.dials.values():
                self._note_key(dial)
            for _, keys in file.read("keys"):
                self.keys = keys if keys in KEYS_DO else self.keys
            for key, request in file.read("request"):
                self.requests[key] = Request.of_json(request)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise file.broken(f"{type(error).__name__}: {error}") from None
        return any(any(kinds.values()) for kinds in self.workspaces.values())
