package commands

import (
	"context"
	"regexp"
	"strconv"
	"time"

	"handrail/automation"
)

// history lists past executions, newest first.
func (c *Commands) history(ctx context.Context, k call) Answer {
	s, bad := c.member(ctx, k)
	if bad != nil {
		return *bad
	}
	q := automation.Query{Limit: shownExecutions + 1}
	for _, w := range k.words {
		if bad := c.narrow(s, k, &q, w); bad != nil {
			return *bad
		}
	}
	s.narrow(&q)
	xs, err := c.Memory.Executions(ctx, q)
	if err != nil {
		return c.broken(k, "reading the history", err)
	}
	if len(xs) == 0 {
		return say(line("Nothing ran that matches."))
	}
	return say(append(append([]Line{line("%s", bold("Latest executions"))}, executions(xs)...),
		line("To look at one: %s", code(k.Command+" status ID")))...)
}

// narrow takes one word of the command into the query.
func (c *Commands) narrow(s sight, k call, q *automation.Query, w Word) *Answer {
	refuse := func(l Line) *Answer {
		a := say(l, point(k.Command, k.line, w.At, w.Width))
		return &a
	}
	switch w.Key {
	case "":
		if w.Value == "--break-glass" {
			q.BreakGlass = true
			return nil
		}
		if _, ok := s.runbook(w.Value); !ok {
			return new(c.noSuch(s, k, w))
		}
		q.Runbook = w.Value
	case "by":
		id, ok := personID(w.Value)
		if !ok {
			return refuse(line("%s wants a person, such as %s.", code("by="), code("by=@ana")))
		}
		q.Requester = id
	case "since":
		d, ok := ago(w.Value)
		if !ok {
			return refuse(line("%s wants a time back from now, such as %s, %s or %s.", code("since="), code("30m"), code("12h"), code("7d")))
		}
		q.Since = k.At.Add(-d)
	default:
		return refuse(line("I don't know %s here. %s and %s narrow the history.", code(shorten(w.Key)+"="), code("by=@person"), code("since=7d")))
	}
	return nil
}

// noSuch answers for a name that is no runbook, or none that this person may see.
func (c *Commands) noSuch(s sight, k call, w Word) Answer {
	return say(s.unknown(w.Value), line("%s shows those you can run here.", code(k.Command+" list")), point(k.Command, k.line, w.At, w.Width))
}

var userID = regexp.MustCompile(`^@([UW][A-Z0-9]{2,20})$`)

// personID reads a mention as Split leaves it.
func personID(s string) (string, bool) {
	m := userID.FindStringSubmatch(s)
	if m == nil {
		return "", false
	}
	return m[1], true
}

var span7d = regexp.MustCompile(`^([0-9]{1,4})([mhdw])$`)

// ago reads 30m, 12h, 7d or 2w.
func ago(s string) (time.Duration, bool) {
	m := span7d.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n, _ := strconv.Atoi(m[1]) // four digits
	unit := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[m[2]]
	return time.Duration(n) * unit, true
}
