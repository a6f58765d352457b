"""
What may stand in ``extraFields``: nothing that is declared, nothing that belongs to a call.

Pure. Fields are compared under the names that declarations use and under the API's, as both
would be sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.api.models import PER_CALL_FIELDS
from dialform.presets.documents import is_overlay_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dialform.declaration.merging import Layered
    from dialform.errors import Problem

Path = tuple[str | int, ...]


def check_extra(
    layered: Layered,
    extra: Mapping[str, Any] | None,
    problems: list[Problem],
    *declared: Mapping[str, Any],
) -> None:
    """``extra`` must not say again what one of ``declared`` says, whatever the name."""
    found: dict[Path, None] = {}
    for one in declared:
        found |= dict.fromkeys(_clashes(one, extra or {}, ()))
    for path in found:
        message = "is declared as well; one of the two must go"
        problems.append(layered.problem(("extraFields", *path), "extra-field", message))


def _clashes(under: Any, over: Any, path: Path) -> Iterator[Path]:
    """Where both say something, by table and by the elements of lists."""
    if isinstance(under, list) and isinstance(over, dict) and is_overlay_of(under, over):
        under = {str(index): item for index, item in enumerate(under)}
    if not isinstance(under, dict) or not isinstance(over, dict):
        yield path
        return
    for key, value in over.items():
        if key in under and not (key == "fromNumberPoolId" and value is None):
            yield from _clashes(under[key], value, (*path, key))


def check_per_call(
    layered: Layered, extra: Mapping[str, Any] | None, problems: list[Problem]
) -> None:
    """What each call brings along is no matter of files, but for what says nothing."""
    for key in PER_CALL_FIELDS:
        value = (extra or {}).get(key)
        if value in (None, {}) or key == "fromNumberId":
            continue  # whether the numbers have members is the environment's
        message = {
            "toNumber": "belongs to each call: dialform dial --to",
            "callAgentInput": "belongs to each call: write an [inputs.NAME] table for each",
            "idempotencyKey": "belongs to each call; an environment says whether its workspace "
            "honours keys: [workspace] idempotencyKeys = true",
        }[key]
        problems.append(layered.problem(("extraFields", key), "extra-field", message))
