package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"handrail/runbook"
)

// Explanation is a decision for people: what, why, and what they can do. All texts are plain sentences without markup;
// they quote what people typed, so whoever shows them escapes them.
type Explanation struct {
	Sentence string // the decision and its cause
	Rule     string // name of the grant that decided, "" if none did
	Decided  string // what decided, in a sentence: the grant, the default, or a check that stands above all grants
	NearRule string // name of the nearest grant that would have allowed, "" if there is none or the answer is yes
	Near     string // what that grant lets whom do where
	Missing  string // what it takes for that grant to apply
	Fix      string // what the person can do now

	Parameter   string   // the parameter that a no is about, or ""
	Value       string   // the value that a no is about, or ""; as typed, so possibly hostile
	Suggestions []string // words that were perhaps meant, best first
	Values      []string // values that the policy allows for Parameter
	Who         []string // names of groups and identities that some grant lets do this, sorted
	Wants       string   // what Parameter has to be; Missing does not repeat it where Fix says as much
	Approvers   []string // names of groups and identities who could agree, sorted
	Ask         bool     // a no, with which the policy lets this person ask for a one-time approval
	AskRule     string   // name of the grant that lets them, "" if none does
	Looked      []Look   // the rules that were looked at; none if the person may not know of the runbook
}

// Explain says why the decision is what it is, to the person who asked. To somebody without any grant on the runbook it
// says exactly what it says of a name nobody knows. It costs far more than deciding, so ask for it only to show or record it.
func (d Decision) Explain() Explanation { return d.explain(d.Hidden()) }

// ExplainToKeeper is Explain for whoever keeps the policy and may know of everything in it.
func (d Decision) ExplainToKeeper() Explanation { return d.explain(false) }

func (d Decision) explain(hide bool) Explanation {
	e := Explanation{Rule: d.Rule(), Parameter: d.parameter, Value: d.value}
	if hide {
		d.explainUnknown(&e)
		return e
	}
	switch {
	case d.code == "":
		e.Sentence, e.Decided = "Nothing was decided, so nothing is allowed.", defaultDecided
		return e
	case d.code == CodeButtonOther:
		e.Sentence, e.Decided = "The button or form is not the execution's own, so it does nothing.", "This is checked before any rule."
		return e
	case d.Allowed():
		d.explainYes(&e)
	case d.Pending():
		d.explainPending(&e)
	case d.answers():
		d.explainAnswer(&e)
	case d.explainStop(&e), d.explainConditions(&e), d.explainVotes(&e):
	case d.grant != nil:
		d.explainContent(&e)
	case d.request == nil || d.policy == nil || d.runbook == nil || d.request.Actor.Standing != StandingMember || !d.request.Channel.Known:
		d.explainOutside(&e)
	default:
		d.explainGrants(&e)
	}
	e.Looked = d.looked()
	if g := d.ask(); g != nil {
		e.Ask, e.AskRule, e.Approvers = true, g.Name, slices.Sorted(slices.Values(g.Approval.From))
	}
	return e
}

const (
	defaultDecided = "No rule grants it, and the default is no."
	askKeeper      = "Ask whoever keeps the policy."
	tryAgain       = "Try again in a minute."
)

func (d Decision) explainYes(e *Explanation) {
	if d.code == CodeRequester && d.request.Action == Locking {
		e.Sentence = "You set the lock, so you may end it."
		e.Decided = "Whoever set a lock may end it."
		return
	}
	if d.code == CodeRequester {
		e.Sentence = "You asked for it, so you may cancel it."
		e.Decided = "Whoever asked for an execution may cancel it."
		return
	}
	e.Decided = fmt.Sprintf("Rule %s decided.", d.Rule())
	switch d.code {
	case CodeApprover:
		e.Sentence = fmt.Sprintf("You are one of %s, so you may %s %s.", join(limited(d.need.From), "or"), d.answerVerb(), shown(d.request.Runbook))
	case CodeApproved:
		e.Sentence = fmt.Sprintf("%s lets you %s, and everybody who has to agree did.", d.grant.Name, d.what())
	case CodeBreakGlass:
		e.Sentence = fmt.Sprintf("%s lets you %s in an emergency.", d.grant.Name, d.what())
	default:
		e.Sentence = fmt.Sprintf("%s lets you %s.", d.grant.Name, d.what())
	}
}

// answers says whether the decision is about an answer to a request for approval, and got as far as to look at it.
func (d Decision) answers() bool {
	r := d.request
	return d.policy != nil && r != nil && (r.Action == Approve || r.Action == Reject) && r.complete() &&
		r.Actor.Standing == StandingMember && r.Channel.Known
}

// explainOutside explains what is refused before any grant is looked at.
func (d Decision) explainOutside(e *Explanation) {
	e.Decided = "This is checked before any rule."
	switch d.code {
	case CodePolicyMissing:
		e.Sentence, e.Fix = "There is no policy to decide by, so nothing is allowed.", "Ask whoever runs Handrail to load one."
	case CodeStandingUnknown:
		e.Sentence, e.Fix = "Slack did not say what kind of account yours is, so nothing is allowed.", tryAgain
	case CodeGuest:
		e.Sentence, e.Fix = "Guests of the workspace cannot use runbooks.", "Ask a member of the workspace."
	case CodeBot:
		e.Sentence, e.Fix = "Apps and bots cannot use runbooks.", "Ask as a person."
	case CodeDeactivated:
		e.Sentence, e.Fix = "This account is deactivated, and cannot use runbooks.", "Ask an administrator of the workspace."
	case CodeExternal:
		e.Sentence, e.Fix = "People of another organisation cannot use runbooks.", "Ask a member of the workspace."
	case CodeChannelUnknown:
		e.Sentence = "Slack did not say which channel this is, so nothing is allowed."
		e.Fix = tryAgain + " If it is a private channel, invite Handrail first."
	case CodeRunbookUnknown:
		d.explainUnknown(e)
	default:
		e.Sentence, e.Fix = "The request does not say who asks for what, and where.", "Ask again."
	}
}

// explainUnknown suggests only runbooks that the person has something to do with.
func (d Decision) explainUnknown(e *Explanation) {
	var names []string
	for _, r := range d.policy.runbooks {
		if d.policy.index.grantedAny(&d.request.Actor, r.number) {
			names = append(names, r.Name)
		}
	}
	e.Suggestions = Nearest(d.request.Runbook, names)
	e.Sentence = fmt.Sprintf("I don't know a runbook %s.", shown(d.request.Runbook))
	e.Decided = "The policy lists every runbook that may run."
	e.Fix = strings.TrimSpace(meant(e.Suggestions))
	if e.Fix == "" {
		e.Fix = "Look into the list of those that you may run."
	}
}

// explainGrants explains that no grant covers the request.
func (d Decision) explainGrants(e *Explanation) {
	e.Decided = defaultDecided
	e.Sentence = fmt.Sprintf("No rule lets you %s.", d.what())
	d.who(e)
	near, lacks := d.near()
	if near != nil {
		e.NearRule, e.Near, e.Missing = near.Name, near.lets(d.request), d.missing(near, lacks)
	}
	switch {
	case d.code == CodeIdentityUnknown:
		e.Sentence = fmt.Sprintf("The policy does not name you, so no rule lets you %s.", d.what())
	case d.code == CodeChannelShared:
		e.Sentence = fmt.Sprintf("%s is shared with another organisation, and no rule lets you %s there.",
			upper(d.request.Channel.words()), d.verb())
		e.Missing = "A shared channel counts only where a rule names it by its ID."
	}
	switch {
	case near != nil && lacks == lacksChannel && len(near.Channels) > 0:
		e.Fix = fmt.Sprintf("Do it in %s.", join(limited(near.Channels), "or"))
	case len(e.Who) > 0:
		e.Fix = fmt.Sprintf("Ask %s to do it, or ask whoever keeps the policy for the right.", join(limited(e.Who), "or"))
	default:
		e.Fix = askKeeper
	}
}

// explainContent explains what is wrong although a grant covers who, what and where.
func (d Decision) explainContent(e *Explanation) {
	d.who(e)
	if sentence, fix := d.documentWords(); sentence != "" {
		e.Sentence, e.Fix = sentence, fix
		e.Decided = "The policy pins what may run, and under which role."
		return
	}
	e.NearRule, e.Near = d.grant.Name, d.grant.lets(d.request)
	e.Decided = fmt.Sprintf("The policy lists the parameters of %s and their values.", d.runbook.Name)
	d.parameterWords(e)
}

// documentWords is what to say about a document that is not as pinned, and "" for everything else.
func (d Decision) documentWords() (sentence, fix string) {
	name, doc := d.runbook.Document, d.request.Document
	if doc == nil {
		doc = &Document{}
	}
	switch d.code {
	case CodeDocumentUnknown:
		return fmt.Sprintf("AWS did not say what %s holds, so it may not run.", name), tryAgain
	case CodeDocumentGone:
		return fmt.Sprintf("AWS has no document %s in version %s.", name, d.runbook.Version), askKeeper
	case CodeDocumentUnreadable:
		return withReason(fmt.Sprintf("The content of %s cannot be read", name), doc.Problem), askKeeper
	case CodeVersionOther:
		return fmt.Sprintf("AWS has %s in version %s, and the policy allows version %s.", name, shown(doc.Version), d.runbook.Version), askKeeper
	case CodeHashMissing:
		return fmt.Sprintf("AWS gave no hash for %s, so nobody can say what would run.", name), askKeeper
	case CodeHashOther:
		return fmt.Sprintf("The content of %s version %s is not the one that the policy pins.", name, shown(doc.Version)), askKeeper
	case CodeRoleAbsent:
		return fmt.Sprintf("%s names no role, so it would run with Handrail's own rights.", name), askKeeper
	case CodeRoleOther:
		return fmt.Sprintf("%s runs under %s, and not under the service role.", name, short(doc.Content.Role().ARN, 2048)), askKeeper
	case CodeRoleUnclear:
		return withReason(fmt.Sprintf("Nobody can say which role %s runs under", name), roleReason(doc.Content.Role())), askKeeper
	case CodeParameterUndeclared:
		return fmt.Sprintf("The policy lists %s, which %s does not declare.", d.parameter, name), askKeeper
	}
	return d.closureWords()
}

// withReason ends a sentence with a reason that a program wrote, if there is one.
func withReason(sentence, reason string) string {
	if reason == "" {
		return sentence + "."
	}
	return sentence + ": " + strings.TrimSuffix(short(reason, 300), ".") + "."
}

func roleReason(role runbook.Role) string {
	if role.Kind == runbook.RoleParameter {
		return fmt.Sprintf("it takes one from %s, and declares %s as well", role.Parameter, roleParameter)
	}
	return role.Reason
}

// parameterWords is what to say about what the person gave, or did not give.
func (d Decision) parameterWords(e *Explanation) {
	name := shown(d.parameter)
	values := d.request.Parameters[d.parameter]
	limit := 0
	if p, ok := d.runbook.Parameter(d.parameter); ok {
		e.Values, limit = slices.Clone(p.Allow), p.MaxItems
		e.Wants = p.Wants()
		e.Fix = fmt.Sprintf("Use %s.", p.words())
	}
	switch d.code {
	case CodeParametersTooMany:
		e.Sentence = fmt.Sprintf("There are %d parameters, and there may be %d.", len(d.request.Parameters), MaxParameters)
		e.Fix = d.takes()
	case CodeParameterName:
		e.Sentence, e.Fix = fmt.Sprintf("%s is not a parameter's name.", name), d.takes()
	case CodeParameterRole:
		e.Sentence = fmt.Sprintf("%s cannot be given: the role comes from the policy alone.", name)
		e.Fix, e.Wants = fmt.Sprintf("Leave %s out.", name), ""
	case CodeParameterUnknown:
		e.Suggestions = Nearest(d.parameter, d.names())
		e.Sentence = fmt.Sprintf("%s takes no parameter %s from people.", d.runbook.Name, name)
		e.Fix = d.takes()
		if len(e.Suggestions) > 0 {
			e.Fix = strings.TrimSpace(meant(e.Suggestions))
		}
	case CodeParameterMissing:
		e.Sentence = fmt.Sprintf("%s needs %s.", d.runbook.Name, name)
		if limit == 0 {
			e.Fix = "The policy does not list it, so nobody can give it. " + askKeeper
		}
	case CodeValueMissing:
		e.Sentence = fmt.Sprintf("%s has no value.", name)
	case CodeValuesTooMany:
		e.Sentence = fmt.Sprintf("%s has %d values, and may have %d.", name, len(values), limit)
		e.Fix, e.Missing = fmt.Sprintf("Give %d at most.", limit), e.Wants
	case CodeValueTooLong:
		e.Sentence = fmt.Sprintf("%s has a value of %d characters, and may have %d.", name, utf8.RuneCountInString(d.value), MaxValueLength)
	case CodeValueTemplate:
		e.Sentence = fmt.Sprintf("%s=%s holds {{, which AWS would resolve.", name, shown(d.value))
	case CodeValueHidden:
		e.Sentence = fmt.Sprintf("%s=%s holds characters that cannot be seen.", name, shown(d.value))
	case CodeValueSecret:
		e.Sentence = fmt.Sprintf("%s has a value that is not the name of an SSM parameter.", name)
		e.Fix = "Put the secret into the Parameter Store and give its name, such as /path/name. If you typed the secret itself, change it."
	default:
		e.Suggestions = Nearest(d.value, e.Values)
		e.Sentence = fmt.Sprintf("%s=%s is not allowed for %s.", name, shown(d.value), d.runbook.Name)
		if len(e.Suggestions) < len(e.Values) {
			e.Fix += meant(e.Suggestions)
		}
		if apart := d.apart(); apart != "" {
			e.Fix = fmt.Sprintf("Repeat the parameter for several values: %s", apart)
		}
	}
}

// apart is how to write several allowed values that somebody joined with commas, or "" if that would not be allowed.
func (d Decision) apart() string {
	p, ok := d.runbook.Parameter(d.parameter)
	values := strings.Split(d.value, ",")
	if !ok || len(values) < 2 || len(values)+len(d.request.Parameters[d.parameter])-1 > p.MaxItems {
		return ""
	}
	for i, value := range values {
		value = strings.TrimSpace(value)
		if p.check(value) != "" || strings.ContainsAny(value, " \"'") { // those would need quotes
			return ""
		}
		values[i] = d.parameter + "=" + value
	}
	return strings.Join(values, " ")
}
