package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handrail/policy"
)

func lines(changes []policy.Change) []string {
	var out []string
	for _, c := range changes {
		out = append(out, c.String())
	}
	return out
}

func TestDiffSaysWhatChanged(t *testing.T) {
	t.Parallel()
	was := parse(t, example)
	next := strings.NewReplacer(
		"ben: {slack: U012BEN}", "ben: {slack: U034BEN}",
		"members: [ana, ben]", "members: [ben, ana, dora]",
		"max_items: 1", "max_items: 2",
		"version: 2", "version: 3",
		"  - {name: watchers, to: [dora], runbooks: [restart-web], channels: [\"#ops\"], may: [cancel]}\n", "",
		`"#inc-*"]`, `"#sev-*"]`,
	).Replace(example) + "  - {name: dora-too, to: [dora], runbooks: [drift], channels: [\"#ops\"], may: [run]}\n"
	want := []string{
		"~ identity ben: accounts now also U034BEN, no longer U012BEN",
		"~ group web: members now also dora",
		"~ runbook restart-web: parameter InstanceId has max_items 1 → max_items 2",
		"~ runbook stop-web: version 2 → 3",
		"+ grant dora-too: to dora; runbooks drift; channels #ops; may run",
		"- grant watchers",
		"~ grant web-restarts: channels now also #sev-*, no longer #inc-*",
	}
	if diff := cmp.Diff(want, lines(was.Diff(parse(t, next)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDiffOfTheSame(t *testing.T) {
	t.Parallel()
	p := parse(t, example)
	reordered := parse(t, strings.ReplaceAll(strings.Replace(example, "members: [ana, ben]", "members: [ben, ana]", 1), "version: 1\n", "version: 1 # the only one\n"))
	if changes := p.Diff(reordered); changes != nil {
		t.Errorf("only comments and order differ, and yet: %q", lines(changes))
	}
	if none := (*policy.Policy)(nil).Diff(nil); none != nil {
		t.Errorf("nothing differs from nothing in %q", lines(none))
	}
	if n := len((*policy.Policy)(nil).Diff(p)); n != 1+3+2+3+3 {
		t.Errorf("everything is new: %d changes", n)
	}
	if changes := p.Diff(nil); changes[len(changes)-1].String() != "- grant web-restarts" {
		t.Errorf("everything is gone: %q", lines(changes))
	}
}

func TestDiffSeesTheMiddleOfLongTexts(t *testing.T) {
	t.Parallel()
	long := func(middle string) *policy.Policy {
		text := "description: " + strings.Repeat("a", 100) + middle + strings.Repeat("b", 100)
		return parse(t, strings.Replace(example, "description: Restarts one web server", text, 1))
	}
	changes := lines(long("x").Diff(long("y")))
	if len(changes) != 1 || len(changes[0]) > 400 || !strings.Contains(changes[0], "(201 characters)") {
		t.Errorf("%q", changes)
	}
}
