"""Trust statements: whose signatures count after keys were added and taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from registry_world import meta, release

from dialform.errors import LostRace, ObjectCorrupt, Refused, SettingError, Untrusted, UsageError
from dialform.presets.canonical import canonical, parse
from dialform.registry.documents import Damage, sealed
from dialform.registry.trust.statements import Statement, parse_statement

if TYPE_CHECKING:
    from trust_world import World


def state(
    world: World,
    by: str,
    *people: str,
    threshold: int = 1,
    previous: Statement | None = None,
    also: tuple[str, ...] = (),
) -> Statement:
    """A statement by one person, with the signatures of others."""
    keys = {world.key(one).line: one for one in people}
    issuer = world.writer(by).issuer
    made = issuer.state(meta(), keys=keys, threshold=threshold, previous=previous)
    for one in also:
        world.writer(one).issuer.sign_statement(made.seq)
    return made


def counting(world: World, *pins: str, threshold: int = 1) -> tuple[set[str], int]:
    """The people whose signatures count for a reader with these pins, and the threshold."""
    guard = world.reader(*pins, threshold=threshold).guard
    assert guard is not None
    assert guard.keys is not None
    names = {key.keyid: person for person, key in world.people.items()}
    return {names[one] for one in guard.keys.ids}, guard.keys.threshold


def test_without_statements_the_pinned_keys_count(world: World) -> None:
    world.released()
    assert counting(world, "ci", "anna", threshold=2) == ({"ci", "anna"}, 2)


def test_keys_are_added_and_taken_away(world: World) -> None:
    world.released()
    first = state(world, "ci", "ci", "anna")
    second = state(world, "anna", "anna", "ben", threshold=2, previous=first, also=("ben",))
    assert counting(world, "ci") == ({"anna", "ben"}, 2)
    third = state(world, "ben", "ben", "carl", threshold=1, previous=second, also=("anna",))
    assert counting(world, "ci") == ({"ben", "carl"}, 1)
    assert third.seq == 3

    assert counting(world, "anna", "ben", threshold=2) == ({"ben", "carl"}, 1), "of a later pin"


def test_a_statement_waits_for_the_threshold_before_it(world: World) -> None:
    world.released()
    first = state(world, "ci", "ci", "anna", threshold=2, also=("anna",))
    second = state(world, "ci", "ci", previous=first)
    assert counting(world, "ci") == ({"ci", "anna"}, 2)
    assert any("1 of 2 signatures of those before it" in text for text in world.said)
    world.writer("anna").issuer.sign_statement(second.seq)
    assert counting(world, "ci") == ({"ci"}, 1)


def test_a_statement_waits_for_its_own_threshold(world: World) -> None:
    """Keys that nobody holds would lock everybody out."""
    world.released()
    first = state(world, "ci", "ci")
    state(world, "ci", "anna", "ben", threshold=2, previous=first, also=("anna",))
    assert counting(world, "ci") == ({"ci"}, 1)
    assert any("1 of 2 signatures of its own" in text for text in world.said)


def test_a_first_statement_waits_while_the_pinned_keys_count(world: World) -> None:
    """One that nobody signed whose key is pinned is refused: see below."""
    world.released()
    state(world, "ci", "ci", "anna", threshold=2)
    assert counting(world, "ci") == ({"ci"}, 1)
    world.writer("anna").issuer.sign_statement(1)
    assert counting(world, "ci") == ({"ci", "anna"}, 2)


def test_what_nobody_signed_or_somebody_else_changes_nothing(world: World) -> None:
    world.released()
    first = state(world, "ci", "ci")
    keys = {world.key("eve").line: "eve"}
    forged = Statement(2, first.digest, keys, 1, first.time, None, None)
    assert world.writer(None).store.create("trust/2.json", forged.render())
    assert counting(world, "ci") == ({"ci"}, 1)
    world.writer("eve").issuer.sign_statement(2)
    assert counting(world, "ci") == ({"ci"}, 1)
    release(world.writer("eve"), "collections", "forged", as_meta=meta(2))
    with pytest.raises(Untrusted, match=r"\[unknown-key\]"):
        world.reader("ci").head("prod", "collections")


def test_a_chain_that_the_pins_do_not_know_is_refused(world: World) -> None:
    """All else than to go on with the pins, as if nobody had said anything."""
    world.released("eve")
    state(world, "eve", "eve")
    with pytest.raises(Untrusted, match=r"verify none of its 1 trust statements.*\[unknown-key\]"):
        world.reader("ci").head("prod", "collections")


def test_a_statement_that_does_not_follow_counts_for_nothing(world: World) -> None:
    world.released()
    first = state(world, "ci", "ci")
    skipped = Statement(2, first.digest[:-1] + "0", first.names, 1, first.time, None, "x")  # type: ignore[arg-type]  # another digest
    if skipped.previous == first.digest:
        skipped = skipped._replace(previous=first.digest[:-1] + "1")  # type: ignore[arg-type]
    assert world.writer(None).store.create("trust/2.json", skipped.render())
    world.writer("ci").issuer.sign_statement(2)
    assert counting(world, "ci") == ({"ci"}, 1)
    assert any("`previous` is not" in text for text in world.said)


def test_a_number_left_out_is_damage(world: World) -> None:
    world.released()
    first = state(world, "ci", "ci")
    third = Statement(3, first.digest, first.names, 1, first.time, None, "x")
    assert world.writer(None).store.create("trust/3.json", third.render())
    with pytest.raises(ObjectCorrupt, match=r"trust/2\.json: it is missing"):
        world.reader("ci").head("prod", "collections")


def test_a_key_that_was_taken_away_starts_nothing_more(world: World) -> None:
    """Signed again by one that counts, what it had signed goes on."""
    entry = world.released("ci")
    first = state(world, "ci", "ci", "anna")
    state(world, "anna", "anna", previous=first)
    with pytest.raises(Untrusted, match=r"\[unknown-key\]"):
        world.reader("ci").head("prod", "collections")
    world.writer("anna").sign_entry(entry)
    world.writer("anna").sign_environment("prod")
    assert world.reader("ci").head("prod", "collections") == entry
    assert world.reader("anna").environment("prod") is not None


def test_a_reader_sees_a_rotation_with_its_next_look(world: World) -> None:
    """A campaign that runs meanwhile stops where its release lacks signatures, and not before."""
    entry = world.released("ci")
    reader = world.reader("ci")
    first = state(world, "ci", "ci", "anna")
    assert reader.environment("prod") is not None
    second = state(world, "anna", "anna", previous=first)
    world.writer("anna").sign_environment("prod")
    assert reader.environment("prod") is not None
    with pytest.raises(Untrusted, match=r"\[unknown-key\]"):
        reader.head("prod", "collections")
    world.writer("anna").sign_entry(entry)
    assert reader.head("prod", "collections") == entry
    assert second.seq == 2


def test_who_may_not_state(world: World) -> None:
    world.released()
    with pytest.raises(SettingError, match="DIALFORM_SIGNER"):
        world.writer(None).issuer.state(
            meta(), keys={world.key("ci").line: "ci"}, threshold=1, previous=None
        )
    with pytest.raises(Refused, match="neither before nor after"):
        state(world, "eve", "ci")
    for people, threshold in ((("ci",), 2), ((), 0), (("ci",), 0)):
        with pytest.raises((UsageError, SettingError)):
            state(world, "ci", *people, threshold=threshold)
    first = state(world, "ci", "ci")
    with pytest.raises(UsageError, match="says already"):
        state(world, "ci", "ci", previous=first)


def test_two_statements_at_once_are_one(world: World) -> None:
    world.released()
    state(world, "ci", "ci")
    with pytest.raises(LostRace):
        state(world, "anna", "anna")


def test_a_key_under_another_s_name_is_damage(world: World) -> None:
    """One key that counts under two names would be a threshold of two."""
    made = Statement(1, None, {world.key("ci").line: "ci"}, 1, meta().time, None, None)
    assert parse_statement(made.render(), 1).names == made.names
    value = parse(made.render())
    del value["checksum"]
    (row,) = value["keys"].values()
    changes: tuple[dict[str, Any], ...] = (
        {"keys": {"0" * 16: row}},
        {"keys": value["keys"] | {"0" * 16: row}, "threshold": 2},
        {"keys": {}},
        {"keys": {**value["keys"]}, "threshold": 2},
        {"keys": {world.key("ci").keyid: {**row, "name": ""}}},
        {"keys": {world.key("ci").keyid: {**row, "more": 1}}},
        {"keys": {world.key("ci").keyid: {**row, "public": "ed25519:AA=="}}},
        {"keys": [1]},
        {"threshold": 0},
        {"threshold": True},
        {"seq": 2},
        {"previous": "sha256:" + "0" * 64},
        {"time": "now"},
        {"more": 1},
        {"keys": {str(number): row for number in range(40)}},
    )
    for changed in changes:
        with pytest.raises(Damage):
            parse_statement(sealed({**value, **changed}), 1)
    with pytest.raises(Damage):
        parse_statement(canonical(value), 1)
