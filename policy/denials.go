package policy

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

func (r *fileReader) readDenials(n *yaml.Node) []*Denial {
	if n == nil {
		return nil
	}
	var denials []*Denial
	for _, item := range r.items(n, "denials") {
		fields := r.fields(item, "a denial", 3, "name", "runbooks", "reason", "to", "channels", "may", "when")
		d := &Denial{
			Name: r.readRule(fields["name"], "denial"), Line: item.Line,
			To:       r.readPeople(fields["to"], "to"),
			Runbooks: r.readCovered(fields["runbooks"]),
			Channels: r.readChannels(fields["channels"]),
			When:     r.readWhen(fields["when"]),
			Reason:   r.readLine(fields["reason"], "reason"),
		}
		if may := fields["may"]; may != nil {
			d.May = r.readMay(may)
		}
		if d.When != nil && d.When.targets {
			r.checkTargets(fields["when"], "when", d.Runbooks)
		}
		r.count(item, max(len(d.To), 1)*len(d.Runbooks)*max(len(d.Channels), 1))
		denials = append(denials, d)
	}
	slices.SortFunc(denials, func(a, b *Denial) int { return strings.Compare(a.Name, b.Name) })
	return denials
}
