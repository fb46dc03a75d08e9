package policy

import (
	"cmp"
	"slices"
	"time"
)

// Replay decides recorded requests again, under another policy than they were decided by. It keeps no records, and so
// needs memory only for what would change.
type Replay struct {
	policy    *Policy
	documents map[string]*Document // by runbook
	shifts    map[shiftKey]*Shift
	count     ReplayCount
}

// ReplayCount says what became of the records.
type ReplayCount struct {
	Same    int // would be decided as they were
	Changed int
	Left    int // say nothing about rules: see Add
	Untold  int // of Changed: in no Shift, because there are too many different ones
}

// Shift is one thing that would be decided otherwise, and how often it was asked.
type Shift struct {
	Was, Would Verdicts
	Actor      string // Slack user ID
	Action     Action
	Runbook    string
	Channel    string // ID
	Called     string // name of the channel, "" if unknown
	Parameters map[string][]string
	Times      int
	Last       time.Time
	Why        string // the new decision's sentence, for the first of them
}

// Verdicts is one side of a Shift.
type Verdicts struct {
	Verdict string `json:"verdict"` // allow, deny or approval
	Code    Code   `json:"code"`
	Rule    string `json:"rule"`
}

type shiftKey struct {
	was, would                      string
	actor, runbook, channel, action string
}

// maxShifts bounds the memory of a replay.
const maxShifts = 10_000

// NewReplay returns a replay under p.
func NewReplay(p *Policy) *Replay {
	return &Replay{policy: p, documents: map[string]*Document{}, shifts: map[shiftKey]*Shift{}}
}

// Add decides a recorded request again, at its own time and with what was known of the person and the channel. AWS is
// taken to hold what the policy pins, and grants to be unused so far.
//
// Left out is what rules did not decide: checks before a start, which repeat a request; answers of approvers; cancels by
// who asked for the execution; and what Slack, AWS, a lock or the use of a grant decided.
func (r *Replay) Add(rec Record) error {
	if !rules(rec) {
		r.count.Left++
		return nil
	}
	request, err := r.request(rec)
	if err != nil {
		return err
	}
	d := Decide(r.policy, request)
	was := Verdicts{ExpectDeny, rec.Code, rec.Rule}
	switch {
	case rec.Allowed:
		was.Verdict = ExpectAllow
	case rec.Code == CodeApprovalNeeded:
		was.Verdict = ExpectApproval
	}
	would := Verdicts{Verdict(d), d.Code(), d.Rule()}
	if was.Verdict == would.Verdict {
		r.count.Same++
		return nil
	}
	r.count.Changed++
	r.shift(rec, was, would, d)
	return nil
}

// rules says whether the policy's rules decided a request.
func rules(rec Record) bool {
	if rec.Key == "" || rec.Action == Approve || rec.Action == Reject {
		return false
	}
	switch rec.Code {
	case CodePolicyMissing, CodeRequestInvalid, CodeStandingUnknown, CodeChannelUnknown, CodeRequester,
		CodeLocked, CodeLimitAtOnce, CodeLimitPerHour, CodeUsageUnknown,
		CodeParametersTooMany, CodeParameterName, CodeValueTooLong, CodeValueTemplate, CodeValueHidden, // the record has them cut short
		CodeDocumentUnknown, CodeDocumentGone, CodeDocumentUnreadable, CodeVersionOther, CodeHashMissing, CodeHashOther,
		CodeRoleAbsent, CodeRoleOther, CodeRoleUnclear, CodeRoleEscape, CodeOwnerOther, CodeChildUnpinned, CodeChildOther, CodeAttachmentOther,
		CodeParameterUndeclared, CodeParameterMissing:
		return false
	}
	return true
}

// request is the record's request, made again.
func (r *Replay) request(rec Record) (*Request, error) {
	f := rec.Facts
	q := &Request{Action: rec.Action, Entry: rec.Entry, Actor: Actor{ID: rec.Actor, Team: rec.Team, Standing: f.Standing, UserGroups: f.UserGroups},
		Channel: Channel{ID: rec.Channel, Name: f.ChannelName, Shared: f.Shared, Known: true}, Runbook: rec.Runbook, Parameters: rec.Parameters,
		Requester: f.Requester, Execution: cmp.Or(rec.Execution, "r-replay"), At: rec.At, Reason: f.Reason, BreakGlass: f.BreakGlass,
		Incident: f.Incident, Usage: map[string]Usage{}}
	if q.Actor.Standing == "" { // as older records have it, which were decided for members alone
		q.Actor.Standing = standingOf(rec.Code)
	}
	for _, name := range r.policy.Limited(rec.Runbook) {
		q.Usage[name] = Usage{}
	}
	rb, ok := r.policy.Runbook(rec.Runbook)
	if !ok || rec.Action != Run && rec.Action != Ask {
		return q, nil
	}
	q.Region = rb.Region
	if r.documents[rb.Name] == nil {
		doc, err := r.policy.Assume(rb)
		if err != nil {
			return nil, err
		}
		r.documents[rb.Name] = doc
	}
	q.Document = r.documents[rb.Name]
	return q, nil
}

// standingOf is what an account must have been for a decision to fall like that.
func standingOf(c Code) Standing {
	switch c {
	case CodeGuest:
		return StandingGuest
	case CodeBot:
		return StandingBot
	case CodeDeactivated:
		return StandingDeactivated
	case CodeExternal:
		return StandingExternal
	}
	return StandingMember
}

func (r *Replay) shift(rec Record, was, would Verdicts, d Decision) {
	key := shiftKey{was.Verdict, would.Verdict, rec.Actor, rec.Runbook, rec.Channel, string(rec.Action)}
	s := r.shifts[key]
	if s == nil {
		if len(r.shifts) >= maxShifts {
			r.count.Untold++
			return
		}
		s = &Shift{Was: was, Would: would, Actor: rec.Actor, Action: rec.Action, Runbook: rec.Runbook, Channel: rec.Channel,
			Called: rec.Facts.ChannelName, Parameters: rec.Parameters, Why: d.ExplainToKeeper().Sentence}
		r.shifts[key] = s
	}
	s.Times++
	if rec.At.After(s.Last) {
		s.Last = rec.At
	}
}

// Count says what became of the records so far.
func (r *Replay) Count() ReplayCount { return r.count }

// Shifts returns what would change, most often asked first.
func (r *Replay) Shifts() []Shift {
	shifts := make([]Shift, 0, len(r.shifts))
	for _, s := range r.shifts {
		shifts = append(shifts, *s)
	}
	slices.SortFunc(shifts, func(a, b Shift) int {
		return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Actor, b.Actor), cmp.Compare(a.Runbook, b.Runbook),
			cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Was.Verdict, b.Was.Verdict), cmp.Compare(a.Would.Verdict, b.Would.Verdict))
	})
	return shifts
}
