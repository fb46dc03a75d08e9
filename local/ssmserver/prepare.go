package ssmserver

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"handrail/runbook"
)

// origin is where a start comes from and where the execution runs.
type origin struct {
	by              string // the ARN shown as ExecutedBy
	account, region string
	parent          *execution // nil if a client starts it
	// starter is the execution one of whose steps called StartAutomationExecution. It is no parent, but counts as a level.
	starter *execution
	// target is what a parent of many targets starts this child for.
	target string
	// role is what the child of a parent of many locations runs as, whatever the document says; "" lets the document decide.
	role string
}

// home is a start by a client, or by a step that calls the API.
func (s *Server) home(by caller) origin {
	return origin{by: by.arn, account: s.options.Account, region: s.options.Region, starter: by.execution}
}

// child is a start by e, on behalf of whoever started e.
func (e *execution) child() origin {
	return origin{by: e.executedBy, account: e.account, region: e.region, parent: e}
}

// maxDepth is how many levels of children there can be below what a client started:
// docs.aws.amazon.com/general/latest/gr/ssm.html, "Number of levels of nested automation".
const maxDepth = 5

func (o origin) depth() int {
	switch {
	case o.parent != nil:
		return o.parent.depth + 1
	case o.starter != nil:
		return o.starter.depth + 1
	}
	return 0
}

// overseas says whether the execution belongs to one that runs in several accounts and Regions.
func (o origin) overseas() bool {
	return o.parent != nil && (o.parent.overseas || len(o.parent.asked.TargetLocations) > 0)
}

// prepare checks everything that the service checks before it accepts an execution.
func (s *Server) prepare(o origin, in startRequest) (*execution, error) {
	d, v, ok := s.documents.find(in.DocumentName, in.DocumentVersion, "")
	if !ok {
		return nil, refuse("AutomationDefinitionNotFoundException", "An Automation runbook with the name %s couldn't be found.", in.DocumentName)
	}
	if v == nil {
		return nil, refuse("AutomationDefinitionVersionNotFoundException", "The version %s of the Automation runbook %s couldn't be found.", in.DocumentVersion, in.DocumentName)
	}
	return s.prepareVersion(o, d, v, in)
}

// startChild starts an execution for a parent.
func (s *Server) startChild(o origin, in startRequest) (*execution, error) {
	e, err := s.prepare(o, in)
	if err != nil {
		return nil, err
	}
	return s.launch(e)
}

// startVersion is startChild for a document that is found already.
func (s *Server) startVersion(o origin, d document, v *version, in startRequest) (*execution, error) {
	e, err := s.prepareVersion(o, d, v, in)
	if err != nil {
		return nil, err
	}
	return s.launch(e)
}

// prepareVersion is prepare for a document that is found already.
func (s *Server) prepareVersion(o origin, d document, v *version, in startRequest) (*execution, error) {
	if o.depth() > maxDepth {
		return nil, refuse(codeLimitExceeded, "Automations can be nested %d levels deep, and this one would be deeper.", maxDepth)
	}
	if err := in.checkTags(); err != nil {
		return nil, err
	}
	if err := in.checkTargets(v.parsed); err != nil {
		return nil, err
	}
	if (o.overseas() || len(in.TargetLocations) > 0) && approves(v.parsed.Steps) {
		return nil, refuse(codeInvalidParameters, "The action aws:approve isn't supported in automations that run in multiple accounts and Regions.")
	}
	values, err := s.bind(v.parsed, in)
	if err != nil {
		return nil, err
	}
	e := newExecution(d, v, values)
	e.executedBy, e.account, e.region, e.target = o.by, o.account, o.region, o.target
	e.token, e.asked, e.observe, e.publish = in.ClientToken, in, s.options.Observe, s.publish
	e.depth, e.placed, e.overseas = o.depth(), o.role, o.overseas()
	if o.parent != nil {
		e.parentID, e.rated = o.parent.id, o.parent.rated || o.parent.drive != nil
	}
	if in.Mode == modeInteractive {
		e.mode, e.hand = in.Mode, newHand(v.parsed.Steps[0].Name)
	}
	e.tags = in.Tags
	if e.role, err = s.roleOf(o, e); err != nil {
		return nil, err
	}
	e.identity = e.executedBy
	if e.role != "" {
		e.identity = sessionARN(e.role, e.id)
	}
	if in.many() {
		s.makeParent(e, d, v)
	}
	return e, nil
}

// approves says whether there is an aws:approve among the steps.
func approves(steps []runbook.Step) bool {
	return slices.ContainsFunc(steps, func(s runbook.Step) bool { return s.Action == "aws:approve" || approves(s.Steps) })
}

// bind gives the parameters their types and defaults. Those that the targets give are left out: each child has its own.
func (s *Server) bind(d *runbook.Document, in startRequest) (runbook.Values, error) {
	given, targeted := in.Parameters, in.targeted()
	if len(targeted) > 0 {
		rest := *d
		rest.Parameters = slices.DeleteFunc(slices.Clone(d.Parameters), func(p runbook.Parameter) bool { return targeted[p.Name] })
		d, given = &rest, maps.Clone(given)
		maps.DeleteFunc(given, func(name string, _ []string) bool { return targeted[name] })
	}
	values, err := d.BindFrom(given, s.stored)
	var input *runbook.InputError
	if errors.As(err, &input) {
		return nil, refuse(codeInvalidParameters, "%s", input.Error())
	}
	return values, err
}

// roleOf is the role that the execution runs as.
func (s *Server) roleOf(o origin, e *execution) (string, error) {
	if o.role != "" {
		return o.role, nil
	}
	return s.assumeRole(e)
}

// assumeRole resolves the document's role and checks that it can be assumed. "" means the caller's own rights.
func (s *Server) assumeRole(e *execution) (string, error) {
	resolved, err := runbook.Resolve(e.parsed.AssumeRole, func(r runbook.Reference) (any, bool, error) {
		switch r.Kind {
		case runbook.RefName:
			value, ok := e.parameters[r.Name]
			return value, ok, nil
		case runbook.RefGlobal:
			value, ok := e.global(r.Name, time.Now().UTC())
			return value, ok, nil
		}
		return nil, false, nil
	})
	if err != nil {
		return "", err
	}
	role, ok := resolved.(string)
	if ok && role == "" {
		return "", nil
	}
	if !ok || !runbook.IsRoleARN(role) {
		return "", refuse(codeInvalidParameters, "The format of the supplied assume role ARN isn't valid.")
	}
	if e.account == s.options.Account && !s.assumable(role) {
		return "", refuse(codeInvalidParameters, "The defined assume role is unable to be assumed.")
	}
	return role, nil
}

// sessionARN is the identity of an execution that runs under a role.
func sessionARN(role, id string) string {
	account, name, _ := strings.Cut(role[strings.Index(role, "::")+2:], ":role/")
	return role[:strings.Index(role, ":iam:")] + ":sts::" + account + ":assumed-role/" + name[strings.LastIndex(name, "/")+1:] + "/Automation-" + id
}
