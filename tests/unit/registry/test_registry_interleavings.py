"""Publishers whose every step on the store is put in an order that hypothesis chooses."""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from registry_world import MemoryStore, meta, publish, release

from dialform.errors import LostRace
from dialform.registry import Registry
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
