package ssmserver

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handrail/local/ssmserver/cloud"
)

func remoteServer(t *testing.T) *Server {
	t.Helper()
	s, err := New(Options{Python: fakePython(t), AWSEndpoint: "http://127.0.0.1:5000"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestRemotePassesACallOn(t *testing.T) {
	t.Parallel()
	s := remoteServer(t)
	call := cloud.Call{Service: "ec2", Operation: "DescribeInstances", Region: "eu-west-1", Caller: "arn:aws:iam::123456789012:user/ana",
		Params: map[string]any{"MaxResults": json.Number("5"), "Filters": []any{map[string]any{"Name": "x"}}}}
	got, err := s.backend.Call(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	access, secret := remoteKey(call.Caller)
	want := map[string]any{"endpoint": "http://127.0.0.1:5000", "service": "ec2", "operation": "DescribeInstances", "region": "eu-west-1",
		"access": access, "secret": secret, "seconds": json.Number("25"), "params": call.Params}
	got["params"].(map[string]any)["MaxResults"] = json.Number("5") // the fake reads floats
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if other, _ := remoteKey("arn:aws:iam::123456789012:user/ben"); other == access {
		t.Error("two callers have one key")
	}
	if got, err := s.backend.Call(t.Context(), cloud.Call{Service: "ec2", Operation: "X"}); err != nil || got["params"] == nil {
		t.Errorf("without parameters: %v %v", got, err)
	}
}

func TestRemoteErrors(t *testing.T) {
	t.Parallel()
	s := remoteServer(t)
	_, err := s.backend.Call(t.Context(), cloud.Call{Service: "ec2", Operation: "Refuse"})
	var refused *cloud.Error
	if !errors.As(err, &refused) || *refused != (cloud.Error{Code: "NoSuchThing", Message: "There is none.", Operation: "Refuse", Status: 404}) {
		t.Errorf("refused: %v", err)
	}
	if _, err := s.backend.Call(t.Context(), cloud.Call{Service: "ec2", Operation: "Invalid"}); err == nil || err.Error() != "Parameter validation failed:\nUnknown parameter in input: \"X\"" {
		t.Errorf("not valid: %v", err)
	}
	_, err = s.backend.Call(t.Context(), cloud.Call{Service: "ec2", Operation: "Die"})
	if err == nil || err.Error() != "calling ec2.Die at http://127.0.0.1:5000: the worker ended: exit status 3: out of memory" {
		t.Errorf("died: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := s.backend.Call(ctx, cloud.Call{Service: "ec2", Operation: "Hang"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestOptionsRefuseWhatIsNoRegion(t *testing.T) {
	t.Parallel()
	for _, region := range []string{"eu-west", "EU-WEST-1", "eu-west-1/x", "eu west 1"} {
		if _, err := New(Options{Region: region}); err == nil || !strings.Contains(err.Error(), "a Region looks like") {
			t.Errorf("%q: %v", region, err)
		}
	}
}

func TestOptionsRefuseWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{AWSEndpoint: "localhost:5000"}, {AWSEndpoint: "http://"}, {URL: "ftp://x"}, {URL: ":"}} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), "an address looks like") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
