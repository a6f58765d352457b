"""A signature fits the very bytes and the very secret, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialform.errors import SettingError
from dialform.launcher.outcomes.signature import signature_of, verify_signature

SECRETS = st.text(min_size=1, alphabet=st.characters(codec="utf-8"))


@given(st.binary(), SECRETS)
def test_the_signature_of_the_bytes_is_taken(raw: bytes, secret: str) -> None:
    made = signature_of(raw, secret)
    assert verify_signature(raw, made, secret)
    assert verify_signature(raw, made.upper(), secret)


@given(st.binary(), st.binary(), SECRETS, SECRETS)
def test_other_bytes_or_another_secret_are_not(
    raw: bytes, other: bytes, secret: str, guess: str
) -> None:
    made = signature_of(raw, secret)
    assert verify_signature(other, made, secret) == (raw == other)
    if secret != guess:
        assert not verify_signature(raw, signature_of(raw, guess), secret)


@given(st.none() | st.text() | st.from_regex(r"[0-9a-f]{60,70}", fullmatch=True))
def test_any_other_header_is_false(header: str | None) -> None:
    assert not verify_signature(b"body", header, "secret")


def test_a_known_signature() -> None:
    """As `printf '%s' body | openssl dgst -sha256 -hmac secret` prints it."""
    known = "dc46983557fea127b43af721467eb9b3fde2338fe3e14f51952aa8478c13d355"
    assert signature_of(b"body", "secret") == known


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(SettingError, match="empty"):
        verify_signature(b"body", "0" * 64, "")
