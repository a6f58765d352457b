"""
What is known of one dial: its record, the bytes that were sent, the release they came from.

Reads the ledger and the registry, and gives no dial up because one of them lacks something:
what could not be had is said in ``notes``.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.errors import InputError, RegistryError, UsageError
from dialform.launcher.idempotency import core_of
from dialform.launcher.request import assembled
from dialform.launcher.resolve import BOUND_FORMAT
from dialform.presets.canonical import Digest, digest, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Record
    from dialform.registry import Approval, Entry, Registry

ERASED = "erased:"
"""What begins the person of a dial whose personal data was removed."""


class Story(NamedTuple):
    """A dial with all that is on record about it."""

    record: Record
    body: bytes | None
    """The exact bytes that were sent; None where they were erased or can't be made again."""

    bound: dict[str, Any] | None
    """The bound preset document."""

    entry: Entry | None
    """The release; None for the working tree's (``dialform try``) and where it is not there."""

    approvals: tuple[Approval, ...]
    """Of the preset's content for the environment."""

    notes: tuple[str, ...]
    """What is missing or does not fit, and why."""

    @property
    def erased(self) -> bool:
        """Whether the person's data was removed from the ledger."""
        return (self.record.person or "").startswith(ERASED)

    @property
    def value(self) -> dict[str, Any] | None:
        """The body as JSON."""
        return None if self.body is None else dict(parse(self.body))

    @property
    def sensitive(self) -> frozenset[str]:
        """The names of inputs that are not to be shown."""
        declared = {} if self.bound is None else self.bound.get("inputs") or {}
        named = {name for name, one in declared.items() if one.get("sensitive")}
        return frozenset(named | set(parse(self.record.withheld.encode())))

    def as_json(self) -> dict[str, Any]:
        """What all documents about a dial have in common."""
        record, entry = self.record, self.entry
        return {
            "id": record.id,
            "dialId": record.dial_id,
            "state": record.state,
            "callStatus": record.call_status,
            "result": record.result,
            "erased": self.erased,
            "time": record.reserved_at,
            "environment": record.environment,
            "workspace": record.workspace,
            "preset": record.preset,
            "version": record.version,
            "presetDigest": record.preset_digest,
            "boundDigest": record.bound_digest,
            "requestDigest": record.body_digest,
            "to": record.to,
            "campaign": record.campaign,
            "attempt": record.attempt,
            "release": None if entry is None else entry.as_json(),
            "approvals": [one.as_json() for one in self.approvals],
            "notes": list(self.notes),
        }


def found(ledger: Ledger, identifier: str) -> Record:
    """
    The dial with that id, the API's or the ledger's own.

    Raises:
        UsageError: the ledger has no such dial.

    """
    record = ledger.record(identifier)
    if record is None:
        raise UsageError(
            f"the ledger {ledger.path} has no dial {identifier!r}; give the id that `dialform "
            "dial` printed or that `dialform ledger` lists, and the ledger that it was placed "
            "with (--ledger)"
        )
    return record


def told(ledger: Ledger, registry: Registry, record: Record) -> Story:
    """All that is on record about a dial."""
    notes: list[str] = []
    bound = _bound(registry, record, notes)
    entry = _entry(registry, record, notes)
    approvals: tuple[Approval, ...] = ()
    if entry is not None:
        try:
            approvals = tuple(registry.approvals(record.environment, entry.preset_digest))
        except RegistryError as error:
            notes.append(f"the approvals can't be read: {error}")
    body = _body(ledger, record, bound, notes)
    return Story(record, body, bound, entry, approvals, tuple(notes))


def is_released(bound: Mapping[str, Any], body: bytes) -> bool:
    """Whether ``body`` is, to the byte, what ``bound`` gives for its number and inputs."""
    core = core_of(body)
    value = parse(core.body)
    declared = bound.get("inputs") or {}
    given = value.get("callAgentInput") or {}
    inputs = {name: one for name, one in given.items() if name in declared}
    try:
        again = assembled(bound, to=value.get("toNumber"), inputs=inputs)
    except InputError:
        return False
    return again.body == core.body


def _bound(registry: Registry, record: Record, notes: list[str]) -> dict[str, Any] | None:
    try:
        return registry.read_document(Digest(record.bound_digest), BOUND_FORMAT)
    except RegistryError as error:
        if record.release is not None:
            notes.append(f"the bound preset can't be read: {error}")
        return None


def _entry(registry: Registry, record: Record, notes: list[str]) -> Entry | None:
    """The entry of the release log that the dial was made from."""
    if record.release is None:
        notes.append(
            "unreleased: it was placed from a working tree with `dialform try`, so no release, "
            "commit or approval is on record"
        )
        return None
    where = f"entry {record.release} of {record.preset} in {record.environment}"
    try:
        entries = registry.entries(record.environment, record.preset)
    except RegistryError as error:
        notes.append(f"the release log can't be read: {error}")
        return None
    if record.release > len(entries):
        notes.append(
            f"the registry {registry.url} has no {where}: is it the one that was dialled from?"
        )
        return None
    entry = entries[record.release - 1]
    if (entry.bound_digest, entry.version) != (record.bound_digest, record.version):
        notes.append(
            f"{where} in {registry.url} is of version {entry.version} with the bound preset "
            f"{entry.bound_digest}, and the ledger says {record.version} with "
            f"{record.bound_digest}: this is not the registry that was dialled from"
        )
        return None
    return entry


def _body(
    ledger: Ledger, record: Record, bound: Mapping[str, Any] | None, notes: list[str]
) -> bytes | None:
    """The bytes as recorded; for a ledger that did not keep them, made again and proved."""
    content = ledger.content(record.id)
    body = None if content is None else content.body
    if body is not None:
        if digest(body) == record.body_digest:
            return body
        notes.append(
            f"the recorded bytes have the digest {digest(body)}, and {record.body_digest} was "
            "recorded with them: the ledger was altered, and they prove nothing"
        )
        return None
    if (record.person or "").startswith(ERASED):
        notes.append("erased: the personal data of this call was removed from the ledger")
        return None
    again = None if bound is None else _made_again(record, bound)
    if again is None:
        notes.append("the bytes were not kept, and can't be made again from what was")
    return again


def _made_again(record: Record, bound: Mapping[str, Any]) -> bytes | None:
    """The bytes out of the bound preset and the recorded inputs, where the digest proves them."""
    try:
        request = assembled(bound, to=record.to, inputs=parse(record.inputs.encode()))
    except InputError:
        return None  # sensitive inputs were not kept
    return request.body if request.digest == record.body_digest else None


def commits(registry: Registry, story: Story) -> list[str]:
    """
    The commits that may have declared what was called with, the release's own first.

    A pinned version's content was declared where it was first released: the logs of all
    environments are asked for entries of the same content.
    """
    record = story.record
    if story.entry is None:
        return []
    found = [story.entry]
    for environment in registry.environments():
        with contextlib.suppress(RegistryError):
            found += [
                entry
                for entry in registry.entries(environment, record.preset)
                if entry.preset_digest == record.preset_digest
            ]
    return list(dict.fromkeys(entry.commit for entry in found if entry.commit))
