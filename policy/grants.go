package policy

import (
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Bounds of what grants may say.
const (
	maxApprovers   = 10  // people whom one approval wants
	maxAtOnce      = 500 // executions at once, the quota of adaptive concurrency: docs.aws.amazon.com/general/latest/gr/ssm.html
	maxPerHour     = 3600
	maxDescription = 300 // characters, one line of help
)

func (r *fileReader) readGrants(n *yaml.Node) []*Grant {
	if n == nil {
		return nil
	}
	var grants []*Grant
	for _, item := range r.items(n, "grants") {
		grants = append(grants, r.readGrant(item))
	}
	return grants
}

func (r *fileReader) readGrant(n *yaml.Node) *Grant {
	fields := r.fields(n, "a grant", 4, "name", "to", "runbooks", "channels", "may", "when", "windows", "limits", "approval", "break_glass")
	g := &Grant{
		Name: r.readRule(fields["name"], "grant"), Line: n.Line,
		To:       r.readPeople(fields["to"], "to"),
		Runbooks: r.readCovered(fields["runbooks"]),
		Channels: r.readChannels(fields["channels"]),
		May:      []Action{Run, Cancel},
		When:     r.readWhen(fields["when"]),
		Windows:  r.readOpen(fields["windows"]),
		Limits:   r.readLimits(fields["limits"]),
		Approval: r.readApproval(fields["approval"]),
	}
	if may := fields["may"]; may != nil {
		g.May = r.readMay(may)
	}
	if glass := fields["break_glass"]; glass != nil {
		notify := r.fields(glass, "break_glass", 1, "notify")["notify"]
		g.BreakGlass = &BreakGlass{Notify: r.readTold(notify, "notify")}
	}
	r.checkTogether(n, fields, g)
	r.count(n, len(g.To)*len(g.Runbooks)*len(g.Channels))
	return g
}

// checkTogether refuses what contradicts itself, or would do nothing.
func (r *fileReader) checkTogether(n *yaml.Node, fields map[string]*yaml.Node, g *Grant) {
	asks, runs := slices.Contains(g.May, Ask), slices.Contains(g.May, Run)
	if asks && (runs || slices.Contains(g.May, Locking)) {
		r.fail(fields["may"], "may has ask, which stands alone or with cancel. Make it two grants.")
	}
	if asks && g.Approval == nil {
		r.fail(n, "A grant that lets people ask needs an approval. Write who must agree, such as approval: {from: [leads]}.")
	}
	if g.BreakGlass != nil && g.Approval != nil {
		r.fail(fields["break_glass"], "A grant has break_glass or an approval, not both. Make it two grants.")
	}
	if g.BreakGlass != nil && asks {
		r.fail(fields["break_glass"], "A grant to ask cannot break the glass. Make it two grants.")
	}
	for _, key := range []string{"windows", "limits", "approval", "break_glass"} {
		if fields[key] != nil && !runs && !asks && len(g.May) > 0 {
			r.fail(fields[key], "%s is about running, which this grant does not give. Leave it out.", key)
		}
	}
	if g.Limits.Targets > 0 {
		r.checkTargets(fields["limits"], "limits", g.Runbooks)
	}
	if g.When != nil && g.When.targets {
		r.checkTargets(fields["when"], "when", g.Runbooks)
	}
}

// checkTargets refuses to ask about targets where nobody can say what they are: there would never be any.
func (r *fileReader) checkTargets(n *yaml.Node, what string, runbooks []string) {
	if slices.Contains(runbooks, Everything) {
		runbooks = r.targets
	}
	for _, name := range runbooks {
		if b := r.runbooks[name]; b != nil && b.Targets == "" {
			r.fail(n, "%s is about targets, and the runbook %s does not say which parameter has them. Write targets: NAME there.", what, b.Name)
			return
		}
	}
}

// readRule reads the name of a grant, denial or freeze.
func (r *fileReader) readRule(n *yaml.Node, kind string) string {
	name, ok := r.text(n, "name")
	if !ok {
		return ""
	}
	r.checkName(n, kind+"s")
	if first, ok := r.rules[name]; ok {
		r.fail(n, "There is a %s %+q in line %d already. Give each its own name.", first.kind, name, first.line)
		return name
	}
	r.rules[name] = rule{kind, n.Line}
	return name
}

func (r *fileReader) readPeople(n *yaml.Node, what string) []string {
	if n == nil {
		return nil
	}
	return r.references(n, what, "group or identity", r.people)
}

func (r *fileReader) readCovered(n *yaml.Node) []string {
	if n == nil {
		return nil
	}
	names := r.references(n, "runbooks", "runbook", r.targets)
	if len(names) > 1 && slices.Contains(names, Everything) {
		r.fail(n, `runbooks has "*", which covers every runbook. Remove the others.`)
	}
	return names
}

func (r *fileReader) readChannels(n *yaml.Node) []string {
	if n == nil {
		return nil
	}
	var channels []string
	for _, item := range r.words(n, "channels") {
		switch c := item.Value; {
		case c == Everything, r.channelID.fits(c), r.channelName.fits(c):
			channels = append(channels, c)
		case strings.HasPrefix(c, "#"):
			r.fail(item, "%+q is not a channel name. Names have a-z, 0-9, - and _, and * for any run of them; a channel with other letters goes by its ID.", c)
		default:
			r.fail(item, "%+q is not a channel. Write \"#name\" with the quotes, an ID such as C012OPS, or \"*\" for any that is not shared.", c)
		}
	}
	return channels
}

// readTold reads one channel that is told something.
func (r *fileReader) readTold(n *yaml.Node, what string) string {
	channel, ok := r.text(n, what)
	if ok && !r.channelID.fits(channel) && (!r.channelName.fits(channel) || strings.Contains(channel, "*")) {
		r.fail(n, "%s %+q is not one channel. Write \"#name\" with the quotes, or an ID such as C012OPS.", what, channel)
	}
	return channel
}

func (r *fileReader) readMay(n *yaml.Node) []Action {
	var may []Action
	for _, name := range r.references(n, "may", "action", []string{string(Ask), string(Cancel), string(Locking), string(Run)}) {
		may = append(may, Action(name))
	}
	return may
}

func (r *fileReader) readOpen(n *yaml.Node) []string {
	if n == nil {
		return nil
	}
	names := make([]string, 0, len(r.windows))
	for name := range r.windows {
		names = append(names, name)
	}
	slices.Sort(names)
	return r.references(n, "windows", "window", names)
}

func (r *fileReader) readLimits(n *yaml.Node) Limits {
	var l Limits
	if n == nil {
		return l
	}
	fields := r.fields(n, "limits", 0, "at_once", "per_hour", "targets")
	l.AtOnce = r.number(fields["at_once"], "at_once", 0, maxAtOnce)
	l.PerHour = r.number(fields["per_hour"], "per_hour", 0, maxPerHour)
	l.Targets = r.number(fields["targets"], "targets", 0, MaxParameterValues)
	return l
}

func (r *fileReader) readApproval(n *yaml.Node) *Approval {
	if n == nil {
		return nil
	}
	fields := r.fields(n, "approval", 1, "from", "count", "expires", "channel", "require_identity")
	a := r.readAgreement(fields)
	a.Expires = r.readExpires(fields["expires"])
	a.Channel = r.readTold(fields["channel"], "channel")
	return &a
}

// readAgreement reads what an approval of a run and one of a step have in common.
func (r *fileReader) readAgreement(fields map[string]*yaml.Node) Approval {
	return Approval{
		From:            r.readPeople(fields["from"], "from"),
		Count:           r.number(fields["count"], "count", 1, maxApprovers),
		RequireIdentity: r.readFlag(fields["require_identity"], "require_identity"),
	}
}

func (r *fileReader) readExpires(n *yaml.Node) time.Duration {
	if n == nil {
		return DefaultExpires
	}
	text := r.shaped(n, "expires", r.duration.fits, "from 1m to 24h in whole minutes or hours, such as 15m or 2h")
	expires, _ := time.ParseDuration(text) // the shape is one
	return expires
}

// count bounds the combinations of people, runbooks and channels that rules multiply out to.
func (r *fileReader) count(n *yaml.Node, combinations int) {
	before := r.pairs
	r.pairs += combinations
	if before <= maxPairs && r.pairs > maxPairs {
		r.fail(n, "The rules up to here multiply out to over %d combinations of people, runbooks and channels. Use groups, \"*\" or wildcards.", maxPairs)
	}
}
