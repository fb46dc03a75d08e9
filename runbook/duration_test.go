package runbook

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"PT10M": 10 * time.Minute, "P1DT1H": 25 * time.Hour, "P2W": 14 * 24 * time.Hour, "PT0.25S": 250 * time.Millisecond,
		"PT0S": 0, "PT90S": 90 * time.Second, "P6DT23H59M59S": 604799 * time.Second, "PT99999999H": maxDuration, "P999999W": maxDuration} {
		if got, err := ParseDuration(text); got != want || err != nil {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "P", "PT", "P1DT", "10M", "pt10m", "P1Y", "P1M", "PT10", "PT-1M", "PT1H ", "PT1M1H", "PT.5S"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%s: got %v", text, got)
		}
	}
}
