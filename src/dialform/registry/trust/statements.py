"""
What keys say of the registry as a whole: who may sign, and what there was at a moment.

Pure: how the two documents are stored and read. A trust statement names the keys that count from
then on and how many of them are needed; a snapshot lists the heads of an environment's logs, so
that a newest entry that was taken away is missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dialform.presets.canonical import Digest, digest, is_digest
from dialform.registry.documents import (
    SNAPSHOT,
    TRUST,
    Damage,
    exact_keys,
    fitting,
    sealed,
    unsealed,
)
from dialform.registry.entries import is_number, is_text, is_time
from dialform.registry.names import name_fault
from dialform.registry.trust.keys import PublicKey, key_fault, public_key

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_KEYS: Final = 32
"""The most keys that a statement or a reader's settings name."""

_TRUST_KEYS = frozenset(("format", "seq", "previous", "keys", "threshold", "time", "by", "reason"))


class Keys(NamedTuple):
    """Whose signatures count, and how many of them are needed."""

    keys: tuple[PublicKey, ...]
    """Each once."""

    threshold: int

    @property
    def ids(self) -> frozenset[str]:
        """The keys' names."""
        return frozenset(key.keyid for key in self.keys)


class Statement(NamedTuple):
    """The trust statement number ``seq``."""

    seq: int
    """1, 2, 3, ... without gaps."""

    previous: Digest | None
    """The digest of statement ``seq - 1``'s bytes; None for the first."""

    names: Mapping[str, str]
    """Public key's line -> what people call its owner."""

    threshold: int
    time: str
    """UTC, as ``2026-11-23T23:00:00Z``."""

    by: str | None
    reason: str | None
    digest: Digest = Digest("")
    """Of this statement's own bytes."""

    @property
    def trusted(self) -> Keys:
        """Whose signatures count from here on."""
        return Keys(tuple(map(public_key, sorted(self.names))), self.threshold)

    def render(self) -> bytes:
        """The bytes to store."""
        rows = {
            key.keyid: {"public": key.line, "name": self.names[key.line]}
            for key in self.trusted.keys
        }
        value = {key: one for key, one in self._asdict().items() if key not in ("names", "digest")}
        return sealed({"format": TRUST, **value, "keys": rows})


class Snapshot(NamedTuple):
    """The snapshot number ``seq`` of an environment."""

    environment: str
    seq: int
    """1, 2, 3, ... without gaps."""

    previous: Digest | None
    """The digest of snapshot ``seq - 1``'s bytes; None for the first."""

    heads: Mapping[str, tuple[int, Digest]]
    """Preset -> number and digest of its log's newest entry."""

    document: tuple[int, Digest] | None
    """The same of the environment's document."""

    trust: tuple[int, Digest] | None
    """The same of the newest trust statement."""

    time: str
    """UTC, as ``2026-11-23T23:00:00Z``."""

    expires: str
    """From when on it says nothing of what is newest."""

    by: str | None
    digest: Digest = Digest("")
    """Of this snapshot's own bytes."""

    def is_expired(self, now: float) -> bool:
        """Whether it says nothing of what is newest any more, at a time in seconds since 1970."""
        from datetime import datetime  # noqa: PLC0415 - where there is a snapshot

        return now >= datetime.fromisoformat(self.expires).timestamp()

    def render(self) -> bytes:
        """The bytes to store."""
        value: dict[str, Any] = self._asdict()
        del value["digest"]
        heads = {preset: _row(*head) for preset, head in self.heads.items()}
        value |= {"heads": heads, "document": _row_or_none(self.document)}
        return sealed({"format": SNAPSHOT, **value, "trust": _row_or_none(self.trust)})


def parse_statement(data: bytes, seq: int) -> Statement:
    """
    The trust statement of that number in stored bytes.

    Raises:
        Damage: if they are not that statement.

    """
    value = unsealed(data, TRUST)
    exact_keys(value, _TRUST_KEYS)
    del value["format"]
    rows = value["keys"]
    fits = {
        "seq": is_number(value["seq"]),
        "previous": value["previous"] is None or is_digest(value["previous"]),
        "keys": isinstance(rows, dict) and 0 < len(rows) <= MOST_KEYS,
        "threshold": is_number(value["threshold"]),
        "time": is_time(value["time"]),
        "by": is_text(value["by"]),
        "reason": is_text(value["reason"]),
    }
    fitting(value, fits)
    names: dict[str, str] = {}
    for keyid, row in rows.items():
        names.update([_named_key(keyid, row)])
    # A key under its own name alone is there once: two names would be two signatures.
    if value["threshold"] > len(names):
        raise Damage("content", f"its threshold is {value['threshold']} of {len(names)} keys")
    if value["seq"] != seq:
        raise Damage("place", f"it is trust statement {value['seq']}")
    if (value["previous"] is None) != (seq == 1):
        raise Damage("content", f"its previous is {value['previous']!r}")
    del value["keys"]
    return Statement(**value, names=names, digest=digest(data))


def parse_snapshot(data: bytes, environment: str, seq: int) -> Snapshot:
    """
    The snapshot of that environment and number in stored bytes.

    Raises:
        Damage: if they are not that snapshot.

    """
    value = unsealed(data, SNAPSHOT)
    exact_keys(value, frozenset(("format", *Snapshot._fields)) - {"digest"})
    del value["format"]
    heads = value["heads"]
    fits = {
        "environment": isinstance(value["environment"], str),
        "seq": is_number(value["seq"]),
        "previous": value["previous"] is None or is_digest(value["previous"]),
        "heads": isinstance(heads, dict)
        and all(name_fault(preset) is None and _is_row(row) for preset, row in heads.items()),
        "document": value["document"] is None or _is_row(value["document"]),
        "trust": value["trust"] is None or _is_row(value["trust"]),
        "time": is_time(value["time"]),
        "expires": is_time(value["expires"]),
        "by": is_text(value["by"]),
    }
    fitting(value, fits)
    if (value["environment"], value["seq"]) != (environment, seq):
        raise Damage("place", f"it is snapshot {value['seq']} of {value['environment']}")
    value["heads"] = {preset: _head(row) for preset, row in heads.items()}
    for key in ("document", "trust"):
        value[key] = None if value[key] is None else _head(value[key])
    return Snapshot(**value, digest=digest(data))


def _named_key(keyid: str, row: object) -> tuple[str, str]:
    if not isinstance(row, dict) or row.keys() != {"public", "name"}:
        raise Damage("content", f"its key {keyid!r} is not a public key and a name")
    fault = key_fault(row["public"])
    if fault is not None:
        raise Damage("content", f"its key {keyid!r} {fault}")
    if public_key(row["public"]).keyid != keyid:
        raise Damage("content", f"its key {keyid!r} stands under another key's name")
    if not row["name"] or not is_text(row["name"]):
        raise Damage("content", f"its key {keyid!r} has no name")
    return row["public"], row["name"]


def _row(seq: int, of: Digest) -> dict[str, Any]:
    return {"seq": seq, "digest": of}


def _row_or_none(head: tuple[int, Digest] | None) -> dict[str, Any] | None:
    return None if head is None else _row(*head)


def _head(row: dict[str, Any]) -> tuple[int, Digest]:
    return row["seq"], Digest(row["digest"])


def _is_row(row: object) -> bool:
    return (
        isinstance(row, dict)
        and row.keys() == {"seq", "digest"}
        and is_number(row["seq"])
        and is_digest(row["digest"])
    )
