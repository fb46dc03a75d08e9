// Package runbook reads SSM Automation documents of schemaVersion 0.3: it parses them, checks the values a person
// gives for their parameters, resolves references, and says which role a document runs under.
//
// It is pure. It does no I/O, reads no clock, and knows nothing of AWS clients, policies or Slack. Whatever it reads
// was written by someone else, so it bounds the size, the depth and the expansion of its input and never panics on it.
package runbook

// MaxSize is the largest document in bytes: CreateDocument refuses content over 64 KB
// (docs.aws.amazon.com/general/latest/gr/ssm.html, "document size").
const MaxSize = 64 << 10

// SchemaVersion is the only schema of Automation documents.
const SchemaVersion = "0.3"

const (
	// maxDepth bounds nesting. The deepest public runbook nests about 20 levels.
	maxDepth = 100
	// maxExpanded bounds what YAML aliases may expand to, in bytes of text plus one per node.
	maxExpanded = 16 * MaxSize
)

// Document is a parsed Automation document. Parameters, Variables and Steps keep the order of the text.
type Document struct {
	SchemaVersion string
	Description   string
	// AssumeRole is the text as written, "" if absent. Use Role to decide anything.
	AssumeRole string
	Parameters []Parameter
	Variables  []Variable
	Steps      []Step
	// Outputs lists the references the execution publishes when it ends, mostly "step.Output".
	Outputs []string
	// Files are the names of attachments.
	Files []string
	// Notes are oddities that do not stop the document from running, such as keys nobody knows.
	Notes []Problem

	role Role
	// root is the text's tree; nil if the document was not parsed.
	root *node
}

// Variable is an entry of the document's variables.
type Variable struct {
	Name, Type, Description string
	// Default is nil if there is none.
	Default any
	Line    int
}

// Parameter returns the declared parameter of exactly that name.
func (d *Document) Parameter(name string) (Parameter, bool) {
	for _, p := range d.Parameters {
		if p.Name == name {
			return p, true
		}
	}
	return Parameter{}, false
}

// Step returns the step of that name.
func (d *Document) Step(name string) (Step, bool) {
	if i := d.stepIndex(name); i >= 0 {
		return d.Steps[i], true
	}
	return Step{}, false
}

func (d *Document) stepIndex(name string) int {
	for i := range d.Steps {
		if d.Steps[i].Name == name {
			return i
		}
	}
	return -1
}

// Variable returns the declared variable of exactly that name.
func (d *Document) Variable(name string) (Variable, bool) {
	for _, v := range d.Variables {
		if v.Name == name {
			return v, true
		}
	}
	return Variable{}, false
}
