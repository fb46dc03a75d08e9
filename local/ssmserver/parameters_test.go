package ssmserver

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
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
