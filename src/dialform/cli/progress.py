"""
A running campaign as it is shown: a live line on a terminal, plain lines elsewhere, or JSON lines.

Everything but JSON goes to stderr. Rich draws the live line; where there is no terminal, one
plain line every few seconds says the same, so that a CI log stays readable. What nobody can read
any more, as on a terminal that was closed, stops no campaign.
"""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

from dialform.cli import output
from dialform.errors import Refused
from dialform.launcher.records import FINISHED, PAUSED

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from rich.live import Live

    from dialform.launcher.campaign.engine import Engine, Happened, Stop
    from dialform.launcher.records import Campaign

_EVERY = 10.0
"""Seconds between plain lines."""

_UNCHANGED = 600.0
"""Seconds until a plain line that says nothing new is printed all the same."""

_AGAIN = 60.0
"""Seconds between lines about calls that don't get through."""

_INTERRUPTED = 130
_RATE_OVER = 30.0
"""Seconds over which the rate is told."""

_WORTH_A_LINE = ("unknown", "rejected", "lost")
_HINDERED = {
    "deferred": "the API does not take a call for now, which slows the pace",
    "not_sent": "a call could not be sent",
}
"""What slows a campaign, and would look like nothing at all."""


class Progress:
    """What is shown of one run of a campaign; for ``with``."""

    def __init__(
        self, campaign: Campaign, counts: dict[str, int], again: str, *, as_json: bool
    ) -> None:
        """``again`` is the command that goes on."""
        self._campaign = campaign
        self._counts = dict(counts)
        self._again = again
        self._as_json = as_json
        self._is_live = not as_json and sys.stderr.isatty()
        self._live: Live | None = None
        self._engine: Engine | None = None
        self._began = time.monotonic()
        self._told = float("-inf")
        self._said = ""
        self._hindered = float("-inf")
        self._sent: list[float] = []
        self._endings: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Begin to show."""
        if self._is_live:
            from rich.console import Console  # noqa: PLC0415 - on terminals only
            from rich.live import Live  # noqa: PLC0415

            self._live = Live(
                console=Console(stderr=True),
                refresh_per_second=4,
                get_renderable=self._line,
                transient=True,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        if self._live is not None:
            with contextlib.suppress(OSError):
                self._live.stop()

    def watches(self, engine: Engine) -> None:
        """Show this engine's pace."""
        self._engine = engine

    def happened(self, one: Happened) -> None:
        """Something happened to a row."""
        self._count(one)
        if self._as_json:
            output.json_line(
                {
                    "event": one.kind,
                    "row": one.row.row,
                    "person": one.row.person,
                    "to": one.row.to,
                    "dialId": one.dial_id,
                    "told": one.told,
                    "time": one.time,
                }
            )
            return
        if one.kind in _WORTH_A_LINE:
            self._note(f"{one.row.to}: {one.kind}: {one.told}")
        now = time.monotonic()
        if one.kind in _HINDERED and now - self._hindered > _AGAIN:
            self._hindered = now
            self._note(f"{_HINDERED[one.kind]}, and is tried again: {one.told}")
        self.passes()

    def passes(self) -> None:
        """Time has passed: a plain line, where the last one is old."""
        now = time.monotonic()
        if self._is_live or self._as_json or now - self._told <= _EVERY:
            return
        line = self._line()
        if line != self._said or now - self._told > _UNCHANGED:
            self._told, self._said = now, line
            self._note(line)

    def recounted(self, counts: dict[str, int]) -> None:
        """So many rows are in each state: other processes may have called some."""
        self._counts = dict(counts)

    def interrupted(self) -> None:
        """The first Ctrl-C."""
        self._note(
            "no more calls are started; waiting for the answers that are on their way "
            "(again to leave them as unknown)"
        )

    def ended(self, stop: Stop, counts: dict[str, int]) -> int:
        """Say how it ended and how to go on; the exit code. Raises Refused where it is paused."""
        self._counts = counts
        if self._as_json:
            document: dict[str, Any] = {"event": "stopped", **stop._asdict(), "rows": counts}
            output.json_line(document)
        else:
            self._note(self._line())
        unknown = counts.get("unknown", 0)
        if unknown:
            self._note(
                f"warning: {unknown} of unknown outcome: a phone may have rung; `dialform ledger "
                "--unknown` lists them, and nothing dials them again by itself"
            )
        if stop.state == FINISHED:
            return 0
        if stop.state == PAUSED:
            raise Refused(
                f"campaign {self._campaign.name} is paused: {stop.message} [{stop.rule}]; "
                f"go on with: {self._again}"
            )
        self._note(f"interrupted; go on with: {self._again}")
        return _INTERRUPTED

    def _count(self, one: Happened) -> None:
        if one.kind == "accepted":
            self._move("planned", "live")
            self._sent.append(time.monotonic())
        elif one.kind == "ended":
            self._move("live", "done")
            self._endings[one.told] = self._endings.get(one.told, 0) + 1
        elif one.kind in ("rejected", "unknown", "skipped"):
            self._move("planned", one.kind)
        elif one.kind == "again":
            self._move("done", "planned")

    def _move(self, before: str, after: str) -> None:
        self._counts[before] = max(0, self._counts.get(before, 0) - 1)
        self._counts[after] = self._counts.get(after, 0) + 1

    def _line(self) -> str:
        """The campaign in a line."""
        now = time.monotonic()
        self._sent = [at for at in self._sent if now - at < _RATE_OVER]
        over = min(_RATE_OVER, max(now - self._began, 1.0))
        rate = len(self._sent) / over
        remain = self._counts.get("planned", 0)
        parts = [
            f"{self._campaign.name}: {remain:,} to call",
            f"{self._counts.get('live', 0)} live",
            f"{self._counts.get('done', 0):,} done",
        ]
        parts += [
            f"{self._counts[state]:,} {state}"
            for state in ("skipped", "rejected", "unknown")
            if self._counts.get(state)
        ]
        ends = ", ".join(f"{count} {name}" for name, count in sorted(self._endings.items()))
        if ends:
            parts.append(f"({ends})")
        parts.append(f"{rate:.1f}/s")
        due = None if self._engine is None else self._engine.due
        if due is not None and due - time.time() > _EVERY:
            parts.append(
                f"the next is due at {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(due))}"
            )
        elif rate and remain:
            parts.append(f"{_length(remain / rate)} left")
        if self._engine is not None and self._engine.governor.pace < 1:
            parts.append(f"slowed to {self._engine.governor.pace:.0%}")
        return ", ".join(parts)

    def _note(self, text: str) -> None:
        with contextlib.suppress(OSError):
            if self._live is not None and self._live.is_started:
                self._live.console.print(output.scrub(text), markup=False, highlight=False)
            else:
                output.note(text)


def _length(seconds: float) -> str:
    """``1 h 5 min``."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
