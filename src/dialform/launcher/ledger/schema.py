"""
The ledger's tables, and what makes older ones into them.

Pure: one text for SQLite and PostgreSQL but for BLOB and WITHOUT ROWID, which the latter calls
BYTEA and does not know. DOUBLE PRECISION is eight bytes in both.
"""

from __future__ import annotations

APPLICATION_ID = 0x44464C31
"""``DFL1`` in the file's header: this is a ledger."""

VERSION = 3

NEW_ID = "INSERT INTO meta (key, value) VALUES ('id', :id) ON CONFLICT DO NOTHING"
"""Run with the statements: a ledger has its id from its first moment."""

_NEW_COLUMNS = {
    "campaign": "TEXT",
    "person": "TEXT",
    "attempt": "INTEGER",
    "body": "BLOB",
    "answer": "BLOB",
    "call_status": "TEXT",
    "result": "TEXT",
    "ended_at": "DOUBLE PRECISION",
    "seen_at": "DOUBLE PRECISION",
    "seconds": "DOUBLE PRECISION",
    "settled_by": "TEXT",
    "evidence": "TEXT",
    "launched_by": "TEXT",
}
"""What version 2 knows more of a dial."""

_NEWER_COLUMNS = {"frame": "TEXT"}
"""And version 3: whose bytes stand around its body."""

_DIAL = """
CREATE TABLE dial (
    id             TEXT PRIMARY KEY,
    environment    TEXT NOT NULL,
    once           TEXT,
    state          TEXT NOT NULL CHECK (state IN
                   ('reserved', 'accepted', 'unknown', 'rejected', 'deferred', 'not_sent')),
    preset         TEXT NOT NULL,
    version        INTEGER,
    release        INTEGER,
    preset_digest  TEXT NOT NULL,
    bound_digest   TEXT NOT NULL,
    body_digest    TEXT NOT NULL,
    workspace      TEXT NOT NULL,
    to_number      TEXT,
    from_number_id TEXT,
    inputs         TEXT NOT NULL,
    withheld       TEXT NOT NULL,
    reserved_at    TEXT NOT NULL,
    deadline       DOUBLE PRECISION NOT NULL,
    host           TEXT NOT NULL,
    process        TEXT NOT NULL,
    settled_at     TEXT,
    dial_id        TEXT,
    session_id     TEXT,
    status         INTEGER,
    words          TEXT,
    {more}
);
CREATE UNIQUE INDEX dial_once ON dial (environment, once)
    WHERE once IS NOT NULL AND state IN ('reserved', 'accepted', 'unknown');
"""

_REST = """
CREATE UNIQUE INDEX dial_attempt ON dial (campaign, person, attempt)
    WHERE campaign IS NOT NULL AND state IN ('reserved', 'accepted', 'unknown');
CREATE INDEX dial_by_dial_id ON dial (dial_id) WHERE dial_id IS NOT NULL;
CREATE INDEX dial_by_person ON dial (person, reserved_at);
CREATE INDEX dial_by_number ON dial (to_number, reserved_at);
CREATE INDEX dial_by_time ON dial (reserved_at);
CREATE INDEX dial_counted ON dial (environment, reserved_at)
    WHERE state IN ('reserved', 'accepted', 'unknown');
CREATE INDEX dial_reserved ON dial (campaign) WHERE state = 'reserved';
CREATE INDEX dial_unknown ON dial (campaign) WHERE state = 'unknown';
CREATE INDEX dial_accepted ON dial (campaign, ended_at) WHERE state = 'accepted';
CREATE TABLE campaign (
    id             TEXT PRIMARY KEY,
    environment    TEXT NOT NULL,
    name           TEXT NOT NULL,
    preset         TEXT NOT NULL,
    version        INTEGER,
    release        INTEGER,
    preset_digest  TEXT NOT NULL,
    bound_digest   TEXT NOT NULL,
    workspace      TEXT NOT NULL,
    source         TEXT NOT NULL,
    source_digest  TEXT NOT NULL,
    opened_at      TEXT NOT NULL,
    opened_by      TEXT NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('running', 'paused', 'finished')),
    reason         TEXT,
    settings       TEXT NOT NULL,
    UNIQUE (environment, name)
);
CREATE TABLE person (
    campaign       TEXT NOT NULL REFERENCES campaign (id),
    row            INTEGER NOT NULL,
    person         TEXT NOT NULL,
    to_number      TEXT NOT NULL,
    inputs         TEXT NOT NULL,
    zones          TEXT NOT NULL,
    not_before     DOUBLE PRECISION,
    state          TEXT NOT NULL CHECK (state IN
                   ('planned', 'reserved', 'live', 'done', 'skipped', 'rejected', 'unknown')),
    attempt        INTEGER NOT NULL,
    due            DOUBLE PRECISION NOT NULL,
    reason         TEXT,
    PRIMARY KEY (campaign, row)
) WITHOUT ROWID;
CREATE UNIQUE INDEX person_once ON person (campaign, person) WHERE state <> 'skipped';
CREATE INDEX person_due ON person (campaign, state, due, row);
CREATE TABLE event (
    digest         TEXT PRIMARY KEY,
    dial_id        TEXT NOT NULL,
    kind           TEXT NOT NULL,
    status         TEXT,
    received_at    DOUBLE PRECISION NOT NULL,
    body           BLOB NOT NULL,
    applied        INTEGER NOT NULL
);
CREATE INDEX event_by_dial_id ON event (dial_id, received_at);
CREATE TABLE suppression (
    entry          TEXT PRIMARY KEY,
    reason         TEXT NOT NULL,
    at             TEXT NOT NULL
);
CREATE TABLE meta (
    key            TEXT PRIMARY KEY,
    value          TEXT NOT NULL
);
"""
# Rows that were skipped may name a person again: a duplicate in the file is one.

_FRAME = """
CREATE TABLE frame (
    id             TEXT PRIMARY KEY,
    head           BLOB NOT NULL,
    tail           BLOB NOT NULL
);
"""


def statements(found: int) -> list[str]:
    """
    What makes a ledger of version ``found`` one of this version; 0 is an empty database.

    A dial of version 1 was nobody's attempt in a campaign; its person is its number.
    """
    if found == 0:
        every = {**_NEW_COLUMNS, **_NEWER_COLUMNS}
        columns = ",\n    ".join(f"{name} {kind}" for name, kind in every.items())
        return _split(_DIAL.format(more=columns) + _REST + _FRAME)
    newer = [*_added(_NEWER_COLUMNS), *_split(_FRAME)]
    if found > 1:
        return newer
    once = ["UPDATE dial SET person = to_number", "DROP INDEX dial_by_dial_id"]
    return [*_added(_NEW_COLUMNS), *once, *_split(_REST), *newer]


def _added(columns: dict[str, str]) -> list[str]:
    return [f"ALTER TABLE dial ADD COLUMN {name} {kind}" for name, kind in columns.items()]


def _split(text: str) -> list[str]:
    return [statement.strip() for statement in text.split(";") if statement.strip()]
