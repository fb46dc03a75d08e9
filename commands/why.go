package commands

import (
	"context"
	"errors"
	"strings"

	"handrail/automation"
)

// why explains a recorded decision by its ID or its execution's, or decides a request without doing anything.
func (c *Commands) why(ctx context.Context, k call) Answer {
	if a, ok := c.member(ctx, k); !ok {
		return a
	}
	if len(k.words) == 0 {
		return say(line("Why what? %s explains a decision, %s asks what the policy would say.",
			code(k.Command+" why ID"), code(k.Command+" why NAME key=value…")))
	}
	id := k.words[0].Value
	if len(k.words) == 1 && k.words[0].Key == "" && (strings.HasPrefix(id, "r-") || strings.HasPrefix(id, "d-")) {
		if _, runbook := c.Policy().Runbook(id); !runbook {
			return c.recorded(ctx, k, id)
		}
	}
	a, _, bad := c.ask(k)
	if bad != nil {
		return *bad
	}
	return c.explain(ctx, k, a)
}

// recorded tells what was decided then, under the policy of then.
func (c *Commands) recorded(ctx context.Context, k call, id string) Answer {
	if strings.HasPrefix(id, "r-") {
		x, err := c.Memory.Execution(ctx, id)
		if err != nil {
			return c.notFound(k, "an execution", id, err)
		}
		id = x.Decision
	}
	r, err := c.Memory.Record(ctx, id)
	if err != nil {
		return c.notFound(k, "a decision", id, err)
	}
	what := "⛔ %s was refused a %s of %s in %s, %s"
	if r.Allowed {
		what = "✅ %s was allowed to %s %s in %s, %s"
	}
	lines := []Line{
		line(what, person(r.Actor), string(r.Action), code(r.Runbook), Span{Place, r.Channel}, moment(r.At)),
		line("%s  %s", bold("Told then:"), r.Sentence), // in the words for that person, which say "you"
	}
	if r.Rule != "" {
		lines = append(lines, line("%s  %s", bold("Rule"), code(r.Rule)))
	}
	if r.Near != "" {
		lines = append(lines, line("%s  %s", bold("Would allow"), r.Near))
	}
	return say(append(lines, line("decision %s, %s, under policy %s", code(r.ID), code(string(r.Code)), code(short(r.Policy))))...)
}

// explain says what the policy would answer now. Nothing is recorded and nothing starts.
func (c *Commands) explain(ctx context.Context, k call, a automation.Ask) Answer {
	d := c.Engine.Explain(ctx, a)
	if !d.Allowed() {
		refused := c.refusal(ctx, k, d)
		refused.Lines = append(refused.Lines, line("This was only a question: nothing was recorded or started."))
		return refused
	}
	lines := []Line{
		line("✅ %s", d.Explain().Sentence),
		line("%s  %s version %s, sha256 %s", bold("Runs"), code(d.Runbook().Document), d.Version(), code(short(d.SHA256()))),
		line("%s  %s", bold("Under"), code(d.Role())),
	}
	if p := parameters(d.Parameters()); p != "" {
		lines = append(lines, line("%s  %s", bold("With"), code(p)))
	}
	return say(append(lines, line("This was only a question: nothing was recorded or started."))...)
}

// notFound answers for an ID that names nothing.
func (c *Commands) notFound(k call, kind, id string, err error) Answer {
	if !errors.Is(err, automation.ErrNotFound) {
		return c.broken(k, "reading "+kind, err)
	}
	return say(line("I don't know %s %s. %s lists the latest.", kind, code(shorten(id)), code(k.Command+" history")))
}

// short shows enough of a hash to compare it.
func short(hash string) string {
	if len(hash) > 12 {
		return hash[:12] + "…"
	}
	return hash
}
