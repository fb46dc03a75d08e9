package policy_test

import (
	"strings"
	"testing"

	"handrail/policy"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	p := parse(t, example)
	rb, _ := p.Runbook("restart-web")
	for name, row := range map[string]struct {
		change func(*policy.Document)
		want   string
	}{
		"as pinned":       {func(*policy.Document) {}, ""},
		"another version": {func(d *policy.Document) { d.Version = "2" }, "AWS has AWS-RestartEC2Instance in version 2, and the policy allows version 1."},
		"another hash": {func(d *policy.Document) { d.SHA256 = otherHash },
			"The content of AWS-RestartEC2Instance version 1 is not the one that the policy pins."},
		"no role": {func(d *policy.Document) { holding(d, content(t, "", declaredID)) },
			"AWS-RestartEC2Instance names no role, so it would run with Handrail's own rights."},
		"not declared": {func(d *policy.Document) { holding(d, content(t, injected, declaredRole)) },
			"The policy lists InstanceId, which AWS-RestartEC2Instance does not declare."},
		"not listed": {func(d *policy.Document) {
			holding(d, content(t, injected, declaredRole, declaredID, "Why: {type: String}"))
		},
			"AWS-RestartEC2Instance needs Why, which the policy does not list, so nobody can run it."},
		"refused by the document": {func(d *policy.Document) {
			holding(d, content(t, injected, declaredRole, "InstanceId: {type: StringList, allowedPattern: '^i-[0-9]{3}$'}"))
		},
			"The policy allows InstanceId=i-0aaaaaaaaaaaaaaa1, which AWS-RestartEC2Instance refuses"},
	} {
		doc := found(t)
		row.change(doc)
		got := ""
		if err := p.Verify(rb, doc); err != nil {
			got = err.Error()
		}
		if got != row.want && (name != "refused by the document" || !strings.HasPrefix(got, row.want)) {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
	if p.Verify(rb, nil) == nil {
		t.Error("a document that nobody looked at is fine")
	}
}
