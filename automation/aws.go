package automation

import (
	"context"
	"time"

	"handrail/policy"
)

// AWS is the part of SSM Automation that the engine needs. Every error is a *Fault.
// Calls do not retry; the engine does.
type AWS interface {
	Starter
	Follower
	Library
}

// Starter starts, answers and stops automations.
type Starter interface {
	// Ready waits until the quota has room for a start, so that what is decided next is sent at once.
	Ready(ctx context.Context, region string) error
	// Start is the only way to StartAutomationExecution. It refuses unless d is a recorded yes to exactly r.
	Start(ctx context.Context, d policy.Decision, region string, r StartRequest) (awsID string, err error)
	// Stop cancels; a step with onCancel still gets its two minutes from AWS.
	Stop(ctx context.Context, region, awsID string) error
	// Signal answers the step of action aws:approve at which an automation waits. It names no step: AWS takes it for the one
	// that waits then.
	Signal(ctx context.Context, s Signal) error
	// Find returns the automations that carry the tag key.
	Find(ctx context.Context, region, tag string) ([]string, error)
}

// Follower reads how automations go.
type Follower interface {
	// Describe looks at up to 10 automations at once. One that AWS does not (yet) know is left out.
	Describe(ctx context.Context, region string, awsIDs []string) ([]Observation, error)
	// Steps lists the steps in their order, at most MaxSteps of them.
	Steps(ctx context.Context, region, awsID string) ([]Step, error)
}

// Library reads documents.
type Library interface {
	// Describe… answers for a version number, or "$DEFAULT" or "$LATEST".
	DescribeDocument(ctx context.Context, region, name, version string) (DocumentInfo, error)
	// Content returns the document's text at a version number.
	Content(ctx context.Context, region, name, version string) ([]byte, error)
	// Attachments returns the files of a document at a version number, with "" for a SHA-256 that AWS does not give.
	Attachments(ctx context.Context, region, name, version string) ([]policy.Pin, error)
}

// Limits of the API: the model of SSM, 2014-11-06.
const (
	DescribeBatch = 10 // values of one filter
	pageSize      = 50 // MaxResults of both Describe calls
	MaxSteps      = 2000
)

// Signal is an answer to a step.
type Signal struct {
	Region  string
	AWSID   string
	Type    string // SignalApprove or SignalReject
	Comment string // for whoever looks in AWS
}

// Observation is what AWS says of one automation at one moment.
type Observation struct {
	AWSID       string
	Document    string // name of what runs, without an ARN
	Version     string // of the document, a number
	Status      string // AWS's own word
	CurrentStep string
	Failure     string
	StartedAt   time.Time
	EndedAt     time.Time
}

// DocumentInfo is what DescribeDocument says.
type DocumentInfo struct {
	Version  string // a number
	SHA256   string // lower-case hex, "" if AWS gave no SHA-256
	Owner    string // "Amazon" or an account; "" if AWS did not say
	Attached bool   // files belong to it
}
