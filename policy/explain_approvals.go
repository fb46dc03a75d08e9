package policy

import (
	"fmt"
	"slices"
	"strings"
)

// explainPending says who has to agree, such as "failovers lets you run failover-db in #ops once 1 of leads agrees."
func (d Decision) explainPending(e *Explanation) {
	e.Decided = fmt.Sprintf("Rule %s decided.", d.grant.Name)
	e.Fix = fmt.Sprintf("Wait for %s.", d.approversWords(e))
	if d.request.Action == Ask {
		e.Sentence = fmt.Sprintf("%s lets you %s. It runs once %s.", d.grant.Name, d.what(), d.needsWords())
		return
	}
	e.Sentence = fmt.Sprintf("%s lets you %s once %s.", d.grant.Name, d.what(), d.needsWords())
}

// needsWords is "1 of leads agrees", or "2 of leads agree to pass the freeze year-end", or both.
func (d Decision) needsWords() string {
	words := make([]string, len(d.needs))
	for i, need := range d.needs {
		words[i] = need.words()
	}
	return join(words, "and")
}

func (n Need) words() string {
	agree := "agree"
	if n.Count == 1 {
		agree = "agrees"
	}
	words := fmt.Sprintf("%d of %s %s", n.Count, join(limited(n.From), "or"), agree)
	if n.Freeze {
		words += " to pass the freeze " + n.Rule
	}
	return words
}

// approversWords names everybody who could agree.
func (d Decision) approversWords(e *Explanation) string {
	for _, need := range d.needs {
		e.Approvers = append(e.Approvers, need.From...)
	}
	slices.Sort(e.Approvers)
	e.Approvers = slices.Compact(e.Approvers)
	return join(limited(e.Approvers), "or")
}

// explainVotes explains why a run that others agreed to may not start, and says so if it is not that.
func (d Decision) explainVotes(e *Explanation) bool {
	e.Fix = "Ask for it again."
	switch d.code {
	case CodeDigestMismatch:
		e.Sentence = "What was agreed to is not what would run now."
		if len(d.request.Votes) == 0 {
			e.Sentence = "What would run now is not what was asked for."
		}
	case CodeApprovalExpired:
		e.Sentence = fmt.Sprintf("Nobody can agree any more: the wait for approvals ended on %s.", moment(d.approveBy))
	case CodeApproverSelf:
		e.Sentence = "Somebody who agreed is the person who asked for it, with this account or another."
	case CodeApproverGone:
		e.Sentence = "Somebody who agreed may not agree any more."
	default:
		e.Fix = ""
		return false
	}
	e.Decided = "An approval is for exactly what was shown, and counts until it starts."
	return true
}

// explainAnswer explains why somebody cannot agree, or refuse to.
func (d Decision) explainAnswer(e *Explanation) {
	others := d.approversWords(e)
	verb, name := d.answerVerb(), shown(d.request.Runbook)
	e.Decided = "The policy says who may agree, and it is never the person who asked."
	e.Fix = askKeeper
	if others != "" {
		e.Fix = fmt.Sprintf("Ask %s.", others)
	}
	switch d.code {
	case CodeApproverSelf:
		e.Sentence = fmt.Sprintf("You asked for %s, with this account or another, so you cannot %s it.", name, verb)
	case CodeApproverNotNamed:
		e.Sentence = fmt.Sprintf("You are not among those who may %s %s.", verb, name)
	case CodeApproverTwice:
		e.Sentence = fmt.Sprintf("You approved %s already, with this account or another.", name)
		e.Fix = fmt.Sprintf("Ask another of %s.", others)
	case CodeApproverUnmapped:
		e.Sentence = fmt.Sprintf("Only people whom the policy names themselves may %s %s, and it does not name you.", verb, name)
	case CodeChannelShared:
		e.Sentence = fmt.Sprintf("%s is shared with another organisation, so nobody can %s anything there.", upper(d.request.Channel.words()), verb)
		e.Decided, e.Fix = "This is checked before any rule.", "Do it in a channel that is not shared."
	case CodeDigestMismatch:
		e.Sentence = fmt.Sprintf("What would run is not what was shown when %s was asked for.", name)
		e.Decided, e.Fix = "An approval is for exactly what was shown.", "It has to be asked for again."
	case CodeApprovalExpired:
		e.Sentence = fmt.Sprintf("Nobody can %s %s any more: the wait ended on %s.", verb, name, moment(d.expiry()))
		e.Decided, e.Fix = "An approval has to come in time.", "It has to be asked for again."
	case CodeNothingToApprove:
		e.Sentence, e.Decided = fmt.Sprintf("%s wants no approval as it is.", upper(name)), "Under today's policy nobody has to agree to it."
		if d.request.Step == "" && d.request.Subject == nil {
			e.Sentence, e.Decided, e.Fix = fmt.Sprintf("%s waits for nobody's answer any more.", upper(name)), "The wait is over.", ""
		}
		if d.request.Step != "" {
			e.Sentence = fmt.Sprintf("No rule says who may answer step %s of %s.", shown(d.request.Step), name)
			e.Decided = defaultDecided
		}
	case CodeReasonMissing:
		e.Sentence, e.Fix = fmt.Sprintf("Whoever denies %s says why.", name), "Add a reason."
	case CodeStandingUnknown, CodeChannelUnknown, CodeDocumentUnknown:
		e.Sentence = fmt.Sprintf("Nobody can say right now whether %s may still run: %s.", name, d.cause())
		e.Decided, e.Fix = "It is decided again whenever somebody answers.", tryAgain
	default:
		e.Sentence = fmt.Sprintf("%s may not run any more: %s.", upper(name), d.cause())
		e.Decided, e.Fix = "It is decided again whenever somebody answers.", "It has to be asked for again."
	}
}

func (d Decision) answerVerb() string {
	if d.request.Action == Reject {
		return "deny"
	}
	return "approve"
}

// cause says in a few words why a run is refused, to somebody who did not ask for it.
func (d Decision) cause() string {
	switch d.code {
	case CodeDenied:
		return d.denial.Name + " forbids it"
	case CodeFrozen:
		return fmt.Sprintf("the freeze %s stops it until %s", d.freeze.Name, moment(d.freeze.Until))
	case CodeLocked:
		return fmt.Sprintf("%s locked it until %s", d.callName(d.lock.By), moment(d.lock.Until))
	case CodeStandingUnknown, CodeChannelUnknown:
		return "Slack did not answer"
	case CodeDocumentUnknown:
		return "AWS did not answer"
	case CodeGuest, CodeBot, CodeDeactivated, CodeExternal:
		return "the person who asked may not run anything now"
	case CodeChannelShared, CodeChannelNotGranted:
		return "the channel it was asked in does not count now"
	case CodeRunbookUnknown, CodeIdentityUnknown, CodeNotGranted, CodeActionNotGranted:
		return "no rule lets the person run it now"
	}
	return "the policy says " + strings.ReplaceAll(string(d.code), "_", " ")
}
