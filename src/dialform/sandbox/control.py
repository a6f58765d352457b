"""`SandboxControl`: a running sandbox's controls, over HTTP, from any process."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from dialform.errors import SettingError, UsageError
from dialform.sandbox.seed import KEYS

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from dialform.sandbox.faults import After, How
    from dialform.sandbox.keys import Keys


@dataclass(frozen=True, slots=True)
class Received:
    """A request as the sandbox received it."""

    workspace: str | None
    """Whose key it carried; None: no known key."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case, less ``authorization``."""

    body: bytes
    time: float
    """Seconds since 1970, the sandbox's time."""

    status: int | None
    """What was answered; None: nothing was."""

    dial: str | None
    """The id of the dial it created."""


class SandboxControl:
    """
    The controls of the sandbox at ``root``, such as ``http://127.0.0.1:8421``.

    Every method raises SettingError where no sandbox answers, UsageError where it refuses.
    """

    def __init__(self, root: str) -> None:
        """Opens nothing yet."""
        self.root = root.rstrip("/")
        self.url = f"{self.root}/api"
        """The API's base URL, as a stack file has it."""
        self.keys = dict(KEYS)
        """Workspace to API key."""
        self._http = httpx.Client(trust_env=False, timeout=30.0)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def about(self) -> dict[str, Any]:
        """Its keys, time and speed."""
        return self._ask("GET", "")  # type: ignore[no-any-return]

    def received(self) -> list[Received]:
        """Every ``POST /dials`` as it was received, refused ones included, oldest first."""
        return self.requests("dials")

    def requests(self, what: str | None = None) -> list[Received]:
        """Every request to the API; ``what`` is an endpoint's name, as ``voices``."""
        return [
            Received(
                workspace=one["workspace"],
                method=one["method"],
                path=one["path"],
                headers=one["headers"],
                body=base64.b64decode(one["base64"]),
                time=one["time"],
                status=one["status"],
                dial=one["dial"],
            )
            for one in self._ask("GET", "/requests")
            if what in (None, one["what"])
        ]

    def dials(self, workspace: str | None = None) -> list[dict[str, Any]]:
        """
        The dials placed, oldest first.

        Each as ``GET /dials/{id}`` shows it, with its ``workspace``, its request as text
        (``raw``), and whether its phone ``rings``.
        """
        return [
            dial for dial in self._ask("GET", "/dials") if workspace in (None, dial["workspace"])
        ]

    def rings(self, number: str) -> int:
        """How many dials to ``number`` ring, now or later, or rang: in all workspaces."""
        return int(self._ask("GET", "/rings", params={"number": number})["rings"])

    def objects(self, workspace: str, kind: str) -> list[dict[str, Any]]:
        """The objects of a kind, as ``voices``; see `seed.KINDS`."""
        return self._ask("GET", f"/objects/{_part(workspace)}/{_part(kind)}")  # type: ignore[no-any-return]

    def add(self, workspace: str, kind: str, **fields: Any) -> dict[str, Any]:
        """Put a new object into a workspace; its ``id`` may be given."""
        path = f"/objects/{_part(workspace)}/{_part(kind)}"
        return self._ask("POST", path, json=fields)  # type: ignore[no-any-return]

    def edit(self, workspace: str, kind: str, id: str, **changes: Any) -> dict[str, Any]:  # noqa: A002 - the API's word
        """Change an object behind the declaration's back."""
        path = f"/objects/{_part(workspace)}/{_part(kind)}/{_part(id)}"
        return self._ask("PATCH", path, json=changes)  # type: ignore[no-any-return]

    def remove(self, workspace: str, kind: str, id: str) -> None:  # noqa: A002 - the API's word
        """Remove an object."""
        self._ask("DELETE", f"/objects/{_part(workspace)}/{_part(kind)}/{_part(id)}")

    def fail_next(  # noqa: PLR0913 - the ways to go wrong
        self,
        what: str = "dials",
        *,
        how: How = "status",
        after: After = "received",
        times: int = 1,
        status: int = 500,
        body: str | None = None,
        headers: dict[str, str] | None = None,
        seconds: float = 1.0,
        workspace: str | None = None,
    ) -> None:
        """
        Make the next ``times`` requests of an endpoint go wrong.

        ``what`` is the endpoint's name: ``dials`` is ``POST /dials``; ``dial``, ``hangup``,
        ``voices``, ...; ``*`` is any. ``how`` is one of `faults.How`. ``after="created"``
        does it with the dial created. ``status``, ``body`` and ``headers`` are of the answer,
        ``seconds`` is how long ``delay`` waits.
        """
        fault = {
            "what": what,
            "how": how,
            "after": after,
            "times": times,
            "status": status,
            "body": body,
            "headers": headers or {},
            "seconds": seconds,
            "workspace": workspace,
        }
        self._ask("POST", "/faults", json=fault)

    def clear_faults(self) -> None:
        """Forget the faults that are still to come."""
        self._ask("DELETE", "/faults")

    def idempotency_keys(self, keys: Keys) -> None:
        """Say what becomes of an ``idempotencyKey`` that was used before; see `keys.Keys`."""
        self._ask("POST", "/keys", json={"keys": keys})

    def advance(self, seconds: float) -> None:
        """Let the sandbox's time jump ahead."""
        self._ask("POST", "/clock", json={"advance": seconds})

    def speed(self, factor: float) -> None:
        """Set how many of the sandbox's seconds pass in one; 0: its time stands still."""
        self._ask("POST", "/clock", json={"speed": factor})

    def deliver(self, *, seed: int | None = None, repeats: int = 0) -> list[dict[str, Any]]:
        """
        Send the webhooks of what has happened since the last time, to this machine alone.

        ``seed`` shuffles them; ``repeats`` is how often each is sent again. Of each request:
        ``url``, ``event``, ``dial``, and ``status``, None where no answer came.
        """
        return self._ask("POST", "/webhooks", json={"seed": seed, "repeats": repeats})  # type: ignore[no-any-return]

    def reset(self) -> None:
        """As new: the seeds, no dials, nothing received, no faults."""
        self._ask("POST", "/reset")

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = self._http.request(method, f"{self.root}/sandbox{path}", **more)
            value = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise SettingError(
                f"no sandbox answers at {self.root}: {error or type(error).__name__}; "
                "start one with `dialform sandbox`"
            ) from None
        if answer.is_success:
            return value
        raise UsageError(f"sandbox: {method} /sandbox{path}: {value['error']['message']}")


def _part(text: str) -> str:
    return quote(text, safe="")
