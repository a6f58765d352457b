"""What a reader with pinned keys believes of a log, and what it refuses, by the rule's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from registry_world import environment, meta, release

from dialform.errors import Refused, RegistryError, Untrusted
from dialform.registry import Tally

if TYPE_CHECKING:
    from trust_world import World

    from dialform.registry import Registry


def rule_of(registry: Registry, *, environment_too: bool = True) -> str:
    """By which rule what is live in prod is refused; ``-`` where it is believed."""
    try:
        if environment_too:
            registry.environment("prod")
        registry.head("prod", "collections")
    except Untrusted as refusal:
        return refusal.rule
    return "-"


def test_what_the_pinned_key_signed_is_believed(world: World) -> None:
    entry = world.released()
    assert world.reader("ci").head("prod", "collections") == entry
    assert world.reader("ci").entries("prod", "collections") == [entry]
    assert world.reader("ci").find_release("prod", "collections", version=1) == entry
    document = world.reader("ci").environment("prod")
    assert document is not None
    assert document["environment"] == "prod"


def test_without_keys_nothing_is_verified_and_nothing_signed(world: World) -> None:
    world.released(None)
    assert rule_of(world.reader()) == "-"
    assert not world.path("signatures").exists()


def test_a_refusal_is_one_of_trust_and_of_the_registry(world: World) -> None:
    """Exit code 3, and caught by whoever catches what a registry can't serve."""
    world.released(None)
    with pytest.raises(Untrusted) as found:
        world.reader("ci").head("prod", "collections")
    assert found.value.exit_code == 3
    assert isinstance(found.value, Refused)
    assert isinstance(found.value, RegistryError)
    assert str(found.value).endswith("[unsigned]")
    assert "`dialform registry sign -s prod`" in str(found.value)


def test_unsigned_other_keys_and_too_few_have_their_names(world: World) -> None:
    world.released(None)
    assert rule_of(world.reader("ci")) == "unsigned"
    world.released("eve")
    assert rule_of(world.reader("ci")) == "unknown-key"
    assert rule_of(world.reader("eve", "ci", threshold=2)) == "threshold"
    world.released("ci")
    assert rule_of(world.reader("eve", "ci", threshold=2)) == "-"


def test_an_environment_that_nobody_signed_is_refused(world: World) -> None:
    world.released()
    world.writer(None).publish_environment("prod", environment("prod", "EVES_KEY"))
    assert rule_of(world.reader("ci"), environment_too=False) == "-"
    assert rule_of(world.reader("ci")) == "unsigned"


def test_one_key_signs_once_however_often_it_is_pinned(world: World) -> None:
    world.released()
    with pytest.raises(Exception, match="1 different keys"):
        world.trust("ci", "ci", threshold=2)
    assert rule_of(world.reader("ci", "anna", threshold=2)) == "threshold"


@pytest.mark.parametrize("kind", ["hold", "withdraw"])
def test_stopping_needs_no_key(kind: str, world: World) -> None:
    world.released()
    world.writer(None).append("prod", "collections", kind, expected=None, meta=meta(3))  # type: ignore[arg-type]  # parametrized
    head = world.reader("ci").head("prod", "collections")
    assert head is not None
    assert head.kind == kind


def test_starting_again_does(world: World) -> None:
    world.released()
    eve, anna = world.writer(None), world.writer("anna", "ci", "anna")
    eve.append("prod", "collections", "hold", expected=None, meta=meta(3))
    eve.append("prod", "collections", "resume", expected=2, meta=meta(4))
    assert rule_of(world.reader("ci")) == "unsigned"

    eve.append("prod", "collections", "hold", expected=None, meta=meta(5))
    assert rule_of(world.reader("ci", "anna")) == "-"
    anna.append("prod", "collections", "resume", expected=4, meta=meta(6))
    assert rule_of(world.reader("ci", "anna")) == "-"

    release(eve, "collections", "forged", as_meta=meta(7))
    eve.append("prod", "collections", "hold", expected=None, meta=meta(8))
    with pytest.raises(Untrusted, match="goes on with version 2"):
        anna.append("prod", "collections", "resume", expected=7, meta=meta(9))


def test_a_hold_without_a_key_ends_with_one(world: World) -> None:
    entry = world.released()
    world.writer(None).append("prod", "collections", "hold", expected=None, meta=meta(3))
    world.writer("anna", "ci", "anna").append(
        "prod", "collections", "resume", expected=2, meta=meta(4)
    )
    assert rule_of(world.reader("ci")) == "unknown-key"
    head = world.reader("ci", "anna").head("prod", "collections")
    assert head is not None
    assert (head.seq, head.bound_digest) == (3, entry.bound_digest)


def test_nobody_without_a_key_starts_calls_where_keys_are_pinned(world: World) -> None:
    """Rather than a head that stops all launchers."""
    world.released()
    release(world.writer("ci"), "collections", "two", as_meta=meta(1))
    nobody = world.writer(None, "ci")
    with pytest.raises(Untrusted, match="DIALFORM_SIGNER"):
        release(nobody, "collections", "three", as_meta=meta(2))
    nobody.append("prod", "collections", "hold", expected=None, meta=meta(3))
    with pytest.raises(Untrusted, match="DIALFORM_SIGNER"):
        nobody.append("prod", "collections", "resume", expected=3, meta=meta(4))


def test_a_bar_without_a_key_bars_and_alters_nothing_else(world: World) -> None:
    entry = world.released()
    eve = world.writer(None)
    eve.append("prod", "collections", "yank", expected=1, yank_version=1, meta=meta(3))
    head = world.reader("ci").head("prod", "collections")
    assert head is not None
    assert (head.yanked, head.bound_digest) == ((1,), entry.bound_digest)

    release(world.writer("eve"), "collections", "two", as_meta=meta(4))
    eve.append("prod", "collections", "yank", expected=3, yank_version=1, meta=meta(5))
    assert rule_of(world.reader("ci")) == "unknown-key"


def test_a_forged_bar_can_t_carry_other_content(world: World) -> None:
    """An entry carries the whole state: one that names another call is no bar."""
    entry = world.released()
    other = release(world.writer(None), "reminder", "other")
    forged = entry._replace(
        seq=2,
        kind="yank",
        yanked=(1,),
        previous=entry.digest,
        version=other.version,
        preset_digest=other.preset_digest,
        bound_digest=other.bound_digest,
    )
    assert world.writer(None).store.create("releases/prod/collections/2.json", forged.render())
    with pytest.raises(Untrusted, match="state is not what") as found:
        world.reader("ci").head("prod", "collections")
    assert found.value.rule == "unsigned"


def test_a_hold_in_name_alone_is_a_start(world: World) -> None:
    """What counts is the state that it makes, not what it calls itself."""
    entry = world.released()
    forged = entry._replace(seq=2, kind="hold", previous=entry.digest)
    assert world.writer(None).store.create("releases/prod/collections/2.json", forged.render())
    assert rule_of(world.reader("ci")) == "unsigned"


def test_what_too_few_signed_is_a_proposal_and_the_rest_goes_on(world: World) -> None:
    first = world.released("ci")
    second = release(world.writer("ci"), "collections", "two", as_meta=meta(1))
    reader = world.reader("ci", "anna", threshold=2)
    assert rule_of(reader, environment_too=False) == "threshold"

    world.writer("anna").sign_entry(first)
    assert reader.head("prod", "collections") == first
    assert reader.entries("prod", "collections") == [first]
    assert "1 of the newest entries" in world.said[-1]
    assert reader.find_release("prod", "collections", version=1) == first
    with pytest.raises(Untrusted, match=r"\[threshold\]"):
        reader.find_release("prod", "collections", version=2)

    world.writer("anna").sign_entry(second)
    assert reader.head("prod", "collections") == second


def test_a_hold_above_a_proposal_holds(world: World) -> None:
    first = world.released("ci")
    world.writer("anna").sign_entry(first)
    release(world.writer("ci"), "collections", "two", as_meta=meta(1))
    world.writer(None).append("prod", "collections", "hold", expected=None, meta=meta(3))
    head = world.reader("ci", "anna", threshold=2).head("prod", "collections")
    assert head is not None
    assert head.state == "held"


def test_an_older_release_must_be_signed_itself(world: World) -> None:
    """That a signed entry stands above it says nothing for it."""
    release(world.writer(None), "collections", "one")
    world.released("ci", "two")
    assert rule_of(world.reader("ci")) == "-"
    with pytest.raises(Untrusted, match=r"\[unsigned\]"):
        world.reader("ci").find_release("prod", "collections", version=1)


def test_a_publisher_completes_a_signature_that_is_missing(world: World) -> None:
    """As an `up` does that was killed between an entry and its signature."""
    entry = world.released(None)
    assert world.released("ci") == entry
    assert rule_of(world.reader("ci")) == "-"


def test_a_publisher_releases_over_what_was_forged(world: World) -> None:
    world.released()
    release(world.writer(None), "collections", "forged", as_meta=meta(1))
    assert rule_of(world.reader("ci")) == "unsigned"
    release(world.writer("ci"), "collections", "one", as_meta=meta(2))
    assert rule_of(world.reader("ci")) == "-"


def test_nobody_signs_upon_an_entry_that_breaks_the_log_s_rules(world: World) -> None:
    """A forged entry that forgets what was barred would have it forgotten in what follows."""
    entry = world.released()
    ci = world.writer("ci")
    release(ci, "collections", "two", as_meta=meta(1))
    barred = ci.append("prod", "collections", "yank", expected=2, yank_version=1, meta=meta(2))
    forged = entry._replace(seq=4, previous=barred.digest, yanked=())
    assert ci.store.create("releases/prod/collections/4.json", forged.render())
    with pytest.raises(Untrusted, match="was not written"):
        release(ci, "collections", "three", as_meta=meta(3))


def test_evidence_and_approvals_count_where_a_key_signed_them(world: World) -> None:
    entry = world.released()
    digest = entry.preset_digest
    for person in (None, "ci"):
        writer = world.writer(person)
        writer.publish_evidence("prod", "collections", digest, f"of-{person}", Tally(1), meta())
    found = world.reader("ci").evidence("prod", "collections", 1)
    assert [one.ledger for one in found] == ["of-ci"]

    for name, person in (("ben", None), ("anna", "anna"), ("bob", "anna"), ("ci", "ci")):
        world.writer(person).approve("prod", "collections", digest, meta()._replace(by=name))
    approvals = world.reader("ci", "anna").approvals("prod", digest)
    assert [one.by for one in approvals] == ["anna", "ci"], "one key is one person"
    assert len(world.reader().approvals("prod", digest)) == 4
    assert any("2 approvals" in text for text in world.said)

    world.writer("ben").approve("prod", "collections", digest, meta()._replace(by="ben"))
    assert [one.by for one in world.reader("ben").approvals("prod", digest)] == ["ben"]


def test_strict_without_keys_is_refused(world: World) -> None:
    world.released()
    assert rule_of(world.reader(strict=True)) == "unsigned"
