package bot

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"handrail/automation"
)

// verdict says who answered and what came of it, in the place of the buttons; nil if nobody was asked.
func verdict(e *automation.Execution) []slack.Block {
	if !asks(e) || awaits(e) {
		return nil
	}
	yes, _ := votes(e)
	var line []slack.RichTextSectionElement
	for i, v := range yes[:min(len(yes), 10)] {
		if i > 0 {
			line = append(line, words(" · "))
		}
		line = append(line, words("✅ "), who(v.User), words(" "), timeLeaf(v.At, "{time}"))
	}
	no := rejected(e)
	switch {
	case no != nil:
		return append(said(line), denial(*no, "denied"))
	case void(e):
		return append(said(line), differences(e))
	case unanswered(e) && len(yes) == 0:
		line = append(line, words("⌛ expired, nobody answered"))
	case unanswered(e):
		line = append(line, words(fmt.Sprintf(" → ⌛ expired, %d of %d had agreed", len(yes), wanted(e))))
	case len(line) > 0:
		line = append(line, words(" → "+outcome(e)))
	}
	return said(line)
}

func said(line []slack.RichTextSectionElement) []slack.Block {
	if len(line) == 0 {
		return nil
	}
	return []slack.Block{slack.NewRichTextBlock("", slack.NewRichTextSection(line...))}
}

// outcome is what became of an execution after people had agreed.
func outcome(e *automation.Execution) string {
	switch {
	case e.AWSID != "" || !e.StartedAt.IsZero():
		return "started"
	case !e.State.Terminal():
		return "it starts now"
	case e.State == automation.StartUnknown:
		return "perhaps started"
	}
	return "not started"
}

// denial says who said no, and why in their own words.
func denial(v automation.Vote, word string) slack.Block {
	parts := []slack.RichTextElement{slack.NewRichTextSection(words("⛔ "+word+" by "), who(v.User), words(" "), timeLeaf(v.At, "{time}"))}
	if reason := limit(cleanLines(v.Reason), 300); strings.TrimSpace(reason) != "" {
		parts = append(parts, &slack.RichTextQuote{Type: slack.RTEQuote, Elements: []slack.RichTextSectionElement{words(reason)}})
	}
	return slack.NewRichTextBlock("", parts...)
}

// maxDifferences is how many differences are listed; the record has all.
const maxDifferences = 10

// differences lists what is not as it was when people were asked.
func differences(e *automation.Execution) slack.Block {
	var lines []string
	for _, d := range e.Approval.Void[:min(len(e.Approval.Void), maxDifferences)] {
		lines = append(lines, fmt.Sprintf("%s: %s → %s", limit(clean(d.What), 100), value(d.Was), value(d.Is)))
	}
	if n := len(e.Approval.Void) - maxDifferences; n > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", n))
	}
	return slack.NewRichTextBlock("", slack.NewRichTextSection(strong("What changed  "), words("was → is")), literal(strings.Join(lines, "\n")))
}

func value(s string) string { return firstOf(limit(clean(s), 200), "(nothing)") }

// answers says who answered which step.
func answers(e *automation.Execution) []slack.Block {
	if e.Approval == nil {
		return nil
	}
	var out []slack.Block
	for _, s := range e.Approval.Steps[:min(len(e.Approval.Steps), 5)] {
		var line []slack.RichTextSectionElement
		for _, v := range s.Votes[:min(len(s.Votes), 10)] {
			if v.Reject {
				out = append(out, denial(v, "step "+firstOf(limit(clean(s.Step), 100), "(unnamed)")+" rejected"))
				continue
			}
			line = append(line, words(" ✅ "), who(v.User), words(" "), timeLeaf(v.At, "{time}"))
		}
		if len(line) == 0 {
			continue
		}
		line = append([]slack.RichTextSectionElement{words("Step "), styled(firstOf(limit(clean(s.Step), 100), "(unnamed)"), slack.RichTextSectionTextStyle{Code: true})}, line...)
		if n := stepWants(s); s.Signal == "" && n > 0 {
			line = append(line, words(fmt.Sprintf(" · %d of %d", len(s.Votes), n)))
		}
		out = append(out, said(line)...)
	}
	return out
}

func stepWants(s automation.StepAnswer) (n int) {
	for _, need := range s.Needs {
		n += max(need.Count, 0)
	}
	return n
}
