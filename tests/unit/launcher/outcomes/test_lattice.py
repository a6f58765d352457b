"""What is known of a call only grows: no sight un-ends it, and an end by GET stands."""

from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from dialform.launcher.outcomes.lattice import Sight, joined, sight_of
from dialform.launcher.outcomes.webhook import KINDS, UNREADABLE, read_event
from dialform.launcher.records import ENDED, UNDER_WAY

LIVE_SIGHTS = st.builds(
    Sight, st.sampled_from([*UNDER_WAY, "parked"]), st.none(), st.sampled_from(["webhook", "get"])
)
END_SIGHTS = st.builds(
    Sight,
    st.sampled_from(sorted(ENDED)),
    st.sampled_from([None, "BUSY", "AGENT_HANGUP"]),
    st.sampled_from(["webhook", "get"]),
)
SIGHTS = LIVE_SIGHTS | END_SIGHTS


def knowledge(sights: list[Sight]) -> Sight | None:
    return reduce(joined, sights, None)


@given(st.lists(SIGHTS), SIGHTS)
def test_no_sight_un_ends_a_call(before: list[Sight], after: Sight) -> None:
    known = knowledge(before)
    if known is not None and known.ended:
        assert joined(known, after).ended


@given(st.lists(SIGHTS), END_SIGHTS.map(lambda one: one._replace(source="get")), st.lists(SIGHTS))
def test_the_first_end_by_get_stands(before: list[Sight], end: Sight, after: list[Sight]) -> None:
    ends = [one for one in before if one.ended and one.source == "get"]
    known = knowledge([*before, end, *after])
    assert known is not None
    assert (known.status, known.source) == ((ends or [end])[0].status, "get")


@given(st.lists(SIGHTS), SIGHTS)
def test_a_repeat_changes_nothing(before: list[Sight], again: Sight) -> None:
    once = joined(knowledge(before), again)
    assert joined(once, again) == once


@given(st.lists(LIVE_SIGHTS, min_size=1), END_SIGHTS, st.data())
def test_one_end_and_any_order_leave_the_same(
    live: list[Sight], end: Sight, data: st.DataObject
) -> None:
    """A call has one end; what is told of it may come in any order."""
    sights = [*live, end, end]
    assert knowledge(data.draw(st.permutations(sights))) == knowledge(sights)


@given(st.binary() | st.text().map(str.encode))
def test_every_body_is_some_event(raw: bytes) -> None:
    event = read_event(raw, 1.0)
    assert event.body == raw
    assert event.kind.isprintable()
    assert event.kind != UNREADABLE or sight_of(event) is None


def test_only_known_statuses_say_where_a_call_is() -> None:
    def said(text: str) -> Sight | None:
        return sight_of(read_event(text.encode(), 1.0))

    updated = '{"event": "dial.updated", "payload": {"dial_id": "d", "status": "%s"}}'
    for status in (*UNDER_WAY, *ENDED):
        assert said(updated % status) == Sight(status, None, "webhook")
    assert said(updated % "parked") is None
    assert said('{"event": "dial.updated", "payload": {"dial_id": "d"}}') is None
    created = '{"event": "dial.created", "payload": {"dial_id": "d"}}'
    assert said(created) == Sight("queued", None, "webhook")
    for kind in KINDS - {"dial.created", "dial.updated"}:
        assert said(f'{{"event": "{kind}", "payload": {{"status": "completed"}}}}') is None
    assert said('{"event": "dial.invented", "payload": {"status": "completed"}}') is None
