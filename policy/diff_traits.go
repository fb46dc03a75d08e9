package policy

import (
	"fmt"
	"strings"
	"time"
)

// words is a window as people say it: "mon, tue 22:00–05:00 Europe/Oslo".
func (w *Window) words() string {
	var days []string
	for i := range 7 {
		if day := time.Weekday((i + 1) % 7); w.Days[day] {
			days = append(days, strings.ToLower(day.String()[:3]))
		}
	}
	return fmt.Sprintf("%s %02d:%02d–%02d:%02d %s", strings.Join(days, ", "), w.From/60, w.From%60, w.Until/60, w.Until%60, w.Zone)
}

func (r *Runbook) traits() []trait {
	traits := []trait{single("document", r.Document), single("version", r.Version), single("sha256", r.SHA256),
		single("allow_unpinned", flagged(r.AllowUnpinned)), single("region", r.Region), single("description", r.Description), single("targets", r.Targets),
		several("children", pins(r.Children)), several("attachments", pins(r.Attachments))}
	var locations, accepts []string
	for _, l := range r.Locations {
		locations = append(locations, fmt.Sprintf("%s in %s as %s", strings.Join(l.Accounts, "+"), strings.Join(l.Regions, "+"), l.ExecutionRole))
	}
	for _, a := range r.Accepts {
		accepts = append(accepts, string(a))
	}
	traits = append(traits, several("locations", locations), several("accept", accepts))
	for i := range r.Parameters {
		traits = append(traits, r.Parameters[i].traits()...)
	}
	for _, s := range r.Steps {
		traits = append(traits, single("step "+s.Step, s.Approval.words()))
	}
	return traits
}

func pins(all []Pin) []string {
	var words []string
	for _, p := range all {
		words = append(words, strings.TrimSuffix(p.Name+" "+p.Version, " ")+" "+p.SHA256[:min(12, len(p.SHA256))])
	}
	return words
}

func (p *Parameter) traits() []trait {
	var rest []string
	if p.Pattern != "" {
		rest = append(rest, "pattern "+p.Pattern)
	}
	if p.Min != nil {
		rest = append(rest, fmt.Sprintf("min %d", *p.Min))
	}
	if p.Max != nil {
		rest = append(rest, fmt.Sprintf("max %d", *p.Max))
	}
	if p.Secret {
		rest = append(rest, "secret")
	}
	rest = append(rest, fmt.Sprintf("max_items %d", p.MaxItems))
	return []trait{several("parameter "+p.Name+" allows", p.Allow), single("parameter "+p.Name+" has", strings.Join(rest, ", "))}
}

// words is an approval as people say it, "" for none.
func (a *Approval) words() string {
	if a == nil {
		return ""
	}
	words := fmt.Sprintf("%d of %s within %s", a.Count, strings.Join(a.From, "+"), a.Expires)
	if a.Channel != "" {
		words += " in " + a.Channel
	}
	if a.RequireIdentity {
		words += ", identities only"
	}
	return words
}

func (l Limits) words() string {
	var words []string
	for _, limit := range []struct {
		name string
		n    int
	}{{"at_once", l.AtOnce}, {"per_hour", l.PerHour}, {"targets", l.Targets}} {
		if limit.n > 0 {
			words = append(words, fmt.Sprintf("%s %d", limit.name, limit.n))
		}
	}
	return strings.Join(words, ", ")
}

func actions(may []Action) []string {
	var words []string
	for _, a := range may {
		words = append(words, string(a))
	}
	return words
}

func (c *Condition) words() string {
	if c == nil {
		return ""
	}
	return c.Source
}

func (g *Grant) traits() []trait {
	notify := ""
	if g.BreakGlass != nil {
		notify = "tells " + g.BreakGlass.Notify
	}
	return []trait{several("to", g.To), several("runbooks", g.Runbooks), several("channels", g.Channels), several("may", actions(g.May)),
		single("when", g.When.words()), several("windows", g.Windows), single("limits", g.Limits.words()),
		single("approval", g.Approval.words()), single("break_glass", notify)}
}

func (n *Denial) traits() []trait {
	return []trait{several("to", n.To), several("runbooks", n.Runbooks), several("channels", n.Channels), several("may", actions(n.May)),
		single("when", n.When.words()), single("reason", n.Reason)}
}

func (f *Freeze) traits() []trait {
	return []trait{single("from", stamp(f.From)), single("until", stamp(f.Until)), several("runbooks", f.Runbooks),
		single("reason", f.Reason), single("owner", f.Owner), several("override", f.Override)}
}
