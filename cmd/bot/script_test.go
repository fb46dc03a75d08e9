package main

import (
	"context"
	"flag"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"handrail/store/storetest"
)

// The test binary is the program, too: scripts run it as a process of its own, so that it can be killed.
// Stories mostly wait, so more of them run at once than there are processors, unless -parallel says otherwise.
func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", strconv.Itoa(max(4, runtime.GOMAXPROCS(0)))) // a flag that package testing defines
	testscript.Main(m, map[string]func(){
		"bot": main,
	})
}

// TestScript runs the stories in testdata/script. Each has its own Slack, its own AWS and its own bot process.
func TestScript(t *testing.T) {
	p := stories("")
	p.Dir = "testdata/script"
	testscript.Run(t, p)
}

// TestReplicas runs the stories in which several bots share a PostgreSQL database.
func TestReplicas(t *testing.T) {
	files, err := filepath.Glob("testdata/replicas/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			p := stories(storetest.Postgres(t))
			p.Files = []string{file}
			testscript.Run(t, p)
		})
	}
}

// stories are the commands that scripts have beside those of testscript, over a store.
func stories(store string) testscript.Params {
	return testscript.Params{
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			ctx, cancel := context.WithCancel(context.Background())
			env.Defer(cancel)
			env.Values[worldKey{}] = &world{ctx: ctx, dir: env.WorkDir, store: store}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"world":       worldCommand,
			"aws":         awsCommand,
			"automations": automationsCommand,
			"throttled":   throttledCommand,
			"serve":       serveCommand,
			"kill9":       kill9Command,
			"hammer":      hammerCommand,
			"sigterm":     sigtermCommand,
			"sighup":      sighupCommand,
			"log":         logCommand,
			"say":         sayCommand,
			"click":       clickCommand,
			"form":        formCommand,
			"privately":   privatelyCommand,
			"private":     privateCommand,
			"cards":       cardsCommand,
			"card":        cardCommand,
			"thread":      threadCommand,
			"count":       countCommand,
			"starts":      startsCommand,
			"fault":       faultCommand,
			"control":     controlCommand,
			"calls":       callsCommand,
			"instance":    instanceCommand,
			"post":        postCommand,
			"policyput":   policyCommand,
			"document":    documentCommand,
			"logged":      loggedCommand,
			"keyed":       keyedCommand,
			"audited":     auditedCommand,
			"sql":         sqlCommand,
			"variable":    variableCommand,
			"alerts":      alertsCommand,
			"told":        toldCommand,
			"pinned":      pinnedCommand,
			"nowhere":     nowhereCommand,
		},
	}
}
