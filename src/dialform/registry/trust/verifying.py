"""
Whose signatures stand on an object, and whose count today.

Reads the registry. A reader's pinned keys are the root: they verify a trust statement, and from
there each statement is signed by the threshold of the one before it and by its own. Signatures
are counted by key, each key once, and read under the names of keys that count: what else lies
among the signatures is not looked at. What was found good once is not verified again.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from dialform.errors import ObjectCorrupt, SettingError, UnknownFormat, Untrusted
from dialform.registry import names
from dialform.registry.documents import Damage
from dialform.registry.trust.envelope import opened, type_of
from dialform.registry.trust.keys import PublicKey, public_key
from dialform.registry.trust.statements import MOST_KEYS, Keys, Statement, parse_statement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from dialform.presets.canonical import Digest
    from dialform.registry.place import Place

_MOST_CACHED = 100_000


class Standing(NamedTuple):
    """The trust statements as one reader sees them."""

    keys: Keys
    """Whose signatures count today."""

    statement: Statement | None
    """The newest that counts; None where the pinned keys count themselves."""

    pending: str | None
    """Why a newer statement does not count; None where there is none."""


class Verifier:
    """Signatures in one registry. Thread-safe."""

    def __init__(self, place: Place) -> None:
        """Touches nothing."""
        self._place = place
        self._lock = threading.Lock()
        self._made: set[tuple[str, Digest, bytes]] = set()
        """Type, object and key of each signature that was found good."""

    def signers(self, kind: str, digest: Digest, keys: Collection[PublicKey]) -> frozenset[str]:
        """The names of those of ``keys`` that signed the object."""
        expected = type_of(kind, self._place.id)
        return frozenset(key.keyid for key in keys if self._signed(expected, digest, key))

    def require(self, kind: str, digest: Digest, keys: Keys, what: str) -> frozenset[str]:
        """
        The names of the keys that signed the object: at least the threshold.

        Raises:
            Untrusted: they are fewer. ``what`` names the object in the message.

        """
        found = self.signers(kind, digest, keys.keys)
        if len(found) < keys.threshold:
            raise self.refusal(digest, keys, found, what)
        return found

    def refusal(self, digest: Digest, keys: Keys, found: Collection[str], what: str) -> Untrusted:
        """Why an object that ``found`` signed is not believed."""
        there = self._place.store.names(names.signatures_prefix(digest))
        if found:
            need = f"{len(found)} of the {keys.threshold} signatures that it needs"
            return Untrusted(f"{what} has {need} from {_listed(keys)}", rule="threshold")
        if there:
            others = ", ".join(one.removesuffix(".json") for one in there[:3])
            return Untrusted(
                f"{what} has no good signature of {_listed(keys)}, which count; there are some "
                f"under {others}",
                rule="unknown-key",
            )
        return Untrusted(f"{what} is not signed; it needs {_listed(keys)}", rule="unsigned")

    def standing(self, pins: Keys) -> Standing:
        """
        Whose signatures count today, from the pinned keys on.

        Raises:
            Untrusted: there are statements, and the pinned keys verify none of them, nor
                is the first proposed by one of them.

        """
        numbers = self._place.numbers(names.TRUST)
        if not numbers:
            return Standing(pins, None, None)
        keys, now = pins, None
        for number in numbers:
            statement = self.statement(number)
            fault = self._fault(statement, now, keys)
            if statement is not None and fault is None:
                keys, now = statement.trusted, statement
            elif now is not None:
                return Standing(keys, now, f"trust statement {number} doesn't count: {fault}")
        if now is not None:
            return Standing(keys, now, None)
        first = self.statement(1)
        if first is not None and self.signers("trust", first.digest, pins.keys):
            fault = self._fault(first, None, pins)
            return Standing(pins, None, f"trust statement 1 doesn't count: {fault}")
        raise Untrusted(
            f"{self._place.store.url}: the pinned keys ({_listed(pins)}) verify none of its "
            f"{len(numbers)} trust statements; pin today's keys: `dialform registry trust` "
            "shows them, and the people whose keys they are confirm them",
            rule="unknown-key",
        )

    def statement(self, number: int) -> Statement | None:
        """The trust statement of that number, whoever signed it; None for a damaged one."""
        key = names.numbered(names.TRUST, number)
        try:
            return self._place.checked(key, parse_statement, self._place.demand(key), number)
        except (ObjectCorrupt, UnknownFormat):
            return None

    def _fault(
        self, statement: Statement | None, before: Statement | None, keys: Keys
    ) -> str | None:
        """Why a statement doesn't count after ``before``, with whose ``keys``; None if it does."""
        if statement is None:
            return "it can't be read"
        if before is not None and statement.previous != before.digest:
            return "its `previous` is not the statement before it"
        for signing, whose in ((keys, "those before it"), (statement.trusted, "its own")):
            found = self.signers("trust", statement.digest, signing.keys)
            if len(found) < signing.threshold:
                return f"it has {len(found)} of {signing.threshold} signatures of {whose}"
        return None

    def _signed(self, expected: str, digest: Digest, key: PublicKey) -> bool:
        known = (expected, digest, key.raw)
        if known in self._made:
            return True
        data = self._place.store.read(names.signature_key(digest, key.keyid))
        if data is None:
            return False
        try:
            message, signature = opened(data, expected, digest)
        except Damage:
            return False
        if not key.made(signature, message):
            return False
        with self._lock:
            if len(self._made) >= _MOST_CACHED:
                self._made.clear()
            self._made.add(known)
        return True


def pinned(lines: Iterable[str], threshold: int | None) -> Keys:
    """
    The keys that a reader pins. The same key twice is one.

    Raises:
        SettingError: a line is no key, or the threshold can't be met.

    """
    keys = tuple(dict.fromkeys(map(public_key, lines)))
    if len(keys) > MOST_KEYS:
        raise SettingError(f"{len(keys)} keys are pinned; at most {MOST_KEYS} can be")
    if len({key.keyid for key in keys}) != len(keys):  # pragma: no cover - 2**64 tries
        raise SettingError("two different keys have the same name; make another")
    needed = 1 if threshold is None else threshold
    if not 1 <= needed <= max(1, len(keys)):
        raise SettingError(
            f"the threshold is {needed}, and {len(keys)} different keys are pinned: it is at "
            "least 1 and at most as many as there are keys"
        )
    return Keys(keys, needed)


def _listed(keys: Keys) -> str:
    ids = ", ".join(sorted(keys.ids))
    return ids if len(keys.keys) == keys.threshold == 1 else f"{keys.threshold} of {ids}"
