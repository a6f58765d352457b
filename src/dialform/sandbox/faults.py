"""Faults to come: what a test or a demo asked the sandbox to do wrong, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

How = Literal["status", "close", "reset", "delay", "garbage", "cut", "not-http"]
"""
What goes wrong:

- ``status``: answers ``status`` with ``body`` and ``headers``
- ``close``, ``reset``: closes the connection without an answer, politely or not
- ``delay``: waits ``seconds``, then goes on as if nothing was
- ``garbage``: answers 200 with something that is not the API's
- ``cut``: answers 200, and closes in the middle of the body
- ``not-http``: sends bytes that are no HTTP, and closes
"""

After = Literal["received", "created"]
"""When: with the request received and nothing done yet, or with everything done."""

HOWS: tuple[str, ...] = get_args(How)
AFTERS: tuple[str, ...] = get_args(After)


@dataclass(slots=True)
class Fault:
    """One fault, for the next ``times`` requests it fits."""

    what: str
    """The endpoint's name: ``dials`` is ``POST /dials``, ``dial``, ``hangup``, ``voices``, ...;
    ``*`` is any."""

    how: How = "status"
    after: After = "received"
    times: int = 1
    status: int = 500
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 1.0
    workspace: str | None = None
    """None: any workspace."""

    def fits(self, what: str, workspace: str | None, after: str) -> bool:
        """Whether this fault is meant."""
        return (
            self.what in ("*", what)
            and self.after == after
            and self.workspace in (None, workspace)
            and self.times > 0
        )


def take(faults: list[Fault], what: str, workspace: str | None, after: str) -> Fault | None:
    """The first fault that fits, used up once; None: all goes well."""
    for fault in faults:
        if fault.fits(what, workspace, after):
            fault.times -= 1
            if fault.times == 0:
                faults.remove(fault)
            return fault
    return None
