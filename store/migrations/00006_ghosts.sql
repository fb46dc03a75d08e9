-- +goose Up
-- Automations that Handrail did not start, each told of once, and until when each Region was looked through.

CREATE TABLE ghosts (
    aws_id TEXT   NOT NULL PRIMARY KEY,
    at     BIGINT NOT NULL
);

CREATE TABLE patrols (
    region TEXT   NOT NULL PRIMARY KEY,
    turn   BIGINT NOT NULL, -- when a replica looked last
    until  BIGINT NOT NULL
);

CREATE INDEX executions_aws ON executions (aws_id) WHERE aws_id <> '';
