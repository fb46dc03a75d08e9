package ssmserver

import (
	"fmt"
	"time"

	"handrail/local/ssmserver/cloud"
	"handrail/runbook"
)

// maxLookup bounds what the references of one step may bring in, in bytes: a document of 64 KB can name a value of
// 100 KB thousands of times.
const maxLookup = 4 << 20

// lookup resolves the references that a step of e may hold, at the time it runs.
func (s *Server) lookup(e *execution) runbook.Lookup {
	left := maxLookup
	find := s.find(e)
	return func(r runbook.Reference) (any, bool, error) {
		value, found, err := find(r)
		if left -= size(value, left); left < 0 {
			return nil, false, fmt.Errorf("the references bring in more than %d MB", maxLookup>>20)
		}
		return value, found, err
	}
}

func (s *Server) find(e *execution) runbook.Lookup {
	return func(r runbook.Reference) (any, bool, error) {
		switch r.Kind {
		case runbook.RefName:
			value, ok := e.parameters[r.Name]
			if !ok {
				return nil, false, nil
			}
			// AWS's own runbooks have names such as Stack{{automation:EXECUTION_ID}} as defaults.
			value, err := runbook.Resolve(value, e.system)
			return value, true, err
		case runbook.RefStep:
			return e.stepOutput(r)
		case runbook.RefVariable:
			return e.variable(r.Name)
		}
		return e.system(r)
	}
}

// system resolves global: and automation: alone.
func (e *execution) system(r runbook.Reference) (any, bool, error) {
	switch r.Kind {
	case runbook.RefGlobal:
		value, ok := e.global(r.Name, time.Now().UTC())
		return value, ok, nil
	case runbook.RefAutomation:
		return e.id, r.Name == "EXECUTION_ID", nil
	}
	return nil, false, nil
}

// global is a system variable, evaluated when the step runs.
func (e *execution) global(name string, now time.Time) (string, bool) {
	switch name {
	case "ACCOUNT_ID":
		return e.account, true
	case "DATE":
		return now.Format("2006-01-02"), true
	case "DATE_TIME":
		return now.Format("2006-01-02_15.04.05"), true
	case "AWS_PARTITION":
		return cloud.Partition(e.region), true
	case "REGION":
		return e.region, true
	}
	return "", false
}

func (e *execution) variable(name string) (any, bool, error) {
	if _, ok := e.parsed.Variable(name); !ok {
		return nil, false, fmt.Errorf("the variable %s is not declared", name)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	value, ok := e.variables[name]
	if !ok {
		return nil, false, fmt.Errorf("the variable %s has no value yet", name)
	}
	return value, true, nil
}

// stepOutput is an output of the step's newest run. A loop that runs has its CurrentIteration and CurrentIteratorValue.
func (e *execution) stepOutput(r runbook.Reference) (any, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	run := e.latest[r.Name]
	if run == nil {
		if !e.declares(r.Name) {
			return nil, false, nil // braces of a script, for one
		}
		return nil, false, fmt.Errorf("the output %s of step %s is not available", r.Output, r.Name)
	}
	value, ok := run.outputs[r.Output]
	if !ok {
		return nil, false, fmt.Errorf("the output %s of step %s is not available", r.Output, r.Name)
	}
	return value, true, nil
}
