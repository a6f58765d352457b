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


def record_where(connection: Connection, where: str, values: Mapping[str, Any]) -> Record | None:
    """The one dial for which ``where`` holds."""
    found = connection.rows(f"{SELECT} WHERE {where}", values)
    return Record(*found[0]) if found else None


def records_where(
    connection: Connection, where: str, values: Mapping[str, Any], *, order: str | None = None
) -> list[Record]:
    """
    The dials for which ``where`` holds, by ``order``.

    Without one they come oldest first, sorted here: a database may prefer an index of the
    order to one of the condition, and read all dials for the few that are wanted.
    """
    ordered = "" if order is None else f" ORDER BY {order}"
    found = [Record(*one) for one in connection.rows(f"{SELECT} WHERE {where}{ordered}", values)]
    return found if order is not None else sorted(found, key=age)


def age(record: Record) -> tuple[str, str]:
    """What sorts dials: when they were reserved."""
    return record.reserved_at, record.id
