package ssmserver

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// refusal is the code and message of an error of the SDK.
func refusal(err error) (code, message string) {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode(), api.ErrorMessage()
	}
	return "", ""
}

func restartInput() *ssm.StartAutomationExecutionInput {
	return &ssm.StartAutomationExecutionInput{DocumentName: aws.String("AWS-RestartEC2Instance"),
		Parameters: map[string][]string{"InstanceId": {web1}, "AutomationAssumeRole": {role}}}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	tags := func(keys ...string) []types.Tag {
		var out []types.Tag
		for _, k := range keys {
			out = append(out, types.Tag{Key: aws.String(k), Value: aws.String("")})
		}
		return out
	}
	const invalid = "InvalidAutomationExecutionParametersException"
	for name, row := range map[string]struct {
		change        func(*ssm.StartAutomationExecutionInput)
		code, message string
	}{
		"missing":     {func(in *ssm.StartAutomationExecutionInput) { delete(in.Parameters, "InstanceId") }, invalid, "Missing required parameter: InstanceId in user inputs."},
		"unknown":     {func(in *ssm.StartAutomationExecutionInput) { in.Parameters["Speed"] = []string{"1"} }, invalid, "Unknown parameter: Speed is not declared in the document."},
		"no role ARN": {func(in *ssm.StartAutomationExecutionInput) { in.Parameters["AutomationAssumeRole"] = []string{"admin"} }, invalid, "The format of the supplied assume role ARN isn't valid."},
		"unknown role": {func(in *ssm.StartAutomationExecutionInput) {
			in.Parameters["AutomationAssumeRole"] = []string{role + "X"}
		}, invalid, "The defined assume role is unable to be assumed."},
		"unknown version": {func(in *ssm.StartAutomationExecutionInput) { in.DocumentVersion = aws.String("2") }, "AutomationDefinitionVersionNotFoundException", ""},
		"another account": {func(in *ssm.StartAutomationExecutionInput) {
			in.DocumentName = aws.String("arn:aws:ssm:eu-west-1:999999999999:document/AWS-RestartEC2Instance")
		}, "AutomationDefinitionNotFoundException", ""},
		"six tags":     {func(in *ssm.StartAutomationExecutionInput) { in.Tags = tags("a", "b", "c", "d", "e", "f") }, "ValidationException", "At most 5 tags can be given when an automation starts."},
		"the same tag": {func(in *ssm.StartAutomationExecutionInput) { in.Tags = tags("a", "a") }, "ValidationException", "The tag key a is given twice."},
		"a reserved":   {func(in *ssm.StartAutomationExecutionInput) { in.Tags = tags("AWS:a") }, "ValidationException", ""},
		"locations URL": {func(in *ssm.StartAutomationExecutionInput) {
			in.TargetLocationsURL = aws.String("https://b.s3.amazonaws.com/k")
		}, "ValidationException", "TargetLocationsURL is not"},
	} {
		in := restartInput()
		row.change(in)
		_, err := w.client.StartAutomationExecution(t.Context(), in)
		if code, message := refusal(err); code != row.code || !strings.HasPrefix(message, row.message) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(w.server.executions.newest()) != 0 {
		t.Error("a refused start left an execution")
	}
}

func TestStartByARNAndVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	for _, name := range []string{"arn:aws:ssm:eu-west-1::document/AWS-StartEC2Instance", "arn:aws:ssm:eu-west-1:123456789012:document/AWS-StartEC2Instance"} {
		for _, version := range []string{"1", "$DEFAULT", "$LATEST"} {
			out, err := w.client.StartAutomationExecution(t.Context(), &ssm.StartAutomationExecutionInput{DocumentName: &name, DocumentVersion: &version,
				Parameters: map[string][]string{"InstanceId": {web1}}})
			if err != nil {
				t.Fatal(err)
			}
			e := w.get(*out.AutomationExecutionId)
			if *e.DocumentName != "AWS-StartEC2Instance" || *e.DocumentVersion != "1" {
				t.Errorf("%s %s: %s %s", name, version, *e.DocumentName, *e.DocumentVersion)
			}
			if diff := cmp.Diff(map[string][]string{"InstanceId": {web1}, "AutomationAssumeRole": {""}}, e.Parameters); diff != "" {
				t.Error(diff)
			}
		}
	}
}

func TestClientToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	in := restartInput()
	in.ClientToken = aws.String(uuid.NewString())
	first, err := w.client.StartAutomationExecution(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	w.waitEnd(*first.AutomationExecutionId)
	in.ClientToken = aws.String(strings.ToUpper(*in.ClientToken))
	again, err := w.client.StartAutomationExecution(t.Context(), in)
	if err != nil || *again.AutomationExecutionId != *first.AutomationExecutionId {
		t.Errorf("the same again: %v, %v", again, err)
	}
	for name, change := range map[string]func(*ssm.StartAutomationExecutionInput){
		"parameters": func(in *ssm.StartAutomationExecutionInput) { in.Parameters["InstanceId"] = []string{web2} },
		"document":   func(in *ssm.StartAutomationExecutionInput) { in.DocumentName = aws.String("AWS-StopEC2Instance") },
		"version":    func(in *ssm.StartAutomationExecutionInput) { in.DocumentVersion = aws.String("1") },
		"tags": func(in *ssm.StartAutomationExecutionInput) {
			in.Tags = []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}
		},
		"mode":        func(in *ssm.StartAutomationExecutionInput) { in.Mode = types.ExecutionModeInteractive },
		"concurrency": func(in *ssm.StartAutomationExecutionInput) { in.MaxConcurrency = aws.String("5") },
		"errors":      func(in *ssm.StartAutomationExecutionInput) { in.MaxErrors = aws.String("5") },
		"target":      func(in *ssm.StartAutomationExecutionInput) { in.TargetParameterName = aws.String("InstanceId") },
		"targets": func(in *ssm.StartAutomationExecutionInput) {
			in.Targets = []types.Target{{Key: aws.String("ParameterValues"), Values: []string{web1}}}
		},
		"maps": func(in *ssm.StartAutomationExecutionInput) {
			in.TargetMaps = []map[string][]string{{"InstanceId": {web1}}}
		},
		"locations": func(in *ssm.StartAutomationExecutionInput) {
			in.TargetLocations = []types.TargetLocation{{Accounts: []string{other}, Regions: []string{"eu-west-1"}}}
		},
		"alarm": func(in *ssm.StartAutomationExecutionInput) {
			in.AlarmConfiguration = &types.AlarmConfiguration{Alarms: []types.Alarm{{Name: aws.String("a")}}}
		},
	} {
		other := restartInput()
		other.ClientToken = in.ClientToken
		change(other)
		_, err := w.client.StartAutomationExecution(t.Context(), other)
		if code, _ := refusal(err); code != "IdempotentParameterMismatch" {
			t.Errorf("another %s: %v", name, err)
		}
	}
}

func TestATokenOutlivesItsDocument(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.create("Test-Gone", ok("a", ""))
		const token = "abcdefab-1234-1234-1234-123456789012"
		body := func(token string) string { return `{"DocumentName":"Test-Gone","ClientToken":"` + token + `"}` }
		first := b.must("StartAutomationExecution", body(token))
		b.must("DeleteDocument", `{"Name":"Test-Gone"}`)
		if again := b.must("StartAutomationExecution", body(strings.ToUpper(token))); again["AutomationExecutionId"] != first["AutomationExecutionId"] {
			b.Errorf("%v and %v", first, again)
		}
	})
}

// Two starts with one token can both find no execution of it before either is taken in.
func TestTheRegistryTakesATokenOnce(t *testing.T) {
	t.Parallel()
	r := newRegistry(10)
	first, second := &execution{id: "1", token: "Aa"}, &execution{id: "2", token: "aA"}
	launched := 0
	for _, e := range []*execution{first, second} {
		if kept, err := r.add(e, func() error { launched++; return nil }); kept != first || err != nil {
			t.Errorf("%s: %v %v", e.id, kept, err)
		}
	}
	if launched != 1 {
		t.Errorf("%d launched", launched)
	}
}

func TestOneTokenAtOnceIsOneExecution(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	in := restartInput()
	in.ClientToken = aws.String(uuid.NewString())
	ids := make([]string, 20)
	var group sync.WaitGroup
	for i := range ids {
		in := *in
		if i%2 == 0 {
			in.ClientToken = aws.String(strings.ToUpper(*in.ClientToken))
		}
		group.Go(func() {
			out, err := w.client.StartAutomationExecution(t.Context(), &in)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = *out.AutomationExecutionId
		})
	}
	group.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("several executions: %v", ids)
		}
	}
}

func TestRoles(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		for text, want := range map[string]string{
			"": "", role: role, "arn:aws:iam::{{ global:ACCOUNT_ID }}:role/AmazonSSMAutomationRole": role,
			"arn:aws:iam::{{ global:ACCOUNT_ID }}:role/Other": "The defined assume role is unable to be assumed.",
			"arn:aws:iam::{{ Nobody.Id }}:role/X":             "The format of the supplied assume role ARN isn't valid.",
		} {
			name := "Role-" + uuid.NewString()
			b.must("CreateDocument", `{"Name":"`+name+`","DocumentType":"Automation","Content":"{\"schemaVersion\":\"0.3\",\"assumeRole\":\"`+text+
				`\",\"mainSteps\":[{\"name\":\"a\",\"action\":\"aws:sleep\",\"inputs\":{\"Duration\":\"PT1S\"}}]}"}`)
			status, answer := b.call("StartAutomationExecution", `{"DocumentName":"`+name+`"}`)
			if status != 200 {
				if answer["Message"] != want {
					t.Errorf("%q: %v", text, answer)
				}
				continue
			}
			e, err := b.server.executions.get(answer["AutomationExecutionId"].(string))
			if err != nil || e.role != want {
				t.Errorf("%q runs as %q, %v", text, e.role, err)
			}
		}
	})
}

func TestOldExecutionsAreForgotten(t *testing.T) {
	inBubble(t, Options{MaxExecutions: 3}, func(b *bubble) {
		b.create("Test-Long", ok("a", "")+`,{"name":"b","action":"aws:sleep","inputs":{"Duration":"PT1H"}}`)
		b.create("Test-Short", ok("a", ""))
		start := func(name string) string {
			id, _ := b.must("StartAutomationExecution", `{"DocumentName":"`+name+`"}`)["AutomationExecutionId"].(string)
			return id
		}
		long, short := start("Test-Long"), start("Test-Short")
		b.after(2e9, short)
		newer := start("Test-Short")
		newest := start("Test-Short")
		if status, _ := b.call("GetAutomationExecution", `{"AutomationExecutionId":"`+short+`"}`); status != 400 {
			t.Error("the oldest finished execution is still there")
		}
		for _, id := range []string{long, newer, newest} {
			b.must("GetAutomationExecution", `{"AutomationExecutionId":"`+id+`"}`)
		}
		if status, answer := b.call("StartAutomationExecution", `{"DocumentName":"Test-Short"}`); answer["__type"] != "AutomationExecutionLimitExceededException" {
			t.Errorf("a fourth running one: %d %v", status, answer)
		}
	})
}
