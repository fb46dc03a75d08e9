package policy

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"handrail/runbook"
)

// Bounds of what belongs to a runbook. Those of locations are the ones of TargetLocations in the AWS API model.
const (
	maxPins      = 200
	maxLocations = 100
	maxPlaces    = 50 // accounts, and Regions, of one location
)

// acceptable are the ways out of the role that the keeper of a policy can take on, sorted. A document without a role, or
// with one that nobody can tell, is not among them.
func acceptable() []string {
	kinds := []string{
		string(runbook.RoleIsFixed), string(runbook.RoleHasDefault), string(runbook.ChildWithoutRole), string(runbook.ChildWithOtherRole),
		string(runbook.ChildUnclear), string(runbook.ChildUnknown), string(runbook.OtherLocations), string(runbook.StartsAutomation),
		string(runbook.AssumesRole), string(runbook.PassesRole), string(runbook.ChangesRights), string(runbook.OwnRole), string(runbook.Hidden),
	}
	slices.Sort(kinds)
	return kinds
}

func (r *fileReader) readAccept(n *yaml.Node) []runbook.EscapeKind {
	if n == nil {
		return nil
	}
	var kinds []runbook.EscapeKind
	for _, item := range r.words(n, "accept") {
		kind := runbook.EscapeKind(item.Value)
		_, ok := slices.BinarySearch(r.kinds, item.Value)
		switch {
		case kind == runbook.RoleIsAbsent, kind == runbook.RoleIsUnclear:
			r.fail(item, "%s cannot be accepted: nobody could say whose rights the document uses. Give the document a role.", kind)
		case !ok:
			r.fail(item, "There is no way out of the role %+q.%s It takes %s.", item.Value, r.meant(item.Value, r.kinds), join(r.kinds, "and"))
		}
		kinds = append(kinds, kind)
	}
	return kinds
}

// bounded reads a list of mappings, of which there may be so many.
func (r *fileReader) bounded(n *yaml.Node, what string, most int) []*yaml.Node {
	if n == nil {
		return nil
	}
	items := r.items(n, what)
	if len(items) > most {
		r.fail(n, "%s has %d items, and may have %d.", upper(what), len(items), most)
	}
	return items
}

func (r *fileReader) readChildren(n *yaml.Node) []Pin {
	var pins []Pin
	for _, item := range r.bounded(n, "children", maxPins) {
		fields := r.fields(item, "a child", 3, "document", "version", "sha256")
		pin := Pin{Name: r.readDocument(fields["document"]), Version: r.readVersion(fields["version"], false), SHA256: r.readHash(fields["sha256"])}
		if pin.Name != "" && slices.ContainsFunc(pins, func(p Pin) bool { return p.Name == pin.Name && p.Version == pin.Version }) {
			r.fail(item, "children lists version %s of %s twice. Remove one.", shown(pin.Version), shown(pin.Name))
		}
		pins = append(pins, pin)
	}
	slices.SortFunc(pins, comparePins)
	return pins
}

func (r *fileReader) readAttachments(n *yaml.Node) []Pin {
	var pins []Pin
	for _, item := range r.bounded(n, "attachments", maxPins) {
		fields := r.fields(item, "an attachment", 2, "name", "sha256")
		pin := Pin{
			Name:   r.shaped(fields["name"], "name", r.document.fits, "the name of an attachment, such as script.zip"),
			SHA256: r.readHash(fields["sha256"]),
		}
		if pin.Name != "" && slices.ContainsFunc(pins, func(p Pin) bool { return p.Name == pin.Name }) {
			r.fail(item, "attachments lists %s twice. Remove one.", shown(pin.Name))
		}
		pins = append(pins, pin)
	}
	slices.SortFunc(pins, comparePins)
	return pins
}

func comparePins(a, b Pin) int {
	return strings.Compare(a.Name+"\x00"+a.Version, b.Name+"\x00"+b.Version)
}

func (r *fileReader) readLocations(n *yaml.Node) []Location {
	var locations []Location
	for _, item := range r.bounded(n, "locations", maxLocations) {
		fields := r.fields(item, "a location", 3, "accounts", "regions", "execution_role")
		locations = append(locations, Location{
			Accounts:      r.readPlaces(fields["accounts"], "accounts", r.isAccount, "an account of 12 digits, or an organisational unit such as ou-ab12-cdefghij; accounts need quotes"),
			Regions:       r.readPlaces(fields["regions"], "regions", r.region.fits, "an AWS Region such as eu-west-1"),
			ExecutionRole: r.shaped(fields["execution_role"], "execution_role", r.role.fits, "the name of a role; it is the name alone, without arn: and path"),
		})
	}
	return locations
}

func (r *fileReader) readPlaces(n *yaml.Node, what string, fits func(string) bool, words string) []string {
	if n == nil {
		return nil
	}
	var places []string
	for _, item := range r.words(n, what) {
		places = append(places, r.shaped(item, "an item of "+what, fits, words))
	}
	if len(places) > maxPlaces {
		r.fail(n, "%s has %d items, and may have %d.", what, len(places), maxPlaces)
	}
	return places
}

func (r *fileReader) readSteps(n *yaml.Node) []StepRule {
	var steps []StepRule
	for _, item := range r.bounded(n, "steps", maxPins) {
		fields := r.fields(item, "a step", 2, "step", "from", "count", "require_identity")
		s := StepRule{Step: r.shaped(fields["step"], "step", r.step.fits, "the name of a step"), Approval: r.readAgreement(fields)}
		if s.Step != "" && slices.ContainsFunc(steps, func(other StepRule) bool { return other.Step == s.Step }) {
			r.fail(item, "steps lists %s twice. Remove one.", shown(s.Step))
		}
		steps = append(steps, s)
	}
	slices.SortFunc(steps, func(a, b StepRule) int { return strings.Compare(a.Step, b.Step) })
	return steps
}
