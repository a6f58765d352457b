"""Suppression lists: what they may hold, and that a change never lets anybody through unseen."""

from __future__ import annotations

import hashlib
import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from people_files import ANN, BEN, CAT, csv_of, outcome

from dialform.errors import PeopleError, Refused
from dialform.launcher.ledger import Ledger
from dialform.launcher.people import SuppressionLists
from dialform.launcher.records import Suppression

if TYPE_CHECKING:
    from pathlib import Path


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def sha256(number: str) -> str:
    """The hash of a number, as lists have it."""
    return hashlib.sha256(number.encode()).hexdigest()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a list is."""
    return tmp_path / "dnc.csv"


@pytest.mark.parametrize(
    "text",
    [
        f"{ANN}\n{BEN}\n",
        f"# asked by mail\n\n{ANN}   # 3 May\n{BEN}",
        f"\ufeff{ANN}\r\n{BEN}\r\n",
        f"sha256:{sha256(ANN)}\n{sha256(BEN).upper()}\n",
        f"{ANN}\n{sha256(BEN)}\n",
        f"phone,reason\n{ANN},x\n{BEN},\n",
        f'reason;Phone Number\n"a;b";{ANN}\n\n;\nb;{BEN}\n',
        f"# made today\nsha256,at\n{sha256(ANN)},x\nsha256:{sha256(BEN)},y\n",
        f"to,sha256\n{ANN},\n,{sha256(BEN)}\n",
    ],
)
def test_a_list_names_numbers_and_hashes(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
    lists = SuppressionLists([path])

    assert [lists.contains(one) for one in (ANN, BEN, CAT)] == [True, True, False]
    assert lists.reason(ANN) == str(path)


def test_a_list_in_utf_16_is_read(path: Path) -> None:
    path.write_bytes(f"{ANN}\n".encode("utf-16"))

    assert SuppressionLists([path]).contains(ANN)


def test_an_empty_list_names_nobody(path: Path) -> None:
    path.touch()

    assert not SuppressionLists([path]).contains(ANN)


@pytest.mark.parametrize(
    ("text", "row", "words"),
    [
        (f"{ANN}\n14155550101\n", 2, "has no plus sign: write +14155550101"),
        (f"{ANN}\n\n+44{0}2079460012\n", 3, "write +442079460012"),
        (f"{ANN}\n{sha256(BEN)[:-1]}\n", 2, "no number and no SHA-256 of one"),
        (f"{ANN},asked\n", 1, "or a header like to,reason"),
        ("blocked\n", 1, "no number and no SHA-256 of one"),
        (f"to,reason\n{ANN},a\n,b\n", 3, "no number"),
        (f'to,reason\n"{ANN}"x,a\n', 2, "no CSV"),
    ],
)
def test_an_entry_that_is_none_is_an_error(path: Path, text: str, row: int, words: str) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PeopleError) as caught:
        SuppressionLists([path])
    assert f"{path}:{row}:" in str(caught.value)
    assert words in str(caught.value)


def test_a_region_lets_national_forms_in(path: Path) -> None:
    path.write_text("(415) 555-0100\n4155550101\n", encoding="utf-8")
    lists = SuppressionLists([path], region="US")

    assert [lists.contains(one) for one in (ANN, BEN, CAT)] == [True, True, False]


def test_a_list_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PeopleError, match="can't be read: No such file"):
        SuppressionLists([tmp_path / "no.csv"])


def test_whoever_is_added_while_it_runs_is_suppressed_at_once(path: Path) -> None:
    path.write_text(f"{ANN}\n", encoding="utf-8")
    lists = SuppressionLists([path], clock=Clock())
    assert not lists.contains(BEN)

    path.write_text(f"{ANN}\n{BEN}\n", encoding="utf-8")

    assert lists.contains(BEN)


def test_a_list_that_another_file_takes_the_place_of_is_read_again(path: Path) -> None:
    path.write_text(f"{ANN}\n", encoding="utf-8")
    lists = SuppressionLists([path], clock=Clock())
    about = path.stat()
    other = path.with_suffix(".new")
    other.write_text(f"{BEN}\n", encoding="utf-8")
    os.utime(other, ns=(about.st_atime_ns, about.st_mtime_ns))
    other.replace(path)

    assert lists.contains(BEN)


def test_whoever_is_removed_is_let_go_when_the_list_stays_as_it_is(path: Path) -> None:
    """A list that is being written lacks what has not been written yet."""
    clock = Clock()
    path.write_text(f"{ANN}\n{BEN}\n", encoding="utf-8")
    lists = SuppressionLists([path], clock=clock)

    path.write_text("", encoding="utf-8")
    assert [lists.contains(one) for one in (ANN, BEN)] == [True, True]
    clock.now += 1.5
    path.write_text(f"{ANN}\n+1415", encoding="utf-8")
    assert [lists.contains(one) for one in (ANN, BEN)] == [True, True]
    clock.now += 1.5
    path.write_text(f"{ANN}\n", encoding="utf-8")
    assert [lists.contains(one) for one in (ANN, BEN)] == [True, True]
    clock.now += 1.9
    assert lists.contains(BEN)
    clock.now += 0.2
    assert [lists.contains(one) for one in (ANN, BEN)] == [True, False]


def test_a_list_that_stays_damaged_stops(path: Path) -> None:
    clock = Clock()
    path.write_text(f"{ANN}\n", encoding="utf-8")
    lists = SuppressionLists([path], clock=clock)

    path.write_text(f"{ANN}\n+1415", encoding="utf-8")
    assert not lists.contains(BEN)
    clock.now += 3
    with pytest.raises(Refused, match=r"dnc.csv:2: '\+1415'") as refused:
        lists.contains(BEN)
    assert "nobody else is called until it is corrected" in str(refused.value)
    assert "nobody was called" not in str(refused.value)
    path.write_text(f"{ANN}\n", encoding="utf-8")
    assert not lists.contains(BEN)


def test_a_list_that_is_gone_stops_and_lets_nobody_through(path: Path) -> None:
    path.write_text(f"{ANN}\n", encoding="utf-8")
    lists = SuppressionLists([path])
    path.unlink()

    for _ in range(2):
        with pytest.raises(Refused, match="nobody is called without it") as caught:
            lists.contains(BEN)
    assert caught.value.exit_code == 3
    path.mkdir()
    with pytest.raises(Refused, match="Is a directory"):
        lists.contains(BEN)


def test_several_lists_and_the_ledgers_are_one(path: Path, tmp_path: Path) -> None:
    path.write_text(f"{ANN}\n", encoding="utf-8")
    other = tmp_path / "other.txt"
    other.write_text(f"{BEN}\n", encoding="utf-8")
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        ledger.suppress([Suppression(CAT, "asked by mail", "2026-11-25T00:00:00Z")])
        lists = SuppressionLists([path, other], ledger=ledger)
        at_once = lists.at_once()
        later = "+14155550109"
        ledger.suppress([Suppression(f"sha256:{sha256(later)}", "", "2026-11-25T00:00:00Z")])

        expected = [str(path), str(other), "asked by mail"]
        assert [lists.reason(one) for one in (ANN, BEN, CAT)] == expected
        assert [at_once(one) for one in (ANN, BEN, CAT)] == expected
        assert lists.reason(later) == "on the ledger's list"
        assert at_once(later) is None
        assert lists.at_once()(later) == "on the ledger's list"
        assert lists.reason("+14155550199") is None


def test_whoever_is_suppressed_is_skipped(path: Path) -> None:
    """And so is the same person's next row."""
    path.write_text(f"{ANN}\n", encoding="utf-8")
    found = outcome(
        csv_of(("to", "name", "person"), (ANN, "a", "p"), (BEN, "b", "p"), (CAT, "c", "q")),
        suppressed=SuppressionLists([path]).reason,
    )
    assert [one.to for one in found.people] == [CAT]
    assert [(one.row, one.reason, one.repeats) for one in found.skipped] == [
        (2, f"suppressed: {path}", None),
        (3, "repeats row 2: the same person on another number", 2),
    ]
