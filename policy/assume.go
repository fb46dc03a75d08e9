package policy

import (
	"encoding/json"
	"fmt"
	"strings"

	"handrail/runbook"
)

// Assume returns what AWS would hold for a runbook if all of it were as the policy pins it: a document that takes the
// parameters that the policy lists, needs none of them, and starts and carries what the policy pins. It is for saying
// what the policy decides without asking AWS; nothing may run on it.
func (p *Policy) Assume(rb *Runbook) (*Document, error) {
	params := map[string]any{roleParameter: map[string]any{"type": "String", "default": ""}}
	for _, parameter := range rb.Parameters {
		params[parameter.Name] = map[string]any{"type": "StringList", "default": []string{}}
	}
	step := map[string]any{"name": "any", "action": "aws:sleep", "inputs": map[string]any{"Duration": "PT1S"}}
	text, err := json.Marshal(map[string]any{"schemaVersion": runbook.SchemaVersion, "assumeRole": "{{ " + roleParameter + " }}",
		"parameters": params, "mainSteps": []any{step}})
	if err != nil {
		return nil, fmt.Errorf("assuming a document: %w", err)
	}
	content, err := runbook.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("assuming a document: %w", err)
	}
	analysis := content.Analyse(nil)
	d := &Document{State: DocumentFound, Version: rb.Version, SHA256: rb.SHA256, Content: content, Analysis: &analysis,
		Owner: account(p.serviceRole), Attachments: rb.Attachments}
	if rb.floats() {
		d.Version = "1"
	}
	if d.SHA256 == "" {
		d.SHA256 = strings.Repeat("0", 64)
	}
	return d, nil
}
