package bot

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"handrail/automation"
	"handrail/policy"
)

const hash = "ab12cd34ef56ab12cd34ef56ab12cd34ef56ab12cd34ef56ab12cd34ef56ab12"

// waitingFor is an execution that waits for one of leads.
func waitingFor(needs ...policy.Need) *automation.Execution {
	e := during(automation.AwaitingApproval)
	e.Runbook, e.Rule, e.Reason = "failover-db", "failovers", "primary is degraded, INC-204"
	e.Parameters = map[string][]string{"DBClusterIdentifier": {"orders"}}
	if len(needs) == 0 {
		needs = []policy.Need{{Rule: "failovers", From: []string{"leads"}, Count: 1}}
	}
	e.Approval = &automation.Approval{
		Bound: policy.Bound{Version: "1", SHA256: hash, Targets: []string{"orders"}}, Needs: needs,
		AskedAt: noon, By: noon.Add(15 * time.Minute), RemindAt: noon.Add(450 * time.Second), Changes: 3, Reads: 1,
		Results: []automation.State{automation.Succeeded, automation.Failed, automation.Succeeded, automation.Succeeded, automation.Succeeded},
	}
	return e
}

func yes(user string, minute int) automation.Vote {
	return automation.Vote{User: user, At: noon.Add(time.Duration(minute) * time.Minute), Record: "d-aaaaaaaaaaaa"}
}

func no(user, reason string) automation.Vote {
	return automation.Vote{User: user, At: noon.Add(3 * time.Minute), Reject: true, Reason: reason}
}

// rules are what a bot in tests knows of the policy.
func rules() Rules {
	return Rules{
		Approvers: func([]string) (users, groups []string) {
			return []string{"U012ANA", "U012BEN", "U012KIM"}, []string{"S012LEADS"}
		},
		StepRule:  func(runbook, step string) bool { return step == "Confirm" },
		Freeze:    func(name string) (time.Time, string) { return noon.Add(40 * 24 * time.Hour), "release 42" },
		Emergency: func(string) string { return "#security" },
	}
}

func ruled(f form) look {
	l := Options{Console: AWSConsole, Rules: rules()}.look()
	l.form = f
	return l
}

// approvals are the states of an approval that people see, by file name.
func approvals() map[string]*automation.Execution {
	at := func(state automation.State, votes ...automation.Vote) *automation.Execution {
		e := waitingFor()
		e.State, e.Approval.Votes = state, votes
		return e
	}
	two := policy.Need{Rule: "failovers", From: []string{"leads", "dba"}, Count: 2, Channel: "#approvals"}
	stepped := func(answers ...automation.StepAnswer) func(*automation.Execution) {
		return func(e *automation.Execution) {
			e.Runbook = "step-by-step"
			e.Steps[1].Name, e.Steps[1].Action = "Confirm", "aws:approve"
			if len(answers) > 0 {
				e.Approval = &automation.Approval{Steps: answers}
			}
		}
	}
	return map[string]*automation.Execution{
		"asked":          waitingFor(),
		"asked_reminded": with(waitingFor(), func(e *automation.Execution) { e.Approval.Reminded = true }),
		"asked_two": with(waitingFor(two), func(e *automation.Execution) {
			e.Approval.Votes = []automation.Vote{yes("U012BEN", 1)}
			e.Parameters = map[string][]string{"DBClusterIdentifier": {"orders"}, "TargetAZ": {"eu-west-1b"}}
			e.Approval.Bound.Locations = []policy.Location{{Accounts: []string{"123456789012"}, Regions: []string{"eu-west-1", "eu-north-1"}, ExecutionRole: "Ops"}}
			e.Announcement = automation.Announcement{Channel: "C012OPS", Card: "1.1", AskChannel: "C012APPROVALS", AskCard: "1.2", Asked: 1}
		}),
		"asked_frozen": waitingFor(policy.Need{Rule: "failovers", From: []string{"leads"}, Count: 1}, policy.Need{Rule: "year-end", Freeze: true, From: []string{"leads"}, Count: 2}),
		"asked_unreachable": with(waitingFor(two), func(e *automation.Execution) {
			e.Announcement = automation.Announcement{Channel: "C012OPS", Card: "1.1", Replies: map[string]string{besideLost: notTold}}
		}),
		"asked_alone": with(waitingFor(), func(e *automation.Execution) {
			e.Announcement = automation.Announcement{Channel: "D012ANA", Card: "1.1"}
		}),
		"asked_unknown": with(waitingFor(), func(e *automation.Execution) { e.Approval = nil }),
		"asked_once":    with(waitingFor(), func(e *automation.Execution) { e.Action = policy.Ask }),
		"withdrawn": with(at(automation.Cancelled), func(e *automation.Execution) {
			e.CancelBy, e.EndedAt = "U012ANA", noon
		}),
		"approved":         at(automation.Queued, yes("U012BEN", 3)),
		"approved_running": with(at(automation.Running, yes("U012BEN", 3), yes("U012KIM", 4)), func(e *automation.Execution) { e.AWSID, e.StartedAt = theAWS, noon }),
		"rejected":         with(at(automation.Denied, yes("U012BEN", 1), no("U012KIM", "not during the sale")), func(e *automation.Execution) { e.Note = "kim said no: not during the sale" }),
		"unanswered":       at(automation.Expired),
		"half_answered": with(waitingFor(two), func(e *automation.Execution) {
			e.State, e.Approval.Votes = automation.Expired, []automation.Vote{yes("U012BEN", 1)}
		}),
		"void": with(at(automation.Denied, yes("U012BEN", 1)), func(e *automation.Execution) {
			e.Approval.Void = []policy.Difference{{What: "sha256", Was: hash, Is: strings.Repeat("9", 64)}, {What: "policy", Was: "", Is: "77"}}
		}),
		"break_glass": with(underWay(automation.Running, "Success", "InProgress"), func(e *automation.Execution) {
			e.BreakGlass, e.Rule, e.Reason = true, "emergency-restarts", "the site is down"
		}),
		"step_asked":    with(underWay(automation.Waiting, "Success", "Waiting", "Pending"), stepped()),
		"step_told":     with(underWay(automation.Waiting, "Success", "Waiting", "Pending"), stepped(automation.StepAnswer{Step: "Confirm", ID: "id-1", Signal: "Approve", Sent: true, Votes: []automation.Vote{yes("U012BEN", 2)}})),
		"step_approved": with(underWay(automation.Running, "Success", "Approved", "InProgress"), stepped(automation.StepAnswer{Step: "Confirm", ID: "id-1", Signal: "Approve", Sent: true, Votes: []automation.Vote{yes("U012BEN", 2)}})),
		"step_rejected": with(underWay(automation.Failed, "Success", "Rejected", "Pending"), stepped(automation.StepAnswer{Step: "Confirm", ID: "id-1", Signal: "Reject", Sent: true, Votes: []automation.Vote{no("U012BEN", "wrong build")}})),
	}
}

func TestGoldenApprovals(t *testing.T) {
	t.Parallel()
	for name, e := range approvals() {
		t.Run(name, func(t *testing.T) {
			got := object{"card": shown(t, ruled(rich).card(e))}
			if asks(e) {
				got["approvers"] = shown(t, ruled(rich).askCard(e))
			}
			if e.BreakGlass {
				got["emergency"] = shown(t, ruled(rich).emergencyNotice(e))
			}
			var thread []object
			for _, kind := range replies(e) {
				thread = append(thread, object{kind: shown(t, ruled(rich).reply(e, kind))})
			}
			got["thread"] = thread
			compare(t, filepath.Join("testdata", "approval", name+".json"), got)
		})
	}
}

func TestWhatApproversRead(t *testing.T) {
	t.Parallel()
	all := approvals()
	for name, parts := range map[string][]string{
		"asked": {"*waiting for approval*", `"Will do  "`, "3 steps that change something, 1 that only look · 1 target · last 5 runs ✅✅✅❌✅", "DBClusterIdentifier=orders",
			"1 of leads, not the requester", " · 0 so far", " · expires ", "version `1`, sha256 `ab12cd34ef56…`, these parameters; any change voids it",
			`"action_id":"approve"`, `"action_id":"deny"`, `"action_id":"cancel"`, "primary is degraded"},
		"asked_frozen":      {"frozen until ", "(release 42)", "2 of leads may let it through"},
		"asked_two":         {"2 of leads, dba", "1 so far", "approvers asked in \\u003c#C012APPROVALS\\u003e", "123456789012 · eu-west-1, eu-north-1 · as Ops"},
		"asked_unreachable": {"could not reach the approvers' channel `#approvals`"},
		"asked_alone":       {"so nobody who may approve sees it. Tell them: `/runbook approve r-7f3k2`"},
		"approved":          {`"✅ "`, "it starts now"},
		"approved_running":  {"U012BEN", "U012KIM", " → started"},
		"asked_once":        {"has no right to run this and asks for this one run"},
		"rejected":          {"⛔ denied by ", "not during the sale", "nothing ran"},
		"unanswered":        {"⌛ expired, nobody answered"},
		"half_answered":     {"⌛ expired, 1 of 2 had agreed"},
		"void":              {"What changed", "policy: (nothing) → 77"},
		"break_glass":       {"🚨 *break-glass*", "the site is down"},
		"step_asked":        {`"action_id":"approve_step"`, `"action_id":"deny_step"`, `"block_id":"step:Confirm"`},
		"step_told":         {"AWS has the answer. If it waits on, "},
		"step_approved":     {"Step ", "Confirm", "✅ "},
		"step_rejected":     {"step Confirm rejected by ", "wrong build"},
	} {
		card := strings.NewReplacer("\u00a0", " ").Replace(string(mustJSON(t, ruled(rich).card(all[name]).blocks)))
		for _, part := range parts {
			if !strings.Contains(card, part) {
				t.Errorf("%s does not say %q: %s", name, part, card)
			}
		}
		if name == "rejected" && strings.Count(card, "not during the sale") != 1 {
			t.Errorf("the reason is said twice: %s", card)
		}
		if !awaits(all[name]) && strings.Contains(card, `"action_id":"approve"`) {
			t.Errorf("%s still has its buttons", name)
		}
	}
}

func TestWhoIsCalled(t *testing.T) {
	t.Parallel()
	e := approvals()["asked_reminded"]
	e.Approval.Votes = []automation.Vote{yes("U012KIM", 1)}
	m := ruled(rich).reply(e, replyRemind)
	raw := m.text + string(mustJSON(t, m.blocks))
	for part, want := range map[string]bool{`"user_id":"U012BEN"`: true, "S012LEADS": true, "<!subteam^S012LEADS>": true, "U012KIM": false, "Still waiting": true} {
		if strings.Contains(raw, part) != want {
			t.Errorf("the reminder with %q is not %v: %s", part, want, raw)
		}
	}
	if users, groups := (look{approvers: func([]string) ([]string, []string) { return []string{"!channel", "C012OPS"}, []string{"x> <!here"} }}).called(e); len(users)+len(groups) > 0 {
		t.Errorf("what is no account is called: %v %v", users, groups)
	}
	e.Announcement.Channel = "D012ANA" // the card is in a direct message: nobody else can read its thread
	if kinds := replies(e); len(kinds) > 0 {
		t.Errorf("the thread of a direct message calls others: %v", kinds)
	}
}

// A step that is passed again is asked about again, whatever was said the first time.
func TestAStepThatIsPassedAgainHasButtons(t *testing.T) {
	t.Parallel()
	e := accepted("one")
	e.State = automation.Waiting
	e.Steps = []automation.Step{
		{ID: "1", Name: "Confirm", Action: "aws:approve", Status: "Approved"},
		{ID: "2", Name: "Confirm", Action: "aws:approve", Status: "Waiting"},
	}
	e.Approval = &automation.Approval{Steps: []automation.StepAnswer{{Step: "Confirm", ID: "1", Signal: "Approve", Sent: true}}}
	if got := ruled(rich).answerable(e); len(got) != 1 {
		t.Errorf("the second time %v can be answered", got)
	}
	e.Approval.Steps = append(e.Approval.Steps, automation.StepAnswer{Step: "Confirm", ID: "2", Signal: "Approve"})
	if got := ruled(rich).answerable(e); len(got) != 0 {
		t.Errorf("once it is answered %v can be answered", got)
	}
}
