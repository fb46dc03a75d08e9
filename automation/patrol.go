package automation

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// Patrol is the part of AWS that finds what others start. Every error is a *Fault; calls do not retry.
type Patrol interface {
	// Started lists the automations that started from one moment to another, in no order, without their parameters. It
	// returns what it has, and an error, if there are more than anybody looks through.
	Started(ctx context.Context, region string, from, to time.Time) ([]Sighting, error)
	// Sight looks at one automation, with its parameters.
	Sight(ctx context.Context, region, awsID string) (Sighting, error)
	// Find returns the automations that carry the tag key.
	Find(ctx context.Context, region, tag string) ([]string, error)
}

// Sighting is an automation that somebody started, perhaps not Handrail.
type Sighting struct {
	AWSID      string
	Parent     string // the automation that started it, "" if none did
	Document   string // name, without an ARN
	Version    string
	ExecutedBy string // ARN of who started it
	StartedAt  time.Time
	Parameters map[string][]string // nil in lists; with the document's defaults
}

var _ Patrol = (*Client)(nil)

// maxSightings bounds a list of automations.
const maxSightings = 5_000

var errTooMany = errors.New("there are more automations than anybody looks through")

// Started pages through DescribeAutomationExecutions. What the filter lets through is looked at again: AWS does not say
// how it reads times, and to the second is as fine as it goes.
func (c *Client) Started(ctx context.Context, region string, from, to time.Time) ([]Sighting, error) {
	var found []Sighting
	var next *string
	filters := []types.AutomationExecutionFilter{
		{Key: types.AutomationExecutionFilterKeyStartTimeAfter, Values: []string{from.Add(-time.Second).UTC().Format(time.RFC3339)}},
		{Key: types.AutomationExecutionFilterKeyStartTimeBefore, Values: []string{to.Add(time.Second).UTC().Format(time.RFC3339)}},
	}
	for {
		err := c.call(ctx, region, opDescribe, func(ctx context.Context, s *ssm.Client) error {
			out, err := s.DescribeAutomationExecutions(ctx, &ssm.DescribeAutomationExecutionsInput{
				Filters: filters, MaxResults: aws.Int32(pageSize), NextToken: next})
			if err != nil {
				return err
			}
			for _, m := range out.AutomationExecutionMetadataList {
				if at := aws.ToTime(m.ExecutionStartTime); !at.Before(from) && at.Before(to) {
					found = append(found, sighting(m))
				}
			}
			next = out.NextToken
			return nil
		})
		switch {
		case err != nil || aws.ToString(next) == "":
			return found, err
		case len(found) >= maxSightings:
			return found, &Fault{Kind: Rejected, Operation: opDescribe, Err: errTooMany}
		}
	}
}

func sighting(m types.AutomationExecutionMetadata) Sighting {
	return Sighting{AWSID: aws.ToString(m.AutomationExecutionId), Parent: aws.ToString(m.ParentAutomationExecutionId),
		Document: aws.ToString(m.DocumentName), Version: aws.ToString(m.DocumentVersion), ExecutedBy: aws.ToString(m.ExecutedBy),
		StartedAt: aws.ToTime(m.ExecutionStartTime)}
}

// Sight calls GetAutomationExecution.
func (c *Client) Sight(ctx context.Context, region, awsID string) (Sighting, error) {
	var found Sighting
	err := c.call(ctx, region, opGet, func(ctx context.Context, s *ssm.Client) error {
		out, err := s.GetAutomationExecution(ctx, &ssm.GetAutomationExecutionInput{AutomationExecutionId: aws.String(awsID)})
		if err != nil || out.AutomationExecution == nil {
			return err
		}
		x := out.AutomationExecution
		found = Sighting{AWSID: awsID, Parent: aws.ToString(x.ParentAutomationExecutionId), Document: aws.ToString(x.DocumentName),
			Version: aws.ToString(x.DocumentVersion), ExecutedBy: aws.ToString(x.ExecutedBy), StartedAt: aws.ToTime(x.ExecutionStartTime),
			Parameters: x.Parameters}
		return nil
	})
	return found, err
}
