"""Who is not to be called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.launcher.ledger.looking import hashed
from dialform.launcher.ledger.storage import Storage
from dialform.launcher.records import Suppression

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PAGE = 500


class Suppressions(Storage):
    """Who is not to be called, in all campaigns of the ledger."""

    def suppress(self, entries: Iterable[Suppression]) -> int:
        """Add entries, in one transaction; returns how many are new. An old one stays as it is."""
        with self._writing("nothing was suppressed") as connection:
            return connection.change_each(
                "INSERT INTO suppression (entry, reason, at) VALUES (:entry, :reason, :at) "
                "ON CONFLICT (entry) DO NOTHING",
                [one._asdict() for one in entries],
            )

    def unsuppress(self, entry: str) -> bool:
        """Remove an entry; returns whether there was one."""
        with self._writing("the entry stays") as connection:
            return (
                connection.change("DELETE FROM suppression WHERE entry = :entry", {"entry": entry})
                > 0
            )

    def suppressed(self, numbers: Iterable[str]) -> dict[str, Suppression]:
        """Those of ``numbers`` that are on the list, as themselves or as a hash, with the entry."""
        asked = list(numbers)
        found: dict[str, Suppression] = {}
        for at in range(0, len(asked), _PAGE):
            page = asked[at : at + _PAGE]
            names = {one: number for number in page for one in (number, hashed(number))}
            values = {f"entry{at}": one for at, one in enumerate(names)}
            places = ", ".join(f":{name}" for name in values)
            with self._reading() as connection:
                rows = connection.rows(
                    f"SELECT entry, reason, at FROM suppression WHERE entry IN ({places})",  # noqa: S608 - names of values
                    values,
                )
            found |= {names[row[0]]: Suppression(*row) for row in rows}
        return found

    def suppressions(self) -> Iterator[Suppression]:
        """The whole list, by entry."""
        after = ""
        while True:
            with self._reading("nothing was read") as connection:
                rows = connection.rows(
                    "SELECT entry, reason, at FROM suppression WHERE entry > :after "
                    "ORDER BY entry LIMIT :page",
                    {"after": after, "page": _PAGE},
                )
            yield from (Suppression(*row) for row in rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]
