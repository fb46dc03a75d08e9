package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// Condition is an expression in CEL that a request meets or not. One that cannot be evaluated, or that costs too much,
// is not met by a grant and is met by a denial.
//
// It knows actor.id, actor.name (of the identity, "" if none) and actor.groups (names that the policy gives); channel.id,
// channel.name and channel.shared; runbook.name, runbook.document and runbook.version, as the policy has them; params,
// from names to lists of text; targets, the values of the runbook's targets parameter; now, a timestamp; incident.id,
// incident.severity and incident.open, which are "", 0 and false where there is no incident.
type Condition struct {
	Source  string      // as the file has it
	program cel.Program // without a count of its cost, for what the estimate of it holds for
	counted cel.Program // with one, for everything larger
	targets bool        // it looks at them
}

// MaxCondition is the length of the longest condition in characters.
const MaxCondition = 1000

// maxCost bounds what a condition costs in CEL's units: by estimate for the largest request that may pass when the policy
// is read, and by count when it is evaluated for one that is larger still. So many take a few milliseconds.
const maxCost = 100_000

// errNoCondition means that a condition was not made by Parse, and so never holds.
var errNoCondition = errors.New("the condition was not compiled")

// Holds says whether the request meets the condition. An error means that nobody can say.
func (c *Condition) Holds(d *conditionInput) (bool, error) {
	if c.program == nil || c.counted == nil {
		return false, errNoCondition
	}
	program := c.counted
	if d.usual() {
		program = c.program
	}
	out, _, err := program.Eval(d)
	if err != nil {
		return false, fmt.Errorf("evaluating a condition: %w", err)
	}
	return out == types.True, nil
}

// meets says why a condition does not hold, or "" if it does.
func (d *Decision) meets(c *Condition) Code {
	if d.runbook == nil { // it left the policy while it ran
		return CodeConditionBroke
	}
	holds, err := c.Holds(&conditionInput{policy: d.policy, request: d.request, runbook: d.runbook})
	switch {
	case err != nil:
		return CodeConditionBroke
	case !holds:
		return CodeConditionUnmet
	}
	return ""
}

// conditionInput gives a condition the facts of a request, as it asks for them. One does for all conditions of a
// decision; it is for one goroutine.
type conditionInput struct {
	policy  *Policy
	request *Request
	runbook *Runbook
	params  ref.Val // made when first asked for
}

var _ cel.Activation = (*conditionInput)(nil)

// usual says whether the request is no larger than the estimator says, so that the estimate of the cost bounds it.
func (d *conditionInput) usual() bool {
	r, x := d.request, &d.policy.index
	groups := len(x.accounts[r.Actor.ID].principals)
	for _, id := range r.Actor.UserGroups {
		groups += len(x.userGroups[id])
	}
	if len(r.Parameters) > MaxParameters || groups > maxOf {
		return false
	}
	for name, values := range r.Parameters {
		if len(name) > MaxValueLength || len(values) > MaxParameterValues {
			return false
		}
		for _, value := range values {
			if len(value) > MaxValueLength {
				return false
			}
		}
	}
	return len(r.Actor.ID) <= MaxValueLength && len(r.Channel.ID) <= MaxValueLength && len(r.Channel.Name) <= MaxValueLength &&
		(r.Incident == nil || len(r.Incident.ID) <= MaxValueLength)
}

// Parent is part of the Activation interface.
func (d *conditionInput) Parent() cel.Activation { return nil }

// ResolveName is part of the Activation interface: the value of one of conditionNames.
func (d *conditionInput) ResolveName(name string) (any, bool) {
	switch r := d.request; name {
	case "actor.id":
		return types.String(r.Actor.ID), true
	case "actor.name":
		return types.String(d.policy.index.accounts[r.Actor.ID].name), true
	case "actor.groups":
		return texts(d.groups()), true
	case "channel.id":
		return types.String(r.Channel.ID), true
	case "channel.name":
		return types.String(r.Channel.Name), true
	case "channel.shared":
		return types.Bool(r.Channel.Shared), true
	case "runbook.name":
		return types.String(d.runbook.Name), true
	case "runbook.document":
		return types.String(d.runbook.Document), true
	case "runbook.version":
		return types.String(d.runbook.Version), true
	case "params":
		return d.parameters(), true
	case "targets":
		return texts(r.values(d.runbook.Targets)), true
	case "now":
		return types.Timestamp{Time: r.At}, true
	}
	return d.incident(name)
}

func (d *conditionInput) incident(name string) (any, bool) {
	incident := d.request.Incident
	if incident == nil {
		incident = &Incident{}
	}
	switch name {
	case "incident.id":
		return types.String(incident.ID), true
	case "incident.severity":
		return types.Int(incident.Severity), true
	case "incident.open":
		return types.Bool(incident.Open), true
	}
	return nil, false
}

func texts(list []string) ref.Val { return types.NewStringList(types.DefaultTypeAdapter, list) }

func (d *conditionInput) parameters() ref.Val {
	if d.params == nil {
		given := d.request.Parameters
		d.params = orderedMap{types.NewDynamicMap(types.DefaultTypeAdapter, given), given}
	}
	return d.params
}

// orderedMap goes through its names in their order, so that the same request always has the same answer.
type orderedMap struct {
	traits.Mapper
	given map[string][]string
}

// Iterator is part of the Mapper interface.
func (m orderedMap) Iterator() traits.Iterator {
	return types.NewStringList(types.DefaultTypeAdapter, slices.Sorted(maps.Keys(m.given))).Iterator()
}

// groups are the names of the policy's groups that the person is in, sorted.
func (d *conditionInput) groups() []string {
	x, a := &d.policy.index, &d.request.Actor
	var names []string
	for _, n := range x.accounts[a.ID].principals {
		names = append(names, x.called[n])
	}
	if len(names) > 0 {
		names = names[1:] // the first is the identity itself
	}
	for _, id := range a.UserGroups {
		for _, n := range x.userGroups[id] {
			names = append(names, x.called[n])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
