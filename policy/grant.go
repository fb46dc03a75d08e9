package policy

import "time"

// Grant lets some people do something with some runbooks in some channels. When has to be met for whatever it gives;
// windows, limits, approval and break-glass are about running alone.
type Grant struct {
	Name     string
	To       []string // names of groups and identities
	Runbooks []string // names, or "*" alone for every runbook of the policy
	Channels []string // "#name" with * as a wildcard, an ID, or "*"
	May      []Action

	When       *Condition  // nil means always
	Windows    []string    // names of windows; none means at any time
	Limits     Limits      // zero fields do not limit
	Approval   *Approval   // who must agree; nil means nobody. Never nil for a grant that lets people ask.
	BreakGlass *BreakGlass // nil for a grant of every day
	Line       int         // in the file, from 1
}

// Approval says who must agree before a run starts.
type Approval struct {
	From            []string      // names of groups and identities
	Count           int           // distinct people, 1 to 10
	Expires         time.Duration // from the request on; 15 minutes unless the policy says otherwise, a day at most
	Channel         string        // ID or "#name" of the approvers' channel, "" for none
	RequireIdentity bool          // members of a user group count only if the policy names them as an identity
}

// DefaultExpires is how long an approval is waited for unless the policy says otherwise.
const DefaultExpires = 15 * time.Minute

// Limits bound what a grant lets happen. A grant whose limit is reached does not apply.
type Limits struct {
	AtOnce  int // executions that are not over, of all people under this grant
	PerHour int // executions asked for within the past hour, of all people under this grant
	Targets int // targets of one execution
}

// BreakGlass marks a grant for emergencies: it applies only to who asks for it and gives a reason, and is told to a channel.
type BreakGlass struct {
	Notify string // ID or "#name" of the channel that is told
}

// Denial takes away what grants give. One that applies decides, whatever any grant says.
type Denial struct {
	Name     string
	To       []string // names of groups and identities; none means everybody
	Runbooks []string // names, or "*" alone
	Channels []string // as in a Grant, and shared ones fit as well; none means everywhere
	May      []Action // what it forbids; none means running and asking
	When     *Condition
	Reason   string // for people
	Line     int
}

// Freeze stops runs for a time. It stands above grants.
type Freeze struct {
	Name        string
	From, Until time.Time // From is in it, Until is not
	Runbooks    []string  // names, or "*" alone
	Reason      string    // for people, "" if none is given
	Owner       string    // name of a group or identity to ask, "" if none is given
	Override    []string  // names of groups and identities of whom two together may let one run through; none means nobody
	Line        int
}

// OverrideCount is how many people of a freeze's override must agree.
const OverrideCount = 2

// Window is a time of the week within which a grant applies.
type Window struct {
	Name        string
	Days        [7]bool        // by time.Weekday: the days on which it opens
	From, Until int            // minutes of the day; Until before From, or the same, is on the next day
	Zone        *time.Location // never nil
}
