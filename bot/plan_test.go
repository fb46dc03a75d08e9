package bot

import (
	"testing"

	"handrail/automation"
)

// A branch that was passed by is no work to come once the runbook has succeeded, and is "not run" after a failure.
func TestStepsThatWereNotNeeded(t *testing.T) {
	t.Parallel()
	e := accepted(theID)
	e.Steps = []automation.Step{{Name: "choose", Status: "Success"}, {Name: "passed", Status: "Pending"}, {Name: "taken", Status: "Success"}}
	for state, want := range map[automation.State]struct {
		title string
		tasks int
	}{automation.Succeeded: {"2 of 2 steps · 1 not needed", 2}, automation.Failed: {"2 of 3 steps", 3}, automation.Running: {"2 of 3 steps", 3}} {
		e.State = state
		short, unneeded := ran(e)
		if got := tally(short) + unneeded; got != want.title || len(short.Steps) != want.tasks || len(e.Steps) != 3 {
			t.Errorf("%s: %q with %d tasks, want %q with %d", state, got, len(short.Steps), want.title, want.tasks)
		}
	}
}
