package ssmserver

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handrail/local/ssmserver/cloud"
)

// mustStubs reads stubs that are right.
func mustStubs(t *testing.T, text string) Stubs {
	t.Helper()
	stubs, err := ReadStubs([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return stubs
}

func TestStubsAnswerInOrder(t *testing.T) {
	t.Parallel()
	stubs := mustStubs(t, `
ec2.DescribeInstances:
  - when: {InstanceIds: [i-1], Filters: [{Name: tag:Role}]}
    response: {N: 1}
  - when: {MaxResults: 5, DryRun: false}
    response: {N: 2}
  - response: {N: 3}
  - when: {InstanceIds: [i-1], Filters: [{Name: tag:Role}]}
    error: {code: SlowDown, message: Please, status: 503}
  - response: {N: 4, Text: 2020-01-01, Big: 12345678901234567890, Half: 1.50, Null: null, On: true, List: [1, {A: b}]}
rds.describe_db_instances: [response: {N: 5}]
states.StartExecution: &again [response: {N: 6}]
sqs.ListQueues: *again
WEBHOOK.My_Hook: [response: {ResponseCode: 6}]
`)
	book := newStubBook(stubs)
	asked := func(name, params string) string {
		t.Helper()
		service, operation, _ := strings.Cut(name, ".")
		given, err := decodeJSON([]byte(params))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := book.Call(t.Context(), cloud.Call{Service: service, Operation: operation, Params: given.(map[string]any)})
		if err != nil {
			return err.Error()
		}
		return jsonText(answer)
	}
	const one = `{"InstanceIds":["i-2","i-1"],"Filters":[{"Name":"tag:Role","Values":["web"]}],"MaxResults":5}`
	for i, row := range [][3]string{
		{"ec2.DescribeInstances", one, `{"N":1}`},
		{"ec2.DescribeInstances", `{"InstanceIds":["i-1"]}`, `{"N":3}`},
		{"ec2.describe_instances", one, `An error occurred (SlowDown) when calling the describe_instances operation: Please`},
		{"EC2.describeInstances", one, `An error occurred (SlowDown) when calling the describeInstances operation: Please`},
		{"ec2.DescribeInstances", `{"MaxResults":"5","DryRun":"False"}`, `{"N":2}`},
		{"ec2.DescribeInstances", `{"MaxResults":[5],"DryRun":false}`, `{"Big":12345678901234567890,"Half":1.5,"List":[1,{"A":"b"}],"N":4,"Null":null,"On":true,"Text":"2020-01-01"}`},
		{"ec2.DescribeInstances", `{}`, `{"Big":12345678901234567890,"Half":1.5,"List":[1,{"A":"b"}],"N":4,"Null":null,"On":true,"Text":"2020-01-01"}`},
		{"rds.DescribeDBInstances", `{}`, `{"N":5}`},
		{"stepfunctions.StartExecution", `{}`, `{"N":6}`},
		{"webhook.my_hook", `{}`, `{"ResponseCode":6}`},
		{"sqs.ListQueues", `{}`, `{"N":6}`},
		{"webhook.myhook", `{}`, "The local AWS does not implement webhook.myhook; stub its answer, or pass the calls on with --aws-endpoint"},
		{"ec2.StopInstances", `{}`, "The local AWS does not implement ec2.StopInstances; stub its answer, or pass the calls on with --aws-endpoint"},
	} {
		if got := asked(row[0], row[1]); got != row[2] {
			t.Errorf("%d %s:\ngot  %s\nwant %s", i, row[0], got, row[2])
		}
	}
	if got := newStubBook(stubs).stubs.Names(); len(got) != 5 || got[0] != "ec2.describeinstances" {
		t.Errorf("names: %v", got)
	}
	again, err := newStubBook(stubs).Call(t.Context(), cloud.Call{Service: "ec2", Operation: "DescribeInstances"})
	if err != nil || again["N"] != json.Number("3") {
		t.Errorf("a second server goes on with %v, %v", again, err)
	}
}

func TestStubsAreStrict(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      "",
		"# nothing yet\n":       "",
		"a.B: [response: {}]":   "",
		"- a":                   "1:1: must be a mapping",
		"a.B: {response: {}}":   "1:6: a.B: must be a list of answers, each with response or error",
		"a.B: []":               "1:6: a.B: must be a list of answers, each with response or error",
		"a.B: [x]":              "1:7: a.B[0]: must be a mapping",
		"a.B:\n  - respnse: {}": "2:5: a.B[0].respnse: is not known here; did you mean response?\n2:5: a.B[0]: must have either response or error",
		"a.B:\n  - result: {}\n    error: {code: X}":          "2:5: a.B[0].result: is not known here; the keys are when, response, error",
		"a.B:\n  - response: {}\n    error: {code: X}":        "2:5: a.B[0]: must have either response or error",
		"a.B:\n  - response: []":                              "2:15: a.B[0].response: must be a mapping",
		"a.B:\n  - when: x\n    response: {}":                 "2:11: a.B[0].when: must be a mapping",
		"a.B:\n  - error: {message: x}":                       "2:12: a.B[0].error: must have a code, such as AccessDenied",
		"a.B:\n  - error: {code: [x]}":                        "2:19: a.B[0].error.code: must be text\n2:12: a.B[0].error: must have a code, such as AccessDenied",
		"a.B:\n  - error: {code: X, status: 1}":               "2:30: a.B[0].error.status: must be an HTTP status from 300 to 599",
		"a.B:\n  - error: {code: X, mesage: x}":               "2:22: a.B[0].error.mesage: is not known here; did you mean message?",
		"ec2: [response: {}]":                                 `1:1: "ec2" is no operation; one looks like ec2.DescribeInstances, webhook.INTEGRATION or command.DOCUMENT`,
		"webhook.: [response: {}]":                            `1:1: "webhook." is no operation; one looks like ec2.DescribeInstances, webhook.INTEGRATION or command.DOCUMENT`,
		"a.B: [response: {}]\nA.b_: [response: {}]":           "2:1: A.b_: is the operation of line 1; put all answers of one into one list",
		"a.B: [response: {}]\na.B: [response: {}]":            `2:1: the key "a.B" is given twice`,
		"a.B: [response: {x: 1, x: 2}]":                       `1:24: a.B[0].response: the key "x" is given twice`,
		"a.B: [response: {x: .inf}]":                          "1:21: a.B[0].response.x: .inf has no JSON form; quote it",
		"a.B: [response: {x: !!binary aGk=}]":                 "1:21: a.B[0].response.x: the tag !!binary is not allowed here",
		"a.B: [response: {x: *y}]":                            "not valid YAML",
		"a.B: [":                                              "not valid YAML",
		"a.B: [response: {}]\n---\na.C: []":                   "2:1: there is a second YAML document; the file holds one",
		"a.B: [response: {[1]: 2}]":                           "1:18: a.B[0].response: a key must be a plain word",
		"command.X: [response: {Statu: x}]":                   "1:24: command.X[0].response.Statu: is not known here; did you mean Status?",
		"command.X: [response: {Status: x}]":                  "1:32: command.X[0].response.Status: must be one of Success, Failed, TimedOut, Cancelled",
		"command.X: [response: {Output: 1, ResponseCode: x}]": "1:32: command.X[0].response.Output: must be text; quote it\n1:49: command.X[0].response.ResponseCode: must be a whole number",
		"webhook.x: [response: {Status: 1}]":                  "1:24: webhook.x[0].response.Status: is not known here; the keys are Response, ResponseCode",
		"webhook.x: [response: {Response: [a]}]":              "1:34: webhook.x[0].response.Response: must be a single value",
		strings.Repeat("#", maxStubs+1):                       "stubs are larger than 1 MB",
		"a.B: [response: {x: " + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}]": "is too large or too deep once its aliases are put in",
	} {
		_, err := ReadStubs([]byte(text))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want && (want == "" || !strings.Contains(want, " ") || !strings.Contains(got, want)) {
			t.Errorf("%.80q\n%s", text, cmp.Diff(want, got))
		}
	}
}

func TestStubsOfManyAliasesAreRefused(t *testing.T) {
	t.Parallel()
	text := "a.B:\n  - response:\n      a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		text += strings.ReplaceAll("      aN: &aN [*aM, *aM, *aM, *aM, *aM, *aM, *aM, *aM, *aM, *aM]\n", "N", string(rune('1'+i)))
		text = strings.ReplaceAll(text, "aM", "a"+string(rune('0'+i)))
	}
	if _, err := ReadStubs([]byte(text)); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("%v", err)
	}
}

func FuzzReadStubs(f *testing.F) {
	f.Add([]byte("a.B:\n  - when: {x: [1, *y]}\n    response: {}\n  - error: {code: X}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if stubs, err := ReadStubs(content); err == nil {
			newStubBook(stubs).take("a.b", map[string]any{"x": "1"})
		}
	})
}
