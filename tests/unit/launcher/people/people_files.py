"""What the tests of people files share: a preset's inputs, files, and what is read of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.errors import PeopleError
from dialform.launcher.people import Person, RowError, Skipped, read_people

if TYPE_CHECKING:
    from collections.abc import Iterable

ANN, BEN, CAT = (f"+1415555010{last}" for last in range(3))
DECLARED: dict[str, dict[str, Any]] = {
    "name": {"required": True},
    "company": {"default": "Acme"},
    "amount": {"type": "number"},
    "count": {"type": "integer"},
    "urgent": {"type": "boolean"},
    "anything": {"type": "any"},
    "pin": {"sensitive": True, "pattern": "[0-9]{4}"},
}


class Outcome(NamedTuple):
    """All that came of a file."""

    people: list[Person]
    skipped: list[Skipped]
    errors: list[RowError]
    said: str
    tally: dict[str, int]

    @property
    def rules(self) -> list[tuple[int | None, str | None, str]]:
        """Row, column and rule of each error."""
        return [(one.row, one.column, one.rule) for one in self.errors]


def outcome(
    data: bytes | str, declared: dict[str, dict[str, Any]] = DECLARED, **options: Any
) -> Outcome:
    """What is read from a file of these bytes."""
    file = io.BytesIO(data.encode() if isinstance(data, str) else data)
    people: list[Person] = []
    skipped: list[Skipped] = []
    errors: list[RowError] = []
    tally: dict[str, int] = {}
    said = ""
    try:
        with read_people(
            "people.csv", declared, file=file, report=errors.append, **options
        ) as opened:
            try:
                for row in opened.rows():
                    (people if isinstance(row, Person) else skipped).append(row)  # type: ignore[arg-type]
            finally:
                tally = dict(opened.tally)
    except PeopleError as error:
        said = str(error)
    return Outcome(people, skipped, errors, said, tally)


def csv_of(*rows: Iterable[str], separator: str = ",") -> str:
    """Rows of cells that need no quotes, as CSV."""
    return "".join(separator.join(row) + "\n" for row in rows)
