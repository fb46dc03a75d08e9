package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Bound is everything that an approval is for. If any of it changes, the approval is void.
type Bound struct {
	Action     Action              `json:"action"`
	Execution  string              `json:"execution"`
	Requester  string              `json:"requester"` // Slack user ID
	Team       string              `json:"team"`
	Channel    string              `json:"channel"`
	Runbook    string              `json:"runbook"`
	Document   string              `json:"document"`
	Version    string              `json:"version"`
	SHA256     string              `json:"sha256"`
	Closure    []Pin               `json:"closure,omitempty"` // children and attachments: those of the policy, or as AWS holds them if it allows what is not pinned
	Parameters map[string][]string `json:"parameters"`
	Targets    []string            `json:"targets,omitempty"`
	Locations  []Location          `json:"locations,omitempty"`
	Role       string              `json:"role"`
	Region     string              `json:"region"`
	BreakGlass bool                `json:"break_glass,omitempty"`
	Policy     string              `json:"policy"`  // hash of the policy
	Expires    int64               `json:"expires"` // Unix milliseconds
}

// Difference is one thing in which two Bounds differ.
type Difference struct {
	What string `json:"what"` // such as "parameter InstanceId" or "policy"
	Was  string `json:"was"`
	Is   string `json:"is"`
}

// Bound is everything that an approval of this decision is for, or the zero Bound for a no. That of a yes to an approver
// is of what they agree to; a step has none.
func (d Decision) Bound() Bound {
	switch {
	case d.runs():
		return d.bound()
	case d.Allowed() && d.subject != nil:
		return d.subject.bound()
	}
	return Bound{}
}

// bound is Bound of a decision about a run whose document has been checked.
func (d *Decision) bound() Bound {
	r, b := d.request, d.runbook
	bound := Bound{
		Action: r.Action, Execution: r.Execution, Requester: r.Actor.ID, Team: r.Actor.Team, Channel: r.Channel.ID, Runbook: b.Name,
		Document: b.Document, Version: r.Document.Version, SHA256: r.Document.SHA256, Parameters: cloneParameters(r.Parameters),
		Locations: b.Locations, Role: d.policy.serviceRole, Region: r.Region, BreakGlass: r.BreakGlass, Policy: d.policy.hash,
		Closure: slices.Concat(b.Children, b.Attachments),
	}
	if b.AllowUnpinned { // then AWS alone knows
		bound.Closure = nil
		for _, c := range r.Document.Children {
			bound.Closure = append(bound.Closure, c.Pin)
		}
		bound.Closure = append(bound.Closure, r.Document.Attachments...)
	}
	if b.Targets != "" {
		bound.Targets = slices.Clone(r.values(b.Targets))
	}
	if bound.Region == "" {
		bound.Region = b.Region
	}
	if by := d.expiry(); !by.IsZero() {
		bound.Expires = by.UnixMilli()
	}
	return bound
}

// expiry is when the wait for approvals ends, also where none is wanted any more.
func (d *Decision) expiry() time.Time {
	switch {
	case !d.approveBy.IsZero():
		return d.approveBy
	case d.request.Subject != nil:
		return d.request.Subject.ApproveBy
	}
	return d.request.ApproveBy
}

// Digest is the SHA-256 of the Bound in lower-case hex: of its JSON with sorted keys and without spaces. A Bound without
// parameters has the same one whether they are nil or empty.
func (b Bound) Digest() string {
	given := make(map[string][]string, len(b.Parameters))
	for name, values := range b.Parameters {
		given[name] = append([]string{}, values...)
	}
	b.Parameters = given
	text, err := json.Marshal(b)
	if err != nil { // a Bound has nothing that JSON lacks
		return ""
	}
	var fields any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		return ""
	}
	if text, err = json.Marshal(fields); err != nil { // maps are written by key
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Diff lists in what is differs from b, in the order of the fields; nil if in nothing. Long texts are cut.
func (b Bound) Diff(is Bound) []Difference {
	var found []Difference
	compare := func(what, was, now string) {
		if was != now {
			found = append(found, Difference{what, short(was, maxDifference), short(now, maxDifference)})
		}
	}
	compare("action", string(b.Action), string(is.Action))
	compare("execution", b.Execution, is.Execution)
	compare("requester", b.Requester, is.Requester)
	compare("team", b.Team, is.Team)
	compare("channel", b.Channel, is.Channel)
	compare("runbook", b.Runbook, is.Runbook)
	compare("document", b.Document, is.Document)
	compare("version", b.Version, is.Version)
	compare("sha256", b.SHA256, is.SHA256)
	compare("closure", sums(b.Closure), sums(is.Closure))
	names := slices.AppendSeq(slices.Collect(maps.Keys(b.Parameters)), maps.Keys(is.Parameters))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		was, wasSet := b.Parameters[name]
		now, isSet := is.Parameters[name]
		compare("parameter "+shown(name), listed(was, wasSet), listed(now, isSet))
	}
	compare("targets", listed(b.Targets, true), listed(is.Targets, true))
	compare("locations", places(b.Locations), places(is.Locations))
	compare("role", b.Role, is.Role)
	compare("region", b.Region, is.Region)
	compare("break-glass", fmt.Sprint(b.BreakGlass), fmt.Sprint(is.BreakGlass))
	compare("policy", b.Policy, is.Policy)
	compare("expires", fmt.Sprint(b.Expires), fmt.Sprint(is.Expires))
	return found
}

const maxDifference = 300 // characters of a text in a Difference

// listed writes values so that no two lists look alike.
func listed(values []string, set bool) string {
	switch {
	case !set:
		return "not given"
	case len(values) == 1 && !strings.ContainsAny(values[0], `,"`) && values[0] != "not given" && values[0] != "none":
		return values[0]
	case len(values) == 0:
		return "none"
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = fmt.Sprintf("%q", v)
	}
	return strings.Join(quoted, ", ")
}

func sums(all []Pin) string {
	words := make([]string, len(all))
	for i, p := range all {
		words[i] = p.Name + " " + p.Version + " " + p.SHA256
	}
	return listed(words, true)
}

func places(all []Location) string {
	words := make([]string, len(all))
	for i, l := range all {
		words[i] = fmt.Sprintf("%q in %q as %s", l.Accounts, l.Regions, l.ExecutionRole)
	}
	return listed(words, true)
}
