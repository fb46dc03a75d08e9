package policy

import (
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

func (r *fileReader) readFreezes(n *yaml.Node) []*Freeze {
	if n == nil {
		return nil
	}
	var freezes []*Freeze
	for _, item := range r.items(n, "freezes") {
		fields := r.fields(item, "a freeze", 4, "name", "from", "until", "runbooks", "reason", "owner", "override")
		f := &Freeze{
			Name: r.readRule(fields["name"], "freeze"), Line: item.Line,
			From:     r.readInstant(fields["from"], "from"),
			Until:    r.readInstant(fields["until"], "until"),
			Runbooks: r.readCovered(fields["runbooks"]),
			Reason:   r.readLine(fields["reason"], "reason"),
			Owner:    r.readOwner(fields["owner"]),
			Override: r.readPeople(fields["override"], "override"),
		}
		if !f.From.IsZero() && !f.Until.IsZero() && !f.Until.After(f.From) {
			r.fail(fields["until"], "until must be after from; the freeze would never hold.")
		}
		freezes = append(freezes, f)
	}
	slices.SortFunc(freezes, func(a, b *Freeze) int { return strings.Compare(a.Name, b.Name) })
	return freezes
}

func (r *fileReader) readOwner(n *yaml.Node) string {
	owner, ok := r.text(n, "owner")
	if _, found := slices.BinarySearch(r.people, owner); ok && !found {
		r.fail(n, "There is no group or identity %+q.%s", owner, r.meant(owner, r.people))
	}
	return owner
}

// readInstant reads a time with its zone, with quotes or without. One without a zone would be another for each reader.
func (r *fileReader) readInstant(n *yaml.Node, what string) time.Time {
	if n == nil {
		return time.Time{}
	}
	tag := n.ShortTag()
	at, err := time.Parse(time.RFC3339, n.Value)
	if n.Kind != yaml.ScalarNode || tag != "!!str" && tag != "!!timestamp" || err != nil || !r.instant.fits(n.Value) || at.IsZero() {
		r.fail(n, "%s must be a time with its zone, such as 2026-12-24T00:00:00Z or 2026-12-24T01:00:00+01:00.", what)
		return time.Time{}
	}
	return at
}
