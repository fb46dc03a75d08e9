package automation

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"handrail/audit"
)

// entered is what the audit log keeps of a state that an execution entered.
type entered struct {
	ID        string `json:"id"`
	Ref       string `json:"ref"`
	State     State  `json:"state"`
	Runbook   string `json:"runbook"`
	Requester string `json:"requester"`
	Version   int64  `json:"version"`
	AWSID     string `json:"aws_id,omitempty"`
	AWSStatus string `json:"aws_status,omitempty"`
	By        string `json:"by,omitempty"`   // Slack user ID of who brought it about, "" if Handrail or AWS did
	Note      string `json:"note,omitempty"` // untrusted text
}

// insert stores a new row and tells the audit log of its state. Without the entry there is no row.
func insert(ctx context.Context, tx Tx, x *Execution) error {
	x.Logged = x.State
	if err := tx.Insert(ctx, x); err != nil {
		return err
	}
	return tell(ctx, tx, x)
}

// put saves a row and, if its state is new, tells the audit log of it. Without the entry nothing is saved. It changes
// x, so whoever may have to try again hands over a copy.
func put(ctx context.Context, tx Tx, x *Execution) error {
	news := x.State != x.Logged
	x.Logged = x.State
	if err := tx.Save(ctx, x); err != nil || !news {
		return err
	}
	return tell(ctx, tx, x)
}

func tell(ctx context.Context, tx Tx, x *Execution) error {
	return appendEntry(ctx, tx, audit.Execution, x.ID, entered{
		ID: x.ID, Ref: x.Ref, State: x.State, Runbook: x.Runbook, Requester: x.Requester, Version: x.Version,
		AWSID: x.AWSID, AWSStatus: x.AWSStatus, By: x.mover(), Note: x.Note})
}

// mover is the person who brought x into its state, or "".
func (x *Execution) mover() string {
	switch x.State {
	case Cancelled:
		return x.CancelBy
	case Denied, Queued:
		if v := x.Approval.last(); v != nil && v.Reject == (x.State == Denied) {
			return v.User
		}
	}
	if x.Version == 1 {
		return x.Requester
	}
	return ""
}

func appendEntry(ctx context.Context, tx Tx, kind audit.Kind, subject string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("writing an entry for the audit log: %w", err)
	}
	if err := tx.Note(ctx, audit.Entry{At: time.Now().UTC().Truncate(time.Millisecond), Kind: kind, Subject: subject, Body: text}); err != nil {
		return fmt.Errorf("appending to the audit log: %w", err)
	}
	return nil
}
