package ssmserver

import (
	"slices"
	"strings"
	"time"
)

// approval is what a step of aws:approve has heard so far. It is guarded by its execution's mu.
type approval struct {
	approvers []string
	needed    int
	decisions []decision
	rejected  bool
}

// decision is one principal's word.
type decision struct {
	principal string // who it counts as
	arn       string // who said it
	approved  bool
	comment   string
	at        time.Time
}

// judge takes an approval or a rejection. The caller holds e.mu.
func (e *execution) judge(by string, in signalRequest) error {
	w := e.waiting(true)
	if w == nil {
		return invalidSignal("The signal %s is not valid: no step of the automation execution %s waits for an approval.", in.SignalType, e.id)
	}
	principal, ok := principalAmong(w.approval.approvers, by)
	if !ok {
		return invalidSignal("The signal %s is not valid: %s is not one of the approvers of the step %s.", in.SignalType, by, w.run.step.Name)
	}
	d := decision{principal: principal, arn: by, approved: in.SignalType == "Approve", comment: strings.Join(in.Payload["Comment"], " "), at: time.Now()}
	if w.approval.take(d) {
		e.release()
	}
	w.run.outputs = w.approval.outputs()
	return nil
}

// take adds a decision and says whether it settles the approval. A principal's first word counts, but a rejection
// replaces an approval.
func (a *approval) take(d decision) bool {
	i := slices.IndexFunc(a.decisions, func(other decision) bool { return other.principal == d.principal })
	switch {
	case i < 0:
		a.decisions = append(a.decisions, d)
	case !d.approved:
		a.decisions[i] = d
	}
	a.rejected = !d.approved
	return a.rejected || len(a.decisions) >= a.needed
}

func (a *approval) status() string {
	switch {
	case a.rejected:
		return "Rejected"
	case len(a.decisions) >= a.needed:
		return "Approved"
	}
	return statusWaiting
}

func (a *approval) outputs() map[string]any {
	decisions := make([]any, len(a.decisions))
	for i, d := range a.decisions {
		word := "Rejected"
		if d.approved {
			word = "Approved"
		}
		decisions[i] = map[string]any{"Approver": d.arn, "Decision": word, "Comment": d.comment, "DecisionTime": d.at.UTC().Format(time.RFC3339)}
	}
	return map[string]any{"ApprovalStatus": a.status(), "ApproverDecisions": decisions}
}

// principalAmong gives the principal that a caller counts as, if the approvers include it: the role for a session
// unless the session itself is listed, since one person can have many sessions.
func principalAmong(approvers []string, caller string) (string, bool) {
	if slices.Contains(approvers, caller) {
		return caller, true
	}
	if name, ok := userName(caller); ok && slices.Contains(approvers, name) {
		return caller, true
	}
	session, ok := sessionRole(caller)
	if !ok {
		return "", false
	}
	i := slices.IndexFunc(approvers, func(a string) bool { role, ok := roleOf(a); return ok && role == session })
	if i < 0 {
		return "", false
	}
	return approvers[i], true
}

// userName takes NAME out of arn:aws:iam::ACCOUNT:user/PATH/NAME.
func userName(arn string) (string, bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" || !strings.HasPrefix(parts[5], "user/") {
		return "", false
	}
	return parts[5][strings.LastIndex(parts[5], "/")+1:], true
}

// accountRole is what the ARNs of a role and of its sessions have in common.
type accountRole struct{ partition, account, name string }

// sessionRole reads arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION.
func sessionRole(arn string) (accountRole, bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "sts" {
		return accountRole{}, false
	}
	rest, ok := strings.CutPrefix(parts[5], "assumed-role/")
	name, _, session := strings.Cut(rest, "/")
	return accountRole{parts[1], parts[4], name}, ok && session
}

// roleOf reads arn:aws:iam::ACCOUNT:role/PATH/NAME.
func roleOf(arn string) (accountRole, bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/") {
		return accountRole{}, false
	}
	return accountRole{parts[1], parts[4], parts[5][strings.LastIndex(parts[5], "/")+1:]}, true
}
