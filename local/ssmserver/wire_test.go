package ssmserver

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"
)

const someID = "12345678-1234-1234-1234-123456789012"

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	long := strings.Repeat("x", 513)
	for _, row := range []struct{ operation, body, code, message string }{
		{"Nothing", `{}`, "UnknownOperationException", `The operation "Nothing" is not covered by the local SSM.`},
		{"GetParametersByPath", `{"Path":"/x"}`, "UnknownOperationException", `The operation "GetParametersByPath" is not covered`},
		{"GetParameters", `{"Names":[]}`, "ValidationException", "1 validation error detected: "},
		{"GetParameters", `{"Names":["/a","/a"]}`, "ValidationException", "The parameter /a is asked for twice."},
		{"DeleteParameter", `{"Name":"/not/there"}`, "ParameterNotFound", "Parameter /not/there not found."},
		{"GetParameter", `{"Name":"/not/there"}`, "ParameterNotFound", "Parameter /not/there not found."},
		{"GetParameter", `{"Name":""}`, "ValidationException", "1 validation error detected: "},
		{"PutParameter", `{"Name":"/a"}`, "ValidationException", "1 validation error detected: Value null at 'value'"},
		{"PutParameter", `{"Name":"/a","Value":"x"}`, "ValidationException", "A parameter type is required"},
		{"PutParameter", `{"Name":"/a","Value":"x","Type":"Secret"}`, "ValidationException", "1 validation error detected: "},
		{"PutParameter", `{"Name":"/a","Value":"x,,y","Type":"StringList"}`, "ValidationException", "The value of a StringList must not have empty items"},
		{"PutParameter", `{"Name":"/a b","Value":"x","Type":"String"}`, "ValidationException", "Parameter name must be"},
		{"PutParameter", `{"Name":"a/b","Value":"x","Type":"String"}`, "ValidationException", "Parameter name must be"},
		{"PutParameter", `{"Name":"/AWS/b","Value":"x","Type":"String"}`, "ValidationException", "Parameter name: can't be prefixed"},
		{"PutParameter", `{"Name":"/a","Value":"` + strings.Repeat("x", 4097) + `","Type":"String"}`, "ValidationException", "Standard tier"},
		{"GetAutomationExecution", `{`, "SerializationException", "The request is not valid JSON."},
		{"GetAutomationExecution", ``, "SerializationException", "The request is not valid JSON."},
		{"GetAutomationExecution", `{} {}`, "SerializationException", "There is more text after the end of the request."},
		{"GetAutomationExecution", `[]`, "SerializationException", "the request must be a structure"},
		{"GetAutomationExecution", `null`, "SerializationException", "the request must be a structure"},
		{"GetAutomationExecution", `{"AutomationExecutionId":7}`, "SerializationException", "automationExecutionId must be a string"},
		{"GetAutomationExecution", `{}`, "ValidationException", "1 validation error detected: Value null at 'automationExecutionId' failed to satisfy constraint: Member must not be null"},
		{"GetAutomationExecution", `{"AutomationExecutionId":null}`, "ValidationException", "1 validation error detected: Value null at"},
		{"GetAutomationExecution", `{"AutomationExecutionId":"abc"}`, "ValidationException", "1 validation error detected: Value 'abc' at 'automationExecutionId' failed to satisfy constraint: Member must have length greater than or equal to 36"},
		{"GetAutomationExecution", `{"AutomationExecutionId":"` + someID + `"}`, "AutomationExecutionNotFoundException", ""},
		{"GetAutomationExecution", `{"AutomationExecutionId":"` + someID + `","Extra":1}`, "ValidationException", "1 validation error detected: Value 1 at 'extra' failed to satisfy constraint: Member is not known to this operation"},
		{"DescribeAutomationStepExecutions", `{"AutomationExecutionId":"` + someID + `"}`, "AutomationExecutionNotFoundException", ""},
		{"StopAutomationExecution", `{"AutomationExecutionId":"` + someID + `"}`, "AutomationExecutionNotFoundException", ""},
		{"StopAutomationExecution", `{"AutomationExecutionId":"` + someID + `","Type":"Kill"}`, "ValidationException", "1 validation error detected: Value 'Kill' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [Complete, Cancel]"},
		{"SendAutomationSignal", `{"AutomationExecutionId":"` + someID + `","SignalType":"Deny"}`, "ValidationException", "1 validation error detected: Value 'Deny' at 'signalType'"},
		{"SendAutomationSignal", `{"AutomationExecutionId":"` + someID + `","SignalType":"Approve"}`, "AutomationExecutionNotFoundException", ""},
		{"DescribeAutomationExecutions", `{"MaxResults":51}`, "ValidationException", "1 validation error detected: Value 51 at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 50"},
		{"DescribeAutomationExecutions", `{"MaxResults":0}`, "ValidationException", ""},
		{"DescribeAutomationExecutions", `{"MaxResults":1.5}`, "SerializationException", "maxResults must be an integer"},
		{"DescribeAutomationExecutions", `{"Filters":[]}`, "ValidationException", ""},
		{"DescribeAutomationExecutions", `{"Filters":[{"Key":"ExecutionId","Values":[]}]}`, "ValidationException", ""},
		{"DescribeAutomationExecutions", `{"Filters":[{"Key":"ExecutionId"}]}`, "ValidationException", "1 validation error detected: Value null at 'filters.1.member.values' failed"},
		{"DescribeAutomationExecutions", `{"Filters":[{"Key":"Status","Values":["x"]}]}`, "InvalidFilterKey", ""},
		{"DescribeAutomationExecutions", `{"Filters":[{"Key":"ExecutionStatus","Values":["Done"]}]}`, "InvalidFilterValue", ""},
		{"DescribeAutomationExecutions", `{"Filters":[{"Key":"StartTimeAfter","Values":["yesterday"]}]}`, "InvalidFilterValue", ""},
		{"DescribeAutomationExecutions", `{"NextToken":"x"}`, "InvalidNextToken", ""},
		{"DescribeDocument", `{"Name":"No-Document"}`, "InvalidDocument", "Document with name No-Document does not exist."},
		{"DescribeDocument", `{"Name":"AWS-StopEC2Instance","DocumentVersion":"2"}`, "InvalidDocumentVersion", ""},
		{"GetDocument", `{"Name":"x y z"}`, "ValidationException", "1 validation error detected: Value 'x y z' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern:"},
		{"ListDocuments", `{"Filters":[{"Key":"Category","Values":["x"]}]}`, "InvalidFilterKey", ""},
		{"ListDocuments", `{"Filters":[{"Key":"Owner","Values":["Self","Amazon"]}]}`, "InvalidFilterKey", ""},
		{"StartAutomationExecution", `{}`, "ValidationException", ""},
		{"StartAutomationExecution", `{"DocumentName":"AWS-StopEC2Instance","Parameters":{}}`, "ValidationException", ""},
		{"StartAutomationExecution", `{"DocumentName":"AWS-StopEC2Instance","Parameters":{"InstanceId":"x"}}`, "SerializationException", "parameters.InstanceId must be a list"},
		{"StartAutomationExecution", `{"DocumentName":"AWS-StopEC2Instance","Parameters":{"InstanceId":["` + long + `"]}}`, "ValidationException", "1 validation error detected: Value 'xxx"},
		{"StartAutomationExecution", `{"DocumentName":"AWS-StopEC2Instance","Parameters":{"InstanceId":["` + strings.Repeat(`x","`, 50) + `x"]}}`, "ValidationException", ""},
		{"StartAutomationExecution", `{"DocumentName":"AWS-StopEC2Instance","Parameters":{"` + long[:51] + `":["x"]}}`, "ValidationException", ""},
		{"StartAutomationExecution", `{"DocumentName":"a","ClientToken":"zz","Mode":"auto"}`, "ValidationException", "4 validation errors detected: "},
		{"StartAutomationExecution", `{"DocumentName":"AWS-StopEC2Instance","DocumentVersion":"01"}`, "ValidationException", ""},
		{"StartAutomationExecution", `{"DocumentName":"AWS-StopEC2Instance","MaxErrors":"101%"}`, "ValidationException", ""},
		{"StartAutomationExecution", `{"DocumentName":"AWS-StopEC2Instance","Targets":[{"Key":"tag:a","Value":"b"}]}`, "ValidationException", "1 validation error detected: Value 'b' at 'targets.1.member.value'"},
	} {
		status, answer := w.raw("AmazonSSM."+row.operation, row.body)
		message, hasMessage := answer["Message"].(string)
		if !hasMessage {
			message, hasMessage = answer["message"].(string)
		}
		if status != http.StatusBadRequest || answer["__type"] != row.code || !strings.HasPrefix(message, row.message) {
			t.Errorf("%s %s: %d %v", row.operation, row.body, status, answer)
		}
		if hasMessage == (row.code == "InvalidFilterKey") {
			t.Errorf("%s %s: message %q", row.operation, row.body, message)
		}
	}
}

func TestRequestsThatAreNoCalls(t *testing.T) {
	t.Parallel()
	server, err := New(Options{Callers: map[string]Identity{"AKIAEXAMPLE": {ARN: "arn:aws:iam::123456789012:user/ana"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	const signed = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261123/eu-west-1/ssm/aws4_request, SignedHeaders=host, Signature=0"
	for name, row := range map[string]struct {
		target, kind, auth, body string
		status                   int
		want                     string
	}{
		"fine":           {"AmazonSSM.ListDocuments", contentType, signed, "{}", 200, "DocumentIdentifiers"},
		"with a charset": {"AmazonSSM.ListDocuments", contentType + "; charset=utf-8", signed, "{}", 200, "DocumentIdentifiers"},
		"another target": {"ListDocuments", contentType, signed, "{}", 400, "UnknownOperationException"},
		"no target":      {"", contentType, signed, "{}", 400, "UnknownOperationException"},
		"no type":        {"AmazonSSM.ListDocuments", "", signed, "{}", 400, "SerializationException"},
		"plain text":     {"AmazonSSM.ListDocuments", "text/plain", signed, "{}", 400, "SerializationException"},
		"unsigned":       {"AmazonSSM.ListDocuments", contentType, "", "{}", 400, "MissingAuthenticationTokenException"},
		"another key":    {"AmazonSSM.ListDocuments", contentType, strings.Replace(signed, "AKIA", "AXXX", 1), "{}", 400, "UnrecognizedClientException"},
		"too large":      {"AmazonSSM.ListDocuments", contentType, signed, strings.Repeat(" ", maxBody+1), 413, "RequestEntityTooLargeException"},
	} {
		request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(row.body))
		request.Header.Set("X-Amz-Target", row.target)
		request.Header.Set("Content-Type", row.kind)
		request.Header.Set("Authorization", row.auth)
		recorder := httptest.NewRecorder()
		server.ServeHTTP(recorder, request)
		if recorder.Code != row.status || !strings.Contains(recorder.Body.String(), row.want) {
			t.Errorf("%s: %d %s", name, recorder.Code, recorder.Body)
		}
		if len(recorder.Header().Get("X-Amzn-Requestid")) != 36 || recorder.Header().Get("Content-Type") != contentType {
			t.Errorf("%s: headers %v", name, recorder.Header())
		}
	}
}

func TestTheSDKKnowsTheErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	id, name := someID, "No-Document"
	_, err := w.client.GetAutomationExecution(t.Context(), &ssm.GetAutomationExecutionInput{AutomationExecutionId: &id})
	var missing *types.AutomationExecutionNotFoundException
	if !errors.As(err, &missing) || missing.ErrorMessage() == "" {
		t.Errorf("got %v", err)
	}
	_, err = w.client.StartAutomationExecution(t.Context(), &ssm.StartAutomationExecutionInput{DocumentName: &name})
	var undefined *types.AutomationDefinitionNotFoundException
	if !errors.As(err, &undefined) {
		t.Errorf("got %v", err)
	}
}

func TestEpoch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	id := w.start("AWS-StartEC2Instance", map[string][]string{"InstanceId": {web1}})
	w.waitEnd(id)
	w.raw("AmazonSSM.GetAutomationExecution", `{"AutomationExecutionId":"`+id+`"}`)
	calls, _ := w.server.calls.list("GetAutomationExecution")
	last := string(calls[len(calls)-1].Response)
	if !strings.Contains(last, `"ExecutionStartTime":`) || strings.Contains(last, `"ExecutionStartTime":"`) {
		t.Error(last)
	}
	if diff := cmp.Diff("007", pad(7)); diff != "" {
		t.Error(diff)
	}
}
