package ssmserver

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"handrail/local/ssmserver/cloud"
)

func TestParametersAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	put := func(name, value string, kind types.ParameterType, overwrite bool) (int64, error) {
		out, err := w.client.PutParameter(w.Context(), &ssm.PutParameterInput{Name: &name, Value: &value, Type: kind, Overwrite: &overwrite})
		if err != nil {
			return 0, err
		}
		return out.Version, nil
	}
	get := func(name string, decrypt bool) string {
		out, err := w.client.GetParameter(w.Context(), &ssm.GetParameterInput{Name: &name, WithDecryption: &decrypt})
		if err != nil {
			return err.Error()
		}
		return aws.ToString(out.Parameter.Value)
	}
	for _, name := range []string{"/handrail/signing", "plain"} {
		if n, err := put(name, "xoxb-first", types.ParameterTypeSecureString, false); n != 1 || err != nil {
			t.Errorf("%s: version %d, %v", name, n, err)
		}
		if _, err := put(name, "xoxb-second", types.ParameterTypeSecureString, false); err == nil || !strings.Contains(err.Error(), "ParameterAlreadyExists") {
			t.Errorf("%s again: %v", name, err)
		}
		if n, err := put(name, "xoxb-second", "", true); n != 2 || err != nil {
			t.Errorf("%s over: version %d, %v", name, n, err)
		}
		if got := get(name, true); got != "xoxb-second" {
			t.Errorf("%s is %s", name, got)
		}
		if got := get("arn:aws:ssm:eu-west-1:123456789012:parameter/"+strings.TrimPrefix(name, "/"), true); got != "xoxb-second" {
			t.Errorf("%s by ARN is %s", name, got)
		}
		if got := get(name, false); strings.Contains(got, "xoxb") {
			t.Errorf("%s comes decrypted to whoever did not ask for that: %s", name, got)
		}
	}
	if _, err := put("/text", "hello", types.ParameterTypeString, false); err != nil || get("/text", false) != "hello" {
		t.Errorf("a String is %s, %v", get("/text", false), err)
	}
	if calls, err := json.Marshal(w.calls("")); err != nil || strings.Contains(string(calls), "xoxb") || !strings.Contains(string(calls), "(secret)") {
		t.Errorf("the calls show a value: %s, %v", calls, err)
	}
}

func TestVersionsOfParameters(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		put := func(name, kind, value string) {
			b.Helper()
			b.must("PutParameter", fmt.Sprintf(`{"Name":%q,"Type":%q,"Value":%q,"Overwrite":true}`, name, kind, value))
		}
		get := func(name string) string {
			b.Helper()
			status, answer := b.call("GetParameter", fmt.Sprintf(`{"Name":%q}`, name))
			if status != http.StatusOK {
				return fmt.Sprint(answer["__type"])
			}
			p := answer["Parameter"].(map[string]any)
			return fmt.Sprint(p["Name"], p["Selector"], "=", p["Value"], " ", p["Version"])
		}
		for i := range maxKept + 2 {
			put("/a", "String", fmt.Sprint("value ", i+1))
		}
		put("plain", "StringList", "x,y")
		const arn = "arn:aws:ssm:eu-west-1:123456789012:parameter"
		for name, want := range map[string]string{
			"/a": "/a<nil>=value 102 102", "/a:102": "/a:102=value 102 102", "/a:3": "/a:3=value 3 3", "/a:2": "ParameterVersionNotFound",
			"/a:103": "ParameterVersionNotFound", "/a:prod": "ParameterVersionNotFound", "/b:1": "ParameterNotFound", arn + "/a:5": "/a:5=value 5 5",
			arn + "/plain": "plain<nil>=x,y 1", "a": "ParameterNotFound",
			"/aws/service/ami-amazon-linux-latest/al2023": "/aws/service/ami-amazon-linux-latest/al2023<nil>=" + cloud.DefaultImage + " 1",
			"/aws/service/none":                           "ParameterNotFound",
		} {
			if got := get(name); got != want {
				b.Errorf("%s: %s, want %s", name, got, want)
			}
		}
		if _, answer := b.call("PutParameter", `{"Name":"/a","Type":"SecureString","Value":"x","Overwrite":true}`); answer["__type"] != "HierarchyTypeMismatchException" {
			b.Errorf("%v", answer)
		}
		put("/s", "SecureString", "hidden")
		got := jsonText(b.must("GetParameters", `{"Names":["plain","/none","/s","/a:7"]}`))
		for _, part := range []string{`"InvalidParameters":["/none"]`, `"Value":"value 7"`, `"Value":"x,y"`, `"Value":"kms:alias`} {
			if !strings.Contains(got, part) {
				b.Errorf("%s lacks %s", got, part)
			}
		}
		b.must("DeleteParameter", `{"Name":"/a"}`)
		if got := get("/a"); got != "ParameterNotFound" || b.server.parameters.bytes != len("x,yhidden") {
			b.Errorf("%s, %d bytes", got, b.server.parameters.bytes)
		}
	})
}

// A default that names an entry of Parameter Store is looked up when the execution starts.
func TestDefaultsFromParameterStore(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		content, err := json.Marshal(`{"schemaVersion":"0.3","parameters":{"One":{"type":"String","default":"{{ ssm:/one }}"},` +
			`"Many":{"type":"StringList","default":"{{ ssm:/many }}"},"Old":{"type":"String","default":"v{{ssm:/one:1}}"}},` +
			`"mainSteps":[{"name":"a","action":"aws:sleep","inputs":{"Duration":"PT1S"}}]}`)
		if err != nil {
			b.Fatal(err)
		}
		b.must("CreateDocument", `{"Name":"Mine","DocumentType":"Automation","Content":`+string(content)+`}`)
		refused := func(want string, given string) {
			b.Helper()
			_, answer := b.call("StartAutomationExecution", `{"DocumentName":"Mine"`+given+`}`)
			if answer["__type"] != "InvalidAutomationExecutionParametersException" || !strings.Contains(fmt.Sprint(answer["Message"]), want) {
				b.Errorf("%v, want %s", answer, want)
			}
		}
		refused("there is no parameter /many in Parameter Store", "")
		b.must("PutParameter", `{"Name":"/one","Type":"String","Value":"1st"}`)
		b.must("PutParameter", `{"Name":"/one","Value":"2nd","Overwrite":true}`)
		b.must("PutParameter", `{"Name":"/many","Type":"SecureString","Value":"x"}`)
		refused("the parameter /many is a SecureString", "")
		b.must("DeleteParameter", `{"Name":"/many"}`)
		b.must("PutParameter", `{"Name":"/many","Type":"StringList","Value":"x,y"}`)
		id, _ := b.must("StartAutomationExecution", `{"DocumentName":"Mine"}`)["AutomationExecutionId"].(string)
		want := map[string][]string{"One": {"2nd"}, "Many": {"x", "y"}, "Old": {"v1st"}}
		if diff := cmp.Diff(want, b.after(2*time.Second, id).Parameters); diff != "" {
			b.Error(diff)
		}
		b.must("DeleteParameter", `{"Name":"/many"}`)
		b.must("StartAutomationExecution", `{"DocumentName":"Mine","Parameters":{"Many":["z"]}}`)
	})
}

func TestTheAddressSaysWhatItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	res, err := http.Get(w.url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%s %s %v", res.Status, res.Header, err)
	}
	for _, want := range []string{"Handrail's local SSM", "/control/calls", "/control/faults", "/control/instances", "/control/coverage"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the page does not name %s", want)
		}
	}
}
