package policy

import "fmt"

// Mismatch is what is wrong between a policy and a document that AWS holds: what Verify returns.
type Mismatch struct {
	Code    Code // CodeValueNotAllowed if the document refuses a value that the policy lists
	Message string
	Fix     string // what to do about it, or ""; may quote the document
}

// Error is a sentence for people, which may quote the document.
func (m *Mismatch) Error() string { return m.Message }

// Verify says what is wrong with what AWS holds for a runbook of p, as a *Mismatch, or nil: the version and the hash
// that the policy pins, its owner, the role and the ways out of it, the documents that it starts, its files, and the
// parameters that the policy lists, which Decide checks as well; and that the document takes every value that the policy allows, which otherwise only AWS would say.
func (p *Policy) Verify(rb *Runbook, doc *Document) error {
	listed := make(map[string][]string, len(rb.Parameters))
	for _, parameter := range rb.Parameters {
		listed[parameter.Name] = parameter.Allow
	}
	d := Decision{policy: p, runbook: rb, request: &Request{Action: Run, Document: doc, Parameters: listed}}
	d.code = d.checkContent()
	sentence, fix := d.documentWords()
	if d.code == CodeParameterMissing {
		sentence = fmt.Sprintf("%s needs %s, which the policy does not list, so nobody can run it.", rb.Document, d.parameter)
	}
	if sentence != "" {
		return &Mismatch{Code: d.code, Message: sentence, Fix: fix}
	}
	return refused(rb, doc)
}

// refused says which listed value the document's own rules refuse: AWS would not start with it.
func refused(rb *Runbook, doc *Document) error {
	for _, listed := range rb.Parameters {
		declared, _ := doc.Content.Parameter(listed.Name) // checked before
		for _, value := range listed.Allow {
			if err := declared.Check([]string{value}); err != nil {
				return &Mismatch{Code: CodeValueNotAllowed,
					Message: fmt.Sprintf("The policy allows %s=%s, which %s refuses: %s", listed.Name, shown(value), rb.Document, err)}
			}
		}
	}
	return nil
}
