package policy

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// explainStop explains what stands above every grant, and says so if it is not that.
func (d Decision) explainStop(e *Explanation) bool {
	switch d.code {
	case CodeDenied:
		e.Sentence = fmt.Sprintf("%s forbids you to %s.", d.denial.Name, d.what())
		e.Decided = withReason("A denial beats every grant. Its reason", d.denial.Reason)
		if d.denial.Reason == "" {
			e.Decided = "A denial beats every grant."
		}
		e.Missing, e.Fix = d.denial.Name+" stands above it.", askKeeper
	case CodeFrozen:
		e.Sentence = fmt.Sprintf("%s is frozen until %s.", d.runbook.Name, moment(d.freeze.Until))
		e.Decided = frozen(d.freeze)
		e.Missing, e.Fix = d.freeze.Name+" stands above it.", "Wait until then."
		if d.freeze.Owner != "" {
			e.Fix = fmt.Sprintf("Wait until then, or ask %s.", d.freeze.Owner)
		}
	case CodeLocked:
		d.lockWords(e)
		e.Missing = "A lock stands above it."
	default:
		return false
	}
	if d.grant != nil {
		e.NearRule, e.Near = d.grant.Name, d.grant.lets(d.request)
	}
	return true
}

func frozen(f *Freeze) string {
	if f.Reason == "" {
		return fmt.Sprintf("The freeze %s stands above every grant.", f.Name)
	}
	return withReason(fmt.Sprintf("The freeze %s stands above every grant", f.Name), f.Reason)
}

func (d Decision) lockWords(e *Explanation) {
	l, what := d.lock, d.runbook.Name
	if len(l.Parameters) > 0 {
		what += " with " + pairs(l.Parameters)
	}
	by := d.callName(l.By)
	e.Sentence = fmt.Sprintf("%s is locked until %s.", what, moment(l.Until))
	e.Decided = fmt.Sprintf("%s locked it.", by)
	if l.Reason != "" {
		e.Decided = withReason(fmt.Sprintf("%s locked it", by), l.Reason)
	}
	e.Fix = fmt.Sprintf("Wait until then, or ask %s to end the lock %s.", by, shown(l.ID))
}

// callName is the policy's name for an account, or its ID.
func (d Decision) callName(account string) string {
	if name := d.policy.index.name(account); name != "" {
		return name
	}
	return shown(account)
}

// pairs writes parameters as people type them, in the order of their names.
func pairs(parameters map[string][]string) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		for _, value := range parameters[name] {
			words = append(words, shown(name)+"="+shown(value))
		}
	}
	return join(limited(words), "and")
}

func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }

// explainConditions explains that no grant that covers the request applies to it, and says so if it is not that.
func (d Decision) explainConditions(e *Explanation) bool {
	if d.code.rank() == 0 || d.grant == nil {
		return false
	}
	g := d.grant
	e.Decided = defaultDecided
	e.NearRule, e.Near = g.Name, g.lets(d.request)
	d.who(e)
	switch d.code {
	case CodeConditionUnmet:
		e.Sentence = fmt.Sprintf("%s lets you %s only under a condition, which does not hold.", g.Name, d.what())
		e.Missing, e.Fix = "It wants "+short(g.When.Source, 300)+".", askKeeper
	case CodeConditionBroke:
		e.Sentence = fmt.Sprintf("%s lets you %s only under a condition, and nobody can say whether it holds.", g.Name, d.what())
		e.Missing, e.Fix = "It wants "+short(g.When.Source, 300)+".", askKeeper
	case CodeOutsideWindow:
		e.Sentence = fmt.Sprintf("%s does not let you %s at this time.", g.Name, d.what())
		e.Missing, e.Fix = "It is outside "+d.windowWords(g)+".", "Wait until it opens."
	case CodeEmergencyOnly:
		e.Sentence = fmt.Sprintf("%s lets you %s in an emergency alone.", g.Name, d.what())
		e.Missing, e.Fix = "You did not say that it is one.", "In an emergency, add --break-glass and a reason."
	case CodeNoBreakGlass:
		e.Sentence = fmt.Sprintf("No rule for emergencies lets you %s.", d.what())
		e.Missing, e.Fix = "It is no rule for emergencies.", "Leave --break-glass out."
	case CodeReasonMissing:
		e.Sentence = fmt.Sprintf("%s lets you %s in an emergency, and wants to know why.", g.Name, d.what())
		e.Missing, e.Fix = "You gave no reason.", `Add reason="…".`
	default:
		d.limitWords(e)
	}
	return true
}

func (d Decision) limitWords(e *Explanation) {
	g, l := d.grant, d.grant.Limits
	switch d.code {
	case CodeUsageUnknown:
		e.Sentence = fmt.Sprintf("Nobody could count what ran under %s already, so it does not apply.", g.Name)
		e.Fix = tryAgain
	case CodeLimitAtOnce:
		e.Sentence = fmt.Sprintf("Under %s, %s may run at once, and as many do.", g.Name, counted(l.AtOnce, "execution"))
		e.Fix = "Wait until one ends."
	case CodeLimitPerHour:
		e.Sentence = fmt.Sprintf("Under %s, %s may be asked for in an hour, and as many were.", g.Name, counted(l.PerHour, "execution"))
		e.Fix = "Wait until the hour is over."
	case CodeLimitTargets:
		if d.runbook.Targets == "" {
			e.Sentence = fmt.Sprintf("Under %s, %s may be touched, and the policy does not say which parameter of %s has them.", g.Name, counted(l.Targets, "target"), d.runbook.Name)
			e.Fix = askKeeper
			return
		}
		e.Sentence = fmt.Sprintf("Under %s, %s may be touched, and %s has %d.", g.Name, counted(l.Targets, "target"), d.runbook.Targets, len(d.request.values(d.runbook.Targets)))
		e.Fix = fmt.Sprintf("Give %d at most.", l.Targets)
	}
}

// counted is "1 target" or "2 targets".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (d Decision) windowWords(g *Grant) string {
	words := make([]string, 0, len(g.Windows))
	for _, name := range g.Windows {
		if w := d.policy.windows[name]; w != nil {
			words = append(words, fmt.Sprintf("%s (%s)", w.Name, w.words()))
		}
	}
	return join(words, "and")
}
