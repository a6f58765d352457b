"""Entries read by one pattern: what `parse_entry` says of any bytes, no more and no less."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialform.presets.canonical import canonical, digest
from dialform.registry import Entry
from dialform.registry.documents import Damage
from dialform.registry.entries import KINDS, STATES, parse_entry
from dialform.registry.plain import parse_plain, plain_entry

PLACE = ("prod", "collections", 7)

digests = st.integers(0, 9).map(lambda number: digest(b"%d" % number))
numbers = st.integers(1, 10**9 - 1)
plain_texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "S", "Zs", "Zl", "Mn"]))
texts = st.none() | st.text(max_size=8)
times = st.sampled_from(["2026-11-23T23:00:00Z", "2024-02-29T00:00:00.123456Z"])


def entries(text: st.SearchStrategy[str | None]) -> st.SearchStrategy[Entry]:
    """Any entry of that place, its digest aside; no log need hold it."""
    return st.builds(
        Entry,
        *map(st.just, PLACE),
        kind=st.sampled_from(sorted(KINDS - {"yank"})),
        state=st.sampled_from(sorted(STATES)),
        version=numbers,
        preset_digest=digests,
        bound_digest=digests,
        yanked=st.lists(numbers, max_size=3).map(tuple),
        previous=st.none() | digests,
        time=times,
        reason=text,
        by=text,
        change=text,
        commit=text,
        writer=text,
        digest=st.just(""),
        references=st.none() | digests,
        held_from=st.sampled_from([None, "rolled-back"]),
    )


def said(parse: Any, data: bytes) -> Entry | tuple[type, str]:
    """What a parser gives, or why it does not."""
    try:
        found: Entry = parse(data, *PLACE)
    except Damage as damage:
        return type(damage), str(damage)
    return found


@given(entries(plain_texts | st.none()))
def test_a_plainly_written_entry_is_read_by_the_pattern(entry: Entry) -> None:
    data = entry.render()
    assert plain_entry(data, *PLACE) == parse_entry(data, *PLACE)
    assert plain_entry(data, *PLACE) == entry._replace(digest=digest(data))


@given(entries(texts))
def test_any_entry_is_read_alike(entry: Entry) -> None:
    assert parse_plain(entry.render(), *PLACE) == parse_entry(entry.render(), *PLACE)


ODD = [
    *('"sha256:1"', '"sha256:' + "A" * 64 + '"', '"sha256:' + "b" * 64 + '"'),
    *("null", "true", "0", "1", "7", "07", "-7", "7.0", "7e0", "1000000000", "999999999"),
    *("[]", "[1]", "[1,2]", "[1, 2]", "[0]", "[01]", "[1,]", '["1"]', "[1000000000]", "{}"),
    *(
        '""',
        '"x"',
        '"\\u0041"',
        '"\\n"',
        '"\n"',
        '"\\/"',
        '"\x7f"',
        '"\x1f"',
        '"\u2028"',
        '"é"',
        '"\\"x"',
    ),
    *('"\\ud800"', '"prod"', '"Prod"', '"collections"', '"live"', '"held"', '"dead"', '"yank"'),
    *('"rolled-back"', '"release"', '"dialform.release/1"', '"dialform.release/2"'),
    *('"2026-02-30T00:00:00Z"', '"2026-11-23T23:00:00.1234567Z"', '"٢٠٢٦-11-23T23:00:00Z"'),
    *('"2026-11-23T23:00:00Z"', '"x","by":"y"', '"checksum"'),
]
"""Values as they may stand in a file, canonical and not, that some key takes or none does."""

KEYS = [*sorted(json.loads(Entry(
    *PLACE, "hold", "held", 1, digest(b""), digest(b""), (), None, "2026-11-23T23:00:00Z",
    None, None, None, None, None, digest(b""), digest(b""), "rolled-back",
).render())), "colour"]  # fmt: skip


def written(members: dict[str, str]) -> list[str]:
    return [f"{json.dumps(key)}:{content}" for key, content in members.items()]


def joined(members: list[str], comma: str = ",") -> bytes:
    return f"{{{comma.join(members)}}}".encode()


def seal(members: list[str]) -> str:
    """The checksum of a file with these members, as a member."""
    return f'"checksum":"{digest(joined(members))}"'


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """An entry's file with some members put wrong, or in another order; mostly with its seal."""
    value = json.loads(draw(entries(texts)).render())
    del value["checksum"]
    members = {key: canonical(content).decode() for key, content in value.items()}
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=2)):
        members[key] = draw(st.sampled_from(ODD))
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=1)):
        members.pop(key, None)
    rest = written(members)
    rest = draw(st.permutations(rest)) if draw(st.integers(0, 9)) == 0 else sorted(rest)
    comma = draw(st.sampled_from([",", ",", ",", ", "]))
    return joined(sorted([*rest, seal(rest)]) if draw(st.integers(0, 9)) else rest, comma)


@settings(max_examples=600, deadline=None)
@given(files())
@example(b"")
@example(b"\xff")
@example(b'{"boundDigest":"\xed\xa0\x80"}')
def test_any_file_is_read_alike_or_refused_with_the_same_words(data: bytes) -> None:
    assert said(parse_plain, data) == said(parse_entry, data)


ENTRY = Entry(
    *PLACE, "hold", "held", 12, digest(b"a"), digest(b"b"), (3, 11), digest(b"c"),
    "2026-11-23T23:00:00Z", "café", "anna", None, "0a1b", "calls/prod", digest(b""), digest(b"d"),
    "rolled-back",
).render()  # fmt: skip


def test_every_changed_byte_is_refused_with_the_same_words() -> None:
    assert plain_entry(ENTRY, *PLACE) is not None
    for at in range(len(ENTRY)):
        for change in (1, 0x20, 0x80):
            data = ENTRY[:at] + bytes([ENTRY[at] ^ change]) + ENTRY[at + 1 :]
            assert plain_entry(data, *PLACE) is None
            assert said(parse_plain, data) == said(parse_entry, data)


@pytest.mark.parametrize("key", KEYS)
def test_every_odd_value_under_a_good_seal_is_judged_alike(key: str) -> None:
    members = {one: canonical(content).decode() for one, content in json.loads(ENTRY).items()}
    del members["checksum"]
    for odd in ODD:
        members[key] = odd
        data = joined(sorted([*written(members), seal(sorted(written(members)))]))
        assert said(parse_plain, data) == said(parse_entry, data), odd


@pytest.mark.parametrize(
    "place", [("dev", *PLACE[1:]), ("prod", "reminder", 7), ("prod", "collections", 8)]
)
def test_an_entry_in_another_place_is_refused(place: tuple[str, str, int]) -> None:
    with pytest.raises(Damage, match="it is entry 7 of collections in prod"):
        parse_plain(ENTRY, *place)


def test_a_yank_of_no_version_is_refused() -> None:
    value = {**json.loads(ENTRY), "kind": "yank", "yanked": []}
    del value["checksum"]
    data = canonical({**value, "checksum": digest(canonical(value))})
    with pytest.raises(Damage, match="yank of no version"):
        parse_plain(data, *PLACE)
