package runbook

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

var isoPattern = regexp.MustCompile(`^P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,8})H)?(?:(\d{1,8})M)?(?:(\d{1,8})(?:\.(\d{1,9}))?S)?)?$`)

// maxDuration is what ParseDuration gives for everything longer.
const maxDuration = 52 * 7 * 24 * time.Hour

// ParseDuration reads an ISO 8601 duration such as PT10M, as aws:sleep has it: weeks, days, hours, minutes and seconds.
// Months and years have no fixed length and are refused. What is longer than 52 weeks is cut to that.
func ParseDuration(text string) (time.Duration, error) {
	m := isoPattern.FindStringSubmatch(text)
	if m == nil || text == "P" || text[len(text)-1] == 'T' {
		return 0, fmt.Errorf("%q is no ISO 8601 duration", text)
	}
	var total time.Duration
	for i, unit := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, err := strconv.Atoi("0" + m[i+1])
		if err != nil {
			return 0, fmt.Errorf("%q is no ISO 8601 duration", text)
		}
		total = min(total+min(time.Duration(n), maxDuration/unit)*unit, maxDuration)
	}
	if m[6] != "" {
		n, err := strconv.Atoi((m[6] + "000000000")[:9])
		if err != nil {
			return 0, fmt.Errorf("%q is no ISO 8601 duration", text)
		}
		total += time.Duration(n)
	}
	return total, nil
}
