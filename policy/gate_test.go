package policy_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handrail/policy"
)

// journal is a Recorder that keeps what it is given, or refuses.
type journal struct {
	mu      sync.Mutex
	records []policy.Record
	err     error
}

func (j *journal) Record(_ context.Context, r policy.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil {
		j.records = append(j.records, r)
	}
	return j.err
}

func TestGateRecordsAYes(t *testing.T) {
	t.Parallel()
	p, j, r := parse(t, example), &journal{}, request(t)
	d, err := policy.NewGate(p).Check(t.Context(), j, "key-1", "r-1", r)
	if err != nil || !d.Allowed() || !d.Recorded() {
		t.Fatalf("allowed %v, recorded %v, %v", d.Allowed(), d.Recorded(), err)
	}
	want := policy.Record{
		ID: d.ID(), At: r.At, Key: "key-1", Entry: policy.ByCommand, Action: policy.Run, Actor: "U012ANA", Team: "T012",
		Channel: "C0OPS", Runbook: "restart-web", Parameters: map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa1"}},
		Execution: "r-1", Allowed: true, Code: policy.CodeGranted, Rule: "web-restarts",
		Sentence: "web-restarts lets you run restart-web in #ops.", Policy: p.Hash(),
		Facts: policy.Facts{
			Standing: policy.StandingMember, ChannelName: "ops", Document: "AWS-RestartEC2Instance", Version: "1", SHA256: hash,
		},
	}
	if diff := cmp.Diff([]policy.Record{want}, j.records); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if !regexp.MustCompile(`^d-[a-z2-7]{12}$`).MatchString(d.ID()) {
		t.Errorf("ID %q", d.ID())
	}
	if d.Version() != "1" || d.SHA256() != hash || d.Role() != serviceRole || d.RoleParameter() != "AutomationAssumeRole" ||
		d.Runbook().Name != "restart-web" || d.PolicyHash() != p.Hash() || d.Action() != policy.Run {
		t.Errorf("the decision lost something: %+v", d)
	}
}

func TestGateRecordsANo(t *testing.T) {
	t.Parallel()
	j := &journal{}
	d, err := policy.NewGate(parse(t, example)).Check(t.Context(), j, "", "", request(t, where("C0RANDOM", "random")))
	if err != nil || d.Allowed() || !d.Recorded() {
		t.Fatalf("allowed %v, recorded %v, %v", d.Allowed(), d.Recorded(), err)
	}
	got := j.records[0]
	if got.Allowed || got.Code != policy.CodeChannelNotGranted || got.Rule != "" ||
		got.Sentence != "No rule lets you run restart-web in #random." ||
		got.Near != "web-restarts lets web run it in #ops or #inc-*. #random is not one of its channels." {
		t.Errorf("recorded %+v", got)
	}
	if diff := cmp.Diff(map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa1"}}, got.Parameters); diff != "" {
		t.Error(diff)
	}
	if d.Role() != "" || d.RoleParameter() != "" || d.Version() != "" || d.SHA256() != "" {
		t.Error("a no says what to run")
	}
}

// What cannot be recorded does not happen, and nothing can act on what Check returned.
func TestGateRefusesWhatItCannotRecord(t *testing.T) {
	t.Parallel()
	g, full := policy.NewGate(parse(t, example)), errors.New("disk full")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, check := range map[string]func() (policy.Decision, error){
		"recorder fails": func() (policy.Decision, error) { return g.Check(t.Context(), &journal{err: full}, "", "", request(t)) },
		"no recorder":    func() (policy.Decision, error) { return g.Check(t.Context(), nil, "", "", request(t)) },
		"context ended":  func() (policy.Decision, error) { return g.Check(ended, &journal{}, "", "", request(t)) },
	} {
		d, err := check()
		if err == nil || d.Allowed() || d.Recorded() || d.ID() != "" || d.Code() != "" || d.Runbook() != nil {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
		if name == "recorder fails" && !errors.Is(err, full) {
			t.Errorf("the cause is lost: %v", err)
		}
	}
}

func TestGateWithoutPolicyOrRequest(t *testing.T) {
	t.Parallel()
	j := &journal{}
	d, err := policy.NewGate(nil).Check(t.Context(), j, "", "", request(t))
	if err != nil || d.Allowed() || d.Code() != policy.CodePolicyMissing {
		t.Errorf("without a policy: %v, %v", d.Code(), err)
	}
	g := policy.NewGate(parse(t, example))
	d, err = g.Check(t.Context(), j, "", "", nil)
	if err != nil || d.Allowed() || d.Code() != policy.CodeRequestInvalid {
		t.Errorf("without a request: %v, %v", d.Code(), err)
	}
	d, err = g.Check(t.Context(), j, "", "", &policy.Request{})
	if err != nil || d.Allowed() || d.Code() != policy.CodeRequestInvalid {
		t.Errorf("with an empty request: %v, %v", d.Code(), err)
	}
	if len(j.records) != 3 {
		t.Errorf("%d records", len(j.records))
	}
}

func TestZeroDecisionIsANo(t *testing.T) {
	t.Parallel()
	var d policy.Decision
	if d.Allowed() || d.Recorded() || d.ID() != "" || d.Code() != "" || d.Rule() != "" || d.Runbook() != nil || d.Role() != "" ||
		d.RoleParameter() != "" || d.Version() != "" || d.SHA256() != "" || d.Parameters() != nil || d.PolicyHash() != "" || d.Action() != "" {
		t.Errorf("%+v", d)
	}
	if d.Explain().Sentence == "" {
		t.Error("no sentence")
	}
	if policy.Decide(nil, nil).Allowed() || policy.Decide(&policy.Policy{}, request(t)).Allowed() {
		t.Error("an empty policy allows")
	}
}

// What was decided cannot be changed afterwards, neither through the request nor through the decision.
func TestDecisionKeepsWhatWasDecided(t *testing.T) {
	t.Parallel()
	r := request(t)
	d, err := policy.NewGate(parse(t, example)).Check(t.Context(), &journal{}, "", "", r)
	if err != nil {
		t.Fatal(err)
	}
	r.Parameters["InstanceId"][0] = "i-0bbbbbbbbbbbbbbb1"
	r.Parameters["AutomationAssumeRole"] = []string{otherRole}
	r.Document.Version, r.Document.SHA256 = "9", otherHash
	d.Parameters()["InstanceId"][0] = "i-0bbbbbbbbbbbbbbb1"
	if diff := cmp.Diff(map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa1"}}, d.Parameters()); diff != "" {
		t.Error(diff)
	}
	if d.Version() != "1" || d.SHA256() != hash {
		t.Errorf("version %s, hash %s", d.Version(), d.SHA256())
	}
}

// A policy that changes between the request and the start decides the start: less is a no, more is no upgrade of who asked.
func TestGateDecidesByTodaysPolicy(t *testing.T) {
	t.Parallel()
	g, j, r := policy.NewGate(parse(t, example)), &journal{}, request(t)
	check := func() policy.Code {
		d, err := g.Check(t.Context(), j, "", "r-1", r)
		if err != nil {
			t.Fatal(err)
		}
		return d.Code()
	}
	codes := []policy.Code{check()}
	for _, e := range [][2]string{
		{"{members: [ana, ben]}", "{members: [ben]}"},
		{`["#ops", "#inc-*"]`, `["#inc-*"]`},
		{"i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2], max_items: 1", "i-0aaaaaaaaaaaaaaa2], max_items: 1"},
		{"sha256: " + hash, "sha256: " + otherHash},
		{"AmazonSSMAutomationRole", "NewRole"},
	} {
		next := parse(t, strings.Replace(example, e[0], e[1], 1))
		g.Swap(next)
		if g.Policy() != next {
			t.Fatal("Swap did not put the policy in place")
		}
		codes = append(codes, check())
	}
	want := []policy.Code{policy.CodeGranted, policy.CodeNotGranted, policy.CodeChannelNotGranted, policy.CodeValueNotAllowed, policy.CodeHashOther, policy.CodeGranted}
	if diff := cmp.Diff(want, codes); diff != "" {
		t.Error(diff)
	}
	if d := policy.Decide(g.Policy(), r); !strings.HasSuffix(d.Role(), "NewRole") {
		t.Errorf("role %s", d.Role())
	}
}

func TestGateSwapsWhileItChecks(t *testing.T) {
	t.Parallel()
	yes, no := parse(t, example), parse(t, "version: 1\nservice_role: "+serviceRole+"\n")
	g, j, r := policy.NewGate(yes), &journal{}, request(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				d, err := g.Check(t.Context(), j, "", "", r)
				if err != nil || d.Allowed() != (d.PolicyHash() == yes.Hash()) {
					t.Errorf("%v by %s, %v", d.Code(), d.PolicyHash(), err)
				}
			}
		})
	}
	for i := range 200 {
		g.Swap([]*policy.Policy{yes, no}[i%2])
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, rec := range j.records {
		if seen[rec.ID] {
			t.Fatalf("the ID %s twice", rec.ID)
		}
		seen[rec.ID] = true
	}
}

// A record of a hostile request can be written to any database: valid text of bounded size, without NUL.
func TestRecordOfAHostileRequestIsTame(t *testing.T) {
	t.Parallel()
	j := &journal{}
	r := request(t, what("x\x00\xff"), with("a\x00", strings.Repeat("y", 1<<20)), with("InstanceId", many(1000, "\xff%d")...))
	for _, name := range many(1000, "P%d") {
		r.Parameters[name] = []string{"{{x}}"}
	}
	if _, err := policy.NewGate(parse(t, example)).Check(t.Context(), j, "", "", r); err != nil {
		t.Fatal(err)
	}
	rec, size := j.records[0], 0
	texts := []string{rec.Runbook, rec.Sentence, rec.Near}
	for name, values := range rec.Parameters {
		texts = append(append(texts, name), values...)
	}
	for _, text := range texts {
		size += len(text)
		if strings.ContainsAny(text, "\x00\uFFFD") || strings.ToValidUTF8(text, "") != text {
			t.Errorf("recorded %q", text)
		}
	}
	if size > 64<<10 {
		t.Errorf("the record has %d bytes", size)
	}
}
