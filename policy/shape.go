package policy

import (
	"regexp"
	"strings"

	"handrail/runbook"
)

// shape is what a text of a policy file looks like. The lengths are apart from the pattern, because a pattern that
// counts takes long to compile. It is compiled when first asked for: few files need all.
type shape struct {
	source   string
	pattern  *regexp.Regexp
	min, max int
}

func newShape(pattern string, least, most int) *shape {
	return &shape{source: pattern, min: least, max: most}
}

func (s *shape) fits(text string) bool {
	if len(text) < s.min || len(text) > s.max {
		return false
	}
	if s.pattern == nil {
		s.pattern = regexp.MustCompile(`^(?:` + s.source + `)$`)
	}
	return s.pattern.MatchString(text)
}

// shapes are those of a policy file. The schema says the same; a test keeps them equal.
type shapes struct {
	name, account, userGroup, channelID, channelName, document, version, sha256, region, parameter, partition *shape
	duration, instant, minute, zone, accountID, unit, role, step                                              *shape
}

func newShapes() shapes {
	return shapes{
		name:        newShape(`[a-z0-9][a-z0-9_-]*`, 1, 63),
		account:     newShape(`[UW][A-Z0-9]+`, 3, 21),
		userGroup:   newShape(`S[A-Z0-9]+`, 3, 21),
		channelID:   newShape(`[CGD][A-Z0-9]+`, 3, 21),
		channelName: newShape(`#[a-z0-9_*-]+`, 2, 81),    // a name has 80 characters: docs.slack.dev/reference/methods/conversations.create
		document:    newShape(`[a-zA-Z0-9_.-]+`, 3, 128), // DocumentName of CreateDocument in the AWS API model
		version:     newShape(`[1-9][0-9]*`, 1, 9),
		sha256:      newShape(`[0-9a-f]+`, 64, 64),
		region:      newShape(`[a-z]{2,5}(-[a-z]+){1,3}-[0-9]{1,2}`, 1, 40),
		parameter:   newShape(`[a-zA-Z0-9_.-]+`, 1, MaxParameterName),
		partition:   newShape(`aws[a-z-]*`, 3, 20),
		duration:    newShape(`(([1-9][0-9]{0,2}|1[0-3][0-9]{2}|14[0-3][0-9]|1440)m|([1-9]|1[0-9]|2[0-4])h)`, 2, 5),
		instant:     newShape(`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})`, 20, 25),
		minute:      newShape(`([01][0-9]|2[0-3]):[0-5][0-9]`, 5, 5),
		zone:        newShape(`[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*`, 2, 64),
		accountID:   newShape(`[0-9]+`, 12, 12),
		unit:        newShape(`ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}`, 16, 68), // OrganizationalUnitId in the AWS API model
		role:        newShape(`[a-zA-Z0-9+=,.@_-]+`, 1, 64),
		step:        newShape(`[a-zA-Z0-9_]+`, 1, 128),
	}
}

// isDocument says whether the text is the name of a document or the ARN of one.
func (s shapes) isDocument(text string) bool {
	if !strings.HasPrefix(text, "arn:") {
		return s.document.fits(text)
	}
	parts := strings.SplitN(text, ":", 6)
	if len(parts) < 6 || !s.partition.fits(parts[1]) || parts[2] != "ssm" || !s.region.fits(parts[3]) {
		return false
	}
	name, ok := strings.CutPrefix(parts[5], "document/")
	return ok && s.document.fits(name) && (parts[4] == "" || len(parts[4]) == 12 && strings.Trim(parts[4], "0123456789") == "")
}

func (s shapes) isAccount(text string) bool { return s.accountID.fits(text) || s.unit.fits(text) }

// The parameter that carries the role in nearly every runbook. People can never give it and policies can never list it.
const roleParameter = "AutomationAssumeRole"

func isRoleParameter(name string) bool { return strings.EqualFold(name, roleParameter) }

// account is the 12 digits of an ARN, or "" if it has none.
func account(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[4]
}

func isRoleARN(text string) bool { return runbook.IsRoleARN(text) }
