-- +goose Up
-- The audit log. seq is an INTEGER, unlike other numbers: on SQLite that makes it the row's own ID, so that reading the
-- log in order is one pass over the table. PostgreSQL ends such numbers at 2,147,483,647, and then nothing more is decided.

CREATE TABLE audit_entries (
    seq     INTEGER NOT NULL PRIMARY KEY,
    at      BIGINT  NOT NULL,
    kind    TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    leaf    TEXT    NOT NULL, -- hash of the entry, base64
    node    TEXT    NOT NULL, -- hash of the largest whole subtree that the entry ends
    body    TEXT    NOT NULL
);

-- One row. Whoever decides locks it first, which puts decisions in order on PostgreSQL.
CREATE TABLE audit_head (
    id   BIGINT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    edge TEXT   NOT NULL
);

INSERT INTO audit_head (id, size, edge) VALUES (1, 0, '');

-- Where the record stands in the log; -1 is nowhere.
ALTER TABLE records ADD COLUMN seq BIGINT NOT NULL DEFAULT -1;

CREATE INDEX records_seq ON records (seq);
