package ssmserver

import (
	"net/http"
	"slices"
)

// controlAWSCalls answers the ledgers of the executions, or of one of them.
func (s *Server) controlAWSCalls(w http.ResponseWriter, r *http.Request) {
	all := s.executions.newest()
	if id := r.URL.Query().Get("execution"); id != "" {
		e, err := s.executions.get(id)
		if err != nil {
			answerControl(w, http.StatusNotFound, map[string]string{"error": "there is no execution " + id})
			return
		}
		all = []*execution{e}
	}
	list := []ledgerEntry{}
	forgotten := 0
	for _, e := range all {
		e.mu.Lock()
		for _, call := range e.awsCalls {
			list = append(list, ledgerEntry{Execution: e.id, Parent: e.parentID, Document: e.document, AWSCall: call})
		}
		forgotten += e.awsForgotten
		e.mu.Unlock()
	}
	slices.SortStableFunc(list, func(a, b ledgerEntry) int { return a.Time.Compare(b.Time) })
	answerControl(w, http.StatusOK, map[string]any{"calls": list, "forgotten": forgotten})
}

// ledgerEntry is an AWS operation with the execution that called it.
type ledgerEntry struct {
	Execution string `json:"execution"`
	// Parent is the execution whose child this one is, "" if a client started it.
	Parent   string `json:"parent,omitempty"`
	Document string `json:"document"`
	AWSCall
}
