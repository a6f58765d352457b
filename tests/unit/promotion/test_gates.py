"""Gates: a soak counts from when the present stretch began, and approvals are by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialform.declaration import Project
from dialform.presets.canonical import digest
from dialform.promotion.durations import age, duration, readable
from dialform.promotion.gates import live_since, verdicts
from dialform.registry import Approval, Change, Entry, Evidence, Meta, Tally, next_entry

if TYPE_CHECKING:
    from pathlib import Path

    from dialform.declaration import Environment

START = datetime(2026, 11, 23, tzinfo=UTC)
A, B = digest(b"a"), digest(b"b")


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def log(*moves: tuple[int, str]) -> list[Entry]:
    """A log by minute and move: a version, ``1*`` with other bindings, a kind, ``yank 1``."""
    entries: list[Entry] = []
    for minute, move in moves:
        kind, _, number = move.partition(" ")
        change = Change(kind)  # type: ignore[arg-type]  # checked by next_entry
        if kind.rstrip("*").isdecimal():
            version = int(kind.rstrip("*"))
            change = Change("release", version, A if version == 1 else B, digest(kind.encode()))
        elif kind == "yank":
            change = Change("yank", yank_version=int(number))
        time = at(minute).strftime("%Y-%m-%dT%H:%M:%SZ")
        head = entries[-1] if entries else None
        made = next_entry(
            head, change, Meta(time, by="anna"), environment="staging", preset="visit"
        )
        entries += [made] if made is not head else []
    return entries


def prod(tmp_path: Path, gates: str) -> Environment:
    """An environment with these gates that runs nothing."""
    for name, text in (("staging", ""), ("prod", f"[gates]\n{gates}\n")):
        path = tmp_path / "stacks" / f"{name}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            '[workspace]\nurl = "http://127.0.0.1:8421/api"\nkeyvar = "K"\n'
            f'[registry]\nurl = "registry"\n{text}'
        )
    environment = Project(tmp_path).environment("prod")
    environment.require()
    return environment


@pytest.mark.parametrize(
    ("moves", "minute"),
    [
        ([], None),
        ([(0, "1")], 0),
        ([(0, "1"), (9, "1*")], 0),
        ([(0, "1"), (9, "2")], 9),
        ([(0, "1"), (5, "2"), (9, "1")], 9),
        ([(0, "1"), (5, "hold")], None),
        ([(0, "1"), (5, "hold"), (9, "resume")], 9),
        ([(0, "1"), (5, "withdraw"), (9, "1")], 9),
        ([(0, "1"), (5, "yank 1")], None),
        ([(0, "1"), (3, "2"), (5, "yank 1")], 3),
        ([(5, "1"), (2, "2")], 5),
    ],
)
def test_the_stretch_begins_where_the_content_last_became_live(
    moves: list[tuple[int, str]], minute: int | None
) -> None:
    assert live_since(log(*moves)) == (None if minute is None else at(minute))


def test_a_rollback_resets_it() -> None:
    """As a log of a newer version has them: a kind and a state of their own."""
    (first,) = log((0, "1"))
    back = first._replace(kind="rollback", state="rolled-back", seq=2)
    assert live_since([first, back]) is None
    assert live_since([first, back._replace(state="live")]) == at(0)
    later = back._replace(state="live", time="2026-11-23T01:00:00Z")
    assert live_since([first, later]) == at(60)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["1", "2", "1*"])), min_size=1),
    st.data(),
)
def test_a_hold_never_makes_an_unmet_soak_met(
    moves: list[tuple[int, str]], data: st.DataObject
) -> None:
    """Wherever it is put in, with whatever time."""
    where = data.draw(st.integers(1, len(moves)))
    minutes = data.draw(st.tuples(st.integers(0, 60), st.integers(0, 60)))
    reset = [(minutes[0], "hold"), (minutes[1], "resume")]
    before = live_since(log(*moves))
    after = live_since(log(*moves[:where], *reset, *moves[where:]))
    assert before is not None
    assert after is not None
    assert after >= before


def test_a_soak_says_when_it_is_met(tmp_path: Path) -> None:
    target = prod(tmp_path, 'from = "staging"\nsoak = "2h"')
    entries = log((0, "1"))
    _, soak = verdicts(target, "staging", "visit", entries, [], at(45))
    assert not soak.met
    assert soak.met_at == at(120)
    assert soak.message == (
        "version 1 is live in staging for 45 min of 2 h: met at 2026-11-23T02:00:00Z, "
        "in 1 h 15 min, if it stays live"
    )
    assert verdicts(target, "staging", "visit", entries, [], at(120))[1].met
    held = verdicts(target, "staging", "visit", log((0, "1"), (1, "hold")), [], at(500))
    assert [(one.met, one.met_at) for one in held] == [(False, None), (False, None)]


def test_versions_come_from_where_the_file_says(tmp_path: Path) -> None:
    target = prod(tmp_path, 'from = "staging"')
    (one,) = verdicts(target, "dev", "visit", log((0, "1")), [], at(1))
    assert (one.met, one.message) == (
        False,
        "versions come from staging, not from dev: promote from staging",
    )


def approval(by: str, minute: int = 0, **more: Any) -> Approval:
    time = at(minute).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Approval("prod", "visit", 1, A, 1, by, time, None, None)._replace(**more)


def test_all_who_are_named_must_approve(tmp_path: Path) -> None:
    target = prod(tmp_path, 'approvals = ["anna", "ben"]')
    entries = log((0, "1"))

    def asked(*given: Approval) -> tuple[bool, str]:
        (one,) = verdicts(target, "staging", "visit", entries, list(given), at(9))
        return one.met, one.message

    wait = "version 1 waits for the approval of {}: `dialform approve visit@1 -s prod`"
    assert asked() == (False, wait.format("anna, ben"))
    assert asked(approval("anna"), approval("carl")) == (False, wait.format("ben"))
    assert asked(approval("anna"), approval("ben")) == (True, "approved by anna, ben")
    others: list[dict[str, Any]] = [{"digest": B}, {"environment": "qa"}, {"preset": "survey"}]
    for other in others:
        assert asked(approval("anna"), approval("ben", **other)) == (False, wait.format("ben"))


def test_a_number_of_them_may_do(tmp_path: Path) -> None:
    target = prod(tmp_path, 'approvals = { of = ["anna", "ben", "carl"], count = 2 }')
    entries = log((0, "1"))
    given = [approval("anna", 3)]
    (one,) = verdicts(target, "staging", "visit", entries, given, at(9))
    assert not one.met
    assert "1 of ben, carl" in one.message
    given += [approval("carl", 5), approval("ben", 7)]
    (one,) = verdicts(target, "staging", "visit", entries, given, at(9))
    assert (one.met, one.met_at) == (True, at(5))


def evidence(tally: Tally, ledger: str = "one", minute: int = 1, **other: Any) -> Evidence:
    time = at(minute).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = Evidence("staging", "visit", 1, A, 1, ledger, time, "anna", tally)
    return made._replace(**other)


def test_dials_are_completed_ones_of_the_very_content(tmp_path: Path) -> None:
    target = prod(tmp_path, 'from = "staging"\ndials = 3')
    entries = log((0, "1"))

    def asked(*found: Evidence) -> tuple[bool, str]:
        verdict = verdicts(target, "staging", "visit", entries, [], at(9), found)[1]
        assert verdict.gate == "dials"
        return verdict.met, verdict.message

    met, said = asked()
    assert not met
    assert said.startswith("0 of 3 dials with version 1 completed in staging; `dialform results")
    assert not asked(evidence(Tally(placed=9, answered=9, completed=2)))[0]
    assert not asked(evidence(Tally(completed=9), digest=B))[0]
    assert asked(evidence(Tally(completed=3)))[0]


def test_the_newest_of_each_ledger_counts_and_nothing_twice(tmp_path: Path) -> None:
    target = prod(tmp_path, 'from = "staging"\ndials = 5\nfailureRate = 0.25')
    found = [
        evidence(Tally(completed=2), minute=1),
        evidence(Tally(completed=3, failed=1), minute=2),
        evidence(Tally(completed=1, rejected=1), "two", minute=5),
    ]
    entries = log((0, "1"))
    _, dials, rate = verdicts(target, "staging", "visit", entries, [], at(9), found)
    assert (dials.met, dials.met_at) == (False, None)
    assert dials.message.startswith("4 of 5 dials")
    assert not rate.met
    assert rate.message == "2 of 6 dials with version 1 failed in staging (33.3%), 25.0% may"
    found.append(evidence(Tally(completed=5, rejected=1), "two", minute=7))
    _, dials, rate = verdicts(target, "staging", "visit", entries, [], at(9), found)
    assert (dials.met, dials.met_at, rate.met, rate.met_at) == (True, at(7), True, at(7))


def test_without_a_dial_that_ended_no_rate_is_met(tmp_path: Path) -> None:
    target = prod(tmp_path, 'from = "staging"\nfailureRate = 1.0')
    found = [evidence(Tally(placed=7, unknown=7))]
    rate = verdicts(target, "staging", "visit", log((0, "1")), [], at(9), found)[1]
    assert not rate.met
    assert "no dial with version 1 has ended in staging yet" in rate.message


def test_without_gates_nothing_is_asked(tmp_path: Path) -> None:
    target = prod(tmp_path, "")
    assert verdicts(target, "staging", "visit", log((0, "1")), [], at(1)) == []


def test_lengths_of_time_read_well() -> None:
    assert duration("90m") == timedelta(hours=1, minutes=30)
    assert duration("3d") == timedelta(days=3)
    assert readable(timedelta(days=1, hours=4, minutes=3)) == "1 d 4 h"
    assert age(timedelta(hours=3, minutes=59)) == "3 h"
    assert age(timedelta(seconds=20)) == "0 min"
