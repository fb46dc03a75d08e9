package policy

import (
	"fmt"
	"testing"
	"time"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestWindowHolds(t *testing.T) {
	t.Parallel()
	oslo := zone(t, "Europe/Oslo")
	nights := &Window{Days: [7]bool{time.Monday: true, time.Sunday: true}, From: 22 * 60, Until: 5 * 60, Zone: oslo}
	days := &Window{Days: [7]bool{time.Sunday: true}, From: 60, Until: 2*60 + 30, Zone: oslo}
	skipped := &Window{Days: [7]bool{time.Sunday: true}, From: 2*60 + 15, Until: 2*60 + 45, Zone: oslo}
	whole := &Window{Days: [7]bool{time.Sunday: true}, From: 0, Until: 0, Zone: oslo}
	noon := &Window{Days: [7]bool{time.Sunday: true}, From: 12 * 60, Until: 12 * 60, Zone: oslo}
	for _, row := range []struct {
		what   string
		window *Window
		at     string
		want   bool
	}{
		{"before it opens", nights, "2026-11-23T21:59:59.999999999+01:00", false},
		{"as it opens", nights, "2026-11-23T22:00:00+01:00", true},
		{"the same instant elsewhere", nights, "2026-11-23T21:00:00Z", true},
		{"over midnight", nights, "2026-11-24T00:00:00+01:00", true},
		{"before it closes", nights, "2026-11-24T04:59:59.999999999+01:00", true},
		{"as it closes", nights, "2026-11-24T05:00:00+01:00", false},
		{"on Tuesday night", nights, "2026-11-24T22:00:00+01:00", false},
		{"on Sunday night", nights, "2026-11-23T04:00:00+01:00", true},
		{"the morning before", nights, "2026-11-22T04:00:00+01:00", false},

		{"before the clocks go forward", days, "2026-03-29T01:59:59+01:00", true},
		{"after the clocks went forward", days, "2026-03-29T03:00:00+02:00", false},
		{"what would have been in the hour left out", skipped, "2026-03-29T03:20:00+02:00", false},
		{"a night with an hour less", nights, "2026-03-30T04:59:59+02:00", true},

		{"before the clocks go back", skipped, "2026-10-25T02:20:00+02:00", true},
		{"between the two", skipped, "2026-10-25T02:50:00+02:00", false},
		{"after the clocks went back", skipped, "2026-10-25T02:20:00+01:00", true},
		{"as it closes the second time", skipped, "2026-10-25T02:45:00+01:00", false},

		{"the first instant of a whole day", whole, "2026-11-22T00:00:00+01:00", true},
		{"the last instant of a whole day", whole, "2026-11-22T23:59:59+01:00", true},
		{"the next day", whole, "2026-11-23T00:00:00+01:00", false},
		{"noon to noon", noon, "2026-11-23T11:59:59+01:00", true},
		{"noon to noon, over", noon, "2026-11-23T12:00:00+01:00", false},
		{"noon to noon, before", noon, "2026-11-22T11:59:59+01:00", false},
	} {
		at, err := time.Parse(time.RFC3339Nano, row.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := row.window.Holds(at); got != row.want {
			t.Errorf("%s, %s: %v", row.what, row.at, got)
		}
	}
}

// byCalendar answers the same by comparing what a wall clock and a calendar show, as texts.
func byCalendar(w *Window, at time.Time) bool {
	const layout = "2006-01-02T15:04"
	shows := at.In(w.Zone).Format(layout)
	today, _ := time.Parse(layout, shows[:11]+"00:00")
	for _, opens := range []time.Time{today.AddDate(0, 0, -1), today} {
		closes := opens
		if w.Until <= w.From {
			closes = opens.AddDate(0, 0, 1)
		}
		from := fmt.Sprintf("%sT%02d:%02d", opens.Format("2006-01-02"), w.From/60, w.From%60)
		until := fmt.Sprintf("%sT%02d:%02d", closes.Format("2006-01-02"), w.Until/60, w.Until%60)
		if w.Days[opens.Weekday()] && from <= shows && shows < until {
			return true
		}
	}
	return false
}

// Around every change of the clocks, minute by minute: half hours, midnights, a day that never was, and no change at all.
func TestWindowAcrossTransitions(t *testing.T) {
	t.Parallel()
	changes := 0
	for name, year := range map[string]int{
		"Europe/Oslo": 2026, "America/New_York": 2026, "Australia/Lord_Howe": 2026, "America/Sao_Paulo": 2018, "Asia/Beirut": 2025,
		"Africa/Casablanca": 2026, "Pacific/Apia": 2011, "Asia/Kathmandu": 2026, "UTC": 2026,
	} {
		z := zone(t, name)
		windows := []*Window{
			{Days: [7]bool{true, true, true, true, true, true, true}, From: 22 * 60, Until: 5 * 60, Zone: z},
			{Days: [7]bool{time.Sunday: true}, From: 90, Until: 150, Zone: z},
			{Days: [7]bool{time.Saturday: true}, From: 23*60 + 30, Until: 30, Zone: z},
			{Days: [7]bool{time.Friday: true, time.Sunday: true}, From: 0, Until: 0, Zone: z},
			{Days: [7]bool{time.Thursday: true, time.Saturday: true}, From: 3 * 60, Until: 3*60 + 1, Zone: z},
		}
		at := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		for end := at.AddDate(1, 0, 2); at.Before(end); at = at.Add(time.Hour) {
			_, before := at.In(z).Zone()
			if _, after := at.Add(time.Hour).In(z).Zone(); before == after {
				continue
			}
			changes++
			for m := -27 * 60; m <= 27*60; m++ {
				for i, w := range windows {
					if instant := at.Add(time.Duration(m) * time.Minute); w.Holds(instant) != byCalendar(w, instant) {
						t.Fatalf("%s, window %d, %v: %v", name, i, instant.In(z), w.Holds(instant))
					}
				}
			}
		}
	}
	if changes < 12 {
		t.Errorf("only %d changes of the clocks were looked at", changes)
	}
}
