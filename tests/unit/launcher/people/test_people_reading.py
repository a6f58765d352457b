"""A people file becomes people: as it says, and nothing else."""

from __future__ import annotations

from people_files import ANN, BEN, CAT, csv_of, outcome

from dialform.launcher.people import Person, Skipped


def test_a_row_becomes_a_person() -> None:
    found = outcome(
        f"to,name,amount,count,urgent,pin,tz,not_before\n"
        f'{ANN},"Ann, ""A""",12.50,7,true,1234,Europe/Berlin,2026-11-25T09:00:00+01:00\n'
        f"{BEN},Zoë,,,,,,\n"
    )
    assert found.people == [
        Person(
            2,
            ANN,
            ANN,
            '{"amount":12.5,"count":7,"name":"Ann, \\"A\\"","pin":"1234","urgent":true}',
            ("Europe/Berlin",),
            1795593600.0,
        ),
        Person(3, BEN, BEN, '{"name":"Zoë"}', None, None),
    ]
    assert (found.skipped, found.errors, found.tally) == ([], [], {"people": 2})


def test_rows_are_known_by_the_line_they_begin_at() -> None:
    found = outcome(f'to,name\n{ANN},"two\nlines"\n\n{BEN},"three\r\nlines\n"\n{CAT},c\n')

    assert [person.row for person in found.people] == [2, 5, 8]
    assert found.tally == {"people": 3, "blank": 1}


def test_the_first_row_of_a_person_is_called() -> None:
    found = outcome(
        csv_of(
            ("to", "name", "person"),
            (ANN, "a", "p1"),
            (BEN, "b", "p1"),
            (ANN, "c", "p2"),
            (ANN, "d", "p1"),
            (CAT, "e", ""),
        )
    )
    assert [(person.row, person.person) for person in found.people] == [(2, "p1"), (6, CAT)]
    assert found.skipped == [
        Skipped(3, "p1", BEN, "repeats row 2: the same person on another number", 2),
        Skipped(4, "p2", ANN, "repeats row 2: the same number under another person", 2),
        Skipped(5, "p1", ANN, "repeats row 2: the same number", 2),
    ]


def test_errors_of_all_rows_are_told_at_once() -> None:
    found = outcome(csv_of(("to", "name"), ("1.41556E+10", "a"), (ANN, ""), (BEN,), (CAT, "c")))

    assert found.rules == [
        (2, "to", "spreadsheet"),
        (3, "name", "required"),
        (4, None, "cells"),
    ]
    assert found.said.startswith("3 errors in people.csv:\npeople.csv:2: to: '1.41556E+10': ")
    assert [person.to for person in found.people] == [CAT]
