"""
Reads what a board shows beyond `status`: logs, bound presets, and what environments differ in.

Reads registries alone, nothing of it twice. What is damaged is said in its tile; the rest of the
board is made all the same.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from dialform.board.model import Board
from dialform.board.tiles import tile
from dialform.diff.compare import preset_diff
from dialform.diff.flow_svg import flow_svg
from dialform.diff.flows import flow_graph
from dialform.diff.sides import released
from dialform.diff.text import preset_lines
from dialform.errors import DialformError, ObjectAbsent, ObjectCorrupt, UnknownFormat, Untrusted
from dialform.launcher.request import assembled
from dialform.launcher.script import script
from dialform.promotion.history import moves
from dialform.promotion.status import compare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from dialform.board.model import Link
    from dialform.diff.model import Subject
    from dialform.promotion.status import Cell, Status
    from dialform.registry import Entry, Registry

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|https?://")
"""What differs between environments: a workspace's ids and URLs."""

_PART = 400
"""Characters from which a part of a request is worth a text of its own."""

_DAMAGE = (ObjectCorrupt, UnknownFormat, ObjectAbsent, Untrusted)


def gathered(status: Status, registries: Mapping[str, Registry], now: datetime) -> Board:
    """
    The board of a status; each of its environments has its registry in ``registries``.

    Raises:
        RegistryUnreachable: a registry can't be read.

    """
    return _Gathering(status, registries, now).board


class _Gathering:
    """What was read so far, so that nothing is read or drawn twice."""

    def __init__(self, status: Status, registries: Mapping[str, Registry], now: datetime) -> None:
        self.board = Board(now, status.environments, status.presets)
        self._registries = registries
        self._cells = {(one.preset, one.environment): one for one in status.cells}
        self._logs: dict[tuple[str, str], list[Entry]] = {}
        self._subjects: dict[tuple[str, str], Subject] = {}
        self._pictures: dict[str, str] = {}
        for preset in status.presets:
            self._add(preset)

    def _add(self, preset: str) -> None:
        """The tiles of a preset, which share its history."""
        cells = [
            self._with_log(self._cells[preset, one])
            for one in self.board.environments
            if (preset, one) in self._cells
        ]
        logs = [self._logs.get((preset, one.environment), []) for one in cells]
        history = moves(logs)
        shared = [self.board.add("history", "History", history)] if history else []
        for cell in cells:
            against = self._against(cell)
            if cell.comparison is None and against is not None:
                cell = self._compared(cell, against)  # noqa: PLW2901 - the same cell, seen closer
            diff, texts = self._diff(cell, against), []
            try:
                texts = [*self._texts(cell)]
            except _DAMAGE as error:
                cell = cell.faulty(error)  # noqa: PLW2901 - likewise
            made = tile(cell, [*diff, *shared, *texts])
            self.board.tiles[preset, cell.environment] = made

    def _with_log(self, cell: Cell) -> Cell:
        registry = self._registries[cell.environment]
        if not registry.exists:
            return cell
        try:
            entries = registry.entries(cell.environment, cell.preset)
        except _DAMAGE as error:
            return cell.faulty(error)
        self._logs[cell.preset, cell.environment] = entries
        return cell

    def _against(self, cell: Cell) -> Cell | None:
        """The cell to compare with: where versions come from, else the nearest to the left."""
        if cell.comparison is not None:
            return self._cells.get((cell.preset, cell.comparison.source))
        at = self.board.environments.index(cell.environment)
        for one in reversed(self.board.environments[:at]):
            found = self._cells.get((cell.preset, one))
            if found is not None and found.head is not None:
                return found
        return None

    def _compared(self, cell: Cell, against: Cell) -> Cell:
        pair = [self._logs.get((cell.preset, one.environment)) for one in (against, cell)]
        if pair[0] and pair[1]:
            return replace(cell, comparison=compare(against.environment, pair[0], pair[1]))
        return cell

    def _diff(self, cell: Cell, against: Cell | None) -> list[Link]:
        """What would be different here with what is live there."""
        if against is None or not (_runs(cell) and _runs(against)):
            return []
        before, after = self._subject(cell), self._subject(against)
        found = preset_diff(cell.preset, before, after)
        title = f"Diff: {cell.environment} → {against.environment}"
        return [self.board.add("lines", title, list(preset_lines(found)))]

    def _subject(self, cell: Cell) -> Subject:
        key = cell.preset, cell.environment
        if key not in self._subjects:
            assert cell.head is not None  # noqa: S101 - `_runs` has looked
            self._subjects[key] = released(self._registries[cell.environment], cell.head)
        return self._subjects[key]

    def _texts(self, cell: Cell) -> Iterator[Link]:
        """The flow's picture, the script and the request of what is released."""
        if cell.head is None:
            return
        documents = self._subject(cell).documents
        bound = documents.bound or {}
        # A profile has names where a body has ids: the same words in all environments.
        words = documents.profile or {}
        prompt = (words.get("agentOverrides") or {}).get("defaultVersionedPrompt") or {}
        if prompt.get("flowDefinition"):
            title = f"Flow of {cell.preset}"
            picture = self._picture(prompt["flowDefinition"], title)
            yield self.board.add("picture", "Flow", picture)
        try:
            inputs = _known(bound)
        except DialformError as error:
            yield self.board.add("plain", "Request", (f"can't be made: {error}",))
            return
        yield self.board.add("plain", "Script", (_script(bound, inputs),))
        yield self.board.add("plain", "Request", tuple(self._pieces(request(bound, inputs))))

    def _pieces(self, text: str) -> Iterator[str | Link]:
        """
        A request, in which long parts without an id are links to texts of their own.

        What an agent is told stands in each environment's request; only the ids differ.
        """
        for has_id, lines in groupby(text.split("\n"), lambda line: bool(_ID.search(line))):
            part = "\n".join(lines)
            shared = not has_id and len(part) > _PART
            yield self.board.add("plain", "Part of a request", (part,)) if shared else part
            yield "\n"

    def _picture(self, flow: dict[str, Any], title: str) -> str:
        key = json.dumps([title, flow], sort_keys=True)
        if key not in self._pictures:
            self._pictures[key] = flow_svg(flow_graph(flow, flow), title)
        return self._pictures[key]


def _runs(cell: Cell) -> bool:
    return cell.head is not None and cell.head.state != "withdrawn"


def _known(bound: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that have a value without a call, but for those that nobody is to see."""
    made = assembled(bound, partial=True)
    return {name: value for name, value in made.inputs.items() if name not in made.sensitive}


def _script(bound: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    """What the agent says, with functions by name: the same words in all environments."""
    text = script(bound["body"], inputs).rstrip("\n")
    for name, one in (bound.get("bindings") or {}).get("functions", {}).items():
        text = text.replace(str(one["id"]), name)
    return text


def request(bound: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    """The request, indented; ``<...>`` stands for what each call brings."""
    body = dict(bound["body"])
    declared: Mapping[str, Mapping[str, Any]] = bound.get("inputs") or {}
    if not body.get("browserCall"):
        body["toNumber"] = "<the number that is called>"
        members = _members(bound)
        if members:
            few = "<one of " + ", ".join(members) + ">"
            body["fromNumberId"] = members[0] if len(members) == 1 else few
    values = {
        name: inputs.get(name, f"<{name}: {one.get('type', 'string')}>")
        for name, one in declared.items()
    }
    if values:
        body["callAgentInput"] = {**(body.get("callAgentInput") or {}), **values}
    url = f"{bound['workspace'].rstrip('/')}/dials"
    return f"POST {url}\n\n{json.dumps(body, indent=2, ensure_ascii=False)}"


def _members(bound: Mapping[str, Any]) -> list[str]:
    if "numbers" not in bound:
        return []
    binding = bound["bindings"]["numbers"][bound["numbers"]]
    return [str(one["id"]) for one in binding.get("members") or ()]
