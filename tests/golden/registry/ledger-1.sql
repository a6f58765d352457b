-- As dialform 0.1 with schema 1 wrote it: dials of the reference registry, whose bytes it did not keep.
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
INSERT INTO "dial" VALUES('00000000000000000000000000000002','staging','visit-1','accepted','reminder',1,1,'sha256:114a56227e7d85165b08b2264cf4f2b4a244fc150274888c619c2d8874c48e46','sha256:26640f68fea830ad7533708c8d510c66c107af38b40e04feea1de50d2e0cd958','sha256:e96e72c685766da53afcee055e9e8e476d86d759bf80384116c5a400fff47213','https://api.vogent.ai/api','+14155550123','number-1','{"amount":12.5,"company":"Acme","name":"Ann"}','["pin"]','2026-11-24T23:00:00.000000Z',1795561230.0,'desk','17:1:boot','2026-11-24T23:00:01.000000Z','dial-2','session-2',200,NULL);
INSERT INTO "dial" VALUES('00000000000000000000000000000003','prod',NULL,'accepted','reminder',1,8,'sha256:114a56227e7d85165b08b2264cf4f2b4a244fc150274888c619c2d8874c48e46','sha256:22dc7ddd2455ea21d9d7e305f336db3a74532a5e31825df02f451eaf7356753d','sha256:ea86118d5ce426ea22f37d6bee3aab810d22a2fc63426fbcd5fcfd2e301c045e','https://api.vogent.ai/api','+14155550124','number-1','{"amount":12.5,"company":"Acme","name":"Ann"}','["pin"]','2026-11-24T23:00:02.000000Z',1795561232.0,'desk','17:1:boot','2026-11-24T23:00:03.000000Z','dial-3','session-3',200,NULL);
INSERT INTO "dial" VALUES('00000000000000000000000000000009','prod',NULL,'reserved','hello',1,1,'sha256:71df8299636dd4d3db90fc7851a331fc849e40bf13190fcfcb8f179c6a9732bb','sha256:e69c8074c88bcb5c7ccac1be12f7996b0f609cedc571687c6f5de818aef9dded','sha256:e6dac2a750a6144929d3464bbd2525b5e3f049744d94234804b727b049c8e5f0','https://api.vogent.ai/api',NULL,NULL,'{}','[]','2026-11-24T23:00:12.000000Z',1795561242.0,'desk','17:1:boot',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "dial" VALUES('0000000000000000000000000000000a','staging',NULL,'reserved','reminder',NULL,NULL,'sha256:114a56227e7d85165b08b2264cf4f2b4a244fc150274888c619c2d8874c48e46','sha256:26640f68fea830ad7533708c8d510c66c107af38b40e04feea1de50d2e0cd958','sha256:fccb98cfcba18db09cf49bf04a0449a4ca14d69e82f214223c632d392bd80823','https://api.vogent.ai/api','+14155550126','number-2','{"amount":12.5,"company":"Acme","name":"Ann"}','["pin"]','2026-11-24T23:00:13.000000Z',1795561243.0,'desk','17:1:boot',NULL,NULL,NULL,NULL,NULL);
