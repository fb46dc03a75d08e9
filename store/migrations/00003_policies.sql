-- +goose Up
-- The policies that were in force, so that an older one is not taken again and each difference can be told.

CREATE TABLE policies (
    hash    TEXT   NOT NULL PRIMARY KEY,
    serial  BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    content TEXT   NOT NULL
);

CREATE INDEX policies_at ON policies (at);
CREATE INDEX policies_serial ON policies (serial);
