package bot

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"handrail/automation"
	"handrail/local/slackserver/blockkit"
)

var updateGolden = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, 11, 23, 14, 2, 0, 0, time.UTC)

// during is an execution of several steps; each case of goldens changes it.
func during(state automation.State) *automation.Execution {
	e := accepted(theID)
	e.State, e.CreatedAt, e.StartBy = state, noon, noon.Add(10*time.Minute)
	e.Request.Tag = "handrail:" + theID
	return e
}

func underWay(state automation.State, statuses ...string) *automation.Execution {
	e := during(state)
	e.AWSID, e.StartedAt = theAWS, noon.Add(2*time.Second)
	at := e.StartedAt
	for i, name := range []string{"checkAlarms", "drainTargets", "restartService", "verifyHealth"}[:len(statuses)] {
		s := automation.Step{ID: fmt.Sprintf("id-%d", i), Name: name, Action: "aws:executeAwsApi", Status: statuses[i]}
		if kindOf(s.Status) != stepAhead {
			s.StartedAt = at
			at = at.Add(time.Duration(3+19*i) * time.Second)
		}
		if k := kindOf(s.Status); k == stepOver || k == stepBroken {
			s.EndedAt = at
		}
		e.Steps = append(e.Steps, s)
	}
	if state.Terminal() {
		e.EndedAt = at
	}
	return e
}

func with(e *automation.Execution, f func(*automation.Execution)) *automation.Execution {
	f(e)
	return e
}

const denied = "User: arn:aws:sts::123456789012:assumed-role/AmazonSSMAutomationRole/Automation is not authorized to perform: ecs:UpdateService"

// goldens are the states people see, by file name.
func goldens() map[string]*automation.Execution {
	fail := func(e *automation.Execution) {
		e.Failure = "Step fails when it is Execute/Cancelling action. " + denied
		for i := range e.Steps {
			if kindOf(e.Steps[i].Status) == stepBroken {
				e.Steps[i].Failure = denied
			}
		}
	}
	return map[string]*automation.Execution{
		"queued":           during(automation.Queued),
		"queued_throttled": with(during(automation.Queued), func(e *automation.Execution) { e.Note = "AWS allows one start a second; this one waits its turn." }),
		"starting":         during(automation.Starting),
		"running":          underWay(automation.Running, "Success", "InProgress", "Pending", "Pending"),
		"running_reason": with(underWay(automation.Running, "Success", "InProgress", "Pending", "Pending"), func(e *automation.Execution) {
			e.Reason = "checkout is slow, INC-204"
		}),
		"waiting": underWay(automation.Waiting, "Success", "Waiting", "Pending", "Pending"),
		"cancelling": with(underWay(automation.Running, "Success", "InProgress", "Pending", "Pending"), func(e *automation.Execution) {
			e.CancelBy, e.CancelReason, e.CancelAt = "U012BEN", "wrong host", noon
		}),
		"succeeded": underWay(automation.Succeeded, "Success", "Success", "Success", "Success"),
		"failed":    with(underWay(automation.Failed, "Success", "Success", "Failed", "Pending"), fail),
		"timed_out": with(underWay(automation.TimedOut, "Success", "TimedOut", "Pending", "Pending"), fail),
		"cancelled": with(underWay(automation.Cancelled, "Success", "Cancelled", "Pending", "Pending"), func(e *automation.Execution) { e.CancelBy = "U012BEN" }),
		"refused": with(during(automation.Failed), func(e *automation.Execution) {
			e.Note, e.EndedAt = "AWS refused the start: the role may not be assumed.", noon
		}),
		"cancelled_early": with(during(automation.Cancelled), func(e *automation.Execution) {
			e.CancelBy, e.Note, e.EndedAt = "U012BEN", "Cancelled before it was sent to AWS.", noon
		}),
		"stopped":    underWay(automation.Cancelled, "Success", "Cancelled", "Pending", "Pending"),
		"denied":     with(during(automation.Denied), func(e *automation.Execution) { e.Note = "The grant web-restarts no longer allows it." }),
		"expired":    during(automation.Expired),
		"unknown":    with(during(automation.StartUnknown), func(e *automation.Execution) { e.Note = "AWS answered with an error six times." }),
		"parked":     with(during(automation.Queued), func(e *automation.Execution) { e.Parked = "it stopped the program's work on it five times" }),
		"direct":     with(underWay(automation.Running, "InProgress"), func(e *automation.Execution) { e.Announcement.Channel = "D012ANA" }),
		"many_steps": with(underWay(automation.Running), longRunning),
		"many_parameters": with(during(automation.Queued), func(e *automation.Execution) {
			e.Parameters = map[string][]string{"InstanceId": {"i-1", "i-2", "i-3"}, "Force": {"true"}, "Empty": {""}}
		}),
	}
}

func longRunning(e *automation.Execution) {
	for i := range 120 {
		s := automation.Step{Name: fmt.Sprintf("step%03d_%s", i, strings.Repeat("x", 80)), Status: "Success", StartedAt: noon, EndedAt: noon.Add(time.Minute)}
		if i == 70 {
			s.Status, s.Failure = "Failed", strings.Repeat("line of a log\n", 500)
		}
		if i > 100 {
			s = automation.Step{Name: s.Name, Status: "Pending"}
		}
		e.Steps = append(e.Steps, s)
	}
}

// shown is a message as a golden file has it.
func shown(t *testing.T, m message) object {
	t.Helper()
	raw, err := json.Marshal(m.blocks)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.blocks) > 0 {
		for _, p := range blockkit.Validate(blockkit.Message, raw) {
			t.Errorf("Slack would refuse %s: %s (%s)", p.Pointer, p.Message, p.Code)
		}
	}
	return object{"text": m.text, "blocks": json.RawMessage(raw)}
}

func TestGoldenMessages(t *testing.T) {
	t.Parallel()
	for name, e := range goldens() {
		t.Run(name, func(t *testing.T) {
			got := object{}
			l := look{console: AWSConsole}
			got["card"] = shown(t, l.card(e))
			l.form = plain
			got["plain"] = shown(t, l.card(e))
			var thread []object
			for _, kind := range replies(e) {
				thread = append(thread, object{kind: shown(t, l.reply(e, kind))})
			}
			got["thread"] = thread
			compare(t, filepath.Join("testdata", name+".json"), got)
		})
	}
}

func compare(t *testing.T, path string, value any) {
	t.Helper()
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(value); err != nil {
		t.Fatal(err)
	}
	if *updateGolden {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got, -update rewrites it):\n%s", path, diff)
	}
}

func TestEveryStateHasAFaceAndAnEnd(t *testing.T) {
	t.Parallel()
	for _, s := range []automation.State{automation.Queued, automation.Starting, automation.Running, automation.Waiting, automation.Succeeded,
		automation.Failed, automation.TimedOut, automation.Cancelled, automation.Denied, automation.Expired, automation.StartUnknown} {
		e := during(s)
		if icon, _ := face(e); icon == "❔" {
			t.Errorf("%s has no face", s)
		}
		if s.Terminal() && strings.HasPrefix(ending(e), "ended:") {
			t.Errorf("%s has no last word", s)
		}
		if got := strings.Contains(string(mustJSON(t, look{}.card(e).blocks)), `"action_id":"cancel"`); got == s.Terminal() {
			t.Errorf("%s: a Cancel button is %v", s, got)
		}
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestBigExecutionsFit(t *testing.T) {
	t.Parallel()
	e := with(underWay(automation.Failed), longRunning)
	e.Reason, e.Note, e.Failure = strings.Repeat("🦺é", 5_000), strings.Repeat("note ", 5_000), strings.Repeat("\\\"<&>", 5_000)
	e.Parameters = map[string][]string{"A": {strings.Repeat("v", 100_000)}, strings.Repeat("name", 100): {"x", "y"}}
	for i := range e.Steps {
		e.Steps[i].Status, e.Steps[i].Failure = "Failed", e.Failure
	}
	for f := rich; f <= bare; f++ {
		l := look{form: f}
		m := l.card(e)
		shown(t, m)
		if n := size(m.blocks); n > maxCard || len([]rune(m.text)) > maxText {
			t.Errorf("form %d has %d characters of blocks and %d of text", f, n, len([]rune(m.text)))
		}
		for _, kind := range replies(e) {
			if m := l.reply(e, kind); size(m.blocks) > maxCard || len([]rune(m.text)) > maxText {
				t.Errorf("reply %q is too long", limit(kind, 20))
			}
		}
	}
	if n := len(replies(e)); n > maxFailedReplies+2 {
		t.Errorf("%d replies", n)
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "less than a second", -time.Minute: "less than a second", 999 * time.Millisecond: "less than a second", time.Second: "1\u00a0s", 52 * time.Second: "52\u00a0s", 59600 * time.Millisecond: "1\u00a0m 00\u00a0s",
		102 * time.Second: "1\u00a0m 42\u00a0s", 128 * time.Second: "2\u00a0m 08\u00a0s", time.Hour: "1\u00a0h 00\u00a0m", 26 * time.Hour: "1\u00a0d 2\u00a0h",
	} {
		if got := human(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

func TestTheReasonForCancellingIsLiteral(t *testing.T) {
	t.Parallel()
	e := underWay(automation.Running, "InProgress")
	e.CancelBy, e.CancelReason = "U012BEN", "*wrong* <!channel> host_name `x`"
	if raw := string(mustJSON(t, look{}.card(e).blocks)); !strings.Contains(raw, `{"type":"rich_text_quote","elements":[{"type":"text","text":`+string(mustJSON(t, e.CancelReason))) {
		t.Errorf("the card is %s", raw)
	}
}

func TestWhatTheLastWordsSay(t *testing.T) {
	t.Parallel()
	all := goldens()
	blocks := func(name string) string { return string(mustJSON(t, look{}.card(all[name]).blocks)) }
	for name, part := range map[string]string{"refused": "Nothing was started.", "cancelled_early": "Nothing was started.",
		"cancelled": "completed checkAlarms. What they changed stays changed.", "running": "AWS stops the step that is under way."} {
		if card := blocks(name); !strings.Contains(card, part) {
			t.Errorf("%s does not say %q: %s", name, part, card)
		}
	}
	if m := (look{}).reply(all["refused"], replyEnded); !strings.Contains(m.text, "was not started: AWS refused the start: the role may not be assumed.") {
		t.Errorf("the last reply is %q", m.text)
	}
	m := (look{}).reply(all["running"], replyStarted)
	if raw := m.text + string(mustJSON(t, m.blocks)); strings.Contains(raw, "U012ANA") {
		t.Errorf("the first reply calls the person: %s", raw)
	}
	if m := (look{}).reply(all["succeeded"], replyEnded); !strings.Contains(m.text, "<@U012ANA>") {
		t.Errorf("the last reply calls nobody: %s", m.text)
	}
}
