package main

type runbookCmd struct {
	Run runbookRunCmd `cmd:"" help:"Run one runbook on a local SSM, and show its steps as they go."`
}
