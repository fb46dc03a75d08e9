package runbook

import "strings"

// Children finds the document that an aws:executeAutomation starts. name is as the step gives it: a document that is shared
// comes with its whole ARN and is not the account's own of the same name. version is as the step gives it, too, "" for
// the default version. A nil document or an error means that nothing is known of it.
type Children func(name, version string) (*Document, error)

const (
	// maxChildDepth is how deep automations nest: docs.aws.amazon.com/general/latest/gr/ssm.html, "nested levels".
	maxChildDepth = 5
	// maxChildren bounds how many documents one analysis looks at.
	maxChildren = 200
)

type childKey struct{ name, version string }

// childKey names the document that the step starts; not ok means that this is known only when the step runs.
func (s Step) childKey() (childKey, bool) {
	name, _ := s.Inputs["DocumentName"].(string)
	version := ""
	if v, ok := s.Inputs["DocumentVersion"]; ok && v != nil {
		version = text(v)
	}
	if name == "" || strings.Contains(name, "{{") || strings.Contains(version, "{{") {
		return childKey{}, false
	}
	return childKey{name, version}, true
}
