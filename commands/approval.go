package commands

import (
	"fmt"
	"slices"
	"strings"

	"handrail/automation"
	"handrail/policy"
)

// voted says what an answer came to.
func voted(x *automation.Execution, a automation.ApproveAsk) []Line {
	switch {
	case a.Step != "" && a.Reject:
		return []Line{line("⛔ You denied the step %s of %s.", code(a.Step), code(x.Ref))}
	case a.Step != "":
		if s := stepAnswer(x, a.Step); s != nil && s.Signal == "" {
			return []Line{join(line("✋ You agreed to the step %s of %s. So far ", code(a.Step), code(x.Ref)), tally(s.Votes, s.Needs), line("."))}
		}
		return []Line{line("✅ You agreed to the step %s of %s, and it goes on.", code(a.Step), code(x.Ref))}
	case a.Reject:
		return []Line{line("⛔ You denied %s. %s is told why.", code(x.Ref), person(x.Requester))}
	case x.State == automation.AwaitingApproval:
		return append([]Line{line("✋ You agreed to %s.", code(x.Ref))}, standing(x, "")...)
	}
	return []Line{line("✅ You agreed to %s, and it starts now.", code(x.Ref))}
}

// standing says where the approval of an execution, or of one of its steps, stands.
func standing(x *automation.Execution, step string) []Line {
	if step != "" {
		return stepStanding(x, step)
	}
	a := x.Approval
	if a == nil || len(a.Needs) == 0 {
		return []Line{line("%s needs nobody to agree: it is %s.", code(x.Ref), words(x.State))}
	}
	yes, no := agreed(a.Votes), refusals(a.Votes)
	switch {
	case x.State == automation.AwaitingApproval:
		l := join(line("✋ Waiting for "), needs(a.Needs), line(", until %s", moment(a.By)))
		if len(yes) > 0 {
			l = join(l, line("; so far "), tally(a.Votes, a.Needs))
		}
		return []Line{append(l, Span{Text: "."})}
	case len(no) > 0:
		return []Line{join(line("⛔ %s was denied by ", code(x.Ref)), said(no), line(": %s", no[0].Reason))}
	case len(a.Void) > 0:
		return append([]Line{line("⛔ The approval of %s is void: what it was for has changed. %s has to ask again.", code(x.Ref), person(x.Requester))},
			differences(a.Void)...)
	case x.State == automation.Expired && !a.By.IsZero() && len(yes) < total(a.Needs):
		return []Line{join(line("⌛ %s expired %s: ", code(x.Ref), moment(a.By)), needs(a.Needs), line(" had to agree, and "), tally(a.Votes, a.Needs), line(" had."))}
	case x.State == automation.Denied:
		return []Line{line("⛔ %s was not allowed to start: %s", code(x.Ref), x.Note)}
	case x.State == automation.Cancelled && x.CancelBy != "" && len(yes) < total(a.Needs):
		return []Line{line("🚫 %s was cancelled by %s before it was approved.", code(x.Ref), person(x.CancelBy))}
	}
	if len(yes) < total(a.Needs) {
		return []Line{join(line("%s is %s; ", code(x.Ref), words(x.State)), needs(a.Needs), line(" had to agree, and "), tally(a.Votes, a.Needs), line(" had."))}
	}
	return []Line{join(line("✅ %s was approved by ", code(x.Ref)), said(yes), line(": it is %s.", words(x.State)))}
}

func stepStanding(x *automation.Execution, step string) []Line {
	s := stepAnswer(x, step)
	switch {
	case s == nil:
		return []Line{line("Nobody has answered the step %s of %s.", code(step), code(x.Ref))}
	case s.Signal == "Reject":
		no := refusals(s.Votes)
		return []Line{join(line("⛔ The step %s of %s was denied by ", code(step), code(x.Ref)), said(no), line("%s", reasonOf(no)))}
	case s.Signal != "":
		return []Line{join(line("✅ The step %s of %s was approved by ", code(step), code(x.Ref)), said(agreed(s.Votes)), line("."))}
	case x.State.Terminal():
		return []Line{line("%s is over: it is %s.", code(x.Ref), words(x.State))}
	}
	return []Line{join(line("✋ The step %s of %s waits for ", code(step), code(x.Ref)), needs(s.Needs), line("; so far "), tally(s.Votes, s.Needs), line("."))}
}

func reasonOf(votes []automation.Vote) string {
	if len(votes) == 0 || votes[0].Reason == "" {
		return "."
	}
	return ": " + votes[0].Reason
}

// stepAnswer is what was said when a step of this name was passed last.
func stepAnswer(x *automation.Execution, step string) *automation.StepAnswer {
	if x.Approval == nil {
		return nil
	}
	for i, s := range slices.Backward(x.Approval.Steps) {
		if s.Step == step {
			return &x.Approval.Steps[i]
		}
	}
	return nil
}

// needs is "2 of `leads` or `dba`", for each of them.
func needs(all []policy.Need) Line {
	var parts []Line
	for _, n := range all {
		l := join(line("%s of ", fmt.Sprint(n.Count)), anyOf(n.From))
		if n.Freeze {
			l = append(l, line(" (freeze %s)", code(n.Rule))...)
		}
		parts = append(parts, l)
	}
	return and(parts)
}

// tally is "1 of 2 (@ben)".
func tally(votes []automation.Vote, needs []policy.Need) Line {
	yes := agreed(votes)
	l := line("%s of %s", fmt.Sprint(len(yes)), fmt.Sprint(total(needs)))
	if len(yes) > 0 {
		l = join(l, line(" ("), said(yes), line(")"))
	}
	return l
}

func total(needs []policy.Need) (n int) {
	for _, need := range needs {
		n += need.Count
	}
	return n
}

func agreed(votes []automation.Vote) []automation.Vote   { return pick(votes, false) }
func refusals(votes []automation.Vote) []automation.Vote { return pick(votes, true) }

func pick(votes []automation.Vote, reject bool) []automation.Vote {
	var found []automation.Vote
	for _, v := range votes {
		if v.Reject == reject {
			found = append(found, v)
		}
	}
	return found
}

// said names those who answered, and when.
func said(votes []automation.Vote) Line {
	var parts []Line
	for _, v := range votes {
		parts = append(parts, line("%s %s", person(v.User), moment(v.At)))
	}
	return and(parts)
}

// differences says what changed since people agreed.
func differences(ds []policy.Difference) []Line {
	var lines []Line
	for _, d := range ds {
		lines = append(lines, line("•  %s: was %s, is %s", d.What, code(shortenTo(orNothing(d.Was), 200)), code(shortenTo(orNothing(d.Is), 200))))
	}
	return lines
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// words is a state as people read it.
func words(s automation.State) string { return strings.ReplaceAll(string(s), "_", " ") }
