"""Evidence: what dials came to, sealed, in order, and verified with the rest."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registry_world import meta, publish

from dialform.errors import ObjectAbsent, ObjectCorrupt, UsageError
from dialform.presets.canonical import digest
from dialform.registry import Evidence, Tally
from dialform.registry.evidence import parse_evidence, total
from dialform.registry.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.registry import Registry

TALLY = Tally(placed=9, answered=6, completed=7, failed=1, rejected=1, unknown=1, seconds=301)


def test_evidence_is_kept_once_for_the_same_counts(registry: Registry) -> None:
    version, content = publish(registry, "visit", "one")
    first = registry.publish_evidence("staging", "visit", content, "l1", TALLY, meta())
    assert registry.publish_evidence("staging", "visit", content, "l1", TALLY, meta(5)) == first
    more = TALLY._replace(completed=8)
    second = registry.publish_evidence("staging", "visit", content, "l1", more, meta(6))
    third = registry.publish_evidence("staging", "visit", content, "l2", TALLY, meta(7))
    assert [one.seq for one in (first, second, third)] == [1, 2, 3]
    assert registry.evidence("staging", "visit", version) == [first, second, third]
    assert registry.evidence("prod", "visit", version) == []
    assert list(verify(registry)) == []


def test_there_is_none_of_what_was_never_published(registry: Registry) -> None:
    _, content = publish(registry, "visit", "one")
    with pytest.raises(ObjectAbsent, match="no version of the content"):
        registry.publish_evidence("staging", "visit", digest(b"other"), "l1", TALLY, meta())
    with pytest.raises(UsageError, match="when"):
        registry.publish_evidence(
            "staging", "visit", content, "l1", TALLY, meta()._replace(time="now")
        )


def test_ledgers_at_once_are_all_kept(registry: Registry) -> None:
    version, content = publish(registry, "visit", "one")

    def add(ledger: str) -> None:
        registry.publish_evidence("staging", "visit", content, ledger, TALLY, meta())

    threads = [threading.Thread(target=add, args=(f"l{at % 6}",)) for at in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = registry.evidence("staging", "visit", version)
    assert sorted(one.ledger for one in kept) == [f"l{at}" for at in range(6)]
    assert list(verify(registry)) == []


def test_damage_is_named(registry: Registry, project: Path) -> None:
    version, content = publish(registry, "visit", "one")
    _, other = publish(registry, "visit", "two")
    made = registry.publish_evidence("staging", "visit", content, "l1", TALLY, meta())
    key = f"evidence/staging/visit/{version}"
    path = project / "registry" / key / "1.json"
    sound = path.read_bytes()
    path.write_bytes(sound.replace(b'"failed":1', b'"failed":0'))
    with pytest.raises(ObjectCorrupt, match=f"{key}/1.json"):
        registry.evidence("staging", "visit", version)
    assert [(one.object, one.rule) for one in verify(registry)] == [(f"{key}/1.json", "checksum")]
    path.write_bytes(made._replace(digest=other).render())
    assert [one.rule for one in verify(registry)] == ["reference"]
    path.write_bytes(sound)
    path.rename(path.with_name("2.json"))
    found = {(one.object, one.rule) for one in verify(registry)}
    assert found == {(f"{key}/1.json", "absent"), (f"{key}/2.json", "place")}
    path.with_name("2.json").rename(path)
    (path.parent / "notes.txt").write_text("x")
    (path.parents[1] / "01").mkdir()
    (path.parents[1] / "01" / "1.json").write_bytes(sound)
    found = {(one.object, one.rule) for one in verify(registry)}
    assert found == {
        (f"{key}/notes.txt", "unexpected"),
        ("evidence/staging/visit/01", "unexpected"),
    }


COUNT = st.integers(0, 10**6)
TALLIES = st.builds(Tally, *[COUNT] * len(Tally._fields))


@given(TALLIES)
def test_what_is_stored_is_what_is_read(tally: Tally) -> None:
    made = Evidence(
        "staging", "visit", 3, digest(b"x"), 2, "l1", "2026-11-23T23:00:00Z", None, tally
    )
    assert parse_evidence(made.render(), "staging", "visit", 3, 2) == made


@given(st.lists(TALLIES))
def test_a_total_is_the_sum_of_each_count_and_its_rate_a_share(tallies: list[Tally]) -> None:
    summed = total(tallies)
    assert summed.completed == sum(one.completed for one in tallies)
    assert summed.seconds == sum(one.seconds for one in tallies)
    rate = summed.failure_rate
    assert (rate is None) == (summed.failed + summed.rejected + summed.completed == 0)
    assert rate is None or 0 <= rate <= 1
