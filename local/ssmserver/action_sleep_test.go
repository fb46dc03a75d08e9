package ssmserver

import (
	"testing"
	"time"
)

func TestDurations(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"PT10M": 10 * time.Minute, "PT1H2M3S": time.Hour + 2*time.Minute + 3*time.Second, "P1DT2H": 26 * time.Hour, "PT0S": 0, "PT0.25S": 250 * time.Millisecond,
		"P6D": 144 * time.Hour, "PT604799S": maxSleep, "PT90M": 90 * time.Minute,
	} {
		if got, err := sleepTime(text, "", time.Now()); got != want || err != nil {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"P", "PT", "10M", "PT10", "PT-1S", "-PT1S", "P1Y", "P1M", "pt1s", "PT1.S", "P1DT", "PT604800S", "P7D", "P1W", "PT99999999H", "P999999W", "PT1S ", "{{ P }}"} {
		if got, err := sleepTime(text, "", time.Now()); err == nil {
			t.Errorf("%q: got %s", text, got)
		}
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{"2026-11-23T12:01:00Z": time.Minute, "2026-11-23T14:01:00+02:00": time.Minute, "2020-01-01T00:00:00Z": 0} {
		if got, err := sleepTime("", text, now); got != want || err != nil {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	for _, row := range [][2]string{{"", ""}, {"PT1S", "2026-11-23T12:01:00Z"}, {"", "tomorrow"}, {"", "2027-11-23T12:01:00Z"}} {
		if got, err := sleepTime(row[0], row[1], now); err == nil {
			t.Errorf("%q: got %s", row, got)
		}
	}
}

func TestSleepTakesItsTime(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.start(`{"name":"a","action":"aws:sleep","inputs":{"Duration":"PT11H"}}`)
		b.want(b.after(11*time.Hour-time.Second, id), "InProgress: a=InProgress")
		e := b.after(time.Second, id)
		b.want(e, "Success: a=Success")
		if got := e.ExecutionEndTime.Sub(e.ExecutionStartTime.Time); got != 11*time.Hour {
			b.Errorf("took %s", got)
		}
	})
}
