"""
What is known of one dial: its record, the bytes that were sent, the release they came from.

Reads the ledger and the registry, and gives no dial up because one of them lacks something:
what could not be had is said in ``notes``.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

from dialform.errors import InputError, RegistryError
from dialform.launcher.ledger.document import record_json
from dialform.launcher.ledger.looking import ERASED
from dialform.launcher.request import assembled, recalled
from dialform.launcher.resolve import BOUND_FORMAT
from dialform.presets.canonical import digest, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dialform.launcher.ledger import Ledger
    from dialform.launcher.records import Campaign, Record
    from dialform.registry import Approval, Entry, Registry


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

    campaign: Campaign | None
    """Which list of people it was placed for; None for a single call."""

    row: int | None
    """The person's line or record in its file; None where it was erased, or for a single call."""

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
        entry = self.entry
        return {
            **record_json(self.record),
            "campaignName": None if self.campaign is None else self.campaign.name,
            "row": self.row,
            "erased": self.erased,
            "entry": None if entry is None else entry.as_json(),
            "approvals": [one.as_json() for one in self.approvals],
            "notes": list(self.notes),
        }


class Stories:
    """
    Tells dials with what a registry has about them. Thread-safe.

    Each bound preset, release log and list of approvals is read once, however many dials ask.
    """

    def __init__(self, ledger: Ledger, registry: Registry) -> None:
        """Read nothing yet."""
        self._ledger = ledger
        self.registry = registry
        self._read: dict[tuple[str, ...], Any] = {}
        self._campaigns: dict[str, Campaign] = {}

    def of(self, record: Record) -> Story:
        """All that is on record about a dial."""
        notes: list[str] = []
        bound = self._bound(record, notes)
        entry = self._entry(record, notes)
        approvals: tuple[Approval, ...] = ()
        if entry is not None:
            found = self._asked("approvals", record.environment, entry.preset_digest)
            if isinstance(found, RegistryError):
                notes.append(f"the approvals can't be read: {found}")
            else:
                approvals = tuple(found)
        body = _body(self._ledger, record, bound, notes)
        campaign, row = self._campaign(record)
        return Story(record, body, bound, entry, approvals, campaign, row, tuple(notes))

    def _campaign(self, record: Record) -> tuple[Campaign | None, int | None]:
        """The list of people that it was placed for, and the row."""
        if record.campaign is None:
            return None, None
        if not self._campaigns:
            self._campaigns = {one.id: one for one in self._ledger.campaigns()}
        row = self._ledger.row(record.campaign, record.person or "")
        return self._campaigns.get(record.campaign), None if row is None else row.row

    def _asked(self, what: str, *args: str) -> Any:
        """What the registry's method gives, or the error that it raises; asked once."""
        key = (what, *args)
        if key not in self._read:
            try:
                self._read[key] = getattr(self.registry, what)(*args)
            except RegistryError as error:
                self._read[key] = error
        return self._read[key]

    def _bound(self, record: Record, notes: list[str]) -> dict[str, Any] | None:
        found = self._asked("read_document", record.bound_digest, BOUND_FORMAT)
        if not isinstance(found, RegistryError):
            return dict(found)
        if record.release is not None:
            notes.append(f"the bound preset can't be read: {found}")
        return None

    def _entry(self, record: Record, notes: list[str]) -> Entry | None:
        """The entry of the release log that the dial was made from."""
        if record.release is None:
            notes.append(
                "unreleased: it was placed from a working tree with `dialform try`, so no "
                "release, commit or approval is on record"
            )
            return None
        entries = self._asked("entries", record.environment, record.preset)
        if isinstance(entries, RegistryError):
            notes.append(f"the release log can't be read: {entries}")
            return None
        entry: Entry | None = None
        if record.release <= len(entries):
            entry = entries[record.release - 1]
        if entry is not None and entry.bound_digest == record.bound_digest:
            return entry
        what = "none" if entry is None else f"version {entry.version} with {entry.bound_digest}"
        notes.append(
            f"entry {record.release} of {record.preset} in {record.environment} is "
            f"{what} in {self.registry.url}, and the ledger says version {record.version} with "
            f"{record.bound_digest}: this is not the registry that was dialled from"
        )
        return None


def is_released(bound: Mapping[str, Any], body: bytes) -> bool:
    """Whether ``body`` is, to the byte, what ``bound`` gives for its number and inputs."""
    try:
        recalled(bound, body)
    except InputError:
        return False
    return True


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
