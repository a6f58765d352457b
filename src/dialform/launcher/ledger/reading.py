"""Records from rows of the table of dials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dialform.launcher.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dialform.launcher.ledger.database import Connection

COLUMNS = {name: "to_number" if name == "to" else name for name in Record._fields}
"""Field of a record -> column."""

SELECT = f"SELECT {', '.join(COLUMNS.values())} FROM dial"  # noqa: S608 - field names


def record_where(
    connection: Connection, where: str, values: Mapping[str, Any], *, lock: bool = False
) -> Record | None:
    """The one dial for which ``where`` holds; ``lock``: nobody else changes it meanwhile."""
    locked = connection.locked if lock else ""
    found = connection.rows(f"{SELECT} WHERE {where}{locked}", values)
    return Record(*found[0]) if found else None


def records_where(
    connection: Connection, where: str, values: Mapping[str, Any], *, order: str
) -> list[Record]:
    """The dials for which ``where`` holds, by ``order``."""
    return [
        Record(*found)
        for found in connection.rows(f"{SELECT} WHERE {where} ORDER BY {order}", values)
    ]
