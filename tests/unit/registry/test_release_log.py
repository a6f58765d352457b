"""The release log's rules, without any store."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_world import meta

from dialform.errors import ObjectAbsent, Refused, UsageError
from dialform.presets.canonical import Digest, canonical, digest, parse
from dialform.registry import Change, Entry, Meta, next_entry
from dialform.registry.documents import Damage, Newer, sealed
from dialform.registry.entries import parse_entry
from dialform.registry.transitions import succession_fault


def content(number: int) -> Digest:
    return digest(str(number).encode())


def released(version: int) -> Change:
    return Change("release", version, content(version), content(100 + version))


def rolled(version: int) -> Change:
    return released(version)._replace(kind="rollback")


def after(head: Entry | None, change: Change, as_meta: Meta | None = None, **how: Any) -> Entry:
    return next_entry(
        head, change, as_meta or meta(), environment="prod", preset="collections", **how
    )


def log(*changes: Change) -> list[Entry]:
    entries: list[Entry] = []
    for change in changes:
        entries.append(after(entries[-1] if entries else None, change))
    return entries


FIRST = after(None, released(1))
HELD = after(FIRST, Change("hold"))
WITHDRAWN = after(FIRST, Change("withdraw"))
BACK = after(FIRST, rolled(2))
HELD_BACK = after(BACK, Change("hold"))
YANKED = after(FIRST, Change("yank", yank_version=1))

ALLOWED = [
    (FIRST, released(2), "live"),
    (FIRST, Change("hold"), "held"),
    (FIRST, Change("withdraw"), "withdrawn"),
    (FIRST, Change("yank", yank_version=1), "live"),
    (HELD, Change("resume"), "live"),
    (HELD, Change("withdraw"), "withdrawn"),
    (HELD, Change("yank", yank_version=1), "held"),
    (WITHDRAWN, released(1), "live"),
    (WITHDRAWN, Change("yank", yank_version=2), "withdrawn"),
    (YANKED, released(2), "live"),
    (YANKED, Change("withdraw"), "withdrawn"),
    (FIRST, rolled(2), "rolled-back"),
    (HELD, rolled(2), "rolled-back"),
    (BACK, released(2), "live"),
    (BACK, rolled(3), "rolled-back"),
    (BACK, Change("resume"), "live"),
    (BACK, Change("hold"), "held"),
    (BACK, Change("withdraw"), "withdrawn"),
    (BACK, Change("yank", yank_version=2), "rolled-back"),
    (HELD_BACK, Change("resume"), "rolled-back"),
    (after(HELD_BACK, Change("resume")), Change("resume"), "live"),
    (after(HELD_BACK, Change("yank", yank_version=1)), Change("resume"), "rolled-back"),
    (HELD_BACK, rolled(2), "rolled-back"),
    (HELD_BACK, Change("withdraw"), "withdrawn"),
    (
        after(after(after(HELD_BACK, rolled(3)), Change("resume")), Change("hold")),
        Change("resume"),
        "live",
    ),
]
REFUSED = [
    (HELD, released(1), "is held"),
    (HELD, released(2), "is held"),
    (WITHDRAWN, Change("hold"), "is withdrawn"),
    (WITHDRAWN, Change("resume"), "is withdrawn"),
    (YANKED, released(1), "yanked"),
    (YANKED, rolled(1), "yanked"),
    (WITHDRAWN, rolled(1), "is withdrawn"),
    (BACK, released(1), "was rolled back to version 2"),
    (HELD_BACK, released(2), "is held"),
    (after(HELD_BACK, Change("resume")), released(1), "was rolled back to version 2"),
]
NOTHING_TO_DO = [
    (FIRST, released(1)),
    (FIRST, Change("resume")),
    (HELD, Change("hold")),
    (HELD_BACK, Change("hold")),
    (BACK, rolled(2)),
    (WITHDRAWN, Change("withdraw")),
    (YANKED, Change("yank", yank_version=1)),
]


@pytest.mark.parametrize(("head", "change", "state"), ALLOWED)
def test_what_may_follow(head: Entry, change: Change, state: str) -> None:
    entry = after(head, change)
    assert (entry.seq, entry.kind, entry.state) == (head.seq + 1, change.kind, state)
    assert entry.previous == head.digest
    assert succession_fault(head, entry) is None


@pytest.mark.parametrize(("head", "change", "words"), REFUSED)
def test_what_may_not_follow(head: Entry, change: Change, words: str) -> None:
    with pytest.raises(Refused, match=words):
        after(head, change)


@pytest.mark.parametrize(("head", "change"), NOTHING_TO_DO)
def test_what_the_head_says_already_adds_no_entry(head: Entry, change: Change) -> None:
    """So that the rerun of a killed command changes nothing."""
    assert after(head, change, meta(30, reason="again")) is head


@pytest.mark.parametrize("kind", ["hold", "resume", "withdraw"])
def test_a_log_begins_with_a_release(kind: Any) -> None:
    with pytest.raises(ObjectAbsent, match="never released in prod: nothing to"):
        after(None, Change(kind))


def test_a_hold_of_before_it_said_what_it_is_on_still_counts() -> None:
    """Its end gives a live log, as it did."""
    old = HELD_BACK._replace(held_from=None)
    old = old._replace(digest=digest(old.render()))
    assert succession_fault(BACK, old) is None
    resumed = after(old, Change("resume"))
    assert resumed.state == "live"
    assert succession_fault(old, resumed) is None


def test_an_entry_carries_the_whole_state() -> None:
    entries = log(released(1), released(2), Change("yank", yank_version=1), Change("hold"))
    head = entries[-1]
    assert (head.version, head.preset_digest, head.yanked) == (2, content(2), (1,))
    assert (head.subject, entries[2].subject) == (2, 1)


def test_an_operator_leaves_the_log_to_its_stack() -> None:
    entry = after(FIRST, Change("hold"), meta(writer=None))
    assert entry.writer == FIRST.writer
    first = after(None, released(1), meta(writer=None))
    assert first.writer is None
    assert after(first, released(1), meta(writer="calls/prod")) is first
    assert after(first, released(2), meta(writer="calls/prod")).writer == "calls/prod"


@pytest.mark.parametrize(
    "change",
    [
        Change("release"),
        Change("release", 1, content(1)),
        Change("release", 0, content(1), content(1)),
        Change("release", 1, content(1), Digest("sha256:1")),
        Change("yank"),
        Change("yank", yank_version=10**30),
        Change("remove"),  # type: ignore[arg-type]
    ],
)
def test_half_a_change_is_refused(change: Change) -> None:
    with pytest.raises(UsageError, match="no entry for a release log"):
        after(FIRST, change)


@pytest.mark.parametrize("time", ["", "now", "2026-11-23", "2026-11-23T23:00:00+01:00"])
def test_a_time_is_utc(time: str) -> None:
    with pytest.raises(UsageError, match="takes UTC as"):
        after(None, released(1), Meta(time))


def test_text_that_no_file_can_hold_is_refused() -> None:
    """A command line may hand over bytes that are no UTF-8."""
    with pytest.raises(UsageError, match=r"reason .*: takes text"):
        after(FIRST, Change("hold"), meta(reason="caf\udce9"))


TEXTS = st.none() | st.text(max_size=20)
METAS = st.builds(
    Meta,
    time=st.just("2026-11-23T23:00:00Z"),
    reason=TEXTS,
    by=TEXTS,
    change=TEXTS,
    commit=TEXTS,
    writer=st.sampled_from([None, "calls/prod"]),
)
CHANGES = st.one_of(
    st.integers(1, 4).map(released),
    st.integers(1, 4).map(rolled),
    st.sampled_from([Change("hold"), Change("resume"), Change("withdraw")]),
    st.integers(1, 4).map(lambda number: Change("yank", yank_version=number)),
)


@settings(deadline=None)  # a busy machine is no fault of the log's
@given(st.lists(st.tuples(CHANGES, METAS), max_size=12))
def test_any_history_is_a_chain_without_gaps(history: list[tuple[Change, Meta]]) -> None:
    entries: list[Entry] = []
    for change, as_meta in history:
        head = entries[-1] if entries else None
        try:
            entry = after(head, change, as_meta)
        except (Refused, ObjectAbsent):
            continue
        if (entry.kind, entry.state) != ("resume", "rolled-back"):  # that ends what is left
            assert after(entry, change, as_meta) is entry, "the same again is no change"
        if entry is not head:
            assert succession_fault(head, entry) is None
            entries.append(entry)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    barred: set[int] = set()
    for entry in entries:
        assert parse_entry(entry.render(), "prod", "collections", entry.seq) == entry
        assert entry.kind not in ("release", "rollback") or entry.version not in barred
        assert barred <= set(entry.yanked)
        barred = set(entry.yanked)


def stored(**fields: Any) -> bytes:
    value = parse(YANKED.render())
    del value["checksum"]
    return sealed({key: content for key, content in {**value, **fields}.items() if content != ...})


WRONG = [
    ({"seq": 0}, "its seq is 0"),
    ({"seq": 2.5}, "its seq is 2.5"),
    ({"seq": True}, "its seq is True"),
    ({"kind": "delete"}, "its kind is 'delete'"),
    ({"kind": ["hold"]}, "its kind is"),
    ({"state": "dead"}, "its state is 'dead'"),
    ({"version": "1"}, "its version is '1'"),
    ({"presetDigest": "sha256:1"}, "its presetDigest"),
    ({"boundDigest": None}, "its boundDigest is None"),
    ({"yanked": 1}, "its yanked is 1"),
    ({"yanked": ["1"]}, "its yanked"),
    ({"yanked": []}, "a yank of no version"),
    ({"previous": "x"}, "its previous"),
    ({"time": "yesterday"}, "its time"),
    ({"reason": 7}, "its reason is 7"),
    ({"writer": ...}, "its key 'writer' is missing"),
    ({"references": "x"}, "its references is 'x': it takes a digest"),
    ({"heldFrom": "live"}, "its heldFrom is 'live': it takes rolled-back"),
    ({"colour": "red"}, "its key 'colour' is not one of this format's"),
    ({"seq": 3}, "it is entry 3 of collections in prod"),
    ({"environment": "dev"}, "it is entry 2 of collections in dev"),
    ({"preset": "reminder"}, "it is entry 2 of reminder in prod"),
    ({"format": "dialform.version/1"}, "stands where a dialform.release/1 should"),
]


@pytest.mark.parametrize(("fields", "words"), WRONG)
def test_an_entry_is_read_strictly(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(Damage) as caught:
        parse_entry(stored(**fields), "prod", "collections", 2)
    assert words in str(caught.value)


def test_a_newer_format_is_told_apart_from_damage() -> None:
    with pytest.raises(Newer, match=r"'dialform.release/2' is unknown here: it needs a newer"):
        parse_entry(stored(format="dialform.release/2"), "prod", "collections", 2)


def test_a_seal_that_is_missing_or_broken_is_damage() -> None:
    value = parse(FIRST.render())
    for other in (
        {**value, "reason": "x"},
        {key: value[key] for key in value if key != "checksum"},
    ):
        with pytest.raises(Damage, match="checksum"):
            parse_entry(canonical(other), "prod", "collections", 1)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"previous": content(9)}, "`previous`"),
        ({"kind": "release", "version": 1, "yanked": ()}, "changes nothing"),
        ({"kind": "resume", "yanked": ()}, "changes nothing"),
        ({"state": "held"}, "its state is not what"),
        ({"yanked": (2, 1)}, "its state is not what"),
        ({"kind": "hold"}, "its state is not what"),
        ({"writer": None}, "its state is not what"),
        ({"held_from": "rolled-back"}, "its state is not what"),
    ],
)
def test_an_entry_that_does_not_follow_is_named(fields: dict[str, Any], words: str) -> None:
    entry = YANKED._replace(**fields)
    entry = entry._replace(digest=digest(entry.render()))
    assert words in str(succession_fault(FIRST, entry))
