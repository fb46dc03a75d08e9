package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"handrail/audit"
	"handrail/automation"
	"handrail/policy"
	"handrail/store"
)

// policyNote is what the audit log keeps of a change of the policy. Its keys are a contract.
type policyNote struct {
	From    string   `json:"from"` // hash, "" for the first policy
	To      string   `json:"to"`
	Serial  int64    `json:"serial,omitempty"`
	Replica string   `json:"replica"`
	Changes []string `json:"changes"`
}

const mostNoted = 2_000 // lines of a note

func changeLines(changes []policy.Change) []string {
	lines := []string{}
	for _, c := range changes {
		lines = append(lines, cutLine(c.String(), 400))
	}
	return lines
}

// cutLine keeps a line on one line, and short.
func cutLine(line string, limit int) string {
	line = strings.Join(strings.Fields(line), " ")
	if r := []rune(line); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return line
}

// bounded keeps the first lines, and says how many more there are.
func bounded(lines []string, most int) []string {
	if len(lines) <= most {
		return lines
	}
	return append(lines[:most:most], fmt.Sprintf("… and %d more", len(lines)-most))
}

// recordPolicy writes down that a policy comes into force: before it does. It says whether it is new to all replicas.
func recordPolicy(ctx context.Context, db *store.DB, replica, from string, next policyFile, changes []string) (first bool, err error) {
	to := next.policy.Hash()
	body, err := noteOf(policyNote{from, to, next.serial, replica, changes})
	if err != nil {
		return false, fmt.Errorf("recording the policy: %w", err)
	}
	e := audit.Entry{At: time.Now().UTC().Truncate(time.Millisecond), Kind: audit.Policy, Subject: to, Body: body}
	first, err = db.EnterPolicy(ctx, store.PolicyVersion{Hash: to, Serial: next.serial, Content: next.content}, e)
	if err != nil {
		return false, fmt.Errorf("recording the policy: %w", err)
	}
	return first, nil
}

// noteOf encodes a note with as many of its lines as an entry of the log has room for.
func noteOf(n policyNote) ([]byte, error) {
	all := n.Changes
	for most := mostNoted; ; most /= 2 {
		n.Changes = bounded(all, most)
		body, err := json.Marshal(n)
		if err != nil || len(body) <= audit.MaxBody || most == 0 {
			return body, err
		}
	}
}

// beginPolicy records the policy of a start if it is not the one that was in force last.
func beginPolicy(ctx context.Context, db *store.DB, begin policyFile) error {
	last, err := db.NewestPolicy(ctx)
	switch {
	case errors.Is(err, automation.ErrNotFound):
	case err != nil:
		return fmt.Errorf("looking for the last policy: %w", err)
	case last.Hash == begin.policy.Hash() && last.Serial >= begin.serial:
		return nil
	}
	var changes []string
	if last.Hash != "" {
		was, err := policy.Parse("the last policy", last.Content)
		if err != nil {
			changes = []string{"the last policy cannot be read any more"}
		} else {
			changes = changeLines(was.Diff(begin.policy))
		}
	}
	_, err = recordPolicy(ctx, db, replicaName(), last.Hash, begin, changes)
	if errors.Is(err, store.ErrOlderPolicy) {
		return usageError{err}
	}
	return err
}

// replicaName tells the replicas of a service apart for people.
func replicaName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}
