"""Canonical bytes: RFC 8785, whatever the values and keys, at every depth."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from dialform.presets.canonical import (
    LARGEST,
    NotCanonical,
    canonical,
    canonical_text,
    digest,
    is_digest,
    parse,
)

texts = st.text(st.characters(codec="utf-8"), max_size=6)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-1e15, 1e15, allow_nan=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


def nested(value: Any, depth: int) -> Any:
    """``value`` inside of tables and lists."""
    for _ in range(depth):
        value = {"a": [value]}
    return value


@settings(max_examples=150, deadline=None, database=None)
@given(values)
def test_canonical_form_is_that_of_rfc_8785(value: Any) -> None:
    data = canonical(value)

    assert data == rfc8785.dumps(value)
    assert canonical(parse(data)) == data
    assert digest(data) == "sha256:" + hashlib.sha256(data).hexdigest()
    assert is_digest(digest(data))


@pytest.mark.parametrize("depth", [0, 1, 4])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e21, "1e+21"),
        (1e-7, "1e-7"),
        (2**53 - 1, "9007199254740991"),
        ("é\u2028\x01", '"é\u2028\\u0001"'),
        ({"\ufb01": 1, "\U0001f600": 2, "a": 3}, '{"a":3,"\U0001f600":2,"\ufb01":1}'),
        ({}, "{}"),
        ([], "[]"),
    ],
)
def test_value_is_written_so_at_every_depth(value: Any, text: str, depth: int) -> None:
    wanted = '{"a":[' * depth + text + "]}" * depth
    assert canonical(nested(value, depth)) == wanted.encode()


@pytest.mark.parametrize("depth", [0, 1, 4])
@pytest.mark.parametrize(
    "value",
    [
        2**53,
        -(2**53),
        float(2**53),
        float("nan"),
        float("inf"),
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        b"x",
        {1, 2},
        object(),
    ],
    ids=repr,
)
def test_what_json_does_not_hold_is_refused_at_every_depth(value: Any, depth: int) -> None:
    with pytest.raises(NotCanonical):
        canonical(nested(value, depth))


@pytest.mark.parametrize(
    "data",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'"\\u00e9"',
        b"NaN",
        b"\xff",
        b"",
        b"9007199254740992",
    ],
)
def test_bytes_in_another_form_are_refused(data: bytes) -> None:
    with pytest.raises(NotCanonical):
        parse(data)


def test_one_and_one_point_zero_are_the_same_document() -> None:
    """As they are for every reader of JSON; null and absent are not."""
    assert digest(canonical({"a": 1})) == digest(canonical({"a": 1.0}))
    assert digest(canonical({"a": None})) != digest(canonical({}))
    assert json.loads(canonical({"a": 1.0})) == {"a": 1}


@pytest.mark.parametrize("text", ["", "sha256:", "sha256:" + "g" * 64, "sha1:" + "0" * 64, 5, None])
def test_other_texts_are_no_digests(text: object) -> None:
    assert not is_digest(text)


SINGLE = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.booleans(),
    st.none(),
    st.integers(-LARGEST, LARGEST),
    st.floats(-LARGEST, LARGEST),
    st.sampled_from([-0.0, 1e-7, 1e21, 1e22, 5e-324, 123456789012345.6]),
)


@given(st.recursive(SINGLE, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_the_quick_text_is_the_canonical_form(value: Any) -> None:
    try:
        whole = canonical(value).decode()
    except NotCanonical:
        return
    assert canonical_text(value) == whole
