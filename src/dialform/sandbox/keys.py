"""
Idempotency keys: what the sandbox answers to a ``POST /dials`` whose key was used before.

Pure. The documentation promises a 409 and leaves its fields and a key's lifetime open, and an
older deployment may ignore the field; so a test chooses which API it talks to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from dialform.sandbox.dials import Dial

Keys = Literal["conflict", "bare-conflict", "same", "ignored"]
"""
What a key that was used before gets:

- ``conflict``: 409 with the ids of the dial that has it
- ``bare-conflict``: 409 without them
- ``same``: 200 with the ids, as if it were new
- ``ignored``: another dial, as if there were no such field
"""

KEYS_DO: tuple[str, ...] = get_args(Keys)


def repeated(keys: str, dial: Dial) -> tuple[int, dict[str, Any]]:
    """Status and JSON for a key that ``dial`` has."""
    ids = {"dialId": dial.id, "sessionId": dial.session_id}
    if keys == "same":
        return 200, ids
    error = {"message": "the idempotencyKey is already in use"}
    return 409, {"error": error, **(ids if keys == "conflict" else {})}
