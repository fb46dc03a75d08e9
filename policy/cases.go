package policy

import (
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Case is one question to a policy and the answer that its keeper expects.
type Case struct {
	File string
	Line int    // from 1
	Name string // as the file has it, or "" for one that is named after what it asks

	User       Asker
	Channel    string // ID, or "#name"
	Called     string // name of a channel that goes by its ID, "" if unknown
	Shared     bool   // with another organisation
	Runbook    string
	Parameters map[string][]string
	Action     Action
	Requester  string    // Cancel: whose execution it is; "" for somebody else's
	At         time.Time // zero means the time of the test
	Reason     string
	BreakGlass bool
	Incident   *Incident
	ApprovedBy []Asker
	Locks      []Lock
	Usage      map[string]Usage
	Document   *Document // nil means as the policy pins it; no file has it

	Expect string // allow, deny or approval
	Rule   string // that decides, "" if it does not matter
	Code   Code   // "" if it does not matter
}

// Asker is a person of a case.
type Asker struct {
	User       string // identity or Slack user ID
	UserGroups []string
	Standing   Standing
}

// What a Case can expect.
const (
	ExpectAllow    = "allow"
	ExpectDeny     = "deny"
	ExpectApproval = "approval"
)

const maxCases = 10_000

// ParseCases reads a file of cases. It is as strict as Parse: the error holds every mistake and is of type Errors.
func ParseCases(filename string, data []byte) ([]Case, error) {
	r := &caseReader{fileReader{reader: reader{file: filename, noun: "file of cases", data: data}, shapes: newShapes()}}
	root, ok := r.load(data)
	if !ok {
		return nil, r.errors
	}
	fields := r.fields(root, "the file", 2, "version", "cases", "at")
	if n := fields["version"]; n != nil && (n.ShortTag() != "!!int" || n.Value != "1") {
		r.fail(n, "version must be the number 1, the only one there is.")
	}
	at := r.readInstant(fields["at"], "at")
	var cases []Case
	if n := fields["cases"]; n != nil {
		for _, item := range r.bounded(n, "cases", maxCases) {
			c := r.readCase(item)
			if c.At.IsZero() {
				c.At = at
			}
			cases = append(cases, c)
		}
	}
	if len(r.errors) > 0 {
		r.errors.sort()
		return nil, r.errors
	}
	return cases, nil
}

type caseReader struct{ fileReader }

func (r *caseReader) readCase(n *yaml.Node) Case {
	fields := r.fields(n, "a case", 4, "user", "channel", "runbook", "expect", "name", "usergroups", "standing", "channel_name", "shared",
		"parameters", "action", "requester", "at", "reason", "break_glass", "incident", "approved_by", "locks", "usage", "rule", "code")
	c := Case{File: r.file, Line: n.Line, Action: Run,
		Name: r.readLine(fields["name"], "name"), User: r.readAsker(fields), Shared: r.readFlag(fields["shared"], "shared"),
		Parameters: r.readValues(fields["parameters"], "parameters"), At: r.readInstant(fields["at"], "at"),
		BreakGlass: r.readFlag(fields["break_glass"], "break_glass"), Incident: r.readIncident(fields["incident"]),
		Locks: r.readLocks(fields["locks"]), Usage: r.readUsage(fields["usage"])}
	for key, target := range map[string]*string{"channel": &c.Channel, "channel_name": &c.Called, "runbook": &c.Runbook,
		"requester": &c.Requester, "reason": &c.Reason, "rule": &c.Rule} {
		*target, _ = r.text(fields[key], key)
	}
	if channel := fields["channel"]; channel != nil && !r.channelID.fits(c.Channel) && (!r.channelName.fits(c.Channel) || strings.Contains(c.Channel, "*")) {
		r.fail(channel, "%+q is not a channel. Write \"#name\" with the quotes, or an ID such as C012OPS.", c.Channel)
	}
	c.Action = Action(r.oneOf(fields["action"], "action", string(Run), string(Run), string(Ask), string(Cancel), string(Locking)))
	c.Expect = r.oneOf(fields["expect"], "expect", "", ExpectAllow, ExpectDeny, ExpectApproval)
	code, _ := r.text(fields["code"], "code")
	c.Code = Code(code)
	if people := fields["approved_by"]; people != nil {
		for _, item := range r.bounded(people, "approved_by", 20) {
			c.ApprovedBy = append(c.ApprovedBy, r.readApprover(item))
		}
	}
	return c
}

// oneOf reads one of some words.
func (r *caseReader) oneOf(n *yaml.Node, what, absent string, known ...string) string {
	word, ok := r.text(n, what)
	if !ok {
		return absent
	}
	if !slices.Contains(known, word) {
		some := ""
		if len(known) < 10 {
			some = " Use " + join(known, "or") + "."
		}
		r.fail(n, "There is no %s %+q.%s%s", what, word, r.meant(word, known), some)
	}
	return word
}

// readApprover takes a name alone, too.
func (r *caseReader) readApprover(n *yaml.Node) Asker {
	if n.Kind != yaml.MappingNode {
		name, _ := r.text(n, "an item of approved_by")
		return Asker{User: name, Standing: StandingMember}
	}
	return r.readAsker(r.fields(n, "an approver", 1, "user", "usergroups", "standing"))
}

func (r *caseReader) readAsker(fields map[string]*yaml.Node) Asker {
	a := Asker{Standing: Standing(r.oneOf(fields["standing"], "standing", string(StandingMember), string(StandingMember), string(StandingGuest),
		string(StandingBot), string(StandingDeactivated), string(StandingExternal)))}
	a.User, _ = r.text(fields["user"], "user")
	if n := fields["usergroups"]; n != nil {
		for _, item := range r.words(n, "usergroups") {
			a.UserGroups = append(a.UserGroups, item.Value)
		}
	}
	return a
}

// readValues reads parameters: a text or a list of texts for each.
func (r *caseReader) readValues(n *yaml.Node, what string) map[string][]string {
	if n == nil {
		return nil
	}
	values := map[string][]string{}
	for _, e := range r.entries(n, what) {
		items := []*yaml.Node{e.value}
		if e.value.Kind == yaml.SequenceNode {
			items = r.items(e.value, e.name)
		}
		for _, item := range items {
			if item.Kind != yaml.ScalarNode || item.ShortTag() == "!!null" {
				r.fail(item, "%s must be a value or a list of values, and has %s.", shown(e.name), kindOf(item))
				continue
			}
			values[e.name] = append(values[e.name], item.Value)
		}
	}
	return values
}

func (r *caseReader) readIncident(n *yaml.Node) *Incident {
	if n == nil {
		return nil
	}
	fields := r.fields(n, "incident", 0, "id", "severity", "open")
	i := &Incident{ID: "an incident", Open: true, Severity: r.number(fields["severity"], "severity", 0, 5)}
	if id, ok := r.text(fields["id"], "id"); ok {
		i.ID = id
	}
	if open := fields["open"]; open != nil {
		i.Open = r.readFlag(open, "open")
	}
	return i
}

func (r *caseReader) readLocks(n *yaml.Node) []Lock {
	if n == nil {
		return nil
	}
	var locks []Lock
	for _, item := range r.items(n, "locks") {
		fields := r.fields(item, "a lock", 0, "parameters", "by", "reason")
		l := Lock{ID: "l-testing", Parameters: r.readValues(fields["parameters"], "parameters"), By: "somebody"}
		if by, ok := r.text(fields["by"], "by"); ok {
			l.By = by
		}
		l.Reason, _ = r.text(fields["reason"], "reason")
		locks = append(locks, l)
	}
	return locks
}

func (r *caseReader) readUsage(n *yaml.Node) map[string]Usage {
	if n == nil {
		return nil
	}
	usage := map[string]Usage{}
	for _, e := range r.entries(n, "usage") {
		fields := r.fields(e.value, "the usage of "+shown(e.name), 0, "open", "recent")
		usage[e.name] = Usage{Open: r.counted(fields["open"], "open"), Recent: r.counted(fields["recent"], "recent")}
	}
	return usage
}

// counted is number for what may be none.
func (r *caseReader) counted(n *yaml.Node, what string) int {
	if n != nil && n.ShortTag() == "!!int" && n.Value == "0" {
		return 0
	}
	return r.number(n, what, 0, 1<<20)
}
