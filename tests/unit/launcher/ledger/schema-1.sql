-- A ledger as dialform 0.1 with schema 1 wrote it, with a dial in each state that may ring.
PRAGMA application_id = 1145457713;
PRAGMA user_version = 1;
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
    deadline       REAL NOT NULL,
    host           TEXT NOT NULL,
    process        TEXT NOT NULL,
    settled_at     TEXT,
    dial_id        TEXT,
    session_id     TEXT,
    status         INTEGER,
    words          TEXT
);
CREATE UNIQUE INDEX dial_once ON dial (environment, once)
    WHERE once IS NOT NULL AND state IN ('reserved', 'accepted', 'unknown');
CREATE INDEX dial_by_dial_id ON dial (dial_id);
INSERT INTO dial VALUES ('11', 'dev', 'visit-1', 'accepted', 'reminder', 1, 1, 'sha256:1', 'sha256:2', 'sha256:3', 'https://api.vogent.ai/api', '+14155550123', 'n1', '{"name":"Ann"}', '["pin"]', '2026-11-23T23:00:00.123456Z', 1795561290.5, 'desk', '17:1:boot', '2026-11-23T23:00:01.000000Z', 'd1', 's1', 200, NULL);
INSERT INTO dial VALUES ('22', 'dev', 'visit-2', 'unknown', 'reminder', NULL, NULL, 'sha256:1', 'sha256:2', 'sha256:4', 'https://api.vogent.ai/api', '+14155550124', NULL, '{}', '[]', '2026-11-23T23:01:00.000000Z', 1795561350.5, 'desk', '17:1:boot', '2026-11-23T23:01:31.000000Z', NULL, NULL, NULL, 'OutcomeUnknown while it was being sent');
INSERT INTO dial VALUES ('33', 'dev', NULL, 'reserved', 'hello', 2, 5, 'sha256:5', 'sha256:6', 'sha256:7', 'https://api.vogent.ai/api', NULL, NULL, '{}', '[]', '2026-11-23T23:02:00.000000Z', 1795561410.5, 'desk', '17:1:boot', NULL, NULL, NULL, NULL, NULL);
