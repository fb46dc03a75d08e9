package main

import (
	"context"
	"errors"
	"fmt"

	"handrail/automation"
	"handrail/policy"
)

// runbooks compares what AWS holds with what the policy pins.
func (d *doctor) runbooks(ctx context.Context, cfg *config, p *policy.Policy) {
	aws, err := cfg.AWS.load(ctx)
	if !d.report("AWS configuration", err, "Set AWS_PROFILE or give the machine a role.") {
		return
	}
	client := automation.NewClient(automation.ClientOptions{Config: aws, EndpointURL: cfg.AWS.EndpointURL})
	catalogue := automation.NewCatalogue(client, cfg.AWS.Region)
	answers := map[string]bool{} // whether a Region does
	for _, rb := range p.Runbooks() {
		region := catalogue.Region(rb)
		if ok, asked := answers[region]; asked && !ok {
			continue // every runbook would tell the same story
		}
		doc, err := catalogue.Ask(ctx, rb)
		answered := err == nil || answersAll(err)
		if _, asked := answers[region]; !asked || !answered {
			d.report("AWS answers in "+region, unless(answered, err), awsFix(err))
		}
		answers[region] = answered
		what := fmt.Sprintf("runbook %s (%s version %s in %s)", rb.Name, rb.Document, rb.Version, region)
		switch {
		case !answered:
		case err != nil:
			d.report("AWS lets the bot read "+what, err, awsFix(err))
		default:
			err := p.Verify(rb, doc)
			d.report(what, err, runbookFix(err, rb, doc))
		}
	}
}

func unless(ok bool, err error) error {
	if ok {
		return nil
	}
	return err
}

// answersAll says whether AWS took the credentials, and refused this call alone.
func answersAll(err error) bool {
	var f *automation.Fault
	return errors.As(err, &f) && f.Kind == automation.Rejected
}

func awsFix(err error) string {
	var f *automation.Fault
	if !errors.As(err, &f) {
		return ""
	}
	switch f.Kind {
	case automation.Unauthorized:
		return "Give the bot credentials that are valid now: AWS_PROFILE, the environment, or the role of the machine or task; and look at the clock."
	case automation.Rejected:
		return "Let the bot's role call ssm:DescribeDocument and ssm:GetDocument on the document, as deploy/aws/bot-policy.json does."
	case automation.Throttled:
		return "AWS wants fewer calls: try again in a minute."
	}
	return "Look at aws.region, aws.endpoint_url, the proxy, the firewall and DNS."
}

// runbookFix is what to do about a document that does not fit the policy.
func runbookFix(err error, rb *policy.Runbook, doc *policy.Document) string {
	var m *policy.Mismatch
	if !errors.As(err, &m) {
		return ""
	}
	switch m.Code {
	case policy.CodeDocumentGone:
		return "Mend the document's name, version or region in the policy."
	case policy.CodeHashOther:
		return fmt.Sprintf("If you have read version %s and trust it, pin sha256: %s", doc.Version, doc.SHA256)
	case policy.CodeVersionOther:
		return fmt.Sprintf("Mend the version in the policy: it says %s.", rb.Version)
	case policy.CodeHashMissing, policy.CodeDocumentUnreadable:
		return "Publish a version of the document that can be read, and pin that."
	case policy.CodeRoleAbsent, policy.CodeRoleOther, policy.CodeRoleUnclear:
		return "Publish a version of the document with assumeRole: '{{ AutomationAssumeRole }}', and pin that."
	case policy.CodeParameterUndeclared, policy.CodeParameterMissing, policy.CodeValueNotAllowed:
		return "Mend the parameters in the policy, or publish a version of the document that fits them, and pin that."
	}
	return m.Fix
}
