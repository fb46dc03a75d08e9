package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// policyCommand puts a policy in place with the hashes of the local documents: policyput FILE [renamed]. A renamed one
// replaces the old file in one step, as careful editors do.
func policyCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	text, err := os.ReadFile(filepath.Join(w.dir, args[0]))
	ts.Check(err)
	target := filepath.Join(w.dir, "policy.yaml")
	file := target
	if len(args) > 1 {
		file += ".new"
	}
	ts.Check(os.WriteFile(file, []byte(pinLocal(string(text))), 0o600))
	if file != target {
		ts.Check(os.Rename(file, target))
	}
}

// loggedCommand waits until a bot has written something N times, and fails if it wrote it more often: logged N PATTERN [NAME].
func loggedCommand(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	pattern, p := regexp.MustCompile(args[1]), of(ts).bot(ts, args[2:])
	wait(ts, fmt.Sprintf("the bot has written %s %d times", args[1], n), func() error {
		switch found := len(pattern.FindAllString(p.log.String(), -1)); {
		case found > n:
			return fatal{fmt.Errorf("it wrote it %d times", found)}
		case found < n:
			return fmt.Errorf("it wrote it %d times", found)
		}
		return nil
	})
}

// keyedCommand has the bots that start from now on take signed policies only: keyed FILE, with the verifier key. It also
// writes a configuration handrail-keyed.yaml.
func keyedCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	key := ts.ReadFile(args[0])
	for from, to := range map[string]string{"handrail.yaml.in": "handrail.yaml.in", "handrail.yaml": "handrail-keyed.yaml"} {
		text, err := os.ReadFile(filepath.Join(w.dir, from))
		ts.Check(err)
		text = append(text, "policy_key: "+strings.TrimSpace(key)+"\n"...)
		ts.Check(os.WriteFile(filepath.Join(w.dir, to), text, 0o600))
	}
}

// alertsCommand names the channel for alerts of the bots that start from now on: alerts ID.
func alertsCommand(ts *testscript.TestScript, _ bool, args []string) {
	name := filepath.Join(of(ts).dir, "handrail.yaml.in")
	text, err := os.ReadFile(name)
	ts.Check(err)
	ts.Check(os.WriteFile(name, []byte(strings.Replace(string(text), "slack:\n", "slack:\n  alerts_channel: "+args[0]+"\n", 1)), 0o600))
}

// toldCommand waits until a channel has a message that matches, whichever it is: told CHANNEL PATTERN.
func toldCommand(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(args[1])
	wait(ts, args[0]+" is told "+args[1], func() error {
		ms, err := of(ts).messages(args[0], "ana", "")
		if err != nil {
			return err
		}
		for _, m := range ms {
			if pattern.MatchString(flatten(m)) {
				return nil
			}
		}
		return fmt.Errorf("it has %d other messages", len(ms))
	})
}

// pinnedCommand writes a policy with the hashes of the local documents: pinned FILE TARGET.
func pinnedCommand(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(filepath.Join(of(ts).dir, args[1]), []byte(pinLocal(ts.ReadFile(args[0]))), 0o600))
}
