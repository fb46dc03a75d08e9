-- +goose Up
-- One SQL for SQLite and PostgreSQL: TEXT and BIGINT only, times in Unix milliseconds (0 is no time), JSON as TEXT.

CREATE TABLE executions (
    -- what a person asked: written once
    id            TEXT   NOT NULL PRIMARY KEY,
    ref           TEXT   NOT NULL UNIQUE,
    key           TEXT   NOT NULL UNIQUE,
    entry         TEXT   NOT NULL,
    team          TEXT   NOT NULL,
    requester     TEXT   NOT NULL,
    channel       TEXT   NOT NULL,
    thread        TEXT   NOT NULL,
    runbook       TEXT   NOT NULL,
    parameters    TEXT   NOT NULL,
    reason        TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,

    -- how it goes: written with every version
    version         BIGINT NOT NULL,
    state           TEXT   NOT NULL,
    terminal        BIGINT NOT NULL,
    sha256          TEXT   NOT NULL,
    region          TEXT   NOT NULL,
    role            TEXT   NOT NULL,
    request         TEXT   NOT NULL,
    decision        TEXT   NOT NULL,
    rule            TEXT   NOT NULL,
    policy          TEXT   NOT NULL,
    aws_id          TEXT   NOT NULL,
    aws_status      TEXT   NOT NULL,
    current_step    TEXT   NOT NULL,
    steps           TEXT   NOT NULL,
    failure         TEXT   NOT NULL,
    note            TEXT   NOT NULL,
    cancel_by       TEXT   NOT NULL,
    cancel_reason   TEXT   NOT NULL,
    cancel_at       BIGINT NOT NULL,
    start_by        BIGINT NOT NULL,
    started_at      BIGINT NOT NULL,
    ended_at        BIGINT NOT NULL,
    attempts        BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    parked          TEXT   NOT NULL,

    -- who works on it; a free lease has no owner and ends at 0
    lease_owner TEXT   NOT NULL,
    lease_until BIGINT NOT NULL,
    lease_from  TEXT   NOT NULL DEFAULT '', -- whose expired lease the present owner took

    -- what Slack was told, and who is telling it
    announced         BIGINT NOT NULL,
    announce_channel  TEXT   NOT NULL,
    announce_card     TEXT   NOT NULL,
    announce_replies  TEXT   NOT NULL,
    announce_attempts BIGINT NOT NULL,
    announce_next_at  BIGINT NOT NULL,
    announce_owner    TEXT   NOT NULL DEFAULT '',
    announce_until    BIGINT NOT NULL DEFAULT 0
);

-- Partial, so that the claims of an idle replica never see what is over.
CREATE INDEX executions_open   ON executions (next_attempt_at)  WHERE terminal = 0;
CREATE INDEX executions_behind ON executions (announce_next_at) WHERE announced < version;
CREATE INDEX executions_card   ON executions (announce_card)    WHERE announce_card <> '';
CREATE INDEX executions_newest ON executions (created_at, id);

CREATE TABLE records (
    id         TEXT   NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL,
    key        TEXT   NOT NULL,
    entry      TEXT   NOT NULL,
    action     TEXT   NOT NULL,
    actor      TEXT   NOT NULL,
    team       TEXT   NOT NULL,
    channel    TEXT   NOT NULL,
    runbook    TEXT   NOT NULL,
    parameters TEXT   NOT NULL,
    execution  TEXT   NOT NULL,
    allowed    BIGINT NOT NULL,
    code       TEXT   NOT NULL,
    rule       TEXT   NOT NULL,
    sentence   TEXT   NOT NULL,
    near       TEXT   NOT NULL,
    policy     TEXT   NOT NULL
);

-- A request is decided once, and its replay finds that decision.
CREATE UNIQUE INDEX records_key ON records (key) WHERE key <> '';

CREATE INDEX records_newest    ON records (at, id);
CREATE INDEX records_actor     ON records (actor, at);
CREATE INDEX records_execution ON records (execution, at) WHERE execution <> '';
