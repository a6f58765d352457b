"""
What may stand in an environment's ``[campaigns]``: limits, and what is tried again.

The model alone: what is published is the table as it stands. How a campaign keeps to it is the
launcher's: `dialform.launcher.campaign`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from dialform.api.models import Absent, Model
from dialform.launcher.calling.limits import MOST, seconds


def _length(text: str) -> str:
    seconds(text)
    return text


Outcome = Literal[
    "no-answer", "busy", "failed", "canceled", "RATE_LIMITED", "VOICEMAIL_DETECTED_HANGUP"
]
"""How a call ended that may be tried again: its status, or its result in capitals."""


class Retry(Model):
    """What is tried again for one way in which a call ended."""

    times: Annotated[int, Field(ge=1, le=MOST["times"])]
    """How often at most, after the first call."""

    after: Annotated[str, AfterValidator(_length)]
    """How long after the call ended: ``90s``, ``30m``, ``2h``, ``1d``."""


class Campaigns(Model):
    """What the campaigns of an environment keep to. A command line may only lower the limits."""

    rate: Absent[Annotated[float, Field(gt=0, le=MOST["rate"])]] = None
    """Calls started per second, at most. 1 where nothing is said."""

    inFlight: Absent[Annotated[int, Field(ge=1, le=MOST["inFlight"])]] = None
    """Requests that wait for their answer, at most. 8 where nothing is said."""

    live: Absent[Annotated[int, Field(ge=1, le=MOST["live"])]] = None
    """Calls that have not ended, at most. 5 where nothing is said."""

    failures: Absent[Annotated[float, Field(ge=0, le=1)]] = None
    """The part of the ended calls that may fail; more pause a campaign. 0.5 by default."""

    retry: Absent[dict[Outcome, Retry]] = None
    """What is tried again, by how a call ended: ``no-answer = { times = 2, after = "30m" }``."""
