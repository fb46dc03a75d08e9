package ssmserver

import (
	"context"
	"strings"
)

// startRequest is the request of StartAutomationExecution, and what a parent asks for a child.
type startRequest struct {
	DocumentName, DocumentVersion, ClientToken, Mode string
	Parameters                                       map[string][]string
	TargetParameterName, MaxConcurrency, MaxErrors   string
	Tags                                             []tag
	Targets                                          []target
	TargetMaps                                       []map[string][]string
	TargetLocations                                  []targetLocation
	AlarmConfiguration                               *alarmConfiguration
	TargetLocationsURL                               string
}

// maxStartTags: the text of StartAutomationExecution's Tags in the API reference.
const maxStartTags = 5

func (in startRequest) checkTags() error {
	if len(in.Tags) > maxStartTags {
		return refuse(codeValidation, "At most %d tags can be given when an automation starts.", maxStartTags)
	}
	return checkTags(in.Tags)
}

func checkTags(tags []tag) error {
	seen := map[string]bool{}
	for _, t := range tags {
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
	if in.ClientToken != "" {
		if first := s.executions.withToken(in.ClientToken); first != nil {
			return sameStart(first, in)
		}
	}
	e, err := s.prepare(s.home(by), in)
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
	kept, err := s.executions.add(e, func() error {
		if err := s.slots.enter(e, e.account != s.options.Account || e.region != s.options.Region); err != nil {
			return err
		}
		if e.slot.held() {
			e.begin()
		}
		s.running.Add(1)
		go s.run(ctx, e)
		return nil
	})
	if kept != e {
		cancel(errClosed)
	}
	return kept, err
}

// begin makes the execution one that runs, its first step entered unless a signal has to start it, so that whoever looks
// right after the start sees it. It changes nothing for one that runs already, or that was stopped in the queue.
func (e *execution) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.status != statusPending:
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
	if e.asked.fingerprint() != in.fingerprint() {
		return nil, refuse("IdempotentParameterMismatch", "Error returned when an idempotent operation is retried and the parameters don't match "+
			"the original call to the API with the same idempotency token.")
	}
	return startResponse{e.id}, nil
}
