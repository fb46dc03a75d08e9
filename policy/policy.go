// Package policy says who may run what. It reads the allowlist, decides requests, explains its decisions, and is the
// gate that writes a decision down before anybody may act on it.
//
// The default is no: whatever is unknown, empty, stale or unreachable is refused. A Decision that allows can only be
// made here. The package must not know Slack's wire, the AWS SDK or SQL: what the workspace and AWS say comes in with
// the Request.
package policy

import (
	"regexp"
	"slices"
	"strings"

	"handrail/runbook"
)

// Policy is one policy file, read and checked. It never changes; many goroutines may use it. What its methods return
// belongs to it and must not be changed by callers.
type Policy struct {
	hash        string
	serviceRole string
	identities  []Identity
	groups      []Group
	runbooks    []*Runbook
	grants      []*Grant
	denials     []*Denial
	freezes     []*Freeze
	windows     map[string]*Window
	index       index
}

// Identity is a person by the name the policy uses, and the Slack accounts that speak for them.
type Identity struct {
	Name  string
	Slack []string // user IDs, such as U012ANA; most people have one
}

// Group is a list of identities or a Slack user group, never both.
type Group struct {
	Name      string
	Members   []string // names of identities
	UserGroup string   // Slack user group ID, such as S0LEADS
}

// Runbook is a document that may run at all, pinned, with the parameters that people may give.
type Runbook struct {
	Name          string
	Document      string // name in AWS, or ARN of a document of Amazon or of the service role's account
	Version       string // a number, or "default" or "latest" if AllowUnpinned
	SHA256        string // of the content, lower-case hex; "" only if AllowUnpinned
	AllowUnpinned bool
	Region        string // "" means the configured one
	Description   string
	Parameters    []Parameter // sorted by name

	Targets     string               // parameter whose values are the targets, "" if the policy names none
	Children    []Pin                // documents that it starts, in any depth
	Attachments []Pin                // files that belong to the document; Version is ""
	Locations   []Location           // other accounts and Regions that it runs in, instead of its own
	Accepts     []runbook.EscapeKind // ways out of the role that the keeper of the policy takes on; see runbook.Analyse
	Steps       []StepRule           // who may answer its aws:approve steps, sorted by name
	Line        int                  // in the file, from 1

	number int32
}

// Pin is a document, or a file of one, whose content the policy fixes.
type Pin struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"` // a number
	SHA256  string `json:"sha256"`            // lower-case hex
}

// Location is where else a runbook runs, and under which role there.
type Location struct {
	Accounts      []string `json:"accounts"` // of 12 digits, or IDs of organisational units
	Regions       []string `json:"regions"`
	ExecutionRole string   `json:"execution_role"` // name of the role in those accounts
}

// StepRule says who may answer a step of action aws:approve.
type StepRule struct {
	Step     string
	Approval Approval
}

// Parameter is a parameter that people may give, with the values it may have. What is set must all hold; a parameter
// without any of Allow, Pattern, Min, Max and Secret does not exist.
type Parameter struct {
	Name     string
	Allow    []string // in the order of the file
	Pattern  string   // RE2, matched against the whole value; "" if none
	Min, Max *int64   // the value is a whole number within them; nil means no bound
	Secret   bool     // the value is the name of an SSM parameter that holds the secret, never the secret
	MaxItems int      // values at most, 1 to MaxParameterValues
	Line     int      // in the file, from 1

	allowed map[string]struct{}
	pattern *regexp.Regexp
}

// Parameter returns the parameter of exactly that name, or false if people may not give it.
func (r *Runbook) Parameter(name string) (*Parameter, bool) {
	i, ok := slices.BinarySearchFunc(r.Parameters, name, func(p Parameter, name string) int {
		return strings.Compare(p.Name, name)
	})
	if !ok {
		return nil, false
	}
	return &r.Parameters[i], true
}

// Everything is the word for every runbook, or every channel that is not shared, where a policy writes it.
const Everything = "*"

// Hash is the SHA-256 of the file's bytes in lower-case hex, "" where there is no policy.
func (p *Policy) Hash() string {
	if p == nil {
		return ""
	}
	return p.hash
}

// ServiceRole is the ARN of the one IAM role that runbooks run under.
func (p *Policy) ServiceRole() string { return p.serviceRole }

// Runbooks returns every runbook, sorted by name.
func (p *Policy) Runbooks() []*Runbook { return slices.Clone(p.runbooks) }

// Runbook returns the runbook of exactly that name.
func (p *Policy) Runbook(name string) (*Runbook, bool) {
	r, ok := p.index.runbooks[name]
	return r, ok
}

// Identity returns the policy's name for a Slack account.
func (p *Policy) Identity(slackID string) (name string, ok bool) {
	person, ok := p.index.accounts[slackID]
	return person.name, ok
}

// Person returns the first Slack account of an identity.
func (p *Policy) Person(name string) (slackID string, ok bool) {
	i, ok := slices.BinarySearchFunc(p.identities, name, func(id Identity, name string) int { return strings.Compare(id.Name, name) })
	if !ok {
		return "", false
	}
	return p.identities[i].Slack[0], true
}

// Identities returns every identity, sorted by name.
func (p *Policy) Identities() []Identity { return slices.Clone(p.identities) }

// Groups returns every group, sorted by name.
func (p *Policy) Groups() []Group { return slices.Clone(p.groups) }

// UserGroups returns the Slack user groups that decisions depend on, sorted. An Actor's UserGroups need no others.
func (p *Policy) UserGroups() []string {
	var ids []string
	for _, g := range p.groups {
		if g.UserGroup != "" {
			ids = append(ids, g.UserGroup)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Grants returns every grant, sorted by name.
func (p *Policy) Grants() []*Grant { return slices.Clone(p.grants) }

// Denials returns every denial, sorted by name.
func (p *Policy) Denials() []*Denial { return slices.Clone(p.denials) }

// Freezes returns every freeze, sorted by name.
func (p *Policy) Freezes() []*Freeze { return slices.Clone(p.freezes) }

// GrantsFor returns the grants that cover a runbook, sorted by name, whoever they are for.
func (p *Policy) GrantsFor(runbook string) []*Grant {
	var found []*Grant
	for _, g := range p.grants {
		if g.covers(runbook) {
			found = append(found, g)
		}
	}
	return found
}

// Limited returns the names of the grants that cover a runbook and have limits that need counting, sorted: those for
// which a Request wants Usage.
func (p *Policy) Limited(runbook string) []string {
	r, ok := p.index.runbooks[runbook]
	if !ok {
		return nil
	}
	names := slices.Concat(p.index.limited[r.number], p.index.limitedAll)
	slices.Sort(names)
	return names
}

// Accounts returns the Slack accounts and the Slack user groups behind names of groups and identities, each sorted: whom
// to tell that they are asked. Names that the policy no longer has are left out.
func (p *Policy) Accounts(names []string) (users, userGroups []string) {
	for _, name := range names {
		if account, ok := p.Person(name); ok {
			users = append(users, account)
		}
		for _, g := range p.groups {
			if g.Name != name {
				continue
			}
			if g.UserGroup != "" {
				userGroups = append(userGroups, g.UserGroup)
			}
			for _, member := range g.Members {
				if account, ok := p.Person(member); ok {
					users = append(users, account)
				}
			}
		}
	}
	slices.Sort(users)
	slices.Sort(userGroups)
	return slices.Compact(users), slices.Compact(userGroups)
}

func (g *Grant) covers(runbook string) bool {
	return slices.Contains(g.Runbooks, runbook) || g.wide()
}

// Allowed returns the runbooks this person may do this with in this channel, sorted by name: what help and lists show.
// It promises nothing about conditions, parameters or documents, nor about what stands above grants.
func (p *Policy) Allowed(actor Actor, channel Channel, action Action) []*Runbook {
	if actor.Standing != StandingMember || !channel.Known || channel.ID == "" {
		return nil
	}
	var found []*Runbook
	for _, r := range p.runbooks {
		if p.index.covers(p, &Request{Actor: actor, Channel: channel, Action: action}, r.number) {
			found = append(found, r)
		}
	}
	return found
}

// Visible says whether any grant lets this person do anything with a runbook, in any channel. To somebody else it does
// not exist: every answer is that for a name nobody knows.
func (p *Policy) Visible(actor Actor, runbook string) bool {
	r, ok := p.index.runbooks[runbook]
	return ok && actor.Standing == StandingMember && p.index.grantedAny(&actor, r.number)
}
