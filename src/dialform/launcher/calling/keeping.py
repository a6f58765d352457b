"""
What an environment says of its ledger: how long personal data is kept, and whether words are.

Pure. `Keeping` is the table ``ledger`` of its published document. The document was checked when it
was declared; one that can't be understood here is not kept to by guess.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform import lengths
from dialform.errors import ObjectCorrupt, UnknownFormat

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

KEYS = ("retention", "transcripts")

_LENGTH = re.compile(r"[1-9][0-9]{0,4}[hd]")
_DAY = 86400


class Keeping(NamedTuple):
    """What the ledger keeps of an environment's dials."""

    retention: int | None = None
    """Seconds after which personal data of ended dials is erased; None: kept."""

    transcripts: bool = True
    """Whether webhooks with what people said are kept with their words."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """
        What an environment's document (``dialform.environment/1``) says, the rest as usual.

        Raises:
            UnknownFormat: it has a setting that this version doesn't know.
            ObjectCorrupt: a setting can't be read.

        """
        table = document.get("ledger") or {}
        name = document.get("environment")
        try:
            unknown = sorted(table.keys() - set(KEYS))
            retention = table.get("retention")
            transcripts = _flag(table.get("transcripts", True))
            found = cls(None if retention is None else kept(retention), transcripts)
        except (ValueError, TypeError, AttributeError) as error:
            raise ObjectCorrupt(
                f"the document of environment {name} has settings for the ledger that can't be "
                f"read ({error}); publish it again with `pulumi up`"
            ) from None
        if unknown:
            raise UnknownFormat(
                f"environment {name} says {unknown[0]} of its ledger, which this version of "
                "dialform doesn't know, so it can't keep to it; upgrade dialform"
            )
        return found


def _flag(found: Any) -> bool:
    if not isinstance(found, bool):
        raise TypeError(f"transcripts is {found!r}")
    return found


def kept(text: str) -> int:
    """
    A time for which personal data is kept, as ``90d`` or ``36h``, in seconds.

    Raises:
        ValueError: it is none, or less than a day.

    """
    if not _LENGTH.fullmatch(text) or lengths.seconds(text) < _DAY:
        raise ValueError(f"{text!r} is no time to keep data for; write it like 90d, a day at least")
    return lengths.seconds(text)
