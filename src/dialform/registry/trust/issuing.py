"""
Writing trust statements and snapshots, each after the one before it, signed at once.

Like all that a registry holds they are created once: two people at the same moment are one who
wrote and one who is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialform.errors import LostRace, ObjectAbsent, Refused, RegistryError, SettingError, UsageError
from dialform.presets.canonical import digest as digest_of
from dialform.registry import names
from dialform.registry.entries import is_number, is_text, is_time
from dialform.registry.logs import Log
from dialform.registry.trust.signing import sign
from dialform.registry.trust.statements import (
    MOST_KEYS,
    Snapshot,
    Statement,
    parse_snapshot,
    parse_statement,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dialform.presets.canonical import Digest
    from dialform.registry.entries import Meta
    from dialform.registry.place import Place
    from dialform.registry.trust.keys import PublicKey
    from dialform.registry.trust.signers import Signer


class Issuer:
    """Who writes statements and snapshots into one registry, under one key."""

    def __init__(self, place: Place, signer: Callable[[], Signer | None] | None) -> None:
        """Touches nothing. ``signer`` is asked where something is signed."""
        self._place = place
        self._signer = signer

    @property
    def signer(self) -> Signer:
        """
        The signer.

        Raises:
            SettingError: there is none.

        """
        found = None if self._signer is None else self._signer()
        if found is None:
            raise SettingError(
                "who signs? Set DIALFORM_SIGNER (env:NAME, file:PATH or command:...); "
                "`dialform registry keygen FILE` makes a key"
            )
        return found

    def statements(self) -> list[Statement]:
        """All trust statements, oldest first, whoever signed them. Raises RegistryError."""
        return [self._statement(number) for number in self._place.numbers(names.TRUST)]

    def signed(self, kind: str, digest: Digest, keys: Iterable[PublicKey]) -> list[PublicKey]:
        """Those of ``keys`` that signed an object."""
        from dialform.registry.trust.verifying import Verifier  # noqa: PLC0415 - where one looks

        known = list(keys)
        found = Verifier(self._place).signers(kind, digest, known)
        return [key for key in known if key.keyid in found]

    def state(
        self, meta: Meta, *, keys: Mapping[str, str], threshold: int, previous: Statement | None
    ) -> Statement:
        """
        Write the trust statement that follows ``previous``, and sign it.

        ``keys``: public key's line -> its owner's name, all that count from then on.

        Raises:
            UsageError: the threshold can't be met, or there is nothing to say.
            Refused: the signer's key counts neither before nor after.
            LostRace: somebody else wrote it at this moment.

        """
        if not keys or len(keys) > MOST_KEYS or not 1 <= threshold <= len(keys):
            raise UsageError(
                f"a threshold of {threshold} of {len(keys)} keys: it takes 1 to {MOST_KEYS} keys, "
                "and a threshold that they can meet"
            )
        if not (is_time(meta.time) and is_text(meta.by) and is_text(meta.reason)):
            raise UsageError(f"{meta} is of no statement: it takes when in UTC, and text")
        same = previous is not None and (dict(previous.names), previous.threshold) == (
            dict(keys),
            threshold,
        )
        if same:
            raise UsageError("that is what the newest trust statement says already")
        number = 1 if previous is None else previous.seq + 1
        made = Statement(
            number,
            None if previous is None else previous.digest,
            dict(keys),
            threshold,
            meta.time,
            meta.by,
            meta.reason,
        )
        lines = {*keys, *(() if previous is None else previous.names)}
        public = self.signer.public
        if public.line not in lines:
            raise Refused(
                f"the signer's key {public.keyid} counts neither before nor after this statement: "
                "one of those whose keys count must make it"
            )
        return self._statement(self._written("trust", names.TRUST, number, made.render()))

    def sign_statement(self, number: int) -> Statement:
        """Add the signer's signature to a trust statement. Raises RegistryError."""
        if number not in self._place.numbers(names.TRUST):
            raise ObjectAbsent(f"{self._place.store.url}: there is no trust statement {number}")
        statement = self._statement(number)
        sign(self._place, "trust", statement.render(), self.signer)
        return statement

    def snapshot(self, environment: str, meta: Meta, *, expires: str) -> Snapshot:
        """
        Write what is newest in an environment, and sign it.

        Whether that is to be believed is for the caller to have looked at.

        Raises:
            RegistryError: something in it can't be read.
            LostRace: somebody else wrote one at this moment.

        """
        prefix = names.snapshots_prefix(environment)
        before, previous = self._newest(prefix) or (0, None)
        heads: dict[str, tuple[int, Digest]] = {}
        for preset in self._place.folders(f"{names.RELEASES}/{environment}"):
            head = Log(self._place, environment, preset).head()
            if head is not None:
                heads[preset] = (head.seq, head.digest)
        number = before + 1
        made = Snapshot(
            environment,
            number,
            previous,
            heads,
            self._newest(names.environment_prefix(environment)),
            self._newest(names.TRUST),
            meta.time,
            expires,
            meta.by,
        )
        if not (heads or made.document):
            raise RegistryError(
                f"{self._place.store.url}: nothing was released in {environment} yet"
            )
        self._written("snapshot", prefix, number, made.render())
        key = names.numbered(prefix, number)
        return self._place.checked(
            key, parse_snapshot, self._place.demand(key), environment, number
        )

    def _newest(self, prefix: str) -> tuple[int, Digest] | None:
        numbers = self._place.numbers(prefix)
        if not numbers:
            return None
        return numbers[-1], digest_of(self._place.demand(names.numbered(prefix, numbers[-1])))

    def _written(self, kind: str, prefix: str, number: int, data: bytes) -> int:
        if not is_number(number):  # pragma: no cover - 10**9 statements
            raise UsageError(f"there is no number {number}")
        self._place.require_writable()
        signer = self.signer
        key = names.numbered(prefix, number)
        if not self._place.store.create(key, data) and self._place.demand(key) != data:
            raise LostRace(
                f"{self._place.name(key)} was written by somebody else at this moment; look at it, "
                "then run it again"
            )
        sign(self._place, kind, data, signer)
        return number

    def _statement(self, number: int) -> Statement:
        key = names.numbered(names.TRUST, number)
        data = self._place.demand(key)
        return self._place.checked(key, parse_statement, data, number)
