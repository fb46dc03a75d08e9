package automation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"handrail/local/ssmserver"
	"handrail/policy"
)

const localDocument = `schemaVersion: "0.3"
assumeRole: "{{ AutomationAssumeRole }}"
parameters: {AutomationAssumeRole: {type: String, default: ""}}
mainSteps:
  - {name: nap, action: "aws:sleep", inputs: {Duration: PT1S}}
`

// region is an engine with a real client on a local SSM.
type region struct {
	*testing.T
	ssm    *ssmserver.Server
	url    string
	store  *memory
	client *Client
	gate   *policy.Gate
	engine *Engine
	begin  func() // called when a start is on its way; guarded by mu
	mu     sync.Mutex
	alarms []Alarm
}

// newRegion runs an engine over documents; extra goes into the runbook `it`, which runs Doc.
func newRegion(t *testing.T, documents map[string]string, extra string) *region {
	t.Helper()
	server, err := ssmserver.New(ssmserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &region{T: t, ssm: server, store: &memory{rows: map[string]*Execution{}}}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if strings.HasSuffix(q.Header.Get("X-Amz-Target"), opStart) {
			r.mu.Lock()
			if r.begin != nil {
				r.begin()
			}
			r.mu.Unlock()
		}
		server.ServeHTTP(w, q)
	}))
	r.url = web.URL
	for name, content := range documents {
		r.load(name, content)
	}
	r.client = NewClient(ClientOptions{Config: aws.Config{Credentials: credentials.NewStaticCredentialsProvider("x", "x", "")}, EndpointURL: web.URL,
		Quotas: Quotas{Start: 1000, Stop: 1000, Describe: 1000, Document: 1000}})
	info, err := r.client.DescribeDocument(t.Context(), "eu-west-1", "Doc", "1")
	if err != nil {
		t.Fatal(err)
	}
	r.gate = policy.NewGate(mustPolicy(t, `version: 1
service_role: `+ourRole+`
identities: {ana: {slack: U012ANA}}
groups: {web: {members: [ana]}}
runbooks:
  it: {document: Doc, version: "1", sha256: `+info.SHA256+extra+`}
grants: [{name: all, to: [web], runbooks: [it], channels: ["#ops"]}]
`))
	r.engine = New(Options{Store: r.store, Gate: r.gate, Directory: &town{}, AWS: r.client, Catalogue: NewCatalogue(r.client, "eu-west-1"), Owner: "one",
		Poll: 20 * time.Millisecond, OnAlarm: r.alarm})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.engine.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		web.Close()
		server.Close()
	})
	return r
}

func (r *region) alarm(a Alarm) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alarms = append(r.alarms, a)
}

func (r *region) load(name, content string) {
	r.Helper()
	if err := r.ssm.Load(name, content); err != nil {
		r.Fatal(err)
	}
}

// run submits a request and waits until the execution is over.
func (r *region) run(key string) *Execution {
	r.Helper()
	a := ask(key)
	a.Runbook, a.Parameters = "it", nil
	out, err := r.engine.Submit(r.Context(), a)
	if err != nil || out.Execution == nil {
		r.Fatalf("%v: %s", err, out.Decision.Explain().Sentence)
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if x, err := r.store.Execution(r.Context(), out.Execution.ID); err != nil || x.State.Terminal() {
			return x
		}
	}
	r.Fatal("it does not end")
	return nil
}

// started are the requests to start an automation that AWS was sent.
func (r *region) started() []map[string]any {
	r.Helper()
	res, err := http.Get(r.url + "/control/calls?operation=" + opStart)
	if err != nil {
		r.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	var calls struct {
		Calls []struct{ Request map[string]any }
	}
	if err == nil {
		err = json.Unmarshal(body, &calls)
	}
	if err != nil {
		r.Fatal(err)
	}
	out := make([]map[string]any, 0, len(calls.Calls))
	for _, c := range calls.Calls {
		out = append(out, c.Request)
	}
	return out
}

func TestARunInOtherAccountsFromEndToEnd(t *testing.T) {
	t.Parallel()
	r := newRegion(t, map[string]string{"Doc": localDocument},
		", locations: [{accounts: ['123456789012', '210987654321'], regions: [eu-west-1, us-east-1], execution_role: Runner}]")
	x := r.run("k")
	if x.State != Succeeded || len(x.Steps) != 4 {
		t.Errorf("%s (%s) after %d steps", x.State, x.Failure, len(x.Steps))
	}
	sent := r.started()
	if len(sent) != 1 {
		t.Fatalf("sent %v", sent)
	}
	got, err := json.Marshal(sent[0]["TargetLocations"])
	if err != nil || string(got) != `[{"Accounts":["123456789012","210987654321"],"ExecutionRoleName":"Runner","Regions":["eu-west-1","us-east-1"]}]` {
		t.Errorf("sent %s, %v", got, err)
	}
}

func TestARunWithoutLocationsStaysInItsAccount(t *testing.T) {
	t.Parallel()
	r := newRegion(t, map[string]string{"Doc": localDocument}, "")
	if x := r.run("k"); x.State != Succeeded {
		t.Errorf("%s: %s", x.State, x.Failure)
	}
	if sent := r.started(); len(sent) != 1 || sent[0]["TargetLocations"] != nil {
		t.Errorf("sent %v", sent)
	}
}

// Somebody deletes the document and makes it again, as version 1, when the start is on its way.
func TestADocumentSwappedOnTheWay(t *testing.T) {
	t.Parallel()
	r := newRegion(t, map[string]string{"Doc": localDocument}, "")
	r.mu.Lock()
	r.begin = func() { r.load("Doc", strings.Replace(localDocument, "PT1S", "PT1H", 1)) }
	r.mu.Unlock()
	x := r.run("k")
	if x.State != Cancelled || !fouled(x) || !strings.Contains(x.Note, "the content of Doc version 1 is not the one that was decided about") {
		t.Errorf("%s: %s", x.State, x.Note)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.alarms) != 1 || r.alarms[0].AWSID != x.AWSID {
		t.Errorf("alarms %+v", r.alarms)
	}
}

// The same with a document that is started by the one that was asked for.
func TestAChildSwappedOnTheWay(t *testing.T) {
	t.Parallel()
	parent := strings.Replace(localDocument, `{name: nap, action: "aws:sleep", inputs: {Duration: PT1S}}`,
		`{name: go, action: "aws:executeAutomation", inputs: {DocumentName: Child, DocumentVersion: "1", RuntimeParameters: {AutomationAssumeRole: "{{ AutomationAssumeRole }}"}}}`, 1)
	sum := hashOf(localDocument)
	r := newRegion(t, map[string]string{"Doc": parent, "Child": localDocument}, ", children: [{document: Child, version: '1', sha256: "+sum+"}]")
	if x := r.run("good"); x.State != Succeeded {
		t.Fatalf("%s: %s %s", x.State, x.Note, x.Failure)
	}
	r.mu.Lock()
	r.begin = func() { r.load("Child", strings.Replace(localDocument, "PT1S", "PT1H", 1)) }
	r.mu.Unlock()
	x := r.run("bad")
	if x.State != Cancelled || !strings.Contains(x.Note, "version 1, and its content is not the one that the policy pins.") {
		t.Errorf("%s: %s", x.State, x.Note)
	}
	a := ask("late")
	a.Runbook, a.Parameters = "it", nil
	out, err := r.engine.Submit(t.Context(), a) // the catalogue has learned of it
	if err != nil || out.Decision.Code() != policy.CodeChildOther {
		t.Errorf("afterwards it is %s, %v", out.Decision.Code(), err)
	}
}

func TestGhostsOfALocalSSM(t *testing.T) {
	t.Parallel()
	r := newRegion(t, map[string]string{"Doc": localDocument}, "")
	ours := r.run("k").AWSID
	raw := ssm.New(ssm.Options{Region: "eu-west-1", BaseEndpoint: aws.String(r.url), Credentials: credentials.NewStaticCredentialsProvider("x", "x", "")})
	start := func(parameters map[string][]string) string {
		out, err := raw.StartAutomationExecution(t.Context(), &ssm.StartAutomationExecutionInput{DocumentName: aws.String("Doc"), Parameters: parameters})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(out.AutomationExecutionId)
	}
	ghost := start(map[string][]string{"AutomationAssumeRole": {ourRole}})
	start(nil)
	seen, err := r.client.Started(t.Context(), "eu-west-1", time.Now().Add(-time.Minute), time.Now().Add(time.Minute))
	if err != nil || len(seen) != 3 {
		t.Fatalf("seen %+v, %v", seen, err)
	}
	if early, err := r.client.Started(t.Context(), "eu-west-1", time.Now().Add(-time.Hour), time.Now().Add(-30*time.Minute)); err != nil || len(early) != 0 {
		t.Errorf("seen half an hour ago: %+v, %v", early, err)
	}
	a := newAccount()
	a.ours[ours] = true
	g := NewGhostWatch(GhostOptions{Gate: r.gate, AWS: r.client, Sightings: a, Catalogue: r.engine.Catalogue, OnAlarm: r.alarm})
	if err := g.through(t.Context(), "eu-west-1", time.Now().Add(-time.Minute), time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.alarms) != 1 || r.alarms[0].AWSID != ghost || r.alarms[0].Document != "Doc" || !strings.Contains(r.alarms[0].ExecutedBy, ":assumed-role/") {
		t.Errorf("found %+v", r.alarms)
	}
}

func hashOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}
