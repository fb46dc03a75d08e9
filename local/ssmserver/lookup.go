package ssmserver

import (
	"fmt"
	"strings"
	"time"

	"handrail/runbook"
)

// lookup resolves the references that a step of e may hold, at the time it runs.
func (s *Server) lookup(e *execution) runbook.Lookup {
	return func(r runbook.Reference) (any, bool, error) {
		switch r.Kind {
		case runbook.RefName:
			value, ok := e.parameters[r.Name]
			return value, ok, nil
		case runbook.RefStep:
			return e.stepOutput(r)
		case runbook.RefGlobal:
			value, ok := s.global(r.Name, time.Now().UTC())
			return value, ok, nil
		case runbook.RefAutomation:
			return e.id, r.Name == "EXECUTION_ID", nil
		case runbook.RefVariable:
			v, ok := e.parsed.Variable(r.Name)
			if !ok {
				return nil, false, fmt.Errorf("the variable %s is not declared", r.Name)
			}
			return v.Default, true, nil
		}
		return nil, false, nil
	}
}

// global is a system variable, evaluated when the step runs.
func (s *Server) global(name string, now time.Time) (string, bool) {
	switch name {
	case "ACCOUNT_ID":
		return s.options.Account, true
	case "DATE":
		return now.Format("2006-01-02"), true
	case "DATE_TIME":
		return now.Format("2006-01-02_15.04.05"), true
	case "AWS_PARTITION":
		return partition(s.options.Region), true
	case "REGION":
		return s.options.Region, true
	}
	return "", false
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

func (e *execution) stepOutput(r runbook.Reference) (any, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.index(r.Name)
	if i < 0 {
		return nil, false, nil
	}
	value, ok := e.steps[i].outputs[r.Output]
	if !ok {
		return nil, false, fmt.Errorf("the output %s of step %s is not available", r.Output, r.Name)
	}
	return value, true, nil
}
