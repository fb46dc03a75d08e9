package ssmserver

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"handrail/runbook"
)

type startRequest struct {
	DocumentName, DocumentVersion, ClientToken, Mode string
	Parameters                                       map[string][]string
	TargetParameterName, MaxConcurrency, MaxErrors   string
	Tags                                             []tag
	Targets, TargetMaps, TargetLocations             []json.RawMessage
	AlarmConfiguration                               json.RawMessage
	TargetLocationsURL                               string
}

// uncovered names the part of the request that this server does not do yet, "" if there is none.
func (in startRequest) uncovered() string {
	switch {
	case len(in.Targets) > 0:
		return "Targets"
	case len(in.TargetMaps) > 0:
		return "TargetMaps"
	case len(in.TargetLocations) > 0:
		return "TargetLocations"
	case in.TargetLocationsURL != "":
		return "TargetLocationsURL"
	case in.AlarmConfiguration != nil:
		return "AlarmConfiguration"
	}
	return ""
}

// maxStartTags: the text of StartAutomationExecution's Tags in the API reference.
const maxStartTags = 5

func (in startRequest) checkTags() error {
	if len(in.Tags) > maxStartTags {
		return refuse(codeValidation, "At most %d tags can be given when an automation starts.", maxStartTags)
	}
	seen := map[string]bool{}
	for _, t := range in.Tags {
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return refuse(codeValidation, "Tag keys that begin with aws: are reserved.")
		}
		if seen[t.Key] {
			return refuse(codeValidation, "The tag key %s is given twice.", t.Key)
		}
		seen[t.Key] = true
	}
	return nil
}

// fingerprint is everything but the token, in one order.
func (in startRequest) fingerprint() string {
	in.ClientToken = ""
	return jsonText(in)
}

type startResponse struct{ AutomationExecutionId string }

func startExecution(s *Server, by caller, in startRequest) (any, error) {
	if part := in.uncovered(); part != "" {
		return nil, refuse(codeValidation, "%s is not covered by the local SSM yet.", part)
	}
	if err := in.checkTags(); err != nil {
		return nil, err
	}
	if in.ClientToken != "" {
		if first := s.executions.withToken(in.ClientToken); first != nil {
			return sameStart(first, in)
		}
	}
	e, err := s.prepare(by, in)
	if err != nil {
		return nil, err
	}
	kept, err := s.launch(e)
	if err != nil {
		return nil, err
	}
	return sameStart(kept, in)
}

// launch takes e into the registry and sets it going, or answers the execution that has its token already.
func (s *Server) launch(e *execution) (*execution, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	e.cancel = cancel
	kept, err := s.executions.add(e, func() {
		e.begin()
		s.running.Add(1)
		go s.run(ctx, e)
	})
	if kept != e {
		cancel(errClosed)
	}
	return kept, err
}

// begin makes the execution one that runs, its first step entered unless a signal has to start it, so that whoever looks
// right after the start sees it.
func (e *execution) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.drive != nil:
		e.setStatus(statusInProgress)
	case e.hand != nil:
		e.setStatus(statusWaiting)
	default:
		e.enterLocked(e.main[0])
	}
}

// sameStart answers the execution if the request is the one that started it.
func sameStart(e *execution, in startRequest) (any, error) {
	if e.tokenRequest != in.fingerprint() {
		return nil, refuse("IdempotentParameterMismatch", "Error returned when an idempotent operation is retried and the parameters don't match "+
			"the original call to the API with the same idempotency token.")
	}
	return startResponse{e.id}, nil
}

// prepare checks everything that the service checks before it accepts an execution.
func (s *Server) prepare(by caller, in startRequest) (*execution, error) {
	d, v, ok := s.documents.find(in.DocumentName, in.DocumentVersion, "")
	if !ok {
		return nil, refuse("AutomationDefinitionNotFoundException", "An Automation runbook with the name %s couldn't be found.", in.DocumentName)
	}
	if v == nil {
		return nil, refuse("AutomationDefinitionVersionNotFoundException", "The version %s of the Automation runbook %s couldn't be found.", in.DocumentVersion, in.DocumentName)
	}
	values, err := v.parsed.Bind(in.Parameters)
	if err != nil {
		return nil, invalidParameters(err)
	}
	e := newExecution(d, v, values)
	e.executedBy, e.token, e.tokenRequest = by.arn, in.ClientToken, in.fingerprint()
	e.maxConcurrency, e.maxErrors = in.MaxConcurrency, in.MaxErrors
	if in.Mode == modeInteractive {
		e.mode, e.hand = in.Mode, newHand(v.parsed.Steps[0].Name)
	}
	e.tags = map[string]bool{}
	for _, t := range in.Tags {
		e.tags[t.Key] = true
	}
	e.account, e.region, e.observe = s.options.Account, s.options.Region, s.options.Observe
	if e.role, err = s.assumeRole(e); err != nil {
		return nil, err
	}
	e.identity = e.executedBy
	if e.role != "" {
		e.identity = sessionARN(e.role, e.id)
	}
	return e, nil
}

func invalidParameters(err error) error {
	var input *runbook.InputError
	if errors.As(err, &input) {
		return refuse(codeInvalidParameters, "%s", input.Error())
	}
	return err
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
	if !s.assumable(role) {
		return "", refuse(codeInvalidParameters, "The defined assume role is unable to be assumed.")
	}
	return role, nil
}

// sessionARN is the identity of an execution that runs under a role.
func sessionARN(role, id string) string {
	account, name, _ := strings.Cut(role[strings.Index(role, "::")+2:], ":role/")
	return role[:strings.Index(role, ":iam:")] + ":sts::" + account + ":assumed-role/" + name[strings.LastIndex(name, "/")+1:] + "/Automation-" + id
}
