package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is the program, too: scripts run it as a process of its own, so that it can be killed.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bot": main,
	})
}

// TestScript runs the stories in testdata/script. Each has its own Slack, its own AWS and its own bot process.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			ctx, cancel := context.WithCancel(context.Background())
			env.Defer(cancel)
			env.Values[worldKey{}] = &world{ctx: ctx, dir: env.WorkDir, env: env}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"world":     worldCommand,
			"serve":     serveCommand,
			"kill9":     signalCommand(os.Kill),
			"sigterm":   sigtermCommand,
			"sighup":    sighupCommand,
			"say":       sayCommand,
			"click":     clickCommand,
			"private":   privateCommand,
			"card":      cardCommand,
			"thread":    threadCommand,
			"starts":    startsCommand,
			"fault":     faultCommand,
			"control":   controlCommand,
			"instance":  instanceCommand,
			"post":      postCommand,
			"calls":     callsCommand,
			"log":       logCommand,
			"count":     countCommand,
			"policyput": policyCommand,
		},
	})
}
