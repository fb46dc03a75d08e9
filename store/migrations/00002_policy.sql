-- +goose Up
-- What a policy with approvals, limits and locks needs to remember.

ALTER TABLE executions ADD COLUMN action      TEXT   NOT NULL DEFAULT 'run';
ALTER TABLE executions ADD COLUMN break_glass BIGINT NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN logged      TEXT   NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN approval    TEXT   NOT NULL DEFAULT '';

-- The message in the approvers' channel, beside the card.
ALTER TABLE executions ADD COLUMN announce_ask_channel TEXT   NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN announce_ask         TEXT   NOT NULL DEFAULT '';
ALTER TABLE executions ADD COLUMN announce_asked       BIGINT NOT NULL DEFAULT 0;

CREATE INDEX executions_rule ON executions (rule, created_at);
CREATE INDEX executions_ask  ON executions (announce_ask) WHERE announce_ask <> '';

ALTER TABLE records ADD COLUMN facts TEXT NOT NULL DEFAULT '';

CREATE TABLE locks (
    id         TEXT   NOT NULL PRIMARY KEY,
    runbook    TEXT   NOT NULL,
    parameters TEXT   NOT NULL,
    set_by     TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    until      BIGINT NOT NULL,
    ended_by   TEXT   NOT NULL
);

CREATE INDEX locks_runbook ON locks (runbook, until);
