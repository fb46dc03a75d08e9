package ssmserver

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"handrail/local/ssmserver/cloud"
)

// api is a step that calls an operation; more goes on in its inputs and closes them and the step.
func api(name, service, operation, more string) string {
	return fmt.Sprintf(`{"name":%q,"action":"aws:executeAwsApi","inputs":{"Service":%q,"Api":%q%s`, name, service, operation, more)
}

func outputsOf(e executionDetail, step string) map[string][]string {
	for _, s := range e.StepExecutions {
		if s.StepName == step {
			return s.Outputs
		}
	}
	return nil
}

func TestExecuteAwsAPI(t *testing.T) {
	const state = `},"outputs":[{"Name":"State","Selector":"$.Reservations[0].Instances[0].State.Name","Type":"String"},` +
		`{"Name":"Code","Selector":"$.ResponseMetadata.HTTPStatusCode","Type":"Integer"},{"Name":"Tries","Selector":"$.ResponseMetadata.RetryAttempts","Type":"Integer"},` +
		`{"Name":"None","Selector":"$.Nothing.Here","Type":"StringList"}]}`
	for _, spelling := range []string{"DescribeInstances", "describe_instances", "describeInstances"} {
		t.Run(spelling, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				e := b.after(time.Second, b.start(api("look", "EC2", spelling, `,"InstanceIds":["`+web1+`"]`+state)))
				b.want(e, "Success: look=Success")
				if diff := cmp.Diff(map[string][]string{"State": {"running"}, "Code": {"200"}, "Tries": {"0"}, "None": {}}, outputsOf(e, "look")); diff != "" {
					b.Error(diff)
				}
			})
		})
	}
}

func TestExecuteAwsAPIFails(t *testing.T) {
	stubs := `
ec2.DescribeVpcs: [error: {code: UnauthorizedOperation, message: You are not authorized to perform this operation.}]
ec2.DescribeSubnets: [error: {code: RequestLimitExceeded, message: Request limit exceeded.}]
ec2.DescribeKeyPairs: [response: {KeyPairs: [{KeyName: a}, {KeyName: b}]}]
`
	for name, row := range map[string]struct{ step, want, stage, kind string }{
		"refused": {api("a", "ec2", "DescribeInstances", `,"InstanceIds":["i-0ccccccccccccccc1"]}}`), "Step fails when it is Execute/Cancelling action. An error occurred " +
			"(InvalidInstanceID.NotFound) when calling the DescribeInstances operation: The instance ID 'i-0ccccccccccccccc1' does not exist. " + guide, "Invocation", "Action"},
		"not allowed": {api("a", "ec2", "DescribeVpcs", `}}`), "Step fails when it is Execute/Cancelling action. An error occurred (UnauthorizedOperation) " +
			"when calling the DescribeVpcs operation: You are not authorized to perform this operation. " + guide, "Invocation", "Permission"},
		"throttled": {api("a", "ec2", "describe_subnets", `}}`), "An error occurred (RequestLimitExceeded) when calling the DescribeSubnets operation: Request limit exceeded. ", "Invocation", "Throttling"},
		"nobody implements it": {api("a", "dax", "DescribeClusters", `}}`), "Execute/Cancelling action. The local AWS does not implement dax.DescribeClusters; " +
			"stub its answer, or pass the calls on with --aws-endpoint. ", "Invocation", "Action"},
		"an output of another type": {api("a", "ec2", "DescribeKeyPairs", `},"outputs":[{"Name":"Names","Selector":"$.KeyPairs[*].KeyName","Type":"String"}]}`),
			"Output Names with the selector $.KeyPairs[*].KeyName is of type ArrayList, but expected type is String", "Invocation", "Action"},
		"no service":     {`{"name":"a","action":"aws:executeAwsApi","inputs":{"Service":"","Api":"X"}}`, "The input Service is required", "InputValidation", "Action"},
		"no operation":   {`{"name":"a","action":"aws:executeAwsApi","inputs":{"Service":"ec2","Api":""}}`, "The input Api is required", "InputValidation", "Action"},
		"another type":   {`{"name":"a","action":"aws:executeAwsApi","inputs":{"Service":"ec2","Api":[1]}}`, "The input Api must be a string", "InputValidation", "Action"},
		"strange params": {api("a", "ssm", "GetParameter", `,"Name":"x","Nam":1}}`), "An error occurred (ValidationException) when calling the GetParameter operation: 1 validation error detected", "Invocation", "Action"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Stubs: mustStubs(t, stubs)}, func(b *bubble) {
				e := b.after(time.Second, b.start(row.step))
				b.want(e, "Failed: a=Failed")
				if !strings.Contains(e.FailureMessage, row.want) {
					b.Errorf("%s", e.FailureMessage)
				}
				if d := e.StepExecutions[0].FailureDetails; d == nil || d.FailureStage != row.stage || d.FailureType != row.kind {
					b.Errorf("%+v", d)
				}
			})
		})
	}
}

// backendFunc is a backend of a test.
type backendFunc func(ctx context.Context, call cloud.Call) (map[string]any, error)

func (f backendFunc) Call(ctx context.Context, call cloud.Call) (map[string]any, error) {
	return f(ctx, call)
}

func TestOneCallTakes25SecondsAtMost(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.server.backend = backendFunc(func(ctx context.Context, _ cloud.Call) (map[string]any, error) {
			<-ctx.Done()
			return nil, fmt.Errorf("asking: %w", ctx.Err())
		})
		slow := b.start(api("a", "ec2", "DescribeInstances", `}}`))
		limited := b.start(api("a", "ec2", "DescribeInstances", `},"timeoutSeconds":5}`))
		b.want(b.after(6*time.Second, limited), "TimedOut: a=TimedOut")
		b.want(b.after(18*time.Second, slow), "InProgress: a=InProgress")
		e := b.after(2*time.Second, slow)
		b.want(e, "Failed: a=Failed")
		if !strings.Contains(e.FailureMessage, "The call of ec2.DescribeInstances took longer than 25 seconds") {
			b.Error(e.FailureMessage)
		}
	})
}

// Runbooks call this server's own operations in process, as the identity of their execution.
func TestRunbooksCallTheirOwnSSM(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.must("PutParameter", `{"Name":"/app/key","Value":"swordfish","Type":"SecureString"}`)
		steps := api("read", "ssm", "get_parameter", `,"Name":"/app/key","WithDecryption":true},"outputs":[{"Name":"Value","Selector":"$.Parameter.Value","Type":"String"}]}`) + "," +
			api("write", "SSM", "PutParameter", `,"Name":"/app/new","Value":"{{ read.Value }}","Type":"String"}}`) + "," +
			api("begin", "ssm", "StartAutomationExecution", `,"DocumentName":"AWS-StartEC2Instance","Parameters":{"InstanceId":["`+web1+
				`"]}},"outputs":[{"Name":"Id","Selector":"$.AutomationExecutionId","Type":"String"}]}`) + "," +
			api("miss", "ssm", "GetAutomationExecution", `,"AutomationExecutionId":"`+someID+`"}}`)
		b.create("Own", steps)
		id, _ := b.must("StartAutomationExecution", `{"DocumentName":"Own"}`)["AutomationExecutionId"].(string)
		e := b.after(time.Second, id)
		b.want(e, "Failed: read=Success write=Success begin=Success miss=Failed")
		if !strings.Contains(e.FailureMessage, "An error occurred (AutomationExecutionNotFoundException) when calling the GetAutomationExecution operation: ") {
			b.Error(e.FailureMessage)
		}
		if got := outputsOf(e, "read")["Value"]; len(got) != 1 || got[0] != "swordfish" {
			b.Errorf("%v", got)
		}
		child, err := b.server.executions.get(outputsOf(e, "begin")["Id"][0])
		if err != nil || child.executedBy != e.ExecutedBy {
			b.Errorf("%v %v", child, err)
		}
		ledger := b.ledger(id)
		want := []string{"ssm.GetParameter", "ssm.PutParameter", "ssm.StartAutomationExecution", "ssm.GetAutomationExecution AutomationExecutionNotFoundException"}
		if diff := cmp.Diff(want, ledger); diff != "" {
			b.Error(diff)
		}
		if parent, _ := b.server.executions.get(id); strings.Contains(jsonText(parent.awsCalls), "swordfish") {
			b.Error("the ledger holds the value of a parameter")
		}
	})
}

// ledger gives the operations that an execution called, with their errors.
func (b *bubble) ledger(id string) []string {
	b.Helper()
	e, err := b.server.executions.get(id)
	if err != nil {
		b.Fatal(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []string
	for _, call := range e.awsCalls {
		out = append(out, strings.TrimSpace(call.Operation+" "+call.Error))
	}
	return out
}

func TestBackendsAreAskedInOrder(t *testing.T) {
	inBubble(t, Options{Stubs: mustStubs(t, "ssm.GetParameter: [response: {From: stub}]\nec2.DescribeInstances: [{when: {DryRun: true}, response: {From: stub}}]")}, func(b *bubble) {
		far := backendFunc(func(_ context.Context, call cloud.Call) (map[string]any, error) {
			return map[string]any{"From": "endpoint"}, nil
		})
		ask := func(back backend, name string, params map[string]any) string {
			service, operation, _ := strings.Cut(name, ".")
			answer, err := back.Call(b.Context(), cloud.Call{Service: service, Operation: operation, Params: params})
			if err != nil {
				return err.Error()
			}
			if from, ok := answer["From"].(string); ok {
				return from
			}
			return "here"
		}
		for i, row := range [][4]string{
			{"ssm.GetParameter", "", "stub", "stub"}, {"ec2.DescribeInstances", "DryRun", "stub", "stub"}, {"ec2.DescribeInstances", "", "here", "endpoint"},
			{"ssm.ListDocuments", "", "here", "endpoint"}, {"ssm.listdocuments", "", "here", "endpoint"},
			{"ssm.CreateOpsItem", "", "The local AWS does not implement ssm.CreateOpsItem; stub its answer, or pass the calls on with --aws-endpoint", "endpoint"},
		} {
			params := map[string]any{}
			if row[1] != "" {
				params[row[1]] = true
			}
			if got := ask(b.server.newBackend(nil), row[0], params); got != row[2] {
				b.Errorf("%d: %s", i, got)
			}
			if got := ask(b.server.newBackend(far), row[0], params); got != row[3] {
				b.Errorf("%d with an endpoint: %s", i, got)
			}
		}
	})
}

// boto3 in scripts is answered by stubs, too; nobody else who calls the local SSM is.
func TestStubsAnswerScripts(t *testing.T) {
	t.Parallel()
	o := quick()
	o.Stubs = mustStubs(t, `
ssm.GetParameter: [{response: {Parameter: {Value: stubbed}}}, {error: {code: ParameterNotFound, message: gone}}]
ssm.DescribeOpsItems: [response: {OpsItemSummaries: [{OpsItemId: oi-1}]}]
`)
	w := newWorld(t, o)
	id := w.start("AWS-RestartEC2Instance", map[string][]string{"InstanceId": {web1}, "AutomationAssumeRole": {role}})
	e, err := w.server.executions.get(id)
	if err != nil {
		t.Fatal(err)
	}
	key := w.server.keys.mint(e, e.main[0])
	script := as(key.access, key.secret, key.token)
	parameter := &ssm.GetParameterInput{Name: aws.String("/x")}
	got, err := w.client.GetParameter(t.Context(), parameter, script)
	if err != nil || aws.ToString(got.Parameter.Value) != "stubbed" {
		t.Errorf("%v %v", got, err)
	}
	if _, err := w.client.GetParameter(t.Context(), parameter, script); !strings.Contains(fmt.Sprint(err), "ParameterNotFound: gone") {
		t.Errorf("the second answer: %v", err)
	}
	items, err := w.client.DescribeOpsItems(t.Context(), &ssm.DescribeOpsItemsInput{}, script)
	if err != nil || len(items.OpsItemSummaries) != 1 {
		t.Errorf("%v %v", items, err)
	}
	if _, err := w.client.GetParameter(t.Context(), parameter); !strings.Contains(fmt.Sprint(err), "Parameter /x not found") {
		t.Errorf("another caller: %v", err)
	}
	if _, err := w.client.DescribeOpsItems(t.Context(), &ssm.DescribeOpsItemsInput{}); !strings.Contains(fmt.Sprint(err), "UnknownOperationException") {
		t.Errorf("another caller: %v", err)
	}
}
