package automation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"handrail/audit"
	"handrail/policy"
)

// AlarmKind says what an alarm is about.
type AlarmKind string

// The kinds of alarms.
const (
	OtherRun AlarmKind = "other_run" // AWS ran something else than was decided
	GhostRun AlarmKind = "ghost_run" // something runs under the service role that Handrail did not start
)

// Alarm tells of something that happened in AWS and that Handrail did not ask for. Its JSON is what the audit log keeps.
type Alarm struct {
	Kind       AlarmKind `json:"kind"`
	At         time.Time `json:"at"`
	Region     string    `json:"region"`
	AWSID      string    `json:"aws_execution"`
	Document   string    `json:"document"`
	Version    string    `json:"version,omitempty"`
	ExecutedBy string    `json:"executed_by,omitempty"` // ARN, as AWS tells it
	StartedAt  time.Time `json:"started_at,omitzero"`
	Execution  string    `json:"execution,omitempty"` // ID of ours, "" for a ghost
	Ref        string    `json:"ref,omitempty"`
	Runbook    string    `json:"runbook,omitempty"`
	Message    string    `json:"message"` // a sentence for people, which quotes AWS: escape it
}

// entry is what the audit log keeps of the alarm.
func (a Alarm) entry() (audit.Entry, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return audit.Entry{}, fmt.Errorf("writing an alarm: %w", err)
	}
	subject := a.Execution
	if subject == "" {
		subject = a.AWSID
	}
	return audit.Entry{At: a.At, Kind: audit.Alarm, Subject: subject, Body: body}, nil
}

// otherRan begins the note of an execution for which AWS ran something else. The note stays to the end.
const otherRan = "AWS ran something else than was decided: "

func fouled(x *Execution) bool { return strings.HasPrefix(x.Note, otherRan) }

// doubtsAtMost is how often AWS is asked what it ran before its status is shown without the answer. It is asked on.
const doubtsAtMost = 5

// examined makes sure, at the first look at an automation, that AWS runs what was decided: between the decision and the
// start somebody may have put another document in its place. If not, the automation is stopped. False means that this
// look is of no use, and the next one is.
func (e *Engine) examined(ctx context.Context, x *Execution, o Observation) bool {
	trusted, doubts := true, 0
	e.amend(x.ID, func(w *watch) { trusted, doubts = w.trusted, w.doubts })
	if trusted {
		return true
	}
	other, err := e.other(ctx, x, o)
	switch {
	case err != nil:
		e.Log.Warn("checking what AWS runs", "execution", x.ID, "aws_execution", x.AWSID, "error", err)
		e.amend(x.ID, func(w *watch) { w.doubts++ })
		return doubts+1 >= doubtsAtMost
	case other != "":
		e.foul(ctx, x, o, other)
		return false
	}
	e.amend(x.ID, func(w *watch) { w.trusted = true })
	return true
}

// other says in which way AWS ran something else than was decided, or "".
func (e *Engine) other(ctx context.Context, x *Execution, o Observation) (string, error) {
	name := x.Request.DocumentName[strings.LastIndex(x.Request.DocumentName, "/")+1:] // AWS tells a name where an ARN was started
	switch version := x.Request.DocumentVersion; {
	case o.Document != "" && o.Document != name:
		return fmt.Sprintf("the document is %s, and not %s.", o.Document, name), nil
	case o.Version != "" && o.Version != version:
		return fmt.Sprintf("it is version %s of %s, and not %s.", o.Version, name, version), nil
	}
	info, err := e.AWS.DescribeDocument(ctx, x.Region, x.Request.DocumentName, x.Request.DocumentVersion)
	switch {
	case err != nil && kindOf(err) == Missing:
		return fmt.Sprintf("AWS has no %s version %s any more.", name, x.Request.DocumentVersion), nil
	case err != nil:
		return "", err
	case info.Version != x.Request.DocumentVersion:
		return fmt.Sprintf("it is version %q of %s, and not %s.", info.Version, name, x.Request.DocumentVersion), nil
	case info.SHA256 == "":
		return fmt.Sprintf("AWS gives no SHA-256 for %s version %s any more.", name, info.Version), nil
	case info.SHA256 != x.SHA256:
		return fmt.Sprintf("the content of %s version %s is not the one that was decided about.", name, info.Version), nil
	}
	return e.otherClosure(ctx, x)
}

// otherClosure looks at what the document starts, too, as long as the policy is the one that decided.
func (e *Engine) otherClosure(ctx context.Context, x *Execution) (string, error) {
	p := e.Gate.Policy()
	rb, ok := p.Runbook(x.Runbook)
	if !ok || p.Hash() != x.Policy || len(rb.Children)+len(rb.Attachments) == 0 || rb.AllowUnpinned {
		return "", nil
	}
	doc, err := e.Catalogue.Ask(ctx, rb)
	if err != nil {
		return "", err
	}
	var wrong *policy.Mismatch
	if errors.As(p.Verify(rb, doc), &wrong) {
		return wrong.Message, nil
	}
	return "", nil
}

// foul has an automation stopped, and then tells of it: a stop needs no record.
func (e *Engine) foul(ctx context.Context, x *Execution, o Observation, other string) {
	first := false
	e.amend(x.ID, func(w *watch) {
		first, w.fouled = !w.fouled, true
		if first {
			w.stopAt = time.Now()
		}
	})
	a := Alarm{Kind: OtherRun, At: time.Now().UTC().Truncate(time.Millisecond), Region: x.Region, AWSID: x.AWSID, Document: o.Document, Version: o.Version,
		StartedAt: o.StartedAt, Execution: x.ID, Ref: x.Ref, Runbook: x.Runbook, Message: fmt.Sprintf("%s (%s): %s%s", x.Ref, x.Runbook, otherRan, other)}
	if first {
		e.Log.Error("AWS ran something else than was decided; stopping it", "execution", x.ID, "aws_execution", x.AWSID, "cause", other)
		e.OnAlarm(a)
	}
	next := *x
	next.Note = otherRan + other + " Handrail stops it. Look at what it has done."
	if err := e.alarm(ctx, a, &next); err != nil {
		e.Log.Error("writing an alarm", "execution", x.ID, "error", err) // the next look tries again
		if isStale(err) {
			e.reload(ctx, x.ID)
		}
		return
	}
	e.changed(&next)
	e.amend(x.ID, func(w *watch) {
		w.trusted = true
		if w.x.Version < next.Version {
			w.x, w.calm = &next, time.Now()
		}
	})
}

// alarm writes the row and the alarm together.
func (e *Engine) alarm(ctx context.Context, a Alarm, x *Execution) error {
	entry, err := a.entry()
	if err != nil {
		return err
	}
	ctx, done := context.WithTimeout(ctx, storeWithin)
	defer done()
	written := *x
	err = e.Store.Update(ctx, func(tx Tx) error {
		written = *x
		if err := put(ctx, tx, &written); err != nil {
			return err
		}
		return tx.Note(ctx, entry)
	})
	if err == nil {
		*x = written
	}
	return err
}
