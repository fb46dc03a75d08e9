package policy

import "errors"

// Verify says what is wrong with what AWS holds for a runbook of p, in a sentence, or nil: the version and the hash
// that the policy pins, the role, and the parameters that the policy lists. Decide makes the same checks.
func (p *Policy) Verify(rb *Runbook, doc *Document) error {
	d := Decision{policy: p, runbook: rb, request: &Request{Action: Run, Document: doc, Parameters: map[string][]string{}}}
	for _, check := range []func() Code{d.checkDocument, d.checkRole, d.checkDeclared} {
		if d.code = check(); d.code != "" {
			break
		}
	}
	if sentence, _ := d.documentWords(); sentence != "" {
		return errors.New(sentence)
	}
	return nil
}
