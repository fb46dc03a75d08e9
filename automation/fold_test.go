package automation

import (
	"log/slog"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"handrail/policy"
)

func TestTheOrderOfObservationsDoesNotMatter(t *testing.T) {
	life := []Observation{
		{Status: "Pending"}, {Status: "InProgress", CurrentStep: "a"}, {Status: "Waiting", CurrentStep: "b"},
		{Status: "Cancelling", CurrentStep: "b"}, {Status: "Cancelled", EndedAt: time.Unix(9, 0)},
	}
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.Permutation(life).Draw(t, "order")
		x := &Execution{State: Running}
		for _, o := range order {
			fold(x, o, slog.New(slog.DiscardHandler))
		}
		if x.State != Cancelled || x.AWSStatus != "Cancelled" || x.EndedAt.IsZero() {
			t.Fatalf("ended as %s (%s)", x.State, x.AWSStatus)
		}
	})
}

func TestAStaleLookTakesNothingBack(t *testing.T) {
	x := &Execution{State: Running, AWSStatus: "Cancelling", CurrentStep: "b"}
	if fold(x, Observation{Status: "InProgress", CurrentStep: "a"}, slog.New(slog.DiscardHandler)) || x.AWSStatus != "Cancelling" {
		t.Errorf("a stale look changed it to %s at %s", x.AWSStatus, x.CurrentStep)
	}
}

func TestEveryStatusOfTheModelHasAState(t *testing.T) {
	terminal := []string{"Success", "TimedOut", "Cancelled", "Canceled", "Failed", "Rejected", "ChangeCalendarOverrideRejected",
		"CompletedWithSuccess", "CompletedWithFailure", "Exited"}
	for status, s := range statuses {
		if s.state.Terminal() != slices.Contains(terminal, status) {
			t.Errorf("%s folds into %s", status, s.state)
		}
	}
	if len(statuses) != 20 { // 19 of the model and one spelling of EventBridge
		t.Errorf("%d statuses", len(statuses))
	}
}

func TestAnUnknownStatusIsNoEnd(t *testing.T) {
	x := &Execution{State: Waiting, AWSStatus: "Waiting"}
	fold(x, Observation{Status: "Meditating"}, slog.New(slog.DiscardHandler))
	if x.State != Waiting || x.AWSStatus != "Meditating" {
		t.Errorf("got %s (%s)", x.State, x.AWSStatus)
	}
}

func TestStepsThatEndedStayEnded(t *testing.T) {
	x := &Execution{Steps: []Step{{ID: "1", Name: "a", Status: "Success"}, {ID: "2", Name: "b", Status: "InProgress"}}}
	foldSteps(x, []Step{{ID: "1", Name: "a", Status: "InProgress"}, {ID: "2", Name: "b", Status: "Failed", Failure: "no"}})
	if x.Steps[0].Status != "Success" || x.Steps[1].Status != "Failed" {
		t.Errorf("steps are %+v", x.Steps)
	}
}

// The request to AWS has the members that Handrail means to send, and no other: a new member of the SDK
// fails here until somebody has looked at it.
func TestTheStartHasNoOtherMembers(t *testing.T) {
	in := startInput(StartRequest{DocumentName: "d", DocumentVersion: "1", Parameters: map[string][]string{"a": {"b"}}, ClientToken: "c", Tag: "t",
		Locations: []policy.Location{{Accounts: []string{"123456789012"}, Regions: []string{"eu-west-1"}, ExecutionRole: "r"}}})
	fence(t, *in, []string{"DocumentName", "DocumentVersion", "Parameters", "ClientToken", "Mode", "Tags", "TargetLocations"},
		[]string{"AlarmConfiguration", "MaxConcurrency", "MaxErrors", "TargetLocationsURL", "TargetMaps", "TargetParameterName", "Targets"})
	fence(t, in.TargetLocations[0], []string{"Accounts", "Regions", "ExecutionRoleName"},
		[]string{"ExcludeAccounts", "IncludeChildOrganizationUnits", "TargetLocationAlarmConfiguration", "TargetLocationMaxConcurrency",
			"TargetLocationMaxErrors", "Targets", "TargetsMaxConcurrency", "TargetsMaxErrors"})
	fence(t, in.Tags[0], []string{"Key", "Value"}, nil)
	if bare := startInput(StartRequest{}); bare.TargetLocations != nil {
		t.Errorf("without locations it sends %v", bare.TargetLocations)
	}
}

// fence fails for a member of a request that is neither sent nor known and left out.
func fence(t *testing.T, request any, sent, left []string) {
	t.Helper()
	in := reflect.ValueOf(request)
	for i := range in.NumField() {
		name := in.Type().Field(i).Name
		switch {
		case name == "noSmithyDocumentSerde":
		case !slices.Contains(sent, name) && !slices.Contains(left, name):
			t.Errorf("%T has a member %s that nobody has reviewed", request, name)
		case in.Field(i).IsZero() == slices.Contains(sent, name):
			t.Errorf("%T.%s: sent is %t", request, name, !in.Field(i).IsZero())
		}
	}
}

func TestOnlyARecordedYesToThisVeryRequestStarts(t *testing.T) {
	act(t, func(s *stage) {
		c := NewClient(ClientOptions{})
		r := requestFor(decide(t, s))
		r.ClientToken = "t"
		if _, err := c.Start(s.ctx, policy.Decision{}, "eu-west-1", r); kindOf(err) != Rejected {
			t.Errorf("a zero decision got %v", err)
		}
		if _, err := c.Start(s.ctx, decide(t, s), "eu-west-1", r); kindOf(err) != Rejected {
			t.Errorf("a decision that was not recorded got %v", err)
		}
	})
}

func TestCoversNeedsEveryField(t *testing.T) {
	act(t, func(s *stage) {
		var d policy.Decision
		err := s.store.Update(s.ctx, func(tx Tx) (err error) {
			d, err = s.gate.Check(s.ctx, tx, "k", "x", s.engine.request(s.ctx, ask("k"), s.engine.Catalogue.Look))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		good := func() StartRequest {
			r := requestFor(d)
			r.ClientToken = "t"
			return r
		}
		if !covers(d, good()) {
			t.Fatal("the right request is refused")
		}
		for name, change := range map[string]func(*StartRequest){
			"document": func(r *StartRequest) { r.DocumentName = "Other" },
			"version":  func(r *StartRequest) { r.DocumentVersion = "2" },
			"value":    func(r *StartRequest) { r.Parameters["InstanceId"] = []string{"i-0aaaaaaaaaaaaaaa2"} },
			"one more value": func(r *StartRequest) {
				r.Parameters["InstanceId"] = append(r.Parameters["InstanceId"], "i-0aaaaaaaaaaaaaaa2")
			},
			"another role": func(r *StartRequest) {
				r.Parameters["AutomationAssumeRole"] = []string{"arn:aws:iam::123456789012:role/Admin"}
			},
			"no role":         func(r *StartRequest) { delete(r.Parameters, "AutomationAssumeRole") },
			"a new parameter": func(r *StartRequest) { r.Parameters["Extra"] = []string{"x"} },
			"no token":        func(r *StartRequest) { r.ClientToken = "" },
		} {
			r := good()
			change(&r)
			if covers(d, r) {
				t.Errorf("%s: still covered", name)
			}
		}
	})
}
