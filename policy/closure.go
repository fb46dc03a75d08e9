package policy

import (
	"fmt"
	"slices"
	"strings"

	"handrail/runbook"
)

// Amazon is what AWS calls itself as the owner of a document: Owner of DocumentDescription in the AWS API model. Every
// other document belongs to an account of 12 digits.
const Amazon = "Amazon"

// Child is a document that another one starts, as AWS holds it now.
type Child struct {
	Pin          // Name as the step writes it, Version as AWS resolved it
	Owner string // as of Document
}

// trusts says whether documents of this owner may run: Amazon's, and those of the service role's own account.
func (p *Policy) trusts(owner string) bool {
	return owner == Amazon || owner != "" && owner == account(p.serviceRole)
}

// checkOwner checks who can change the document, and those that it starts.
func (d *Decision) checkOwner() Code {
	if _, _, found := d.foreign(); found {
		return CodeOwnerOther
	}
	return ""
}

// foreign finds the first document of an owner that is not trusted.
func (d *Decision) foreign() (name, owner string, found bool) {
	doc := d.request.Document
	if !d.policy.trusts(doc.Owner) {
		return d.runbook.Document, doc.Owner, true
	}
	for i := range doc.Children {
		if c := &doc.Children[i]; !d.policy.trusts(c.Owner) {
			return c.Name, c.Owner, true
		}
	}
	return "", "", false
}

// checkChildren checks that every document that is started, in any depth, is the one that the policy pins. Where the
// policy allows what is not pinned, only those that it lists all the same have to be as listed.
func (d *Decision) checkChildren() Code {
	_, code := d.child()
	return code
}

// child is the first child that is not as pinned, and what is the matter with it. Which child a step starts may be known
// only when it runs; then there is no name to pin, and checkEscapes has the last word.
func (d *Decision) child() (*runbook.Child, Code) {
	analysis := d.request.Document.Analysis
	if analysis == nil {
		return nil, ""
	}
	for i := range analysis.Children {
		c := &analysis.Children[i]
		if c.Document == "" {
			continue
		}
		pin, pinned := findPin(d.runbook.Children, c)
		if !pinned || !c.Pinned {
			if d.runbook.AllowUnpinned {
				continue
			}
			return c, CodeChildUnpinned
		}
		if held, ok := d.held(c); !ok || held.SHA256 == "" || held.SHA256 != pin.SHA256 {
			return c, CodeChildOther
		}
	}
	return nil, ""
}

func findPin(pins []Pin, c *runbook.Child) (Pin, bool) {
	for _, pin := range pins {
		if pin.Name == c.Document && pin.Version == c.Version {
			return pin, true
		}
	}
	return Pin{}, false
}

func (d *Decision) held(c *runbook.Child) (Pin, bool) {
	for _, child := range d.request.Document.Children {
		if child.Name == c.Document && child.Version == c.Version {
			return child.Pin, true
		}
	}
	return Pin{}, false
}

// checkAttachments checks that every file of the document and of what it starts is one that the policy pins.
func (d *Decision) checkAttachments() Code {
	if _, ok := d.attachment(); ok {
		return CodeAttachmentOther
	}
	return ""
}

// attachment is the first file that is not as pinned.
func (d *Decision) attachment() (Pin, bool) {
	for _, file := range d.request.Document.Attachments {
		if d.runbook.AllowUnpinned && !slices.ContainsFunc(d.runbook.Attachments, func(pin Pin) bool { return pin.Name == file.Name }) {
			continue
		}
		if file.SHA256 == "" || !slices.Contains(d.runbook.Attachments, Pin{Name: file.Name, SHA256: file.SHA256}) {
			return file, true
		}
	}
	return Pin{}, false
}

// checkEscapes checks that nothing leaves the service role but in ways that the keeper of the policy takes on.
func (d *Decision) checkEscapes() Code {
	analysis := d.request.Document.Analysis
	if analysis == nil || len(analysis.Escapes) >= runbook.MaxEscapes || len(analysis.Children) >= runbook.MaxEscapes {
		return CodeRoleEscape // nobody looked, or there is more than anybody looks at
	}
	if d.escape() != nil {
		return CodeRoleEscape
	}
	return ""
}

// escape is the first way out of the role that is not accepted, or nil.
func (d *Decision) escape() *runbook.Escape {
	if d.request.Document.Analysis == nil {
		return nil
	}
	escapes := d.request.Document.Analysis.Escapes
	for i := range escapes {
		if !d.accepts(&escapes[i]) {
			return &escapes[i]
		}
	}
	return nil
}

// accepts says whether an escape is none after all, or is taken on by the keeper of the policy.
func (d *Decision) accepts(e *runbook.Escape) bool {
	taken := slices.Contains(d.runbook.Accepts, e.Kind)
	switch e.Kind {
	case runbook.RoleIsAbsent, runbook.RoleIsUnclear:
		return false
	case runbook.RoleIsFixed, runbook.ChildWithOtherRole: // another way to write the same role
		return taken || e.ARN != "" && e.ARN == d.policy.serviceRole
	case runbook.RoleHasDefault: // which counts only where nobody sets the parameter
		return taken || e.Trail == nil && e.Parameter != "" && e.Parameter == d.roleParameter
	case runbook.OtherLocations:
		return taken && d.runbook.locates(e.Roles)
	}
	return taken
}

// locates says whether the policy itself names all these roles of other accounts.
func (r *Runbook) locates(roles []string) bool {
	for _, role := range roles {
		if !slices.ContainsFunc(r.Locations, func(l Location) bool { return l.ExecutionRole == role && role != "" }) {
			return false
		}
	}
	return len(roles) > 0
}

// closureWords is what to say about owners, children, files and ways out of the role, and "" for every other code.
func (d Decision) closureWords() (sentence, fix string) {
	name := d.runbook.Document
	switch d.code {
	case CodeOwnerOther:
		document, owner, _ := d.foreign()
		return fmt.Sprintf("%s belongs to %s, and only documents of Amazon and of the service role's account may run.", shown(document), ownerWords(owner)),
			"Copy it into the service role's account, and pin the copy."
	case CodeChildUnpinned, CodeChildOther:
		return d.childWords()
	case CodeAttachmentOther:
		file, _ := d.attachment()
		if file.SHA256 == "" {
			return fmt.Sprintf("AWS gave no hash for the file %s of %s, so nobody can say what would run.", shown(file.Name), name), askKeeper
		}
		return fmt.Sprintf("The file %s of %s is not one that the policy pins.", shown(file.Name), name),
			fmt.Sprintf("If you have read it and trust it, list it under attachments with sha256: %s", shown64(file.SHA256))
	case CodeRoleEscape:
		return d.escapeWords()
	}
	return "", ""
}

func ownerWords(owner string) string {
	if owner == "" {
		return "nobody that AWS names"
	}
	return shown(owner)
}

// shown64 is shown for a hash, which is longer than other words.
func shown64(hash string) string { return short(hash, 64) }

// childWords names the step of the document that starts a child, and the way there.
func (d Decision) childWords() (sentence, fix string) {
	c, _ := d.child()
	if c == nil {
		return "", ""
	}
	what := fmt.Sprintf("%s starts %s in %s", d.runbook.Document, shown(c.Document), place(c.Step, c.Line, c.Trail))
	held, ok := d.held(c)
	switch {
	case !c.Pinned:
		return what + " in a version that moves.", "Publish a version of the document that names the child's version by its number, and pin that."
	case d.code == CodeChildOther && !ok:
		return fmt.Sprintf("%s, and AWS has no such document in version %s that can be read.", what, shown(c.Version)), askKeeper
	case d.code == CodeChildOther && held.SHA256 == "":
		return what + ", and AWS gave no hash for it.", askKeeper
	case d.code == CodeChildOther:
		return fmt.Sprintf("%s version %s, and its content is not the one that the policy pins.", what, shown(c.Version)),
			fmt.Sprintf("If you have read it and trust it, pin it under children with sha256: %s", shown64(held.SHA256))
	}
	fix = fmt.Sprintf("If you have read it and trust it, list it under children: {document: %s, version: %q, sha256: %s}",
		shown(c.Document), c.Version, shown64(held.SHA256))
	return fmt.Sprintf("%s version %s, which the policy does not pin.", what, shown(c.Version)), fix
}

// escapeWords names the step that leaves the role, its line and the way there through children.
func (d Decision) escapeWords() (sentence, fix string) {
	name := d.runbook.Document
	analysis := d.request.Document.Analysis
	if analysis == nil {
		return fmt.Sprintf("Nobody looked at what %s starts, so it may not run.", name), tryAgain
	}
	e := d.escape()
	if e == nil {
		return fmt.Sprintf("%s does more than anybody can check, so it may not run.", name), askKeeper
	}
	sentence = withReason(fmt.Sprintf("%s may leave the service role in %s", name, place(e.Step, e.Line, e.Trail)), e.Message)
	switch {
	case e.Kind == runbook.RoleIsAbsent || e.Kind == runbook.RoleIsUnclear:
		return sentence, askKeeper
	case e.Kind == runbook.OtherLocations && slices.Contains(d.runbook.Accepts, e.Kind):
		return sentence, fmt.Sprintf("List the role under locations with execution_role: %s", shown(strings.Join(e.Roles, ", ")))
	}
	return sentence, fmt.Sprintf("%s Or take the risk on with accept: [%s]", strings.TrimSpace(short(e.Fix, 300)), e.Kind)
}

// place says where in a document something is, and through which children the way leads there.
func place(step string, line int, trail []runbook.Hop) string {
	var b strings.Builder
	if step == "" {
		b.WriteString("its head")
	} else {
		b.WriteString("step " + shown(step))
	}
	if line > 0 {
		fmt.Fprintf(&b, " (line %d)", line)
	}
	for _, hop := range trail {
		fmt.Fprintf(&b, ", through %s", shown(hop.Document))
		if hop.Step != "" {
			fmt.Fprintf(&b, " step %s (line %d)", shown(hop.Step), hop.Line)
		}
	}
	return b.String()
}

// Unused says which children, files and accepted ways out of the role a policy lists for a runbook although the document
// has no such any more: sentences for people. They do no harm, and hide what would if it came back.
func (p *Policy) Unused(rb *Runbook, doc *Document) []string {
	if doc == nil || doc.Analysis == nil {
		return nil
	}
	var out []string
	for _, pin := range rb.Children {
		if !slices.ContainsFunc(doc.Analysis.Children, func(c runbook.Child) bool { return c.Document == pin.Name && c.Version == pin.Version }) {
			out = append(out, fmt.Sprintf("%s does not start %s version %s, which children lists.", rb.Document, pin.Name, pin.Version))
		}
	}
	for _, pin := range rb.Attachments {
		if !slices.ContainsFunc(doc.Attachments, func(file Pin) bool { return file.Name == pin.Name }) {
			out = append(out, fmt.Sprintf("%s has no file %s, which attachments lists.", rb.Document, pin.Name))
		}
	}
	for _, kind := range rb.Accepts {
		if !slices.ContainsFunc(doc.Analysis.Escapes, func(e runbook.Escape) bool { return e.Kind == kind }) {
			out = append(out, fmt.Sprintf("Nothing in %s is %s, which accept lists.", rb.Document, kind))
		}
	}
	return out
}
