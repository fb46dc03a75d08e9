package commands

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"handrail/automation"
	"handrail/policy"
	"handrail/runbook"
)

const testPolicy = `version: 1
service_role: arn:aws:iam::123456789012:role/AmazonSSMAutomationRole
identities: {ana: {slack: U012ANA}, ben: {slack: U012BEN}}
groups: {web: {members: [ana]}}
runbooks:
  restart-web:
    description: Restart a web server
    document: AWS-RestartEC2Instance
    version: "1"
    sha256: "1111111111111111111111111111111111111111111111111111111111111111"
    parameters: {InstanceId: {allow: [i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2], max_items: 2}}
grants:
  - {name: web-restarts, to: [web], runbooks: [restart-web], channels: ["#ops"]}
  - {name: help-stopping, to: [ben], runbooks: [restart-web], channels: ["#random"], may: [cancel]}
`

const testDocument = `{"schemaVersion":"0.3","description":"Restarts it.","assumeRole":"{{ AutomationAssumeRole }}","parameters":{
"InstanceId":{"type":"StringList"},"AutomationAssumeRole":{"type":"String","default":""}},
"mainSteps":[{"name":"stopInstances","action":"aws:changeInstanceState","inputs":{"InstanceIds":"{{ InstanceId }}","DesiredState":"stopped"}}]}`

// house is everything behind the commands, in memory.
type house struct {
	policy     *policy.Policy
	document   *policy.Document
	asked      []automation.Ask
	cancels    []automation.CancelAsk
	executions []*automation.Execution
	records    map[string]policy.Record
	broken     error
	again      *automation.Outcome // answers every request, if not nil
	query      automation.Query
	standing   policy.Standing
	locks      []policy.Lock
	answers    []automation.ApproveAsk
	wishes     []automation.LockAsk
	decide     func(*automation.Outcome) // changes what becomes of an answer that counts
}

func newHouse(t *testing.T) (*house, *Commands) {
	t.Helper()
	p, err := policy.Parse("policy.yaml", []byte(testPolicy))
	if err != nil {
		t.Fatal(err)
	}
	content, err := runbook.Parse([]byte(testDocument))
	if err != nil {
		t.Fatal(err)
	}
	analysis := content.Analyse(nil)
	h := &house{policy: p, standing: policy.StandingMember, records: map[string]policy.Record{},
		document: &policy.Document{State: policy.DocumentFound, Version: "1", SHA256: strings.Repeat("1", 64), Owner: policy.Amazon, Content: content, Analysis: &analysis}}
	return h, New(Options{Engine: h, Memory: h, Documents: h, Directory: h, Policy: func() *policy.Policy { return h.policy }})
}

func (h *house) Submit(ctx context.Context, a automation.Ask) (automation.Outcome, error) {
	if h.broken != nil || h.again != nil {
		return *cmp.Or(h.again, &automation.Outcome{}), h.broken
	}
	for i, old := range h.asked {
		if old.Key == a.Key {
			return automation.Outcome{Execution: h.executions[i], Again: true}, nil
		}
	}
	d := h.Explain(ctx, a)
	if !d.Allowed() && !d.Pending() {
		return automation.Outcome{Decision: d}, nil
	}
	h.asked = append(h.asked, a)
	x := &automation.Execution{ID: "0197-" + a.Key, Ref: "r-abcdefg", Runbook: a.Runbook, Requester: a.User, State: automation.Queued, Parameters: a.Parameters}
	h.executions = append(h.executions, x)
	return automation.Outcome{Decision: d, Execution: x}, nil
}

func (h *house) Cancel(_ context.Context, a automation.CancelAsk) (automation.Outcome, error) {
	h.cancels = append(h.cancels, a)
	if h.again != nil {
		return *h.again, nil
	}
	x, err := h.Execution(context.Background(), a.Execution)
	if err != nil {
		return automation.Outcome{}, err
	}
	d := policy.Decide(h.policy, &policy.Request{Action: policy.Cancel, Entry: a.Entry, Actor: policy.Actor{ID: a.User, Standing: h.standing},
		Channel: policy.Channel{ID: a.Channel, Name: "ops", Known: true}, Runbook: x.Runbook, Requester: x.Requester, Execution: x.ID, At: a.At})
	return automation.Outcome{Decision: d, Execution: x, Again: x.CancelBy != "" || x.State.Terminal()}, nil
}

func (h *house) Approve(ctx context.Context, a automation.ApproveAsk) (automation.Outcome, error) {
	h.answers = append(h.answers, a)
	if h.again != nil {
		return *h.again, h.broken
	}
	x, err := h.Execution(ctx, a.Execution)
	if err != nil {
		return automation.Outcome{}, err
	}
	r := &policy.Request{Action: policy.Approve, Entry: a.Entry, Actor: h.member(a.User), Channel: h.place(a.Channel), Runbook: x.Runbook,
		Execution: x.ID, Requester: x.Requester, Step: a.Step, At: a.At}
	if a.Step == "" {
		r.Subject = &policy.Request{Action: policy.Run, Entry: x.Entry, Actor: h.member(x.Requester), Channel: h.place("C012OPS"), Runbook: x.Runbook,
			Execution: x.ID, Parameters: x.Parameters, Document: h.document, At: a.At}
		r.Digest = policy.Decide(h.policy, r.Subject).Bound().Digest()
	}
	out := automation.Outcome{Decision: policy.Decide(h.policy, r), Execution: x}
	if h.decide != nil && out.Decision.Allowed() {
		h.decide(&out)
	}
	return out, nil
}

func (h *house) Lock(ctx context.Context, a automation.LockAsk) (automation.Outcome, error) {
	h.wishes = append(h.wishes, a)
	if h.again != nil {
		return *h.again, h.broken
	}
	l := policy.Lock{ID: "l-abcdefg", Runbook: a.Runbook, Parameters: a.Parameters, By: a.User, Reason: a.Reason, At: a.At, Until: a.At.Add(a.For)}
	if a.End != "" {
		i := slices.IndexFunc(h.locks, func(l policy.Lock) bool { return l.ID == a.End })
		if i < 0 {
			return automation.Outcome{}, automation.ErrNotFound
		}
		l = h.locks[i]
	}
	d := policy.Decide(h.policy, &policy.Request{Action: policy.Locking, Entry: a.Entry, Actor: h.member(a.User), Channel: h.place(a.Channel), Runbook: l.Runbook, At: a.At})
	if !d.Allowed() {
		return automation.Outcome{Decision: d}, nil
	}
	if a.End == "" {
		h.locks = append(h.locks, l)
	} else {
		h.locks = slices.DeleteFunc(h.locks, func(old policy.Lock) bool { return old.ID == l.ID })
	}
	return automation.Outcome{Decision: d, Lock: &l}, nil
}

func (h *house) member(user string) policy.Actor {
	return policy.Actor{ID: user, Team: "T1", Standing: h.standing}
}

func (h *house) place(id string) policy.Channel {
	return policy.Channel{ID: id, Name: "ops", Known: true}
}

func (h *house) Explain(_ context.Context, a automation.Ask) policy.Decision {
	r := &policy.Request{Action: policy.Run, Entry: a.Entry, Actor: h.member(a.User), Channel: h.place(a.Channel), Runbook: a.Runbook,
		Parameters: a.Parameters, Document: h.document, Reason: a.Reason, BreakGlass: a.BreakGlass, Locks: h.locks, At: a.At}
	if a.OneTime {
		r.Action = policy.Ask
	}
	return policy.Decide(h.policy, r)
}

func (h *house) Execution(_ context.Context, id string) (*automation.Execution, error) {
	for _, x := range h.executions {
		if x.ID == id || x.Ref == id {
			return x, nil
		}
	}
	return nil, automation.ErrNotFound
}

func (h *house) Executions(_ context.Context, q automation.Query) ([]*automation.Execution, error) {
	h.query = q
	var found []*automation.Execution
	for _, x := range h.executions {
		if (q.Among == nil || slices.Contains(q.Among, x.Runbook)) && (q.Requester == "" || q.Requester == x.Requester) && (!q.BreakGlass || x.BreakGlass) {
			found = append(found, x)
		}
	}
	return found, h.broken
}

func (h *house) Record(_ context.Context, id string) (policy.Record, error) {
	if r, ok := h.records[id]; ok {
		return r, nil
	}
	return policy.Record{}, automation.ErrNotFound
}

func (h *house) ActiveLocks(_ context.Context, now time.Time) ([]policy.Lock, error) {
	return h.locks, h.broken
}

func (h *house) Look(context.Context, *policy.Runbook) *policy.Document { return h.document }

func (h *house) Actor(_ context.Context, team, user string) (policy.Actor, error) {
	return policy.Actor{ID: user, Team: team, Standing: h.standing}, nil
}

func (h *house) Channel(_ context.Context, id string) (policy.Channel, error) {
	return policy.Channel{ID: id, Name: "ops", Known: true}, nil
}

// read is an answer as plain text.
func read(a Answer) string {
	var b strings.Builder
	for _, l := range a.Lines {
		for _, s := range l {
			switch s.Style {
			case Code:
				b.WriteString("`" + s.Text + "`")
			case Person, Place:
				b.WriteString("<" + s.Text + ">")
			default:
				b.WriteString(s.Text)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func as(user, text string) Invocation {
	return Invocation{Key: "k1", Entry: policy.ByCommand, Team: "T1", User: user, Channel: "C012OPS", Text: text, Command: "/runbook", At: time.Unix(1_790_000_000, 0)}
}
