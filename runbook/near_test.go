package runbook

import "testing"

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	known := []string{"InstanceIds", "InstanceId", "Force", "a"}
	for name, want := range map[string]string{"InstanceID": "Did you mean InstanceId?", "InstanceIs": "Did you mean InstanceId?", "Froce": "Did you mean Force?",
		"b": "", "": "", "Nothing": "", "instanceids": "Did you mean InstanceIds?"} {
		if got := didYouMean(name, known); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
}
