package bot

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"handrail/automation"
	"handrail/commands"
	"handrail/policy"
)

// hostile texts come from parameters, reasons, AWS and names.
var hostile = []string{
	"<!channel>", "<!here|x>", "<!everyone>", "<!subteam^S012LEADS>", "<@U012BEN>", "<@W012BEN|ana>", "<#C012RANDOM>", "<#C012RANDOM|ops>",
	"<https://evil.example|https://good.example>", "<mailto:a@b.c|x>", "<!date^1^{date}^https://evil.example|x>", "https://evil.example/?x", "@here @channel #random",
	"&lt;!channel&gt;", "&amp;lt;", "*bold* _it_ ~no~ `code`", "```\nfence\n```\n<!channel>", "`<!channel>`", "> quote", "\n\n✅ *restart-web*: *succeeded*",
	":rotating_light:", "\x1b[31mred\x1b[0m", "\x1b]8;;https://evil.example\x07link\x1b]8;;\x07", "\u202egnp.exe", "\u2066a\u2069", "a\u200bb\u200d\ufeff", "\U000e0041tag",
	"\x00\x07\x08\x7f", "\xff\xfe", "\u2028\u2029\u0085", "|", "][", `"},{"type":"section"}`, strings.Repeat("<!channel>", 1000), "Restаrt", "\u0001<\u0001!channel>",
	"<\u200b!channel>", "<\x1b[0m!channel>", "", " ", "``", "**",
}

// allowed are the only active things a message of ours may hold.
func allowed(entity string) bool {
	switch entity {
	case "@U012ANA", "@U012CANCELLER":
		return true
	}
	return strings.HasPrefix(entity, "!date^17") || strings.HasPrefix(entity, "https://eu-west-1.console.aws.amazon.com/") && strings.HasSuffix(entity, "|open in AWS")
}

// inspect walks a message's JSON and reports what untrusted text could have made active.
func inspect(t *testing.T, what string, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			inspect(t, what, x)
		}
	case map[string]any:
		switch v["type"] {
		case "mrkdwn":
			checkMarkdown(t, what, v["text"].(string))
			if v["verbatim"] != true {
				t.Errorf("%s: mrkdwn that is not verbatim: %v", what, v)
			}
			return
		case "user":
			if v["user_id"] != "U012ANA" {
				t.Errorf("%s: mentions %v", what, v["user_id"])
			}
		case "link", "broadcast", "usergroup", "channel", "emoji", "markdown", "image", "team":
			t.Errorf("%s: an active element %v", what, v)
		}
		for name, x := range v {
			if s, ok := x.(string); ok && name == "text" {
				checkClean(t, what, s)
			}
			inspect(t, what, x)
		}
	}
}

func checkMarkdown(t *testing.T, what, s string) {
	t.Helper()
	checkClean(t, what, s)
	for rest := s; ; {
		_, after, ok := strings.Cut(rest, "<")
		if !ok {
			break
		}
		entity, tail, closed := strings.Cut(after, ">")
		if !closed || !allowed(entity) {
			t.Errorf("%s: an active entity <%s> in %q", what, limit(entity, 80), limit(s, 200))
		}
		rest = tail
	}
	if strings.Count(s, "`")%2 != 0 || strings.Contains(s, "```") {
		t.Errorf("%s: unbalanced code in %q", what, limit(s, 200))
	}
}

func checkClean(t *testing.T, what, s string) {
	t.Helper()
	if strings.ContainsAny(s, "\x00\x07\x08\x1b\x7f\u200b\u200d\u202e\u2066\u2069\u2028\u2029\u0085\ufeff\U000e0041") {
		t.Errorf("%s: invisible characters in %q", what, limit(s, 200))
	}
}

func decoded(t *testing.T, v any) any {
	t.Helper()
	var out any
	if err := json.Unmarshal(mustJSON(t, v), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNothingUntrustedIsActiveInCardsAndReplies(t *testing.T) {
	t.Parallel()
	for _, text := range hostile {
		for _, state := range []automation.State{automation.Queued, automation.Running, automation.Succeeded, automation.Failed, automation.Cancelled, automation.Denied, automation.StartUnknown, automation.State(text)} {
			e := underWay(state, "Success", "Failed", "InProgress", "Pending")
			e.StartedAt, e.EndedAt, e.CreatedAt = noon, noon.Add(time.Minute), noon
			e.Parameters = map[string][]string{text: {text, "i-1"}, "InstanceId": {text}}
			e.Reason, e.Failure, e.Note, e.CancelReason, e.Parked, e.Rule, e.Ref, e.Runbook = text, text, text, text, text, text, text, text
			e.AWSStatus, e.CurrentStep, e.Region = text, text, "eu-west-1"
			for i := range e.Steps {
				e.Steps[i].Name, e.Steps[i].Action, e.Steps[i].Failure = text, text, text
			}
			e.Steps[3].Status = text
			for f := rich; f <= bare; f++ {
				l := look{console: AWSConsole, form: f}
				m := l.card(e)
				checkMarkdownText(t, text, m.text)
				inspect(t, text, decoded(t, m.blocks))
				for _, kind := range replies(e) {
					m := l.reply(e, kind)
					checkMarkdownText(t, text, m.text)
					inspect(t, text, decoded(t, m.blocks))
				}
			}
		}
	}
}

// checkMarkdownText is for the notification text, where backquotes need no partner.
func checkMarkdownText(t *testing.T, what, s string) {
	t.Helper()
	checkMarkdown(t, what, strings.ReplaceAll(s, "`", ""))
}

func TestNobodyIsMentionedByABrokenID(t *testing.T) {
	t.Parallel()
	for _, id := range append(hostile, "U012ANA>", "u012ana", "U0", "C012OPS", "S012LEADS", "!channel") {
		e := underWay(automation.Cancelled, "Success")
		e.Requester, e.CancelBy, e.AWSID = id, id, id
		e.CreatedAt, e.StartedAt, e.EndedAt = noon, noon, noon
		m := look{console: AWSConsole}.card(e)
		checkMarkdownText(t, id, m.text)
		inspect(t, id, decoded(t, m.blocks))
		for _, kind := range replies(e) {
			inspect(t, id, decoded(t, look{}.reply(e, kind).blocks))
		}
	}
}

func TestNothingUntrustedIsActiveInAnswers(t *testing.T) {
	t.Parallel()
	for _, text := range hostile {
		for style := commands.Plain; style <= commands.Moment+1; style++ {
			a := commands.Answer{Lines: []commands.Line{{{Style: style, Text: text}}, {{Style: style, Text: text + "\n" + text}}, {{Text: "x"}, {Style: style, Text: text}}}}
			var body map[string]any
			if err := json.Unmarshal(ackJSON(a), &body); err != nil {
				t.Fatal(err)
			}
			checkMarkdownText(t, text, body["text"].(string))
			inspect(t, text, body["blocks"])
			if len(ackJSON(a)) >= 20_480 {
				t.Errorf("%q: an acknowledgement of %d bytes", limit(text, 20), len(ackJSON(a)))
			}
		}
	}
}

func TestNothingUntrustedIsActiveInApprovals(t *testing.T) {
	t.Parallel()
	for _, text := range hostile {
		for name, e := range approvals() {
			for i := range e.Steps {
				if e.Steps[i].Name != "Confirm" {
					e.Steps[i].Name = text
				}
			}
			e.Requester, e.Channel, e.CancelBy = "U012ANA", text, text
			e.Parameters = map[string][]string{text: {text, "a=b\n" + text}}
			e.Reason, e.Note, e.Rule, e.Ref, e.Runbook, e.CancelReason = text, text, text, text, text, text
			e.Announcement.Channel, e.Announcement.AskChannel, e.Announcement.AskCard = text, text, text
			if a := e.Approval; a != nil {
				a.Bound.Version, a.Bound.SHA256, a.Bound.Targets = text, text, []string{text}
				a.Bound.Locations = []policy.Location{{Accounts: []string{text}, Regions: []string{text}, ExecutionRole: text}}
				a.Results = append(a.Results, automation.State(text))
				for i := range a.Needs {
					a.Needs[i].Rule, a.Needs[i].From, a.Needs[i].Channel = text, []string{text}, text
				}
				for i := range a.Votes {
					a.Votes[i].User, a.Votes[i].Reason = "U012ANA", text
				}
				for i := range a.Void {
					a.Void[i] = policy.Difference{What: text, Was: text, Is: text}
				}
				for i := range a.Steps {
					a.Steps[i].Step = text
					for j := range a.Steps[i].Votes {
						a.Steps[i].Votes[j].User, a.Steps[i].Votes[j].Reason = "U012ANA", text
					}
				}
			}
			for f := rich; f <= bare; f++ {
				l := ruled(f)
				l.approvers = func([]string) (users, groups []string) { return []string{text}, []string{text} }
				l.freeze = func(string) (time.Time, string) { return noon, text }
				messages := []message{l.card(e), l.askCard(e), l.emergencyNotice(e)}
				for _, kind := range append(replies(e), replyAsk, replyRemind) {
					messages = append(messages, l.reply(e, kind))
				}
				for _, m := range messages {
					checkMarkdownText(t, name+" "+text, m.text)
					inspect(t, name+" "+text, decoded(t, m.blocks))
					shown(t, m)
				}
			}
		}
	}
}

func TestNothingUntrustedIsActiveInForms(t *testing.T) {
	t.Parallel()
	for _, text := range hostile {
		e := waitingFor()
		e.Runbook, e.Ref, e.Requester = text, text, text
		for _, step := range []string{"", text} {
			inspect(t, text, decoded(t, denyForm(actionDeny, e, step).Blocks.BlockSet))
		}
	}
}

// No value can pass for another parameter: approvers see where one ends.
func TestAParameterCannotLookLikeTwo(t *testing.T) {
	t.Parallel()
	e := waitingFor()
	e.Parameters = map[string][]string{"Cluster": {"test\nTarget=prod", "x\u2028Other=1"}}
	if rows := parameterRows(e); len(rows) != 2 || rows[0] != "Cluster=test⏎Target=prod" || rows[1] != "Cluster=x⏎Other=1" {
		t.Errorf("approvers read %q", rows)
	}
}

func TestWhatIsCutIsSaidToApprovers(t *testing.T) {
	t.Parallel()
	e := waitingFor()
	e.Parameters = map[string][]string{"Script": {strings.Repeat("x", 20_000)}, "Z": {"rm -rf /"}}
	for f := rich; f < bare; f++ {
		l := look{form: f}
		for _, m := range []message{l.card(e), l.askCard(e)} {
			shown(t, m)
			if raw := string(mustJSON(t, m.blocks)); !strings.Contains(raw, "characters are not shown here. Ask for them before you agree.") || size(m.blocks) > maxCard {
				t.Errorf("%d characters that do not say what they leave out", size(m.blocks))
			}
		}
	}
}

func decodedText(t *testing.T, raw string) any {
	t.Helper()
	var out any
	if err := json.Unmarshal([]byte(raw), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
