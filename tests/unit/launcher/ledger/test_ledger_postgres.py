"""A ledger in PostgreSQL: what a server does that a file does not."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest
from ledger_world import CAMPAIGN, attempt, people, reservation

from dialform.errors import LedgerError, SettingError
from dialform.launcher.ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path

    from postgres_server import PostgresServerProcess


@pytest.fixture
def url(postgres: PostgresServerProcess) -> str:
    return postgres.new_database()


def change(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_its_tables_stand_in_a_schema_of_their_own(url: str) -> None:
    change(url, "CREATE TABLE person (mine TEXT)")
    with closing(Ledger(url)) as ledger:
        ledger.reserve(reservation(), seconds=30)
        identifier = ledger.id
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM dialform.dial").fetchall()
        mine = connection.execute("SELECT count(*) FROM public.person").fetchall()
    assert (found, mine) == ([(1,)], [(0,)])
    with closing(Ledger(url)) as again:
        assert again.id == identifier


def test_many_make_it_at_once(url: str) -> None:
    ledgers = [Ledger(url) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda one: one.id, ledgers))) == 1
        taken = pool.map(
            lambda at: ledgers[at % 8].reserve(reservation(once=f"k{at // 8}"), seconds=30)[1],
            range(80),
        )
        assert sum(taken) == 10
    for one in ledgers:
        one.close()


def test_two_launchers_with_the_same_rows_take_each_once(url: str) -> None:
    numbers = [f"+1415555{at:04}" for at in range(100, 200)]
    ledgers = [Ledger(url) for _ in range(4)]
    ledgers[0].open_campaign(CAMPAIGN, people(*numbers))

    def take(ledger: Ledger) -> int:
        count = 0
        while rows := ledger.due("c1", 0.0, 10):
            wanted = [attempt(one.person) for one in rows]
            count += sum(one is not None for one in ledger.reserve_many(wanted, seconds=30))
        return count

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(take, ledgers)) == 100
    assert ledgers[0].counts("c1") == {"reserved": 100}
    assert len(ledgers[0].find(limit=None)) == 100
    for one in ledgers:
        one.close()


def test_a_connection_that_is_cut_is_an_error_and_then_a_new_one(
    url: str, postgres: PostgresServerProcess
) -> None:
    with closing(Ledger(url)) as ledger:
        record, _ = ledger.reserve(reservation(once="k"), seconds=30)
        postgres.cut_connections()
        with pytest.raises(LedgerError, match="nothing was sent"):
            ledger.reserve(reservation(once="l"), seconds=30)
        assert ledger.taken("dev", "k") == record
        assert ledger.taken("dev", "l") is None


def test_rows_that_are_held_are_an_error_after_a_while(url: str) -> None:
    with closing(Ledger(url, patience=0.2)) as ledger, psycopg.connect(url) as other:
        ledger.open_campaign(CAMPAIGN, people("+14155550123"))
        other.execute("SELECT * FROM dialform.person FOR UPDATE")
        with pytest.raises(LedgerError, match=r"held its rows .* nothing was sent"):
            ledger.reserve_many([attempt("+14155550123")], seconds=30)


def test_a_newer_ledger_is_refused(url: str) -> None:
    with closing(Ledger(url)) as ledger:
        assert ledger.id
    change(url, "UPDATE dialform.meta SET value = '99' WHERE key = 'schema'")
    with pytest.raises(LedgerError, match=r"newer dialform's .* nothing was sent; upgrade"):
        Ledger(url).reserve(reservation(), seconds=30)


def test_another_programs_schema_is_refused_and_left_alone(url: str) -> None:
    change(url, "CREATE SCHEMA dialform CREATE TABLE meta (key TEXT, value TEXT)")
    with pytest.raises(LedgerError, match="another program's"):
        Ledger(url).reserve(reservation(), seconds=30)


def test_errors_name_the_place_without_the_password(url: str) -> None:
    del url  # the server is there, and these are not
    with pytest.raises(LedgerError) as caught:
        Ledger("postgresql://anna:s3cret@127.0.0.1:9/ledger", patience=2).find()
    assert "postgresql://anna:***@127.0.0.1:9/ledger" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "check the URL and the network" in str(caught.value)


def test_a_database_that_is_not_there_is_named(url: str) -> None:
    with pytest.raises(LedgerError, match="absent") as caught:
        Ledger(url.replace("/ledger", "/absent")).find()
    assert "check user, password and database in the URL" in str(caught.value)
    assert "can't be reached" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://anna:s3cret@db/ledger", "postgresq://db/ledger"])
def test_another_url_is_no_ledger_and_no_file(url: str) -> None:
    """A launcher with a ledger of its own would call whom the shared one has called."""
    with pytest.raises(SettingError, match=r"a ledger is a file or postgresql://") as caught:
        Ledger(url)
    assert "s3cret" not in str(caught.value)


def test_without_psycopg_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from dialform.launcher.ledger import Ledger\n"
        "from dialform.errors import SettingError\n"
        "try: Ledger('postgresql://x/y').find()\n"
        "except SettingError as error: print(error)\n"
    )
    out = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert "pip install 'dialform[postgres]'" in out


def test_a_file_needs_no_psycopg(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from dialform.launcher.ledger import Ledger\n"
        "assert 'sqlite3' not in sys.modules\n"
        f"Ledger({os.fspath(tmp_path / 'ledger.db')!r}).find()\n"
        "print('psycopg' in sys.modules, 'sqlite3' in sys.modules)\n"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False True\n"
