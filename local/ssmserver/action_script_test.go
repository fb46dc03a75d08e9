package ssmserver

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"
)

// scriptWorld is a world whose server knows its own address and runs scripts with the test binary.
func scriptWorld(t *testing.T, o Options) *world {
	t.Helper()
	listener := httptest.NewUnstartedServer(nil)
	o.Python, o.URL = fakePython(t), "http://"+listener.Listener.Addr().String()
	server, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	listener.Config.Handler = server
	listener.Start()
	t.Cleanup(listener.Close)
	client := ssm.New(ssm.Options{Region: "eu-west-1", BaseEndpoint: aws.String(listener.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")})
	return &world{T: t, server: server, url: listener.URL, client: client}
}

// startStep starts a document of one step, which is given as JSON, that runs under a role, or under none for "".
func (w *world) startStep(step, role string) (id string) {
	w.Helper()
	content := `{"schemaVersion":"0.3","assumeRole":"` + role + `","parameters":{"N":{"type":"Integer","default":7}},"mainSteps":[` + step + `]}`
	name := fmt.Sprintf("Test-%d", len(w.server.documents.all()))
	_, err := w.client.CreateDocument(w.Context(), &ssm.CreateDocumentInput{Name: &name, Content: &content, DocumentType: types.DocumentTypeAutomation})
	if err != nil {
		w.Fatal(err)
	}
	return w.start(name, nil)
}

// ended waits for the end of an execution that starts processes, which takes a while where much else runs.
func (w *world) ended(id string) *types.AutomationExecution {
	w.Helper()
	e, err := w.server.executions.get(id)
	if err != nil {
		w.Fatal(err)
	}
	select {
	case <-e.done:
	case <-time.After(30 * time.Second):
		w.Fatalf("%s does not end", id)
	}
	return w.get(id)
}

// scriptStep is a step that runs a script, with more of the step's keys.
func scriptStep(source, more string) string {
	text, _ := json.Marshal(source)
	return `{"name":"run","action":"aws:executeScript","inputs":{"Runtime":"python3.11","Handler":"main","InputPayload":{"n":"{{N}}"},"Script":` + string(text) + `}` + more + `}`
}

func TestScriptPayloadAndOutputs(t *testing.T) {
	t.Parallel()
	w := scriptWorld(t, quick())
	e := w.ended(w.startStep(scriptStep("print hello\nrequest", `,"outputs":[{"Name":"Handler","Selector":"$.Payload.handler","Type":"String"},`+
		`{"Name":"N","Selector":"$.Payload.events.n","Type":"Integer"},{"Name":"Nothing","Selector":"$.Payload.nothing","Type":"String"}]`), ""))
	if e.AutomationExecutionStatus != types.AutomationExecutionStatusSuccess {
		t.Fatal(aws.ToString(e.FailureMessage))
	}
	const payload = `{"context":{},"events":{"n":7},"handler":"main","packages":"","seconds":601}`
	want := map[string][]string{"Handler": {"main"}, "N": {"7"}, "Nothing": {""}, "Payload": {payload}, "OutputPayload": {`{"Payload":` + payload + `}`}}
	if diff := cmp.Diff(want, e.StepExecutions[0].Outputs); diff != "" {
		t.Error(diff)
	}
}

func TestScriptFailures(t *testing.T) {
	t.Parallel()
	w := scriptWorld(t, quick())
	const poll = "Step fails when it is Poll action status for completion. "
	const inputs = "Step fails when it is validating and resolving the step inputs. "
	for name, c := range map[string]struct{ step, want string }{
		"traceback": {scriptStep("fail Traceback (most recent call last):|  File \"x\", line 4, in main||KeyError - 'n'", ""),
			poll + "Traceback (most recent call last):\n  File \"x\", line 4, in main\n\nKeyError - 'n'. " + guide},
		"flood":   {scriptStep("flood", ""), poll + "the script printed more than it may, which is 100 KB. " + guide},
		"no JSON": {scriptStep("print bye", ""), poll + "the script ended before its handler returned. " + guide},
		"PowerShell": {strings.Replace(scriptStep("x", ""), "python3.11", "PowerShell 7.4", 1),
			"Step fails when it is Execute/Cancelling action. The local SSM runs scripts in Python alone, and this one wants PowerShell 7.4. " + guide},
		"runtime": {strings.Replace(scriptStep("x", ""), "python3.11", "ruby", 1), inputs + "The input Runtime must be a Python such as python3.11, or a PowerShell. " + guide},
		"handler": {strings.Replace(scriptStep("x", ""), `"main"`, `""`, 1), inputs + "The inputs Handler and Script must not be empty. " + guide},
		"payload": {strings.Replace(scriptStep("x", ""), `{"n":"{{N}}"}`, `"{{N}}"`, 1), inputs + "The input InputPayload must be an object. " + guide},
		"attachment": {strings.Replace(scriptStep("x", ""), `"Handler"`, `"Attachment":"a.zip","Handler"`, 1),
			"Step fails when it is Execute/Cancelling action. The local SSM has no attachments; the script must be in the input Script. " + guide},
		"output": {scriptStep(`return {"a":1}`, `,"outputs":[{"Name":"A","Selector":"$.Payload","Type":"StringList"}]`),
			"Step fails when it is Execute/Cancelling action. Output A with the selector $.Payload is of type LinkedHashMap, but expected type is StringList. " + guide},
	} {
		t.Run(name, func(t *testing.T) {
			e := w.ended(w.startStep(c.step, ""))
			if got := aws.ToString(e.StepExecutions[0].FailureMessage); e.AutomationExecutionStatus != types.AutomationExecutionStatusFailed || got != c.want {
				t.Errorf("%s\ngot  %s\nwant %s", e.AutomationExecutionStatus, got, c.want)
			}
		})
	}
}

func TestScriptWithoutPython(t *testing.T) {
	t.Parallel()
	o := quick()
	o.Python = "python3-that-nobody-has"
	w := newWorld(t, o)
	e := w.ended(w.startStep(scriptStep("x", ""), ""))
	if got := aws.ToString(e.FailureMessage); !strings.Contains(got, `looking for Python, which runs scripts: exec: "python3-that-nobody-has"`) {
		t.Error(got)
	}
}

// environment is what a script of an execution with this role sees.
func (w *world) environment(role string) map[string]string {
	w.Helper()
	e := w.ended(w.startStep(scriptStep("environment", ""), role))
	var entries []string
	if err := json.Unmarshal([]byte("["+quotedList(e.StepExecutions[0].Outputs["Payload"])+"]"), &entries); err != nil {
		w.Fatal(err, aws.ToString(e.FailureMessage))
	}
	out := map[string]string{}
	for _, entry := range entries {
		key, value, _ := strings.Cut(entry, "=")
		out[key] = value
	}
	return out
}

func quotedList(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = jsonText(item)
	}
	return strings.Join(quoted, ",")
}

func TestScriptEnvironment(t *testing.T) {
	t.Parallel()
	w := scriptWorld(t, quick())
	got := w.environment("")
	for key, want := range map[string]string{"AWS_ENDPOINT_URL": w.url, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "PATH": "",
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""} {
		if got[key] != want {
			t.Errorf("%s is %q, not %q", key, got[key], want)
		}
	}
	if got := w.environment(role); !strings.HasPrefix(got["AWS_ACCESS_KEY_ID"], "ASIA") || got["AWS_SECRET_ACCESS_KEY"] == "" || got["AWS_SESSION_TOKEN"] == "" {
		t.Errorf("with a role: %v", got)
	}
	o := quick()
	o.AWSEndpoint = "http://127.0.0.1:5000"
	if got := scriptWorld(t, o).environment("")["AWS_ENDPOINT_URL"]; got != o.AWSEndpoint {
		t.Errorf("with an endpoint: %s", got)
	}
}

func TestScriptCallsAreInItsLedger(t *testing.T) {
	t.Parallel()
	w := scriptWorld(t, quick())
	id := w.startStep(scriptStep(`call GetAutomationExecution {"AutomationExecutionId":"`+someID+`"}`, ""), role)
	e := w.ended(id)
	if got := e.StepExecutions[0].Outputs["Payload"]; len(got) != 1 || !strings.Contains(got[0], "AutomationExecutionNotFoundException") {
		t.Fatal(got, aws.ToString(e.FailureMessage))
	}
	run, err := w.server.executions.get(id)
	if err != nil {
		t.Fatal(err)
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	if len(run.awsCalls) != 1 {
		t.Fatalf("%+v", run.awsCalls)
	}
	call := run.awsCalls[0]
	if call.Step != "run" || call.Operation != "ssm.GetAutomationExecution" || call.Role != role || !strings.HasSuffix(call.Caller, "/Automation-"+id) {
		t.Errorf("%+v", call)
	}
	w.server.keys.mu.Lock()
	defer w.server.keys.mu.Unlock()
	if len(w.server.keys.keys) != 0 {
		t.Errorf("%d keys are left", len(w.server.keys.keys))
	}
}

func TestScriptStops(t *testing.T) {
	t.Parallel()
	w := scriptWorld(t, quick())
	timedOut := w.startStep(scriptStep("hang", `,"timeoutSeconds":1`), "")
	cancelled := w.startStep(scriptStep("hang", ""), "")
	if _, err := w.client.StopAutomationExecution(t.Context(), &ssm.StopAutomationExecutionInput{AutomationExecutionId: &cancelled}); err != nil {
		t.Fatal(err)
	}
	if e := w.ended(cancelled); e.AutomationExecutionStatus != types.AutomationExecutionStatusCancelled {
		t.Error(e.AutomationExecutionStatus)
	}
	if e := w.ended(timedOut); aws.ToString(e.FailureMessage) != "Step timed out while step is verifying the script has completed. "+guide {
		t.Error(e.AutomationExecutionStatus, aws.ToString(e.FailureMessage))
	}
	w.startStep(scriptStep("hang", ""), "")
	began := time.Now()
	if w.server.Close(); time.Since(began) > 20*time.Second {
		t.Error("the server waited for a script")
	}
}
