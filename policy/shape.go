package policy

import (
	"regexp"
	"strings"

	"handrail/runbook"
)

// Shapes of what a policy file holds. The schema says the same; a test keeps them equal.
type shapes struct {
	name, account, userGroup, channelID, channelName, document, version, sha256, region, parameter *regexp.Regexp
}

func newShapes() shapes {
	return shapes{
		name:        regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`),
		account:     regexp.MustCompile(`^[UW][A-Z0-9]{2,20}$`),
		userGroup:   regexp.MustCompile(`^S[A-Z0-9]{2,20}$`),
		channelID:   regexp.MustCompile(`^[CGD][A-Z0-9]{2,20}$`),
		channelName: regexp.MustCompile(`^#[a-z0-9_*-]{1,80}$`),
		// DocumentARN of StartAutomationExecution in the AWS API model.
		document:  regexp.MustCompile(`^([a-zA-Z0-9_.-]{3,128}|arn:aws[a-z-]*:ssm:[a-z0-9-]+:([0-9]{12})?:document/[a-zA-Z0-9_.-]{3,128})$`),
		version:   regexp.MustCompile(`^[1-9][0-9]{0,8}$`),
		sha256:    regexp.MustCompile(`^[0-9a-f]{64}$`),
		region:    regexp.MustCompile(`^[a-z]{2,5}(-[a-z]+){1,3}-[0-9]{1,2}$`),
		parameter: regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,50}$`),
	}
}

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
