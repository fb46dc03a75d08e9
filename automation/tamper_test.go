package automation

import (
	"strings"
	"testing"
	"time"

	"handrail/policy"
)

// held runs a story about a request that was approved and that AWS does not take yet.
func held(t *testing.T, text string, story func(s *stage, x *Execution)) {
	t.Helper()
	asked(t, text, func(s *stage, x *Execution) {
		s.aws.set(func() {
			s.aws.onStart = func(int, func() string) (string, error) { return "", &Fault{Kind: Throttled, Operation: opStart} }
		})
		s.agrees(x, "U012BEN", policy.CodeApprover)
		time.Sleep(100 * time.Millisecond)
		if y := s.row(x.ID); y.State != Queued {
			t.Fatalf("approved and throttled, it is %s: %s", y.State, y.Note)
		}
		story(s, x)
	})
}

// free lets AWS take starts.
func (s *stage) free() { s.aws.set(func() { s.aws.onStart = nil }) }

// edit changes a row behind the engine's back, as somebody with the database would.
func (s *stage) edit(id string, f func(x *Execution)) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	x := s.store.rows[id]
	if x.Approval != nil {
		a := *x.Approval
		x.Approval = &a
	}
	f(x)
	if x.ID != id {
		delete(s.store.rows, id)
		s.store.rows[x.ID] = x
	}
}

// Whatever of the row is changed between the yes and the start, it does not start.
func TestARowThatWasEditedDoesNotStart(t *testing.T) {
	const mismatch = policy.CodeDigestMismatch
	other := map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa2"}}
	for _, tc := range []struct {
		what string
		edit func(x *Execution)
		code policy.Code // of the record
	}{
		{"runbook", func(x *Execution) { x.Runbook = "restart-too" }, mismatch},
		{"runbook, to one that is none", func(x *Execution) { x.Runbook = "restart-all" }, policy.CodeRunbookUnknown},
		{"document", func(x *Execution) { x.Request.DocumentName = "AWS-StopEC2Instance" }, mismatch},
		{"version", func(x *Execution) { x.Request.DocumentVersion = "2" }, mismatch},
		{"hash", func(x *Execution) { x.SHA256 = strings.Repeat("2", 64) }, mismatch},
		{"hash of a child", func(x *Execution) {
			x.Approval.Bound.Closure = []policy.Pin{{Name: "Child", Version: "1", SHA256: "2"}}
		}, mismatch},
		{"parameters and targets", func(x *Execution) { x.Parameters = other }, mismatch},
		{"parameters, everywhere", func(x *Execution) {
			x.Parameters, x.Approval.Bound.Parameters, x.Approval.Bound.Targets = other, other, other["InstanceId"]
			x.Request.Parameters = map[string][]string{"InstanceId": other["InstanceId"], "AutomationAssumeRole": {x.Role}}
			x.Approval.Digest = x.Approval.Bound.Digest()
		}, mismatch},
		{"parameters of the request", func(x *Execution) { x.Request.Parameters = other }, mismatch},
		{"parameters, to a value that is not allowed", func(x *Execution) { x.Parameters = map[string][]string{"InstanceId": {"i-9"}} }, policy.CodeValueNotAllowed},
		{"locations", func(x *Execution) { x.Request.Locations = []policy.Location{{Accounts: []string{"999999999999"}}} }, mismatch},
		{"role", func(x *Execution) { x.Role = "arn:aws:iam::123456789012:role/Admin" }, mismatch},
		{"region", func(x *Execution) { x.Region = "us-east-1" }, mismatch},
		{"requester", func(x *Execution) { x.Requester = "U012EVE" }, mismatch},
		{"requester, to who agreed", func(x *Execution) { x.Requester = "U012BEN" }, policy.CodeNotGranted},
		{"team", func(x *Execution) { x.Team = "T2" }, mismatch},
		{"channel", func(x *Execution) { x.Channel = "C034OPS" }, mismatch},
		{"expiry", func(x *Execution) { x.Approval.By = x.Approval.By.Add(time.Hour) }, mismatch},
		{"execution ID", func(x *Execution) { x.ID = "01999999-0000-7000-8000-000000000000" }, policy.CodeApprovalNeeded},
		{"hash of the policy", func(x *Execution) { x.Approval.Bound.Policy = "cafe" }, mismatch},
		{"digest", func(x *Execution) { x.Approval.Digest = strings.Repeat("3", 64) }, mismatch},
		{"no digest", func(x *Execution) { x.Approval.Digest = "" }, policy.CodeApprovalNeeded},
		{"no approval", func(x *Execution) { x.Approval = nil }, policy.CodeApprovalNeeded},
		{"no votes", func(x *Execution) { x.Approval.Votes = nil }, policy.CodeApproverGone},
		{"the action", func(x *Execution) { x.Action = policy.Ask }, policy.CodeActionNotGranted},
		{"an emergency", func(x *Execution) { x.BreakGlass = true }, policy.CodeNoBreakGlass},
	} {
		t.Run(tc.what, func(t *testing.T) {
			held(t, oneAgrees, func(s *stage, x *Execution) {
				s.edit(x.ID, tc.edit)
				s.free()
				id := x.ID
				if tc.what == "execution ID" {
					id = "01999999-0000-7000-8000-000000000000"
				}
				y := s.ends(id, Denied, time.Minute)
				if r := s.lastRecord(id); r.Code != tc.code {
					t.Errorf("the record says %s, want %s", r.Code, tc.code)
				}
				if y.Note == "" {
					t.Error("nobody is told why")
				}
				time.Sleep(time.Hour)
				s.starts(0)
			})
		})
	}
	t.Run("nothing", func(t *testing.T) { // so that what is above can fail
		held(t, oneAgrees, func(s *stage, x *Execution) {
			s.edit(x.ID, func(*Execution) {})
			s.free()
			s.ends(x.ID, Succeeded, time.Minute)
			s.starts(1)
		})
	})
}

// A yes that is only in the row counts for nothing: the records say who agreed.
func TestAVoteWithoutARecordIsNone(t *testing.T) {
	asked(t, oneAgrees, func(s *stage, x *Execution) {
		s.edit(x.ID, func(x *Execution) {
			x.State, x.StartBy, x.NextAttempt = Queued, time.Now().Add(time.Hour), time.Now()
			x.Approval.Votes = []Vote{{User: "U012BEN", Team: "T1", At: time.Now(), Record: "d-forged"}}
		})
		s.ends(x.ID, Denied, time.Minute)
		if r := s.lastRecord(x.ID); r.Code != policy.CodeApprovalNeeded {
			t.Errorf("the record says %s", r.Code)
		}
		s.starts(0)
	})
}

// What is edited while it waits is seen at the click.
func TestARowThatWasEditedCannotBeApproved(t *testing.T) {
	for what, edit := range map[string]func(x *Execution){
		"parameters":   func(x *Execution) { x.Parameters = map[string][]string{"InstanceId": {"i-0aaaaaaaaaaaaaaa2"}} },
		"requester":    func(x *Execution) { x.Requester = "U012EVE" },
		"channel":      func(x *Execution) { x.Channel = "C034OPS" },
		"expiry":       func(x *Execution) { x.Approval.By = x.Approval.By.Add(time.Hour) },
		"what is seen": func(x *Execution) { x.Approval.Bound.Document = "AWS-Harmless" },
	} {
		t.Run(what, func(t *testing.T) {
			asked(t, oneAgrees, func(s *stage, x *Execution) {
				s.edit(x.ID, edit)
				out := s.agrees(x, "U012BEN", policy.CodeDigestMismatch)
				if y := out.Execution; y == nil || y.State != Denied || len(y.Approval.Void) == 0 {
					t.Errorf("it is %+v", y)
				}
				time.Sleep(time.Hour)
				s.starts(0)
			})
		})
	}
}

// The world changes between the yes and the start.
func TestTheWorldChangesBeforeTheStart(t *testing.T) {
	away := func(s *stage, user string, standing policy.Standing) {
		s.town.change(func() {
			s.town.people = map[string]policy.Actor{user: {ID: user, Team: "T1", Standing: standing}}
		})
	}
	onCall := strings.Replace(oneAgrees, "leads: {members: [ana, ben, kim, lee, eve]}", "leads: {usergroup: S0LEADS}", 1)
	lead := func(s *stage) {
		s.town.change(func() {
			s.town.people = map[string]policy.Actor{"U012BEN": {ID: "U012BEN", Team: "T1", Standing: policy.StandingMember, UserGroups: []string{"S0LEADS"}}}
		})
	}
	for _, tc := range []struct {
		what   string
		text   string
		change func(s *stage)
		code   policy.Code
	}{
		{"the approver leaves the group", onCall, func(s *stage) { s.town.change(func() { s.town.people = nil }) }, policy.CodeApproverGone},
		{"the approver is deactivated", oneAgrees, func(s *stage) { away(s, "U012BEN", policy.StandingDeactivated) }, policy.CodeApproverGone},
		{"the requester is deactivated", oneAgrees, func(s *stage) { away(s, "U012ANA", policy.StandingDeactivated) }, policy.CodeDeactivated},
		{"the channel becomes shared", oneAgrees, func(s *stage) { s.town.change(func() { s.town.shared = true }) }, policy.CodeChannelShared},
		{"the document moves", oneAgrees, func(s *stage) { s.aws.set(func() { s.aws.hash = strings.Repeat("2", 64) }) }, policy.CodeHashOther},
		{"the document is gone", oneAgrees, func(s *stage) { s.aws.set(func() { s.aws.hash = "" }) }, policy.CodeDocumentGone},
	} {
		t.Run(tc.what, func(t *testing.T) {
			act(t, func(s *stage) {
				lead(s)
				s.gate.Swap(mustPolicy(s.T, tc.text))
				s.aws.set(func() {
					s.aws.onStart = func(int, func() string) (string, error) { return "", &Fault{Kind: Throttled, Operation: opStart} }
				})
				x := s.submit("k").Execution
				s.agrees(x, "U012BEN", policy.CodeApprover)
				time.Sleep(100 * time.Millisecond)
				tc.change(s)
				s.free()
				s.ends(x.ID, Denied, time.Minute)
				if r := s.lastRecord(x.ID); r.Code != tc.code {
					t.Errorf("the record says %s, want %s", r.Code, tc.code)
				}
				s.starts(0)
			})
		})
	}
}

// While nobody can say whether an approver still may, it waits, and goes on once somebody can.
func TestAnApproverWhoCannotBeLookedUpIsWaitedFor(t *testing.T) {
	held(t, oneAgrees, func(s *stage, x *Execution) {
		s.town.change(func() { s.town.gone = map[string]bool{"U012BEN": true} })
		s.free()
		time.Sleep(2 * time.Minute)
		if y := s.row(x.ID); y.State != Queued || !strings.Contains(y.Note, "those who agreed") {
			t.Errorf("it is %s: %q", y.State, y.Note)
		}
		s.starts(0)
		s.town.change(func() { s.town.gone = nil })
		s.ends(x.ID, Succeeded, 2*time.Minute)
		s.starts(1)
	})
}
