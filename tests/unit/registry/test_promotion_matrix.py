"""The table of docs/promotion.md is what the rules do: each of its cells is tried."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast, get_args

import pytest
from registry_world import MemoryStore, bound, environment, meta, release

from dialform.errors import Refused
from dialform.launcher.resolve import resolve
from dialform.promotion import promotion
from dialform.registry import Entry, Kind, Registry, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialform.declaration import Environment

TEXT = (Path(__file__).parents[3] / "docs" / "promotion.md").read_text(encoding="utf-8")
NAME = "collections"
HELD_BACK = "held when rolled back"


def cells() -> Iterator[tuple[str, str, str]]:
    """State, command and what the page says of the two."""
    section = TEXT.split("\n## What each does in each state\n", 1)[1]
    head, _, *body = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in section.splitlines()
        if line.startswith("|")
    ]
    for row in body:
        assert len(row) == len(head)
        yield from ((row[0], *pair) for pair in zip(head[1:], row[1:], strict=True))


CELLS = list(cells())


def operator(registry: Registry, kind: Kind, **more: Any) -> Entry:
    """What a person appends."""
    as_meta = meta(1, writer=None, reason="because")
    return registry.append("prod", NAME, kind, expected=None, meta=as_meta, **more)


def roll_back(registry: Registry) -> Entry:
    """To version 1."""
    old = registry.find_release("prod", NAME, version=1)
    return operator(
        registry,
        "rollback",
        version=1,
        preset_digest=old.preset_digest,
        bound_digest=old.bound_digest,
    )


def in_state(state: str) -> Registry:
    """Versions 1 and 2 were released; the log is in that state."""
    registry = Registry(MemoryStore(), may_create=True)
    registry.publish_environment("prod", environment("prod"))
    for text in ("one", "two"):
        release(registry, NAME, text)
    if state == "rolled-back":
        roll_back(registry)
    elif state == HELD_BACK:
        roll_back(registry)
        operator(registry, "hold")
    elif state == "yanked":
        operator(registry, "yank", yank_version=2)
    elif state != "live":
        operator(registry, "hold" if state == "held" else "withdraw")
    return registry


def up(registry: Registry, *, same: bool) -> Entry:
    """Other content than the log's, or the same with another binding where it would be none."""
    head = registry.head("prod", NAME)
    assert head is not None
    if not same:
        return release(registry, NAME, "three")
    bound_digest = head.bound_digest
    if head.state == "held" or head.version in head.yanked:
        bound_digest = registry.publish_blob(bound("prod", NAME, head.preset_digest, "other"))
    return registry.append(
        "prod",
        NAME,
        "release",
        expected=head.seq,
        version=head.version,
        preset_digest=head.preset_digest,
        bound_digest=bound_digest,
        meta=meta(),
    )


def promote(registry: Registry) -> str:
    """To an environment that runs nothing yet."""
    target = cast("Environment", SimpleNamespace(name="eu", runs={}))
    made = promotion(NAME, "prod", registry.head("prod", NAME), target, None)
    return "refused" if isinstance(made, list) else "moves the pin"


def done(registry: Registry, command: str) -> str:
    """What a command does, in the page's words."""
    before = registry.head("prod", NAME)
    try:
        if command == "promote from it":
            return promote(registry)
        if command == "dial":
            resolve(registry, "prod", NAME)
            return "calls"
        if command.startswith("up"):
            entry = up(registry, same=command == "up, same")
        elif command == "rollback --now":
            entry = roll_back(registry)
        else:
            entry = operator(registry, cast("Kind", command))
    except Refused:
        assert registry.head("prod", NAME) == before
        return "refused"
    return "nothing" if entry == before else entry.state


@pytest.mark.parametrize(("state", "command", "said"), CELLS)
def test_the_page_says_what_the_rules_do(state: str, command: str, said: str) -> None:
    registry = in_state(state)
    if (state, command) == ("rolled-back", "rollback --now"):
        # Again to the same is nothing; to another one it moves.
        assert done(registry, command) == "nothing"
        two = registry.find_release("prod", NAME, version=2)
        entry = operator(
            registry,
            "rollback",
            version=2,
            preset_digest=two.preset_digest,
            bound_digest=two.bound_digest,
        )
        assert entry.state == said
        return
    assert done(registry, command) == said


def test_the_page_has_every_state() -> None:
    assert {state for state, _, _ in CELLS} == {*get_args(State), "yanked", HELD_BACK}
