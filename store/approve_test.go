package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"handrail/automation"
	"handrail/policy"
	"handrail/store"
	"handrail/store/storetest"
)

const approvalPolicy = `version: 1
service_role: arn:aws:iam::123456789012:role/AmazonSSMAutomationRole
identities: {ana: {slack: U012ANA}, ben: {slack: U012BEN}, kim: {slack: U012KIM}, eve: {slack: U012EVE}}
groups: {web: {members: [ana, eve]}, leads: {members: [ana, ben, kim]}}
runbooks:
  restart-web:
    document: AWS-RestartEC2Instance
    version: "1"
    sha256: "1111111111111111111111111111111111111111111111111111111111111111"
    targets: InstanceId
    parameters: {InstanceId: {allow: [i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2]}}
grants:
  - {name: web-restarts, to: [web], runbooks: [restart-web], channels: ["#ops"], approval: {from: [leads]}}
`

const approvalDocument = `{"schemaVersion":"0.3","assumeRole":"{{ AutomationAssumeRole }}","parameters":{
"InstanceId":{"type":"StringList"},"AutomationAssumeRole":{"type":"String","default":""}},
"mainSteps":[{"name":"stop","action":"aws:changeInstanceState","inputs":{"InstanceIds":"{{ InstanceId }}","DesiredState":"stopped"}}]}`

// cloud is AWS as far as a start needs it.
type cloud struct {
	automation.AWS
	starts atomic.Int64
}

func (c *cloud) Ready(ctx context.Context, _ string) error { return ctx.Err() }

func (c *cloud) Start(_ context.Context, d policy.Decision, _ string, _ automation.StartRequest) (string, error) {
	if !d.Allowed() || !d.Recorded() {
		return "", errors.New("nothing allows this start")
	}
	return fmt.Sprint("aws-", c.starts.Add(1)), nil
}

func (c *cloud) Describe(context.Context, string, []string) ([]automation.Observation, error) {
	return nil, nil
}

func (c *cloud) DescribeDocument(context.Context, string, string, string) (automation.DocumentInfo, error) {
	return automation.DocumentInfo{Version: "1", SHA256: strings.Repeat("1", 64), Owner: "Amazon"}, nil
}

func (c *cloud) Content(context.Context, string, string, string) ([]byte, error) {
	return []byte(approvalDocument), nil
}

func (c *cloud) Attachments(context.Context, string, string, string) ([]policy.Pin, error) {
	return nil, nil
}

// town is a workspace where everybody is a member.
type town struct{}

func (town) Actor(_ context.Context, team, user string) (policy.Actor, error) {
	return policy.Actor{ID: user, Team: team, Standing: policy.StandingMember}, nil
}

func (town) Channel(_ context.Context, id string) (policy.Channel, error) {
	return policy.Channel{ID: id, Name: "ops", Known: true}, nil
}

// house is an engine over a real database.
type house struct {
	*automation.Engine
	db     *store.DB
	aws    *cloud
	source string // of the database, for its driver
	driver string
	stop   func()
}

func eachHouse(t *testing.T, story func(t *testing.T, h *house)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "handrail.db")
		story(t, newHouse(t, open(t, "sqlite:"+path), "sqlite", path))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		url := storetest.Postgres(t)
		story(t, newHouse(t, open(t, url), "pgx", url))
	})
}

func newHouse(t *testing.T, db *store.DB, driver, source string) *house {
	p, err := policy.Parse("policy.yaml", []byte(approvalPolicy))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{db: db, aws: &cloud{}, driver: driver, source: source}
	h.Engine = automation.New(automation.Options{Store: db, Gate: policy.NewGate(p), Directory: town{}, AWS: h.aws,
		Catalogue: automation.NewCatalogue(h.aws, "eu-west-1"), Owner: "replica-1"})
	h.run(t)
	t.Cleanup(func() { h.stop() })
	return h
}

// run begins to work, and stop ends that.
func (h *house) run(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = h.Run(ctx) })
	h.stop = func() { cancel(); done.Wait() }
}

func (h *house) asks(t *testing.T) *automation.Execution {
	t.Helper()
	out, err := h.Submit(t.Context(), automation.Ask{Key: uuid.NewString(), Entry: policy.ByCommand, Team: "T1", User: "U012ANA", Channel: "C012OPS",
		Runbook: "restart-web", Parameters: map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa1"}}, At: time.Now()})
	if err != nil || !out.Decision.Pending() {
		t.Fatal(out.Decision.Explain().Sentence, err)
	}
	return out.Execution
}

func (h *house) clicks(ctx context.Context, x *automation.Execution, user string) (automation.Outcome, error) {
	return h.Approve(ctx, automation.ApproveAsk{Key: uuid.NewString(), Entry: policy.ByButton, Team: "T1", User: user, Channel: "C034APP", Execution: x.ID, At: time.Now()})
}

// becomes waits until the execution is in the state, or over.
func (h *house) becomes(t *testing.T, id string, want automation.State) *automation.Execution {
	t.Helper()
	changed, cancel := h.db.Subscribe()
	defer cancel()
	for late := time.After(20 * time.Second); ; {
		x, err := h.db.Execution(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if x.State == want {
			return x
		}
		if x.State.Terminal() {
			t.Fatalf("it is %s: %s", x.State, x.Note)
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("it stays %s: %s", x.State, x.Note)
		}
	}
}

// However many click at once, on a real database, it starts once.
func TestAHundredClicksStartOnce(t *testing.T) {
	t.Parallel()
	const rounds, at = 5, 100
	eachHouse(t, func(t *testing.T, h *house) {
		for round := range rounds {
			x := h.asks(t)
			var wg sync.WaitGroup
			var counted atomic.Int64
			for i := range at {
				wg.Go(func() {
					out, err := h.clicks(t.Context(), x, []string{"U012BEN", "U012KIM", "U012ANA"}[i%3])
					if err != nil {
						t.Error(err)
					}
					if out.Execution != nil && !out.Again {
						counted.Add(1)
					}
				})
			}
			wg.Wait()
			if y := h.becomes(t, x.ID, automation.Running); counted.Load() != 1 || len(y.Approval.Votes) != 1 {
				t.Errorf("%d of the clicks counted, and %d are in the row", counted.Load(), len(y.Approval.Votes))
			}
			if n := h.aws.starts.Load(); n != int64(round+1) {
				t.Fatalf("%d starts after %d rounds", n, round+1)
			}
		}
	})
}

// What somebody with the database changes between the yes and the start is not started.
func TestARowThatWasEditedDoesNotStart(t *testing.T) {
	t.Parallel()
	edits := map[string]string{
		"requester":  "UPDATE executions SET requester = 'U012EVE'",
		"channel":    "UPDATE executions SET channel = 'C099OPS'",
		"parameters": `UPDATE executions SET parameters = '{"InstanceId":["i-0aaaaaaaaaaaaaaa2"]}'`,
		"both": `UPDATE executions SET parameters = '{"InstanceId":["i-0aaaaaaaaaaaaaaa2"]}',
			request = replace(request, 'aaaaa1"', 'aaaaa2"'), approval = replace(approval, 'aaaaa1"', 'aaaaa2"')`,
		"document":  "UPDATE executions SET request = replace(request, 'AWS-Restart', 'AWS-Stop')",
		"region":    "UPDATE executions SET region = 'us-east-1'",
		"expiry":    `UPDATE executions SET approval = replace(approval, '"by":"2', '"by":"3')`,
		"digest":    `UPDATE executions SET approval = replace(approval, '"digest":"', '"digest":"0')`,
		"policy":    `UPDATE executions SET approval = replace(approval, '"policy":"', '"policy":"0')`,
		"approval":  "UPDATE executions SET approval = ''",
		"rejection": "UPDATE executions SET approval = replace(approval, 'U012BEN', 'U012KIM')",
	}
	eachHouse(t, func(t *testing.T, h *house) {
		for what, statement := range edits {
			h.stop() // so that nobody works on the row that is edited
			x := h.asks(t)
			if out, err := h.clicks(t.Context(), x, "U012BEN"); err != nil || out.Execution.State != automation.Queued {
				t.Fatal(out.Decision.Explain().Sentence, err)
			}
			executeOn(t, h.driver, h.source, statement+" WHERE id = '"+x.ID+"'")
			h.run(t)
			y := h.becomes(t, x.ID, automation.Denied)
			if n := h.aws.starts.Load(); n != 0 || y.Note == "" {
				t.Errorf("%s: %d starts, and the note %q", what, n, y.Note)
			}
		}
		x := h.asks(t) // and what nobody edited starts
		if _, err := h.clicks(t.Context(), x, "U012BEN"); err != nil {
			t.Fatal(err)
		}
		h.becomes(t, x.ID, automation.Running)
	})
}
