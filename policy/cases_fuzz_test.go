package policy_test

import (
	"testing"

	"handrail/policy"
)

// Cases come from files that anybody may have written: reading them never panics, and a case that was read
// can be decided.
func FuzzCases(f *testing.F) {
	for _, seed := range []string{"", "version: 1\ncases: []", one("expect: deny"), one("expect: allow, approved_by: [ben, {user: U1}], at: 2026-11-23T12:00:00Z"),
		one("expect: approval, locks: [{parameters: {a: [b]}}], usage: {web-restarts: {open: 1}}, incident: {severity: 1}, action: ask"),
		"version: 1\ncases: &a [*a]", "version: 1\ncases: [{user: {}}]", one("expect: deny, action: cancel, requester: ben, standing: guest, shared: true")} {
		f.Add([]byte(seed))
	}
	p, err := policy.Parse("policy.yaml", []byte(example))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cases, err := policy.ParseCases("policy_test.yaml", data)
		if err == nil && len(cases) == 0 {
			t.Error("no mistake, and no case")
		}
		for i := range cases {
			o := cases[i].Check(p, testTime)
			if again := cases[i].Check(p, testTime); o.Got != again.Got || len(o.Wrong) != len(again.Wrong) {
				t.Errorf("decided as %s, and then as %s", o.Got, again.Got)
			}
			_ = cases[i].Title()
		}
	})
}
