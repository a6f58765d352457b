"""
Reads what `status` says: release logs' heads, and in a checkout the declarations.

No blob is opened but those of presets that a checkout pins, to bind them, and of presets that are
looked at closely; whole logs are read only where two environments differ. The rules are in
``status`` and ``gates``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dialform.errors import (
    DeclarationError,
    ObjectAbsent,
    ObjectCorrupt,
    UnknownFormat,
    Untrusted,
    UsageError,
)
from dialform.guardrails import held
from dialform.presets.canonical import canonical, digest
from dialform.presets.documents import PRESET_FORMAT, PROFILE_FORMAT
from dialform.promotion.durations import moment
from dialform.promotion.gates import verdicts
from dialform.promotion.status import Cell, Comparison, Status, compare

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from dialform.declaration import Environment
    from dialform.presets.canonical import Digest
    from dialform.promotion.gates import Verdict
    from dialform.promotion.status import Declared
    from dialform.registry import Entry, Evidence, Registry

_BOUND = "dialform.bound-preset/1"
_DAMAGE = (ObjectCorrupt, UnknownFormat, ObjectAbsent, Untrusted)


class Overview:
    """Presets in environments, each environment with its registry and its declaration."""

    def __init__(
        self,
        registries: Mapping[str, Registry],
        declared: Mapping[str, Environment],
        now: datetime,
        *,
        close: bool = False,
    ) -> None:
        """
        ``declared`` is empty outside of a checkout; ``now`` is aware.

        ``close`` opens the bound presets too: what deviates, and whether two calls are the same.
        """
        self._registries = registries
        self._declared = declared
        self._now = now
        self._close = close
        self._heads: dict[str, dict[str, Entry | Exception]] = {}
        self._approved: dict[str, set[Any]] = {}

    def status(
        self, environments: Sequence[str] | None = None, presets: Collection[str] = ()
    ) -> Status:
        """
        What is so in ``environments`` (None: in all) of ``presets`` (none named: of all).

        Raises:
            UsageError: a preset is named that no environment has or declares.
            RegistryUnreachable: a registry can't be read.

        """
        shown = ordered(self._registries if environments is None else environments, self._source)
        names = {name for one in shown for name in (*self._log_heads(one), *self._runs(one))}
        for name in presets:
            if name not in names:
                raise UsageError(f"there is no preset {name!r} in {', '.join(shown) or 'here'}")
        chosen = sorted(presets or names)
        cells = [
            self._cell(environment, preset)
            for preset in chosen
            for environment in shown
            if preset in self._log_heads(environment) or preset in self._runs(environment)
        ]
        return Status(tuple(shown), tuple(chosen), tuple(cells))

    def _log_heads(self, environment: str) -> dict[str, Entry | Exception]:
        if environment not in self._heads:
            registry = self._registries.get(environment)
            there = registry is not None and registry.exists
            heads = dict(registry.heads(environment)) if registry is not None and there else {}
            self._heads[environment] = dict(heads)
        return self._heads[environment]

    def _runs(self, environment: str) -> Collection[str]:
        declared = self._declared.get(environment)
        return () if declared is None else declared.runs

    def _source(self, environment: str) -> str | None:
        """Where the environment's versions come from."""
        declared = self._declared.get(environment)
        try:
            gates = None if declared is None else declared.gates
        except DeclarationError:
            return None  # said in the cells
        return None if gates is None else gates.from_

    def _cell(self, environment: str, preset: str) -> Cell:
        head = self._log_heads(environment).get(preset)
        if isinstance(head, Exception):
            return Cell(environment, preset, None).faulty(head)
        age = None if head is None else (self._now - moment(head.time)).total_seconds()
        cell = Cell(environment, preset, head, age)
        if environment in self._declared:
            cell = self._with_declared(cell, self._declared[environment])
        try:
            if self._close and head is not None and cell.deviation is None:
                bound = self._bound(environment, head)
                cell = replace(cell, deviation=leaves(bound.get("deviation", {})))
            source = self._source(environment)
            if source in self._registries:
                cell = self._with_source(cell, str(source))
        except _DAMAGE as error:
            cell = cell.faulty(error)
        return cell

    def _with_declared(self, cell: Cell, environment: Environment) -> Cell:
        if cell.preset not in environment.runs:
            gone = cell.head is not None and cell.head.state != "withdrawn"
            return replace(cell, declared="not declared" if gone else None)
        run = environment.runs[cell.preset]
        deviation = (
            () if run.deviation is None else leaves(run.deviation.model_dump(exclude_unset=True))
        )
        waivers = tuple(map(str, held(environment, cell.preset, self._now.date())))
        cell = replace(cell, pinned=run.version, deviation=deviation, waivers=waivers)
        try:
            return replace(cell, declared=self._declares(cell, environment))
        except _DAMAGE as error:
            return cell.faulty(error)

    def _declares(self, cell: Cell, environment: Environment) -> Declared:
        """How what the environment declares of a preset stands to what is live."""
        run, head = environment.runs[cell.preset], cell.head
        wanted = run.digest
        if run.follow is not None:
            try:
                wanted = environment.source(cell.preset).digest
            except KeyError:
                wanted = None
        if wanted is None:
            return "unreadable"
        if head is None or head.state == "withdrawn":
            return "not released"
        if head.preset_digest != wanted:
            return "declaration ahead"
        try:
            bound = self._declared_bound(environment, cell.preset, head.preset_digest)
        except DeclarationError:
            return "unreadable"
        same = head.bound_digest == digest(canonical(bound))
        return "as declared" if same else "bound otherwise"

    def _declared_bound(
        self, environment: Environment, preset: str, content: Digest
    ) -> dict[str, Any]:
        """The bound preset that is declared, where its content is known to be ``content``."""
        if environment.follows(preset):
            return environment.bound(preset)
        registry = self._registries[environment.name]
        document = registry.read_document(content, PRESET_FORMAT)
        profile = None
        if "profile" in document:
            profile = registry.read_document(document["profile"], PROFILE_FORMAT)
        return environment.bind(preset, document, content, profile)

    def _with_source(self, cell: Cell, source: str) -> Cell:
        there = self._log_heads(source).get(cell.preset)
        if isinstance(there, Exception):
            return cell  # its own cell has the fault
        here = cell.head
        if there is None and here is None:
            return cell
        if there is not None and here is not None and there.preset_digest == here.preset_digest:
            same = compare(source, [there], [here])
            if self._close:
                bodies = (
                    self._bound(source, there)["body"],
                    self._bound(cell.environment, here)["body"],
                )
                same = replace(same, same_call=bodies[0] == bodies[1])
            return replace(cell, comparison=same)
        theirs = [] if there is None else self._registries[source].entries(source, cell.preset)
        ours = (
            []
            if here is None
            else self._registries[cell.environment].entries(cell.environment, cell.preset)
        )
        found = compare(source, theirs, ours)
        return replace(cell, comparison=found, gates=self._gates(cell, found, theirs))

    def _gates(self, cell: Cell, found: Comparison, theirs: list[Entry]) -> tuple[Verdict, ...]:
        if not theirs or found.relation in ("same content", "only here"):
            return ()
        environment, digest = cell.environment, theirs[-1].preset_digest
        registry = self._registries[environment]
        target = self._declared[environment]
        approvals = []
        if target.gates is not None and target.gates.approvals is not None:
            if environment not in self._approved:
                self._approved[environment] = registry.approved(environment)
            if digest in self._approved[environment]:
                approvals = registry.approvals(environment, digest)
        evidence: list[Evidence] = []
        if target.gates is not None and target.gates.asks_for_dials:
            there = self._registries[found.source]
            evidence = there.evidence(found.source, cell.preset, theirs[-1].version)
        return tuple(
            verdicts(target, found.source, cell.preset, theirs, approvals, self._now, evidence)
        )

    def _bound(self, environment: str, head: Entry) -> dict[str, Any]:
        return self._registries[environment].read_document(head.bound_digest, _BOUND)


def ordered(environments: Iterable[str], source: Callable[[str], str | None]) -> list[str]:
    """Environments by name, each after the one that its versions come from."""
    names = sorted(environments)

    def depth(name: str) -> int:
        seen = {name}
        at = source(name)
        while at is not None and at not in seen:
            seen.add(at)
            at = source(at)
        return len(seen)

    return sorted(names, key=lambda name: (depth(name), name))


def leaves(value: Mapping[str, Any], prefix: str = "") -> tuple[str, ...]:
    """The dotted keys of a deviation's fields."""
    found: list[str] = []
    for key, item in sorted(value.items()):
        if isinstance(item, dict):
            found += leaves(item, f"{prefix}{key}.")
        else:
            found.append(f"{prefix}{key}")
    return tuple(found)
