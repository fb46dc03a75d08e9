package runbook

import (
	"regexp"
	"slices"
	"strings"
)

// child looks at an aws:executeAutomation: the role that the step passes, and then the child's document.
func (a *analyser) child(d *Document, s *Step, trail []childKey, out *Analysis) {
	at := s.at("inputs", "DocumentName")
	key, ok := s.childKey()
	link := Child{Step: s.Name, Document: key.name, Version: key.version, Pinned: versionNumber.MatchString(key.version)}
	link.Line, link.Column = at.position()
	out.add(s.locationEscapes()...)
	if !ok {
		e := at.escape(ChildUnclear, "which child this starts is known only when the step runs: %s", brief(text(s.Inputs["DocumentName"]), 60))
		e.Parameter, e.Fix = d.decides(s.Inputs["DocumentName"]), "Write the child's name out, one step for each child."
		out.add(e)
		out.Children = append(out.Children, link)
		return
	}
	child, problem := a.find(key, trail)
	link.Known = child != nil
	out.Children = append(out.Children, link)
	if problem != "" {
		e := at.escape(ChildUnclear, "%s", problem)
		e.Fix = "Start the child from the first runbook of the chain."
		out.add(e)
		return
	}
	out.add(d.edge(s, key, child)...)
	if child != nil {
		out.lift(s, key, a.look(child, key, trail))
	}
}

var versionNumber = regexp.MustCompile(`^[1-9][0-9]*$`)

// find asks for the child's document. problem says why nothing is looked at.
func (a *analyser) find(key childKey, trail []childKey) (d *Document, problem string) {
	switch {
	case slices.Contains(trail, key):
		return nil, key.name + " starts itself again"
	case len(trail) >= maxChildDepth:
		return nil, "automations nest at most 5 levels deep, and " + key.name + " would be deeper"
	case len(a.done) >= maxChildren:
		return nil, "there are more than 200 children; " + key.name + " was not looked at"
	case a.children == nil:
		return nil, ""
	}
	d, err := a.children(key.name, key.version)
	if err != nil {
		return nil, ""
	}
	return d, ""
}

func (a *analyser) look(child *Document, key childKey, trail []childKey) Analysis {
	at := visited{key, len(trail)}
	if known, ok := a.done[at]; ok {
		return known
	}
	found := a.document(child, append(slices.Clone(trail), key))
	a.done[at] = found
	return found
}

// lift tells what was found in a child as something that the step does.
func (a *Analysis) lift(s *Step, key childKey, found Analysis) {
	at := s.at("inputs", "DocumentName")
	line, column := at.position()
	for _, e := range found.Escapes[:min(len(found.Escapes), MaxEscapes-min(len(a.Escapes), MaxEscapes))] {
		hop := Hop{Document: key.name, Version: key.version, Step: e.Step, Line: e.Line, Column: e.Column}
		e.Trail = append([]Hop{hop}, e.Trail...)
		e.Step, e.Path, e.Parameter = s.Name, at.path, ""
		e.Line, e.Column = line, column
		a.add(e)
	}
	for _, c := range found.Children[:min(len(found.Children), MaxEscapes-min(len(a.Children), MaxEscapes))] {
		hop := Hop{Document: key.name, Version: key.version, Step: c.Step, Line: c.Line, Column: c.Column}
		c.Trail = append([]Hop{hop}, c.Trail...)
		c.Step, c.Line, c.Column = s.Name, line, column
		a.Children = append(a.Children, c)
	}
}

// locationEscapes: with TargetLocations the child runs under a role of each account.
func (s *Step) locationEscapes() []Escape {
	if empty(s.Inputs["TargetLocations"]) {
		return nil
	}
	at := s.at("inputs", "TargetLocations")
	roles := s.locationRoles()
	e := at.escape(OtherLocations, "TargetLocations runs the child in other accounts and Regions as %s", brief(strings.Join(roles, ", "), 100))
	e.Roles, e.Fix = roles, "Run the runbook once in each account and Region instead."
	return []Escape{e}
}

// locationRoles are the roles that TargetLocations names, each once. Whatever is no list of locations stands there as it
// is written: nobody can tell what it names.
func (s *Step) locationRoles() []string {
	list, ok := s.Inputs["TargetLocations"].([]any)
	if !ok {
		return []string{text(s.Inputs["TargetLocations"])}
	}
	var roles []string
	for _, item := range list {
		role := "AWS-SystemsManager-AutomationExecutionRole" // of TargetLocation in the API reference
		switch location, ok := item.(map[string]any); {
		case !ok:
			role = text(item)
		case !empty(location["ExecutionRoleName"]):
			role = text(location["ExecutionRoleName"])
		}
		if !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	return roles
}

// empty says whether an input gives nothing. A reference gives something.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// edge looks at the role that a step passes to a child. child is nil if nobody could show it.
func (d *Document) edge(s *Step, key childKey, child *Document) []Escape {
	if child == nil {
		return d.unknownEdge(s, key)
	}
	at := s.at("inputs", "DocumentName")
	switch role := child.Role(); role.Kind {
	case RoleParameter:
		return d.passed(s, key, child, role.Parameter)
	case RoleFixed:
		if role.ARN == d.Role().ARN {
			return nil
		}
		e := at.escape(ChildWithOtherRole, "%s names its role itself: %s", key.name, role.ARN)
		e.ARN, e.Fix = role.ARN, "Let "+key.name+" take its role as a parameter, and pass it."
		return []Escape{e}
	case RoleAbsent:
		e := at.escape(ChildWithoutRole, "%s has no assumeRole, so it runs with the rights of whoever started this runbook", key.name)
		e.Fix = "Let " + key.name + " take its role as a parameter, and pass it."
		return []Escape{e}
	default:
		e := at.escape(ChildUnclear, "it is unclear which role %s runs as: %s", key.name, role.Reason)
		e.Fix = "Let " + key.name + " take its role as a parameter, and pass it."
		return []Escape{e}
	}
}

// passed looks at the value that a step gives to the child's role parameter.
func (d *Document) passed(s *Step, key childKey, child *Document, name string) []Escape {
	at := s.at("inputs", "RuntimeParameters")
	if e, bad := d.targets(s, name); bad {
		return []Escape{e}
	}
	given, ok := s.Inputs["RuntimeParameters"].(map[string]any)
	if !ok && !empty(s.Inputs["RuntimeParameters"]) {
		e := at.escape(ChildUnclear, "the parameters of %s are known only when the step runs, its role among them", key.name)
		e.Fix = d.fixPass(name)
		return []Escape{e}
	}
	value, ok := given[name]
	if ok && !empty(value) {
		return d.same(at.at(name), key, value, name)
	}
	p, _ := child.Parameter(name)
	if arn := text(p.Default); !ok && p.HasDefault && p.Default != nil && arn != "" {
		e := at.escape(ChildWithOtherRole, "the step passes no %s, so %s runs as its default %s", name, key.name, brief(arn, 200))
		e.ARN, e.Fix = arn, d.fixPass(name)
		return []Escape{e}
	}
	e := at.escape(ChildWithoutRole, "the step passes no %s, so %s runs with the rights of whoever started this runbook", name, key.name)
	e.Fix = d.fixPass(name)
	return []Escape{e}
}

func (d *Document) fixPass(name string) string {
	own := "AutomationAssumeRole"
	if role := d.Role(); role.Kind == RoleParameter {
		own = role.Parameter
	}
	return "Pass the role on in RuntimeParameters: " + name + `: "{{ ` + own + ` }}".`
}

// same says whether a value is this document's own role.
func (d *Document) same(at place, key childKey, value any, name string) []Escape {
	if list, ok := value.([]any); ok && len(list) == 1 {
		value = list[0]
	}
	given, _ := value.(string)
	role := d.Role()
	refs := References(value)
	m := referencePattern.FindStringIndex(given)
	whole := len(refs) == 1 && m != nil && m[0] == 0 && m[1] == len(given)
	switch {
	case role.Kind == RoleParameter && whole && refs[0] == Reference{Kind: RefName, Name: role.Parameter}:
		return nil
	case role.Kind == RoleFixed && given == role.ARN:
		return nil
	}
	e := at.escape(ChildWithOtherRole, "the step passes another role to %s: %s", key.name, brief(text(value), 200))
	e.Fix = d.fixPass(name)
	if IsRoleARN(given) {
		e.ARN = given
	}
	e.Parameter = d.decides(given)
	return []Escape{e}
}

// targets looks for the role parameter among what the targets of the child set.
func (d *Document) targets(s *Step, name string) (Escape, bool) {
	if parameter, _ := s.Inputs["TargetParameterName"].(string); parameter == name || strings.Contains(parameter, "{{") {
		e := s.at("inputs", "TargetParameterName").escape(ChildUnclear, "the targets set the child's role, %s", name)
		e.Fix = d.fixPass(name)
		return e, true
	}
	if maps := s.Inputs["TargetMaps"]; !empty(maps) {
		list, ok := maps.([]any)
		for _, item := range list {
			entry, isMap := item.(map[string]any)
			_, sets := entry[name]
			ok = ok && isMap && !sets
		}
		if !ok {
			e := s.at("inputs", "TargetMaps").escape(ChildUnclear, "TargetMaps may set the child's role, %s", name)
			e.Fix = d.fixPass(name)
			return e, true
		}
	}
	return Escape{}, false
}

// unknownEdge says what can be said of a child that nobody showed: whether this document's role is passed at all.
func (d *Document) unknownEdge(s *Step, key childKey) []Escape {
	role := d.Role()
	given, _ := s.Inputs["RuntimeParameters"].(map[string]any)
	passes := false
	for name, value := range given {
		for _, r := range References(value) {
			passes = passes || role.Kind == RoleParameter && r == Reference{Kind: RefName, Name: role.Parameter}
		}
		if strings.HasSuffix(strings.ToLower(name), "assumerole") && !empty(value) {
			if found := d.same(s.at("inputs", "RuntimeParameters", name), key, value, name); found != nil {
				return found
			}
			passes = true
		}
	}
	if !passes && empty(s.Inputs["TargetMaps"]) && (given != nil || empty(s.Inputs["RuntimeParameters"])) {
		e := s.at("inputs", "RuntimeParameters").escape(ChildWithoutRole, "the step passes no role, so %s runs with the rights of whoever started this runbook, "+
			"unless it names a role itself", key.name)
		e.Fix = d.fixPass("AutomationAssumeRole")
		return []Escape{e}
	}
	e := s.at("inputs", "DocumentName").escape(ChildUnknown, "the document %s is not known here, so it is unclear what it runs as", key.name)
	e.Fix = "Show its document as well."
	return []Escape{e}
}

// decides gives the one parameter whose value is all that is unknown of a text, "" if there is none.
func (d *Document) decides(v any) string {
	refs := References(v)
	if len(refs) != 1 || refs[0].Kind != RefName {
		return ""
	}
	if _, ok := d.Parameter(refs[0].Name); !ok {
		return ""
	}
	return refs[0].Name
}
