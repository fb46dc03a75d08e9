package automation

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"handrail/policy"
)

const (
	opStart            = "StartAutomationExecution"
	opStop             = "StopAutomationExecution"
	opSignal           = "SendAutomationSignal"
	opDescribe         = "DescribeAutomationExecutions"
	opSteps            = "DescribeAutomationStepExecutions"
	opGet              = "GetAutomationExecution"
	opDescribeDocument = "DescribeDocument"
	opGetDocument      = "GetDocument"

	callTimeout = 10 * time.Second
)

// Client is AWS through the SDK. It keeps to the quotas and makes each call once.
type Client struct {
	cfg     aws.Config
	url     string
	buckets buckets
	mu      sync.Mutex
	regions map[string]*ssm.Client
}

var _ AWS = (*Client)(nil)

// ClientOptions say how to reach AWS.
type ClientOptions struct {
	Config      aws.Config // credentials and default Region
	EndpointURL string     // "" means AWS's own; a local SSM otherwise
	Quotas      Quotas
}

// NewClient returns a client. It calls nothing yet.
func NewClient(o ClientOptions) *Client {
	if o.Config.HTTPClient == nil {
		o.Config.HTTPClient = awshttp.NewBuildableClient()
	}
	o.Config.HTTPClient = unhurried{o.Config.HTTPClient}
	return &Client{cfg: o.Config, url: o.EndpointURL, buckets: buckets{quotas: o.Quotas}, regions: map[string]*ssm.Client{}}
}

func (c *Client) in(region string) *ssm.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.regions[region]; s != nil {
		return s
	}
	s := ssm.NewFromConfig(c.cfg, func(o *ssm.Options) {
		o.Region = region
		o.Retryer = aws.NopRetryer{} // an SDK retry would hide an unclear start from the engine
		if c.url != "" {
			o.BaseEndpoint = aws.String(c.url)
		}
	})
	c.regions[region] = s
	return s
}

// waitWithin is how long a call may wait for its turn.
const waitWithin = 30 * time.Second

// call waits for the operation's bucket, and then gives the call its own time limit.
func (c *Client) call(ctx context.Context, region, operation string, f func(context.Context, *ssm.Client) error) error {
	wait, done := context.WithTimeout(ctx, waitWithin)
	err := c.buckets.wait(wait, region, operation)
	done()
	if err != nil {
		return &Fault{Kind: Throttled, Operation: operation, Err: err}
	}
	return c.now(ctx, region, operation, f)
}

// now makes a call whose turn it is.
func (c *Client) now(ctx context.Context, region, operation string, f func(context.Context, *ssm.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if c.cfg.Credentials != nil { // asked first, so that a start without credentials is known not to have happened
		if _, err := c.cfg.Credentials.Retrieve(ctx); err != nil {
			return &Fault{Kind: Unauthorized, Operation: operation, Err: err}
		}
	}
	if err := f(ctx, c.in(region)); err != nil {
		return fault(operation, err)
	}
	return nil
}

// Ready waits for the bucket of starts.
func (c *Client) Ready(ctx context.Context, region string) error {
	if err := c.buckets.wait(ctx, region, opStart); err != nil {
		return &Fault{Kind: Throttled, Operation: opStart, Err: err}
	}
	return nil
}

// ErrNotDecided is returned by Start for anything but a recorded yes to this very request.
var ErrNotDecided = errors.New("no recorded decision allows this start")

var errNoID = errors.New("the answer names no automation")

// Start starts the automation, or refuses if d does not cover r. It does not wait: Ready does.
func (c *Client) Start(ctx context.Context, d policy.Decision, region string, r StartRequest) (string, error) {
	if !covers(d, r) {
		return "", &Fault{Kind: Rejected, Operation: opStart, Err: ErrNotDecided}
	}
	var id string
	err := c.now(ctx, region, opStart, func(ctx context.Context, s *ssm.Client) error {
		out, err := s.StartAutomationExecution(ctx, startInput(r))
		if err != nil {
			return err
		}
		if id = aws.ToString(out.AutomationExecutionId); id == "" {
			return errNoID
		}
		return nil
	})
	return id, err
}

// covers reports whether d is a recorded yes to exactly r: document, version, parameters, role and other locations.
func covers(d policy.Decision, r StartRequest) bool {
	return d.Allowed() && d.Recorded() && r.ClientToken != "" && asks(d, r)
}

// asks reports whether r is what would be sent for the decision.
func asks(d policy.Decision, r StartRequest) bool {
	want := requestFor(d)
	return want.DocumentName == r.DocumentName && want.DocumentVersion == r.DocumentVersion &&
		maps.EqualFunc(want.Parameters, r.Parameters, slices.Equal[[]string]) &&
		slices.EqualFunc(want.Locations, r.Locations, sameLocation)
}

func sameLocation(a, b policy.Location) bool {
	return slices.Equal(a.Accounts, b.Accounts) && slices.Equal(a.Regions, b.Regions) && a.ExecutionRole == b.ExecutionRole
}

// startInput sets the only members that Handrail uses. A test fails if the SDK's input has any other set.
func startInput(r StartRequest) *ssm.StartAutomationExecutionInput {
	if len(r.Parameters) == 0 {
		r.Parameters = nil // AWS refuses an empty map
	}
	return &ssm.StartAutomationExecutionInput{
		DocumentName:    aws.String(r.DocumentName),
		DocumentVersion: aws.String(r.DocumentVersion),
		Parameters:      r.Parameters,
		ClientToken:     aws.String(r.ClientToken),
		Mode:            types.ExecutionModeAuto,
		Tags:            []types.Tag{{Key: aws.String(r.Tag), Value: aws.String("")}},
		TargetLocations: targetLocations(r.Locations),
	}
}

// targetLocations sets the only members that Handrail uses, as startInput.
func targetLocations(ls []policy.Location) []types.TargetLocation {
	var out []types.TargetLocation
	for _, l := range ls {
		out = append(out, types.TargetLocation{Accounts: l.Accounts, Regions: l.Regions, ExecutionRoleName: aws.String(l.ExecutionRole)})
	}
	return out
}

// Stop cancels an automation.
func (c *Client) Stop(ctx context.Context, region, awsID string) error {
	return c.call(ctx, region, opStop, func(ctx context.Context, s *ssm.Client) error {
		_, err := s.StopAutomationExecution(ctx, &ssm.StopAutomationExecutionInput{
			AutomationExecutionId: aws.String(awsID), Type: types.StopTypeCancel})
		return err
	})
}

// Signal answers a step of action aws:approve.
func (c *Client) Signal(ctx context.Context, g Signal) error {
	return c.call(ctx, g.Region, opSignal, func(ctx context.Context, s *ssm.Client) error {
		_, err := s.SendAutomationSignal(ctx, &ssm.SendAutomationSignalInput{AutomationExecutionId: aws.String(g.AWSID),
			SignalType: types.SignalType(g.Type), Payload: map[string][]string{"Comment": {g.Comment}}})
		return err
	})
}

// Find looks automations up by a tag key.
func (c *Client) Find(ctx context.Context, region, tag string) ([]string, error) {
	os, err := c.list(ctx, region, types.AutomationExecutionFilterKeyTagKey, []string{tag})
	ids := make([]string, 0, len(os))
	for _, o := range os {
		ids = append(ids, o.AWSID)
	}
	return ids, err
}

// Describe looks at up to DescribeBatch automations.
func (c *Client) Describe(ctx context.Context, region string, awsIDs []string) ([]Observation, error) {
	return c.list(ctx, region, types.AutomationExecutionFilterKeyExecutionId, awsIDs)
}

// maxPages bounds a list that never ends.
const maxPages = 20

// list reads every page: AWS may answer with an empty first one. An error on any of them is an error.
func (c *Client) list(ctx context.Context, region string, key types.AutomationExecutionFilterKey, values []string) ([]Observation, error) {
	var found []Observation
	var next *string
	for range maxPages {
		err := c.call(ctx, region, opDescribe, func(ctx context.Context, s *ssm.Client) error {
			out, err := s.DescribeAutomationExecutions(ctx, &ssm.DescribeAutomationExecutionsInput{
				Filters:    []types.AutomationExecutionFilter{{Key: key, Values: values}},
				MaxResults: aws.Int32(pageSize), NextToken: next})
			if err != nil {
				return err
			}
			for _, m := range out.AutomationExecutionMetadataList {
				found = append(found, observation(m))
			}
			next = out.NextToken
			return nil
		})
		if err != nil || aws.ToString(next) == "" {
			return found, err
		}
	}
	return nil, &Fault{Kind: Unavailable, Operation: opDescribe, Err: errors.New("the list has no end")}
}

func observation(m types.AutomationExecutionMetadata) Observation {
	return Observation{
		AWSID: aws.ToString(m.AutomationExecutionId), Status: string(m.AutomationExecutionStatus),
		Document: aws.ToString(m.DocumentName), Version: aws.ToString(m.DocumentVersion),
		CurrentStep: aws.ToString(m.CurrentStepName), Failure: aws.ToString(m.FailureMessage),
		StartedAt: aws.ToTime(m.ExecutionStartTime), EndedAt: aws.ToTime(m.ExecutionEndTime)}
}

// Steps lists the steps, page by page.
func (c *Client) Steps(ctx context.Context, region, awsID string) ([]Step, error) {
	var steps []Step
	var next *string
	for {
		err := c.call(ctx, region, opSteps, func(ctx context.Context, s *ssm.Client) error {
			out, err := s.DescribeAutomationStepExecutions(ctx, &ssm.DescribeAutomationStepExecutionsInput{
				AutomationExecutionId: aws.String(awsID), MaxResults: aws.Int32(pageSize), NextToken: next})
			if err != nil {
				return err
			}
			for _, st := range out.StepExecutions {
				steps = append(steps, step(st))
			}
			next = out.NextToken
			return nil
		})
		if err != nil || aws.ToString(next) == "" || len(steps) >= MaxSteps {
			return steps, err
		}
	}
}

func step(s types.StepExecution) Step {
	return Step{ID: aws.ToString(s.StepExecutionId), Name: aws.ToString(s.StepName), Action: aws.ToString(s.Action),
		Status: string(s.StepStatus), StartedAt: aws.ToTime(s.ExecutionStartTime), EndedAt: aws.ToTime(s.ExecutionEndTime),
		Failure: aws.ToString(s.FailureMessage)}
}

// DescribeDocument says which version and hash AWS holds.
func (c *Client) DescribeDocument(ctx context.Context, region, name, version string) (DocumentInfo, error) {
	var info DocumentInfo
	err := c.call(ctx, region, opDescribeDocument, func(ctx context.Context, s *ssm.Client) error {
		out, err := s.DescribeDocument(ctx, &ssm.DescribeDocumentInput{Name: aws.String(name), DocumentVersion: aws.String(version)})
		if err != nil || out.Document == nil {
			return err
		}
		info = DocumentInfo{Version: aws.ToString(out.Document.DocumentVersion), Owner: aws.ToString(out.Document.Owner),
			Attached: len(out.Document.AttachmentsInformation) > 0}
		if out.Document.HashType == types.DocumentHashTypeSha256 {
			info.SHA256 = strings.ToLower(aws.ToString(out.Document.Hash))
		}
		return nil
	})
	return info, err
}

// Content returns the text of a document, as JSON whatever format it was written in.
func (c *Client) Content(ctx context.Context, region, name, version string) ([]byte, error) {
	var content []byte
	err := c.call(ctx, region, opGetDocument, func(ctx context.Context, s *ssm.Client) error {
		out, err := s.GetDocument(ctx, &ssm.GetDocumentInput{Name: aws.String(name), DocumentVersion: aws.String(version)})
		if err == nil {
			content = []byte(aws.ToString(out.Content))
		}
		return err
	})
	return content, err
}

// Attachments lists the files of a document.
func (c *Client) Attachments(ctx context.Context, region, name, version string) ([]policy.Pin, error) {
	var files []policy.Pin
	err := c.call(ctx, region, opGetDocument, func(ctx context.Context, s *ssm.Client) error {
		out, err := s.GetDocument(ctx, &ssm.GetDocumentInput{Name: aws.String(name), DocumentVersion: aws.String(version)})
		if err != nil {
			return err
		}
		for _, a := range out.AttachmentsContent {
			file := policy.Pin{Name: aws.ToString(a.Name)}
			if a.HashType == types.AttachmentHashTypeSha256 {
				file.SHA256 = strings.ToLower(aws.ToString(a.Hash))
			}
			files = append(files, file)
		}
		return nil
	})
	return files, err
}
