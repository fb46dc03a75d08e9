package main

type runbookCmd struct {
	Lint runbookLintCmd `cmd:"" help:"Check runbooks: what AWS refuses, what cannot work, and every way out of their role."`
	Show runbookShowCmd `cmd:"" help:"Show what a runbook takes and does, for whoever is to allow it."`
	Run  runbookRunCmd  `cmd:"" help:"Run one runbook on a local SSM, and show its steps as they go."`
}
