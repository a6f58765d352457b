"""What a ledger knows of its own claims: the last one in each registry, and how far it has come."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, NamedTuple

from dialform.launcher.ledger.storage import Storage

if TYPE_CHECKING:
    from dialform.launcher.ledger.mark import Mark

HOST_VARIABLE = "DIALFORM_HOST"
"""The environment variable that names this machine where its own name does not last."""


class Standing(NamedTuple):
    """Where a ledger lies, as a claim says it."""

    host: str
    place: str


class Claiming(Storage):
    """The ledger's claims, as far as they are in the ledger."""

    def standing(self) -> Standing:
        """Where the ledger lies now: of a server, which one and the database."""
        with self._reading() as connection:
            place = connection.place()
        if place is not None:
            return Standing("postgresql", place)
        return Standing(
            os.environ.get(HOST_VARIABLE) or socket.gethostname(), os.path.realpath(self.path)
        )

    def dials(self) -> int:
        """How many dials the ledger has on record, of whatever outcome."""
        with self._reading() as connection:
            return connection.dials()

    def claimed(self, registry: str) -> str | None:
        """The last claim that the ledger made, or set out to make, in the registry of that id."""
        return self.setting(f"claim:{registry}")

    def intend(self, registry: str, before: str | None, after: str) -> str:
        """
        Set out to claim ``after``, unless another process of this ledger has set out already.

        Returns what is to be claimed: ``after``, or what took the place of ``before`` first.
        """
        values = {"key": f"claim:{registry}", "before": before, "after": after}
        with self._writing("nothing was sent") as connection:
            if before is None:
                connection.change(
                    "INSERT INTO meta (key, value) VALUES (:key, :after) ON CONFLICT DO NOTHING",
                    values,
                )
            else:
                connection.change(
                    "UPDATE meta SET value = :after WHERE key = :key AND value = :before", values
                )
            ((found,),) = connection.rows("SELECT value FROM meta WHERE key = :key", values)
        return str(found)

    def keep_mark(self, mark: Mark) -> None:
        """Raise ``mark`` with each dial that is reserved from now on; closed with the ledger."""
        if self._mark is not None:
            self._mark.close()
        self._mark = mark
        self._count = self.dials()
        mark.raise_to(self._count)

    def close(self) -> None:
        """Let go of the database and the mark."""
        super().close()
        mark, self._mark = self._mark, None
        if mark is not None:
            mark.close()
