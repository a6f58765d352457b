"""
Results row by row: what was asked for, and beside it what came of it. Pure.

The columns of a people file keep their names; what dialform adds begins with ``dialform_``, so
that no input can be taken for it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dialform.launcher.outcomes.shown import moment
from dialform.launcher.outcomes.tally import answered

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from dialform.launcher.records import Record, Row

OUTCOME: Final = {
    "dialform_row": int,
    "dialform_state": str,
    "dialform_reason": str,
    "dialform_attempts": int,
    "dialform_campaign": str,
    "dialform_preset": str,
    "dialform_version": int,
    "dialform_dial_id": str,
    "dialform_status": str,
    "dialform_result": str,
    "dialform_answered": bool,
    "dialform_seconds": float,
    "dialform_placed_at": str,
    "dialform_ended_at": str,
}
"""What is known of each row, and of which type it is; see docs/outcomes.md."""

_PERSON: Final = ("to", "person")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class Result(NamedTuple):
    """A row of a people file, or a single dial, and what came of it."""

    to: str | None
    person: str | None
    inputs: Mapping[str, Any]
    """Less those that are sensitive."""

    outcome: Mapping[str, Any]
    """A value for each of `OUTCOME`, or None."""

    def as_json(self) -> dict[str, Any]:
        """A line of ``--jsonl``."""
        more = {_key(name): value for name, value in self.outcome.items()}
        about = {"to": self.to, "person": self.person, "inputs": dict(self.inputs)}
        return {"format": "dialform.result/1", **about, **more}


def of_row(
    row: Row, record: Record | None, sensitive: Collection[str], campaign: str | None = None
) -> Result:
    """A row of the campaign of that name, and its newest dial; None where there was none."""
    hidden = {*sensitive, *(json.loads(record.withheld) if record else ())}
    return Result(
        row.to or None,
        row.person,
        _inputs(row.inputs, hidden),
        {
            **_outcome(record),
            "dialform_row": row.row,
            "dialform_state": row.state,
            "dialform_reason": row.reason,
            "dialform_attempts": row.attempt,
            "dialform_campaign": campaign,
        },
    )


def of_dial(record: Record, campaign: str | None = None) -> Result:
    """A dial of the ledger, and the name of its campaign if it has one."""
    reason = record.evidence if record.state == "unknown" else record.words
    return Result(
        record.to,
        record.person,
        _inputs(record.inputs, ()),
        {
            **_outcome(record),
            "dialform_state": record.state,
            "dialform_reason": reason,
            "dialform_attempts": record.attempt,
            "dialform_campaign": campaign,
        },
    )


def columns(results: Iterable[Result]) -> list[tuple[str, str | None]]:
    """The table's columns: each one's name, and the input that it holds; None for no input."""
    inputs: dict[str, None] = {}
    for one in results:
        inputs |= dict.fromkeys(one.inputs)
    taken = {*_PERSON, *OUTCOME}
    return [
        *((name, None) for name in _PERSON),
        *((f"input_{name}" if name in taken else name, name) for name in inputs),
        *((name, None) for name in OUTCOME),
    ]


def cells(result: Result, named: Iterable[tuple[str, str | None]]) -> Iterator[Any]:
    """The values of a row, by `columns`; None where it has none."""
    for name, held in named:
        if held is not None:
            yield result.inputs.get(held)
        elif name in OUTCOME:
            yield result.outcome.get(name)
        else:
            yield getattr(result, name)


def cell_text(value: Any) -> str:
    """
    A cell for CSV: nothing that a spreadsheet would take for a formula.

    Text that begins like one gets a ``'`` before it; numbers, telephone numbers too, stay.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _key(column: str) -> str:
    """``dialform_placed_at`` as JSON has it: ``placedAt``."""
    first, *rest = column.removeprefix("dialform_").split("_")
    return first + "".join(map(str.capitalize, rest))


def _inputs(text: str, hidden: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in json.loads(text).items() if name not in hidden}


def _outcome(record: Record | None) -> dict[str, Any]:
    known: dict[str, Any] = dict.fromkeys(OUTCOME)
    if record is not None:
        known |= {
            "dialform_preset": record.preset,
            "dialform_version": record.version,
            "dialform_dial_id": record.dial_id,
            "dialform_status": record.call_status,
            "dialform_result": record.result,
            "dialform_answered": answered(record.call_status, record.result),
            "dialform_seconds": record.seconds,
            "dialform_placed_at": record.reserved_at,
            "dialform_ended_at": moment(record.ended_at),
        }
    return known
