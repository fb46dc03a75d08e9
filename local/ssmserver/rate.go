package ssmserver

import (
	"strconv"
	"strings"
)

// What counts where a request gives no limits: the texts of MaxConcurrency and TargetLocation in the API reference.
const (
	targetsAtOnce   = 10
	locationsAtOnce = 1
)

// pace decides how many children of one parent run at once, and when no more of them are started:
// docs.aws.amazon.com/systems-manager/latest/userguide/running-automations-scale-controls.html. One child runs first,
// then two more, then twice as many each time all of them have ended. Once there are as many as allowed, each one that
// ends makes room for the next.
type pace struct {
	// most may run at once, and as many errors as allowed do not stop it.
	most, allowed int
	// window is how many may run at once so far, begun how many of them were started.
	window, begun   int
	running, errors int
}

// newPace reads limits such as 10 and 10%, the percentages of total: of children at once rounded up, of errors rounded
// down. Without limits, as many as atOnce run at once and the first error stops it.
func newPace(concurrency, errors string, total, atOnce int) *pace {
	return &pace{most: max(limit(concurrency, total, 99, atOnce), 1), allowed: limit(errors, total, 0, 0), window: 1}
}

// limit is a number, or a percentage of total to which round hundredths are added; absent if there is none.
func limit(text string, total, round, absent int) int {
	number, percent := strings.CutSuffix(text, "%")
	n, err := strconv.Atoi(number)
	switch {
	case err != nil:
		return absent
	case percent:
		return (n*total + round) / 100
	}
	return n
}

// room says whether another child may start now.
func (r *pace) room() bool {
	switch {
	case r.stopped():
		return false
	case r.window < r.most:
		return r.begun < r.window
	}
	return r.running < r.most
}

// stopped says whether there were more errors than allowed.
func (r *pace) stopped() bool { return r.errors > r.allowed }

func (r *pace) begin() {
	r.running++
	r.begun++
}

func (r *pace) end(ok bool) {
	r.running--
	if !ok {
		r.errors++
	}
	if r.running == 0 && r.begun >= r.window && r.window < r.most {
		r.window, r.begun = min(2*r.window, r.most), 0
	}
}
