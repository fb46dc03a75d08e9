package ssmserver

import (
	"maps"
	"slices"
	"strings"

	"handrail/runbook"
)

// target is a Target of the API: what a parent starts children for.
type target struct {
	Key    string
	Values []string
}

// The keys of targets: the text of Target in the API reference. A tag's key is tag:KEY.
const (
	keyValues    = "ParameterValues"
	keyGroup     = "ResourceGroup"
	keyInstances = "AWS::EC2::Instance"
	keyIDs       = "InstanceIds"
	tagPrefix    = "tag:"
)

// many says whether the request makes a parent of many children.
func (in startRequest) many() bool {
	return len(in.Targets) > 0 || len(in.TargetMaps) > 0 || len(in.TargetLocations) > 0
}

// targeted are the parameters that the targets give.
func (in startRequest) targeted() map[string]bool {
	out := map[string]bool{}
	if in.TargetParameterName != "" {
		out[in.TargetParameterName] = true
	}
	for _, m := range in.TargetMaps {
		for name := range m {
			out[name] = true
		}
	}
	return out
}

// allTargets are the targets of the request and of its locations.
func (in startRequest) allTargets() [][]target {
	var out [][]target
	if len(in.Targets) > 0 {
		out = append(out, in.Targets)
	}
	for _, l := range in.TargetLocations {
		if len(l.Targets) > 0 {
			out = append(out, l.Targets)
		}
	}
	return out
}

// checkTargets checks what can be known of the targets before they are looked up.
func (in startRequest) checkTargets(d *runbook.Document) error {
	all := in.allTargets()
	switch {
	case len(all) > 0 && len(in.TargetMaps) > 0:
		return refuse(codeInvalidParameters, "Both Targets and TargetMaps can't be specified together.")
	case len(all) > 0 && in.TargetParameterName == "":
		return refuse(codeInvalidParameters, "TargetParameterName is required if Targets are specified.")
	case len(all) == 0 && len(in.TargetMaps) == 0 && in.TargetParameterName != "":
		return refuse(codeInvalidParameters, "Targets or TargetMaps are required if TargetParameterName is specified.")
	case in.many() && in.Mode == modeInteractive:
		return refuse(codeInvalidParameters, "The mode Interactive isn't supported for automations with targets.")
	}
	for _, targets := range all {
		if err := checkTargets(targets); err != nil {
			return err
		}
	}
	if err := in.checkMaps(d); err != nil {
		return err
	}
	if name := in.TargetParameterName; name != "" {
		if err := checkTargetParameter(d, name); err != nil {
			return err
		}
	}
	return in.checkLocations()
}

// checkTargetParameter: the role is not a target, docs.aws.amazon.com/systems-manager/latest/userguide/running-automations-map-targets.html.
func checkTargetParameter(d *runbook.Document, name string) error {
	if _, declared := d.Parameter(name); !declared {
		return refuse(codeInvalidParameters, "Unknown parameter: %s is not declared in the document.", name)
	}
	if name == "AutomationAssumeRole" || name == d.Role().Parameter {
		return refuse(codeInvalidParameters, "%s isn't a valid target parameter.", name)
	}
	return nil
}

func checkTargets(targets []target) error {
	if len(targets) > 1 && slices.ContainsFunc(targets, func(t target) bool { return t.Key == keyGroup || strings.HasPrefix(t.Key, tagPrefix) }) {
		return refuse(codeInvalidParameters, "Only one resource group or tag can be specified at a time")
	}
	for _, t := range targets {
		if err := t.check(); err != nil {
			return err
		}
		if t.Key != targets[0].Key {
			return refuse(codeInvalidTarget, "Targets of several kinds can't be specified together: %s and %s.", targets[0].Key, t.Key)
		}
	}
	return nil
}

func (t target) check() error {
	switch {
	case t.Key == keyValues:
		if len(t.Values) == 0 {
			return refuse(codeInvalidTarget, "The target %s has no values.", t.Key)
		}
	case t.Key == keyGroup:
		if len(t.Values) != 1 {
			return refuse(codeInvalidParameters, "Only one resource group or tag can be specified at a time")
		}
	case t.Key == keyInstances, t.Key == keyIDs:
		if !slices.Equal(t.Values, []string{"*"}) {
			return refuse(codeInvalidTarget, "The target %s takes the value * alone.", t.Key)
		}
	case len(t.Key) > len(tagPrefix) && strings.HasPrefix(t.Key, tagPrefix):
	default:
		return refuse(codeInvalidParameters, "Target key can have only following values : %s, %s, %sKEY, %s, %s", keyValues, keyGroup, tagPrefix, keyInstances, keyIDs)
	}
	return nil
}

// checkMaps checks the names in the maps: each is declared, and none that is required is missing.
func (in startRequest) checkMaps(d *runbook.Document) error {
	for _, m := range in.TargetMaps {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if err := checkTargetParameter(d, name); err != nil {
				return err
			}
		}
		for _, p := range d.Parameters {
			_, given := in.Parameters[p.Name]
			if _, mapped := m[p.Name]; p.Required() && !given && !mapped {
				return refuse(codeInvalidParameters, "Missing required parameter: %s in user inputs.", p.Name)
			}
		}
	}
	return nil
}

// subject is what one child is started for.
type subject struct {
	// label names it: the value of the target parameter.
	label  string
	values map[string][]string
}

func valueSubjects(parameter string, values []string) []subject {
	var out []subject
	for _, v := range values {
		out = append(out, subject{label: v, values: map[string][]string{parameter: {v}}})
	}
	return out
}

// mapSubjects makes a subject of each of the TargetMaps, labelled by the target parameter or, without one, by everything.
func mapSubjects(parameter string, all []map[string][]string) []subject {
	var out []subject
	for _, m := range all {
		label := strings.Join(m[parameter], ",")
		if label == "" {
			var parts []string
			for _, name := range slices.Sorted(maps.Keys(m)) {
				parts = append(parts, name+"="+strings.Join(m[name], "+"))
			}
			label = strings.Join(parts, ",")
		}
		out = append(out, subject{label: label, values: m})
	}
	return out
}

// inputs are the step's inputs for the subject: unlike those of other steps, they are no JSON.
func (s subject) inputs() map[string]string {
	out := make(map[string]string, len(s.values))
	for name, values := range s.values {
		out[name] = strings.Join(values, ",")
	}
	return out
}
