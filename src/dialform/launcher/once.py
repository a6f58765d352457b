"""
``once`` keys: what came of the call that took one, waited for while it is under way.

Asks the ledger and the clock; sends nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dialform.errors import UsageError
from dialform.launcher.outcome import Dial, replayed

if TYPE_CHECKING:
    from dialform.launcher.ledger import Ledger

_POLL = 0.05
_LONGEST = 255


def outcome_of(
    ledger: Ledger, environment: str, once: str, *, preset: str, to: str | None
) -> Dial | None:
    """
    The call that took ``once``, for one with ``preset`` to ``to``; None if the key is free.

    Raises:
        UsageError: no key can be like that.
        Refused: the key was used for another number or another preset.
        OutcomeUnknown: what came of the call is not known.

    """
    checked(once)
    record = ledger.taken(environment, once)
    while record is not None and record.pending():
        time.sleep(_POLL)
        record = ledger.taken(environment, once)
    return None if record is None else replayed(record, preset=preset, to=to)


async def aoutcome_of(
    ledger: Ledger, environment: str, once: str, *, preset: str, to: str | None
) -> Dial | None:
    """`outcome_of` for asyncio; it holds no thread while it waits."""
    import asyncio  # noqa: PLC0415 - heavy, and `outcome_of` needs none

    checked(once)
    record = await asyncio.to_thread(ledger.taken, environment, once)
    while record is not None and record.pending():
        await asyncio.sleep(_POLL)
        record = await asyncio.to_thread(ledger.taken, environment, once)
    return None if record is None else replayed(record, preset=preset, to=to)


def checked(once: str) -> str:
    """``once`` itself. Raises UsageError for what can't be a key."""
    if not once or len(once) > _LONGEST or not once.isprintable():
        raise UsageError(f"once key {once!r}: 1 to {_LONGEST} printable characters")
    return once
