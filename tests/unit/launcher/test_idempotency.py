"""Idempotency keys: what a key follows from, and what a body is without it."""

from __future__ import annotations

import re
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from dialform.launcher.idempotency import core_of, key_of_attempt, key_of_dial, keyed
from dialform.presets.canonical import canonical, digest, parse

FORM = re.compile(r"df1:[A-Z2-7]{40}")
VALUES = st.dictionaries(
    st.text(max_size=20).filter(lambda name: name != "idempotencyKey"),
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    max_size=6,
)


@given(VALUES, st.text(min_size=1, max_size=40))
def test_a_key_goes_in_and_out_and_leaves_the_core(value: dict[str, object], key: str) -> None:
    """Whatever else the body says, its bytes less the key are what they were."""
    body = canonical(value)
    core = core_of(keyed(body, key))
    assert (core.body, core.digest, core.key) == (body, digest(body), key)
    assert core_of(body) == (body, digest(body), None)
    assert keyed(keyed(body, "other"), key) == keyed(body, key)
    assert parse(keyed(body, key)) == {**value, "idempotencyKey": key}


def test_every_attempt_has_its_own_key_and_always_the_same() -> None:
    parts = list(product(("l1", "l2"), ("c1", "c2"), ("+14155550100", "p"), (1, 2)))
    keys = [key_of_attempt(*one) for one in parts]
    assert len(set(keys)) == len(parts) == 16
    assert keys == [key_of_attempt(*one) for one in parts]
    assert all(FORM.fullmatch(key) for key in [*keys, key_of_dial("a")])
    assert key_of_attempt("l", "a", "bc", 1) != key_of_attempt("l", "ab", "c", 1)
    assert key_of_dial("a") != key_of_dial("b")


def test_keys_are_the_same_for_ever() -> None:
    """A ledger's key from last year's launcher must still be its key: a golden value."""
    assert key_of_dial("0" * 32) == "df1:QTQMB2X2VFNDJQUT6J4KYUXELTSTPOVV45JKADTJ"
