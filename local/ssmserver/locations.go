package ssmserver

import (
	"cmp"
	"maps"
	"regexp"
	"slices"

	"handrail/local/ssmserver/cloud"
	"handrail/runbook"
)

// targetLocation is a TargetLocation of the API: accounts and Regions to run in.
type targetLocation struct {
	Accounts                         []string            `json:",omitempty"`
	Regions                          []string            `json:",omitempty"`
	TargetLocationMaxConcurrency     string              `json:",omitempty"`
	TargetLocationMaxErrors          string              `json:",omitempty"`
	ExecutionRoleName                string              `json:",omitempty"`
	TargetLocationAlarmConfiguration *alarmConfiguration `json:",omitempty"`
	IncludeChildOrganizationUnits    bool                `json:",omitempty"`
	ExcludeAccounts                  []string            `json:",omitempty"`
	Targets                          []target            `json:",omitempty"`
	TargetsMaxConcurrency            string              `json:",omitempty"`
	TargetsMaxErrors                 string              `json:",omitempty"`
}

// executionRole is the default of ExecutionRoleName: the text of TargetLocation in the API reference.
const executionRole = "AWS-SystemsManager-AutomationExecutionRole"

// maxChildren bounds the children of one parent.
const maxChildren = 5_000

var regionPattern = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`)

func (in startRequest) checkLocations() error {
	if in.TargetLocationsURL != "" {
		return refuse(codeValidation, "TargetLocationsURL is not covered by the local SSM: it reads nothing from Amazon S3.")
	}
	children := 0
	for _, l := range in.TargetLocations {
		if err := l.check(); err != nil {
			return err
		}
		children += len(l.places())
	}
	switch {
	case len(in.TargetLocations) > 0 && children == 0:
		return refuse(codeInvalidTarget, "The target locations leave no account and Region.")
	case children > maxChildren:
		return refuse(codeInvalidTarget, "The target locations are %d accounts and Regions; the local SSM runs in %d at most.", children, maxChildren)
	}
	return nil
}

func (l targetLocation) check() error {
	if len(l.Accounts) == 0 || len(l.Regions) == 0 {
		return refuse(codeInvalidTarget, "A target location has at least one account and one Region.")
	}
	if l.IncludeChildOrganizationUnits {
		return refuse(codeValidation, "IncludeChildOrganizationUnits is not covered by the local SSM: there is no organization here.")
	}
	for _, account := range slices.Concat(l.Accounts, l.ExcludeAccounts) {
		if !accountPattern.MatchString(account) {
			return refuse(codeInvalidTarget, "%s is no account of 12 digits; organizational units are not covered by the local SSM: there is no organization here.", account)
		}
	}
	for _, region := range l.Regions {
		if !regionPattern.MatchString(region) {
			return refuse(codeInvalidTarget, "%s is no Region.", region)
		}
	}
	return nil
}

// place is one account and Region.
type place struct{ account, region string }

func (p place) name() string { return p.account + "-" + p.region }

// places are the accounts and Regions of the location, each once.
func (l targetLocation) places() []place {
	seen := map[place]bool{}
	var out []place
	for _, account := range l.Accounts {
		for _, region := range l.Regions {
			p := place{account, region}
			if !seen[p] && !slices.Contains(l.ExcludeAccounts, account) {
				seen[p] = true
				out = append(out, p)
			}
		}
	}
	return out
}

// role is what the children run as in a place.
func (l targetLocation) role(p place) string {
	return "arn:" + cloud.Partition(p.region) + ":iam::" + p.account + ":role/" + cmp.Or(l.ExecutionRoleName, executionRole)
}

// request is what the parent's request means in one place. The location's own targets and limits take precedence, and a
// role that the document takes as a parameter is the place's.
func (l targetLocation) request(in startRequest, p place, d *runbook.Document) startRequest {
	in.ClientToken, in.Tags, in.TargetLocations, in.AlarmConfiguration = "", nil, nil, l.TargetLocationAlarmConfiguration
	if len(l.Targets) > 0 {
		in.Targets = l.Targets
	}
	in.MaxConcurrency, in.MaxErrors = cmp.Or(l.TargetsMaxConcurrency, in.MaxConcurrency), cmp.Or(l.TargetsMaxErrors, in.MaxErrors)
	if !in.many() {
		in.TargetParameterName = ""
	}
	if name := d.Role().Parameter; name != "" {
		in.Parameters = maps.Clone(in.Parameters)
		if in.Parameters == nil {
			in.Parameters = map[string][]string{}
		}
		in.Parameters[name] = []string{l.role(p)}
	}
	return in
}

// group makes the children of one location.
func (s *Server) locationGroup(e *execution, l targetLocation, d document, v *version) *group {
	places := l.places()
	g := &group{pace: newPace(l.TargetLocationMaxConcurrency, l.TargetLocationMaxErrors, len(places), locationsAtOnce)}
	for _, p := range places {
		run := newStepRun(&runbook.Step{Name: p.name(), Action: actionAutomation}, nil)
		run.location = &targetLocation{Accounts: []string{p.account}, Regions: []string{p.region}, ExecutionRoleName: cmp.Or(l.ExecutionRoleName, executionRole)}
		g.runs = append(g.runs, run)
	}
	g.start = func(i int) (*execution, error) {
		p, role := places[i], l.role(places[i])
		o := origin{by: sessionARN(role, e.id), account: p.account, region: p.region, parent: e}
		if kind := v.parsed.Role().Kind; kind == runbook.RoleParameter || kind == runbook.RoleAbsent {
			o.role = role
		}
		return s.startVersion(o, d, v, l.request(e.asked, p, v.parsed))
	}
	return g
}
