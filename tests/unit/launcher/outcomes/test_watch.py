"""When calls are looked at: on schedule, one look at a time each, at a bounded rate."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from dialform.launcher.outcomes.watch import EVERY, FIRST, GRACE, LONGEST, Watch, next_look

T = 1_000_000.0


def times(watch: Watch, dial: str, until: float, step: float = 0.5) -> list[float]:
    """When that call is looked at, counted from T; the looks take no time."""
    now, found = T, []
    while now < T + until:
        taken = watch.take(now)
        if taken is not None:
            assert taken == dial
            found.append(now - T)
            watch.looked(dial, now)
        now += step
    return found


def test_a_call_is_looked_at_soon_then_every_half_minute() -> None:
    watch = Watch()
    watch.add("a", T, T)
    assert times(watch, "a", 130) == [5, 10, 20, 30, 60, 90, 120]


def test_it_is_given_up_two_minutes_after_its_limit() -> None:
    watch = Watch()
    watch.add("a", T, T, limit=60.0)
    looks = times(watch, "a", 900)
    assert looks[-1] == 60 + GRACE
    assert "a" not in watch
    assert watch.wait(T) is None
    watch.add("b", T, T)
    assert times(watch, "b", LONGEST + 900)[-1] == LONGEST + GRACE


def test_an_old_call_is_looked_at_at_once_and_once() -> None:
    """A process that comes back finds how calls of yesterday ended."""
    watch = Watch()
    watch.add("a", T - 86400, T)
    assert watch.take(T) == "a"
    assert not watch.looked("a", T)
    assert len(watch) == 0


def test_a_call_that_is_being_looked_at_is_not_handed_out_again() -> None:
    watch = Watch()
    watch.add("a", T, T)
    assert watch.take(T + 5) == "a"
    watch.soon("a", T + 6)
    assert watch.take(T + 100) is None
    assert watch.looked("a", T + 101)
    assert watch.take(T + 101) == "a"  # something was said of it meanwhile
    assert watch.looked("a", T + 102)
    assert watch.take(T + 102) is None
    assert watch.wait(T + 102) == 18


def test_what_was_said_of_a_call_brings_its_look_forward() -> None:
    watch = Watch()
    watch.add("a", T, T)
    watch.soon("a", T + 1)
    watch.soon("a", T + 1.5)
    watch.soon("unknown", T)
    assert watch.take(T + 1) == "a"
    watch.drop("a")
    assert watch.take(T + 100) is None


@given(st.floats(0, 10_000), st.floats(0, 10_000))
def test_the_next_look_is_ahead_and_not_far(placed: float, elapsed: float) -> None:
    now = placed + elapsed
    after = next_look(placed, now)
    assert now < after or after - now > -1e-6
    assert after - now <= EVERY + 1e-6
    assert elapsed > FIRST[0] or after == placed + FIRST[0] or elapsed == FIRST[0]


@given(st.integers(1, 60), st.floats(1, 50))
def test_the_rate_holds_for_all_together(calls: int, rate: float) -> None:
    watch = Watch(per_second=rate)
    for at in range(calls):
        watch.add(str(at), T - 999, T)
    taken: list[float] = []
    now = T
    while len(taken) < calls:
        if watch.take(now) is None:
            now += max(watch.wait(now) or 0, 1e-4)
        else:
            taken.append(now)
    for first, second in itertools.pairwise(taken):
        assert second - first >= 1 / rate - 1e-3
    assert now - T <= calls / rate + 1
