package commands

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"handrail/automation"
	"handrail/policy"
)

// matrixPolicy has one of each: the table below says the same in another way.
const matrixPolicy = `version: 1
service_role: arn:aws:iam::123456789012:role/AmazonSSMAutomationRole
identities:
  ana: {slack: U012ANA}
  ben: {slack: U012BEN}
  kim: {slack: [U012KIM, U034KIM]}
  lee: {slack: U012LEE}
  gus: {slack: U012GUS}
  bot: {slack: U012BOT}
  dea: {slack: U012DEA}
  ext: {slack: U012EXT}
  unk: {slack: U012UNK}
groups:
  web:   {members: [ana, kim, gus, bot, dea, ext, unk]}
  leads: {members: [ben]}
  night: {usergroup: S0NIGHT}
runbooks:
  restart:  {&it document: AWS-RestartEC2Instance}
grants:
  - {name: web-restart, to: [web], runbooks: [restart, drain, frozen, passable, locked], channels: ["#ops", "#inc-*"]}
  - {name: night-restart, to: [night], runbooks: [restart, drain], channels: ["*"], limits: {targets: 1}}
  - {name: ben-direct, to: [ben], runbooks: [restart], channels: [C012SHA, "#random"]}
  - {name: web-failover, to: [web], runbooks: [failover], channels: ["#ops"], approval: {from: [leads]}}
  - {name: a-kim-failover, to: [kim], runbooks: [failover], channels: ["#ops"], limits: {targets: 1}}
  - {name: lee-asks, to: [lee], runbooks: [restart], channels: ["#ops"], may: [ask, cancel], approval: {from: [leads]}}
  - {name: glass, to: [ben], runbooks: [failover], channels: ["*"], break_glass: {notify: "#security"}}
  - {name: ana-pairs, to: [ana], runbooks: [restart], channels: ["#random"], when: "size(targets) == 2"}
  - {name: watchers, to: [lee], runbooks: ["*"], channels: ["*"], may: [cancel]}
denials:
  - {name: not-kim, to: [kim], runbooks: [drain], reason: "kim breaks it"}
  - {name: quiet, to: [night], runbooks: ["*"], channels: ["#random"], reason: "noise"}
  - {name: no-pairs, to: [ana], runbooks: [failover], when: "size(targets) > 1 && channel.name == 'ops'", reason: "one by one"}
freezes:
  - {name: hard, from: 1999-01-01T00:00:00Z, until: 2001-01-01T00:00:00Z, runbooks: [frozen]}
  - {name: soft, from: 1999-01-01T00:00:00Z, until: 2001-01-01T00:00:00Z, runbooks: [passable], override: [leads, kim]}
`

// oracleGrant is one line of the table that the oracle reads.
type oracleGrant struct {
	to, runbooks, places, may string // words
	targets, exactly          int    // targets at most, and targets that a condition wants
	approval, glass           bool
}

var oracleGrants = []oracleGrant{
	{to: "ana kim1 kim2", runbooks: "restart drain frozen passable locked", places: "ops inc", may: "run"},
	{to: "nia", runbooks: "restart drain", places: "ops inc random dm", may: "run", targets: 1},
	{to: "ben", runbooks: "restart", places: "sharedid random", may: "run"},
	{to: "ana kim1 kim2", runbooks: "failover", places: "ops", may: "run", approval: true},
	{to: "kim1 kim2", runbooks: "failover", places: "ops", may: "run", targets: 1},
	{to: "lee", runbooks: "restart", places: "ops", may: "ask", approval: true},
	{to: "ana", runbooks: "restart", places: "random", may: "run", exactly: 2},
	{to: "ben", runbooks: "failover", places: "ops inc random dm", may: "run", glass: true},
}

// cell is one question to the door.
type cell struct {
	person, place, runbook, given string
	entry                         policy.Entry
}

// oracle answers a cell from the table alone: "no", "wait" or "yes".
func oracle(c cell) string {
	has := func(words, word string) bool { return slices.Contains(strings.Fields(words), word) }
	action, targets, glass := "run", 1, false
	switch c.given {
	case "asking":
		action = "ask"
	case "two":
		targets = 2
	case "emergency":
		glass = true
	case "one":
	default:
		return "no" // wrong parameters, or an emergency without a reason
	}
	switch {
	case has("kim1 kim2", c.person) && c.runbook == "drain", c.person == "nia" && c.place == "random",
		c.runbook == "frozen", c.runbook == "locked" && targets == 1, c.person == "ana" && c.runbook == "failover" && targets > 1:
		return "no"
	}
	answer := "no"
	for _, g := range oracleGrants {
		if !has(g.to, c.person) || !has(g.runbooks, c.runbook) || !has(g.places, c.place) || g.may != action || g.glass != glass ||
			g.targets > 0 && targets > g.targets || g.exactly > 0 && targets != g.exactly {
			continue
		}
		if g.approval || c.runbook == "passable" {
			if answer == "no" {
				answer = "wait"
			}
			continue
		}
		answer = "yes"
	}
	return answer
}

// dull says that a cell differs from others in nothing that anybody looks at: accounts without standing or name are refused
// whatever they ask for, and names without a grant whatever is given with them.
func (c cell) dull() bool {
	return slices.Contains([]string{"bot", "dea", "ext", "unk", "gus", "zed"}, c.person) && c.place != "ops" ||
		slices.Contains([]string{"hidden", "nothing"}, c.runbook) && slices.Contains([]string{"two", "wrong", "missing", "unknown", "reckless"}, c.given)
}

var (
	matrixPeople = map[string]string{"ana": "U012ANA", "ben": "U012BEN", "kim1": "U012KIM", "kim2": "U034KIM", "lee": "U012LEE", "nia": "U012NIA",
		"zed": "U012ZED", "gus": "U012GUS", "bot": "U012BOT", "dea": "U012DEA", "ext": "U012EXT", "unk": "U012UNK"}
	matrixPlaces = map[string]policy.Channel{"ops": {ID: "C012OPS", Name: "ops", Known: true}, "inc": {ID: "C012INC", Name: "inc-7", Known: true},
		"random": {ID: "C012RND", Name: "random", Known: true}, "dm": {ID: "D012DMS", Known: true}, "lost": {ID: "C012LST", Name: "ops"},
		"sharedid": {ID: "C012SHA", Name: "ops", Known: true, Shared: true}, "shared": {ID: "C012SHB", Name: "ops", Known: true, Shared: true}}
	matrixRunbooks = []string{"restart", "failover", "drain", "frozen", "passable", "locked", "hidden", "nothing"}
	matrixGiven    = map[string]string{
		"one": "InstanceId=i-1", "two": "InstanceId=i-2 InstanceId=i-3", "wrong": "InstanceId=i-9", "missing": "", "unknown": "InstanceId=i-1 Other=x",
		"role": "InstanceId=i-1 AutomationAssumeRole=arn:aws:iam::123456789012:role/Admin", "asking": "InstanceId=i-1 reason=please",
		"emergency": "InstanceId=i-1 --break-glass reason=fire", "reckless": "InstanceId=i-1 --break-glass"}
	matrixEntries = []policy.Entry{policy.ByCommand, policy.ByMention, policy.ByButton, policy.ByForm, policy.BySchedule, policy.ByIncident, policy.ByRetry}
)

func newMatrix(t *testing.T) *world {
	t.Helper()
	var runbooks strings.Builder
	for _, name := range matrixRunbooks[:7] {
		fmt.Fprintf(&runbooks, "  %s: {document: AWS-RestartEC2Instance, version: \"1\", sha256: %q, targets: InstanceId, parameters: {InstanceId: {allow: [i-1, i-2, i-3], max_items: 2}}}\n",
			name, strings.Repeat("1", 64))
	}
	w := newWorld(t, strings.Replace(matrixPolicy, "  restart:  {&it document: AWS-RestartEC2Instance}\n", runbooks.String(), 1))
	for person, standing := range map[string]policy.Standing{"gus": policy.StandingGuest, "bot": policy.StandingBot, "dea": policy.StandingDeactivated,
		"ext": policy.StandingExternal, "unk": policy.StandingUnknown, "nia": policy.StandingMember} {
		w.people[matrixPeople[person]] = policy.Actor{Standing: standing}
	}
	w.people["U012NIA"] = policy.Actor{Standing: policy.StandingMember, UserGroups: []string{"S0NIGHT"}}
	for _, place := range matrixPlaces {
		w.places[place.ID] = place
	}
	w.shelf.locks = []policy.Lock{{ID: "l-abcdefg", Runbook: "locked", Parameters: map[string][]string{"InstanceId": {"i-1"}}, By: "U012BEN", Until: time.Now().AddDate(1, 0, 0)}}
	return w
}

// put asks the door through the entry of the cell, as a person or a program would.
func (w *world) put(t *testing.T, n int, c cell) *automation.Execution {
	inv := Invocation{Key: fmt.Sprint("k", n), Entry: c.entry, Team: "T1", User: matrixPeople[c.person], Channel: matrixPlaces[c.place].ID, Command: "/runbook", At: time.Now()}
	verb := "run "
	if c.given == "asking" {
		verb = "ask "
	}
	inv.Text = verb + c.runbook + " " + matrixGiven[c.given]
	words, err := Split(inv.Text)
	if err != nil {
		t.Fatal(err)
	}
	switch c.entry {
	case policy.ByCommand, policy.ByMention:
		return w.Do(t.Context(), inv).Execution
	case policy.ByButton, policy.ByForm:
		inv.Text, inv.Args = "help", words
		return w.Do(t.Context(), inv).Execution
	}
	a, _, _ := request(call{Invocation: inv, words: words[1:], line: inv.Text}, "run")
	a.OneTime = c.given == "asking"
	out, err := w.engine.Submit(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return out.Execution
}

// Every way in passes the same check: the door agrees with a table in every cell, and AWS starts exactly what the table
// says yes to, once.
func TestEveryEntryPassesTheSameCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMatrix(t)
		w.run(t)
		cells, expected, disagreements := 0, map[string]int{}, 0
		waiting := []*automation.Execution{}
		for person := range matrixPeople {
			for place := range matrixPlaces {
				for _, runbook := range matrixRunbooks {
					for given := range matrixGiven {
						for _, entry := range matrixEntries {
							c := cell{person, place, runbook, given, entry}
							if c.dull() {
								continue
							}
							x, want := w.put(t, cells, c), oracle(c)
							cells++
							got := "no"
							switch {
							case x != nil && x.State == automation.AwaitingApproval:
								got, waiting = "wait", append(waiting, x)
							case x != nil:
								got = "yes"
								expected[x.ID] = 1
							}
							if got != want {
								disagreements++
								if disagreements < 10 {
									t.Errorf("%+v: the door says %s, the table %s", c, got, want)
								}
							}
						}
					}
				}
			}
		}
		synctest.Wait()
		time.Sleep(time.Minute)
		w.compare(t, expected)
		for _, x := range waiting { // one of leads agrees: enough for an approval, not for the freeze, and never for oneself
			inv := Invocation{Key: "a" + x.ID, Entry: policy.ByButton, Team: "T1", User: "U012BEN", Channel: "C012OPS", Command: "/runbook", At: time.Now(),
				Args: []Word{{Value: "approve"}, {Value: x.Ref}}}
			w.Do(t.Context(), inv)
			if x.Runbook != "passable" && x.Requester != "U012BEN" {
				expected[x.ID] = 1
			}
		}
		time.Sleep(time.Minute)
		w.compare(t, expected)
		if cells < 13_000 || len(waiting) < 50 || len(expected) < 250 {
			t.Errorf("only %d cells, %d of which wait and %d start", cells, len(waiting), len(expected))
		}
		t.Logf("%d cells, %d disagreements, %d waited, %d started", cells, disagreements, len(waiting), len(expected))
	})
}

// compare checks that AWS started exactly what it should have, each once, on a recorded yes.
func (w *world) compare(t *testing.T, expected map[string]int) {
	t.Helper()
	w.cloud.mu.Lock()
	defer w.cloud.mu.Unlock()
	for id, n := range w.started {
		if n != 1 || expected[id] != 1 {
			t.Errorf("AWS started %s %d times, and should have %d times", id, n, expected[id])
		}
	}
	if len(w.started) != len(expected) || w.bad > 0 {
		t.Errorf("AWS started %d, and should have started %d; %d without a recorded yes", len(w.started), len(expected), w.bad)
	}
}
