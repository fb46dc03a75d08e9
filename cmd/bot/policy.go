package main

import (
	"fmt"

	"handrail/policy"
)

type policyCmd struct {
	Check   policyCheckCmd   `cmd:"" help:"Check a policy file; every mistake with its line and column."`
	Pin     policyPinCmd     `cmd:"" help:"Write the version and the hash of each document into a policy, and show what changed in them."`
	Schema  policySchemaCmd  `cmd:"" help:"Print the JSON Schema of policy files, for editors."`
	Sign    policySignCmd    `cmd:"" help:"Sign a policy, for bots whose configuration has a policy_key."`
	Test    policyTestCmd    `cmd:"" help:"Ask a policy the questions beside it, or those of the past, and compare the answers."`
	Explain policyExplainCmd `cmd:"" help:"Say what the policy decides for a person, a channel and a runbook, and why."`
}

type policySchemaCmd struct{}

// Run prints the schema.
func (policySchemaCmd) Run(io streams) error {
	_, err := io.out.Write(policy.Schema())
	return err
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
