"""
What an agent was told to say in one call: its words with the inputs filled in, and who made it so.

Pure. Words are those of the bytes that were sent; what a preset leaves to the workspace's agent
is named so.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from dialform.errors import UsageError
from dialform.launcher.evidence.attesting import HIDDEN
from dialform.launcher.script import filled, script

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from dialform.launcher.evidence.story import Story


def span(day: str, zone: ZoneInfo) -> tuple[float, float]:
    """
    A day's first moment and the next day's, in seconds since 1970.

    Raises:
        UsageError: ``day`` is none.

    """
    try:
        first = date.fromisoformat(day)
        last = first + timedelta(days=1)
    except (ValueError, OverflowError):
        raise UsageError(f"--on {day}: no such day; write it like 2026-11-23") from None
    begin, end = (datetime.combine(one, time.min, zone).timestamp() for one in (first, last))
    return begin, end


def said(story: Story, *, sensitive: bool) -> dict[str, Any]:
    """
    What the agent was told, for one dial.

    ``sensitive``: whether the values of sensitive inputs are filled in.

    Returns:
        ``openingLine`` (None: none of its own) and ``script``, both None where the bytes were
        erased or not kept.

    """
    body = story.value
    if body is None:
        return {"openingLine": None, "script": None}
    inputs = body.get("callAgentInput") or {}
    if not sensitive:
        hidden = story.sensitive & inputs.keys()
        inputs = {**inputs, **dict.fromkeys(hidden, HIDDEN)}
    line = (body.get("agentOverrides") or {}).get("openingLine") or {}
    opening = None
    if line.get("lineType") != "NONE" and isinstance(line.get("content"), str):
        opening = filled(line["content"], inputs)
    return {"openingLine": opening, "script": script(body, inputs)}
