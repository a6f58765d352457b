"""Publishers whose every step on the store is put in an order that hypothesis chooses."""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_world import MemoryStore, environment, meta, profile, publish, release

from dialform.errors import LostRace, Refused
from dialform.registry import Registry
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dialform.registry import Entry, Kind

CONTENTS = st.sampled_from(["one", "two", "three"])


class Turns(MemoryStore):
    """A store at which one publisher at a time may take one step, whose turn it is."""

    def __init__(self, order: list[int]) -> None:
        super().__init__()
        self._order = itertools.cycle(order)
        self._turn = threading.Condition()
        self._waiting: set[int] = set()
        self._running: set[int] = set()
        self._next: int | None = None

    def step(self, _operation: str) -> None:
        me = threading.get_ident()
        with self._turn:
            if me not in self._running:
                return  # the test itself, before and after
            self._waiting.add(me)
            self._choose()
            self._turn.wait_for(lambda: self._next == me)
            self._waiting.discard(me)
            self._next = None

    @contextmanager
    def publisher(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._turn:
                self._running.discard(threading.get_ident())
                self._choose()

    def _choose(self) -> None:
        """Once all who run stand before a step, say whose turn it is."""
        if self._next is None and self._waiting and self._waiting == self._running:
            ready = sorted(self._waiting)
            self._next = ready[next(self._order) % len(ready)]
            self._turn.notify_all()

    def run(self, works: list[Callable[[], None]]) -> None:
        gate = threading.Barrier(len(works) + 1)

        def thread(work: Callable[[], None]) -> None:
            with self._turn:
                self._running.add(threading.get_ident())
            gate.wait()
            with self.publisher():
                work()

        threads = [threading.Thread(target=thread, args=(work,)) for work in works]
        for one in threads:
            one.start()
        gate.wait()
        for one in threads:
            one.join(timeout=30)
            assert not one.is_alive()


ORDERS = st.lists(st.integers(0, 5), min_size=1, max_size=40)
PUBLISHERS = st.lists(st.lists(CONTENTS, min_size=1, max_size=2), min_size=2, max_size=3)


@settings(max_examples=60, deadline=None)
@given(PUBLISHERS, ORDERS)
def test_any_order_of_steps_numbers_without_gaps(
    publishers: list[list[str]], order: list[int]
) -> None:
    """The same content has one number, whoever published it and when."""
    store = Turns(order)
    Registry(store).create_marker()
    given_numbers: list[tuple[str, int]] = []

    def work(contents: list[str]) -> Callable[[], None]:
        def publisher() -> None:
            registry = Registry(store)
            given_numbers.extend(
                (text, publish(registry, "collections", text)[0]) for text in contents
            )

        return publisher

    store.run([work(contents) for contents in publishers])

    wanted = {text for contents in publishers for text in contents}
    registry = Registry(store)
    assert [number for number, _ in registry.versions("collections")] == list(
        range(1, len(wanted) + 1)
    )
    assert len(set(given_numbers)) == len(wanted)
    assert list(verify(registry)) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 3), ORDERS)
def test_any_order_of_steps_makes_one_registry(count: int, order: list[int]) -> None:
    store = Turns(order)
    ids: list[str] = []

    def founder() -> None:
        registry = Registry(store, may_create=True)
        registry.publish_blob(profile("en"))
        ids.append(registry.id)

    store.run([founder] * count)
    assert len(ids) == count
    assert len(set(ids)) == 1
    assert list(verify(Registry(store))) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(CONTENTS, min_size=2, max_size=3), ORDERS)
def test_any_order_of_steps_moves_a_log_once(contents: list[str], order: list[int]) -> None:
    """Of those who saw the same head, one content is released; the others are told."""
    store = Turns(order)
    first = Registry(store)
    first.create_marker()
    release(first, "collections", "before")
    won: list[tuple[str, int]] = []
    lost: list[str] = []

    def work(text: str) -> Callable[[], None]:
        def releaser() -> None:
            try:
                entry = release(Registry(store), "collections", text, expected=1)
            except LostRace:
                lost.append(text)
            else:
                won.append((text, entry.seq))

        return releaser

    def holder() -> None:
        Registry(store).append(
            "prod", "reminder", "hold", expected=None, meta=meta(writer=None, reason="stop")
        )

    release(first, "reminder", "one")
    store.run([*(work(text) for text in contents), holder])

    assert len(set(won)) == 1
    assert won[0][1] == 2
    assert len(won) + len(lost) == len(contents)
    assert won[0][0] not in lost, "who says the same has not lost"
    assert list(verify(first)) == []


class Intruded(MemoryStore):
    """A store where somebody else writes just before one's own entry is created."""

    def __init__(self) -> None:
        super().__init__()
        self.intrude: Callable[[Registry], object] | None = None

    def create(self, key: str, data: bytes) -> bool:
        intrude, self.intrude = self.intrude, None
        if intrude is not None and key.startswith(("releases/", "environments/")):
            intrude(Registry(self))
        elif intrude is not None:
            self.intrude = intrude
        return super().create(key, data)


def stop(kind: Kind, second: int = 1) -> Callable[[Registry], Entry]:
    as_meta = meta(second, writer=None, reason="stop")
    return lambda registry: registry.append(
        "prod", "collections", kind, expected=None, meta=as_meta, yank_version=1
    )


def start(text: str) -> Callable[[Registry], Entry]:
    return lambda registry: release(registry, "collections", text)


def back(registry: Registry) -> Entry:
    old = registry.find_release("prod", "collections", version=1)
    return registry.append(
        "prod",
        "collections",
        "rollback",
        expected=None,
        version=1,
        preset_digest=old.preset_digest,
        bound_digest=old.bound_digest,
        meta=meta(1, writer=None, reason="wrong"),
    )


def start_twice(registry: Registry) -> Entry:
    start("two")(registry)
    return start("three")(registry)


RACES: list[tuple[list[str], Callable[..., Entry], Callable[..., Entry], object]] = [
    ([], start("two"), start("three"), LostRace),
    ([], start("two"), start("two"), ("release", 2)),
    ([], start("two"), stop("yank"), LostRace),
    ([], start("two"), stop("hold"), Refused),
    ([], stop("hold"), start("two"), ("hold", 3)),
    ([], stop("hold"), start_twice, ("hold", 4)),
    ([], stop("hold"), stop("hold", 2), ("hold", 2)),
    ([], stop("hold"), stop("withdraw"), Refused),
    ([], stop("withdraw"), start("two"), ("withdraw", 3)),
    ([], stop("withdraw"), stop("hold"), ("withdraw", 3)),
    ([], stop("yank"), start("two"), ("yank", 3)),
    ([], back, start("two"), LostRace),
    ([], back, back, ("rollback", 2)),
    ([], start("two"), back, Refused),
    ([], stop("hold"), back, ("hold", 3)),
    (["hold"], back, stop("resume"), LostRace),
    (["hold"], stop("resume"), stop("yank"), LostRace),
    (["hold"], stop("resume"), stop("resume", 2), ("resume", 3)),
]


@pytest.mark.parametrize(("before", "mine", "theirs", "outcome"), RACES)
def test_who_saw_the_head_as_it_was_stops_calls_and_starts_none(
    before: list[Kind],
    mine: Callable[[Registry], Entry],
    theirs: Callable[[Registry], Entry],
    outcome: object,
) -> None:
    """What stops calls goes on after a lost race, or says why not; what starts them does not."""
    store = Intruded()
    registry = Registry(store)
    registry.create_marker()
    release(registry, "collections", "one")
    for kind in before:
        stop(kind)(registry)
    store.intrude = theirs
    if isinstance(outcome, tuple):
        entry = mine(registry)
        assert (entry.kind, entry.seq) == outcome
    else:
        with pytest.raises(outcome):  # type: ignore[call-overload]
            mine(registry)
    assert store.intrude is None
    assert list(verify(registry)) == []


def test_of_two_documents_of_an_environment_at_once_one_is_told() -> None:
    store = Intruded()
    registry = Registry(store)
    registry.create_marker()
    store.intrude = lambda other: other.publish_environment("prod", environment("prod", "THEIRS"))
    with pytest.raises(LostRace, match="published by somebody else at this moment"):
        registry.publish_environment("prod", environment("prod", "OURS"))
    assert registry.publish_environment("prod", environment("prod", "OURS")) == 2
    store.intrude = lambda other: other.publish_environment("prod", environment("prod", "SAME"))
    assert registry.publish_environment("prod", environment("prod", "SAME")) == 3
