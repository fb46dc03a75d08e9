package policy

import (
	"errors"
	"fmt"
)

// Verify says what is wrong with what AWS holds for a runbook of p, in a sentence, or nil: the version and the hash
// that the policy pins, the role, and the parameters that the policy lists, which Decide checks as well; and that the
// document takes every value that the policy allows, which otherwise only AWS would say.
func (p *Policy) Verify(rb *Runbook, doc *Document) error {
	listed := make(map[string][]string, len(rb.Parameters))
	for _, parameter := range rb.Parameters {
		listed[parameter.Name] = parameter.Allow
	}
	d := Decision{policy: p, runbook: rb, request: &Request{Action: Run, Document: doc, Parameters: listed}}
	for _, check := range []func() Code{d.checkDocument, d.checkRole, d.checkDeclared} {
		if d.code = check(); d.code != "" {
			break
		}
	}
	sentence, _ := d.documentWords()
	if d.code == CodeParameterMissing {
		sentence = fmt.Sprintf("%s needs %s, which the policy does not list, so nobody can run it.", rb.Document, d.parameter)
	}
	if sentence != "" {
		return errors.New(sentence)
	}
	return refused(rb, doc)
}

// refused says which listed value the document's own rules refuse: AWS would not start with it.
func refused(rb *Runbook, doc *Document) error {
	for _, listed := range rb.Parameters {
		declared, _ := doc.Content.Parameter(listed.Name) // checked before
		for _, value := range listed.Allow {
			if err := declared.Check([]string{value}); err != nil {
				return fmt.Errorf("the policy allows %s=%s, which %s refuses: %w", listed.Name, shown(value), rb.Document, err)
			}
		}
	}
	return nil
}
