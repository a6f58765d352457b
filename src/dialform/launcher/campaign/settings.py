"""
How a campaign calls: its limits, and what is tried again. Pure.

What an environment declares (``[campaigns]``) and what the command line says become one value,
which the ledger keeps: a campaign that is resumed goes on as it was begun.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.errors import UsageError
from dialform.launcher.calling import limits
from dialform.launcher.calling.limits import CEILINGS, MOST, OUTCOMES, Again, Limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self


class Settings(NamedTuple):
    """A campaign's limits and policies."""

    rate: float = 1.0
    """Calls started per second, at most."""

    in_flight: int = 8
    """Requests that wait for their answer, at most."""

    live: int = 5
    """Calls that have not ended, at most."""

    total: int | None = None
    """Calls of this campaign, at most."""

    canary: int | None = None
    """Calls after which it pauses once, to be looked at."""

    failures: float | None = 0.5
    """The part of ended calls that may have failed; more of them pause it."""

    retry: Mapping[str, Again] = {}
    """How a call ended -> what is tried again. Without: nothing."""

    suppress: tuple[str, ...] = ()
    """Files of numbers that are not called, as absolute paths."""

    def again(self, status: str, result: str | None) -> Again | None:
        """What is tried again for a call that ended so."""
        return self.retry.get(result or "") or self.retry.get(status)

    def as_json(self) -> str:
        """As the ledger keeps it."""
        fields = {
            **self._asdict(),
            "retry": {name: one._asdict() for name, one in sorted(self.retry.items())},
        }
        return json.dumps(fields, sort_keys=True)

    @classmethod
    def of_json(cls, text: str) -> Self:
        """What `as_json` wrote; keys of other versions are left out."""
        found = json.loads(text)
        retry = {name: Again(**one) for name, one in found.pop("retry", {}).items()}
        found["suppress"] = tuple(found.get("suppress", ()))
        return cls(**{k: v for k, v in found.items() if k in cls._fields}, retry=retry)

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """
        What an environment's published document says (``campaigns``), the rest as usual.

        Raises:
            UnknownFormat, ObjectCorrupt: as `Limits.of`.

        """
        said = Limits.of(document)._asdict()
        return cls(**{name: one for name, one in said.items() if one is not None})

    def above(self, document: Mapping[str, Any]) -> dict[str, float]:
        """
        Which limits are above what an environment declares: its key -> the most.

        Raises:
            UnknownFormat, ObjectCorrupt: as `Limits.of`.

        """
        most = Limits.of(document)
        found = {key: getattr(most, field) for key, field in CEILINGS.items()}
        return {
            key: one
            for key, one in found.items()
            if one is not None and getattr(self, CEILINGS[key]) > one
        }


def seconds(text: str) -> float:
    """
    A length of time, as ``90s``, ``30m``, ``2h``, ``3d``.

    Raises:
        UsageError: it is none.

    """
    try:
        return limits.seconds(text)
    except ValueError as error:
        raise UsageError(str(error)) from None


def retries(texts: list[str]) -> dict[str, Again]:
    """
    Policies from the command line: ``no-answer:2:30m`` is twice more, half an hour later.

    Raises:
        UsageError: one of them can't be read.

    """
    found = {}
    for text in texts:
        name, times, after = [*text.split(":"), "", ""][:3]
        if name not in OUTCOMES:
            raise UsageError(f"--retry {text}: a call is tried again for {', '.join(OUTCOMES)}")
        if not times.isdecimal() or not after:
            raise UsageError(f"--retry {text}: write OUTCOME:TIMES:AFTER, as no-answer:2:30m")
        if not 1 <= int(times) <= MOST["times"]:
            raise UsageError(f"--retry {text}: from 1 to {MOST['times']} times")
        found[name] = Again(int(times), seconds(after))
    return found
