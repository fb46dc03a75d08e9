package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"handrail/policy"
)

// errChanged ends the program with 1 although everything worked.
var errChanged = errors.New("requests would be decided otherwise")

// replay decides what was asked again under p, and prints what would change.
func (c *policyTestCmd) replay(ctx context.Context, io streams, p *policy.Policy) (err error) {
	db, _, err := openToRead(ctx, c.Config, c.Store, io)
	if err != nil {
		return err
	}
	defer closing(db, &err)
	since := time.Now().Add(-c.Since)
	again := policy.NewReplay(p)
	if err := db.EachRecord(ctx, since, again.Add); err != nil {
		return err
	}
	if c.Output == "json" {
		err = c.replayJSON(io, p, again, since)
	} else {
		err = replayTable(io, again, since)
	}
	if err == nil && c.FailOnChange && again.Count().Changed > 0 {
		return errChanged
	}
	return err
}

func (c *policyTestCmd) replayJSON(io streams, p *policy.Policy, again *policy.Replay, since time.Time) error {
	changes := []map[string]any{}
	for _, s := range again.Shifts() {
		changes = append(changes, map[string]any{"was": s.Was, "would_be": s.Would, "actor": s.Actor, "action": s.Action, "runbook": s.Runbook,
			"channel": s.Channel, "channel_name": s.Called, "parameters": s.Parameters, "times": s.Times, "last": s.Last.UTC(), "sentence": s.Why})
	}
	n := again.Count()
	return writeJSON(io.out, map[string]any{"since": since.UTC(), "policy": p.Hash(), "same": n.Same, "changed": n.Changed, "left_out": n.Left,
		"not_listed": n.Untold, "changes": changes})
}

func replayTable(io streams, again *policy.Replay, since time.Time) error {
	if shifts := again.Shifts(); len(shifts) > 0 {
		t := tabwriter.NewWriter(io.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(t, "TIMES\tWAS\tWOULD BE\tWHO\tWHAT\tWHERE\tLAST\tSUCH AS\tWHY")
		for _, s := range shifts {
			fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s %s\t%s\t%s\t%s\t%s\n", s.Times, side(s.Was), side(s.Would), s.Actor, s.Action, printable(s.Runbook),
				placeOf(s), s.Last.UTC().Format(time.RFC3339), flat(s.Parameters), printable(s.Why))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	n := again.Count()
	_, err := fmt.Fprintf(io.out, "%s since %s: %d would be decided as they were, %d otherwise; %d were left out.\n",
		count(n.Same+n.Changed+n.Left, "request", "requests"), since.UTC().Format(time.DateOnly), n.Same, n.Changed, n.Left)
	if err == nil && n.Untold > 0 {
		_, err = fmt.Fprintf(io.out, "%d of the others are not listed, because there are too many different ones.\n", n.Untold)
	}
	return err
}

// side shows a verdict with what decided.
func side(v policy.Verdicts) string {
	if v.Rule != "" {
		return v.Verdict + " (" + printable(v.Rule) + ")"
	}
	return v.Verdict + " (" + string(v.Code) + ")"
}

func placeOf(s policy.Shift) string {
	if s.Called != "" {
		return printable("#" + s.Called)
	}
	return printable(s.Channel)
}
