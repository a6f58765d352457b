"""The send table and the API's own words, without a connection."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialform.api.answers import MAX_WORDS, Answer, Created, created, retry_after
from dialform.errors import Deferred, OutcomeUnknown, Rejected


def answer(status: int | None, body: bytes = b"", *, complete: bool = True) -> Answer:
    return Answer(
        "POST", "https://x.test", "/dials", "k-e-y", status, {}, bytearray(body), complete
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ""),
        (b"plain text", "plain text"),
        (b'"a string"', "a string"),
        (b'{"message": "m"}', "m"),
        (b'{"error": "e"}', "e"),
        (b'{"error": {"message": "m", "code": 7}}', "m"),
        (b'{"errors": ["a", {"message": "b"}]}', "a; b"),
        (b'{"errors": [{"field": "toNumber", "message": "no"}]}', "toNumber: no"),
        (b'{"detail": [{"loc": ["body", "toNumber"], "msg": "no"}]}', "body.toNumber: no"),
        (b'{"error": "same", "message": "same"}', "same"),
        (b'{"code": 7}', '{"code": 7}'),
        (b'{"message": null}', '{"message": null}'),
        (b"<html>Bad</html>", "<html>Bad</html>"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b'{"message": "of k-e-y"}', "of ***"),
        (b'{"message": "k\\u002de-y"}', "***"),
    ],
)
def test_the_words_are_found_whatever_the_shape(body: bytes, words: str) -> None:
    assert answer(400, body).words() == words


def test_the_words_are_cut_and_kept_to_one_line_in_messages() -> None:
    with pytest.raises(Rejected) as caught:
        created(answer(400, "é\n\x1b[31m".encode() * 5000))
    assert len(caught.value.words.encode()) <= MAX_WORDS
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


def test_a_key_at_the_cut_is_not_shown_in_part() -> None:
    text = b"x" * (MAX_WORDS - 2) + b"k-e-y"
    assert not answer(400, text).words().endswith("k-")


@pytest.mark.parametrize(
    ("text", "date", "seconds"),
    [
        (None, None, None),
        ("0", None, 0.0),
        (" 120 ", None, 120.0),
        ("-1", None, None),
        ("1.5", None, None),
        ("", None, None),
        ("Wed, 21 Oct 2026 07:28:10 GMT", "Wed, 21 Oct 2026 07:28:00 GMT", 10.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2020 07:27:00 GMT", None, 0.0),
        ("Wed, 99 Oct 2020", None, None),
        ("Wed, 21 Oct 2026 07:28:10", "Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_retry_after(text: str | None, date: str | None, seconds: float | None) -> None:
    assert retry_after(text, date) == seconds


@pytest.mark.parametrize("status", [422, 429])
def test_a_refusal_whose_body_broke_off_is_still_a_refusal(status: int) -> None:
    with pytest.raises((Rejected, Deferred), match="broke off"):
        created(answer(status, b'{"mess', complete=False))


@given(
    status=st.none() | st.integers(100, 999),
    body=st.binary(max_size=40)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["dialId", "error", "message", "field"]), inner)
        ),
    ).map(lambda value: json.dumps(value).encode()),
    complete=st.booleans(),
)
def test_only_what_is_certain_is_not_unknown(
    status: int | None, body: bytes, *, complete: bool
) -> None:
    """Whatever comes: a dial with an id from a whole 2xx, else an error of the send table."""
    one = answer(status, body, complete=complete)
    if status is not None and 200 <= status < 300 and complete and is_dial(body):
        assert created(one).dial_id == json.loads(body)["dialId"]
        return
    refused = status is not None and 300 <= status < 500 and status not in (408, 409, 425, 499)
    with pytest.raises((Rejected, Deferred) if refused else OutcomeUnknown):
        created(one)


def is_dial(body: bytes) -> bool:
    """Whether an answer names a dial."""
    try:
        value = json.loads(body)
    except ValueError:
        return False
    dial_id = value.get("dialId") if isinstance(value, dict) else None
    return isinstance(dial_id, str) and dial_id.isprintable() and bool(dial_id.strip())


@pytest.mark.parametrize(
    ("token", "kept"),
    [("opens-it", b'{"dialId": "d", "dialToken": "***"}'), ('it"', None)],
    ids=["plain", "escaped"],
)
def test_what_is_kept_of_an_answer_has_no_dial_token(token: str, kept: bytes | None) -> None:
    body = json.dumps({"dialId": "d", "dialToken": token}).encode()
    dial = Created("d", None, token, 200, body)
    assert dial.kept == kept
