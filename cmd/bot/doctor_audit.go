package main

import (
	"context"
	"fmt"
	"log/slog"

	"handrail/audit"
)

// audit compares the log with the newest checkpoint, and tells who publishes none.
func (d *doctor) audit(ctx context.Context, c auditConfig, entries audit.Log) {
	if c.Key == "" {
		fmt.Fprintln(d.out, "! no checkpoint of the audit log is published, so nobody could see it cut or written anew: docs/audit.md says how")
		return
	}
	if c.File == "" {
		return
	}
	known, err := c.verifiers()
	if err == nil {
		_, err = begins(ctx, entries, c.File, known, slog.New(slog.DiscardHandler))
	}
	d.report("the audit log continues the checkpoints of "+c.File, err, "bot audit verify shows what is wrong; docs/audit.md says what to do.")
}
