package ssmserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"handrail/local/ssmserver/cloud"
)

type sendCommandRequest struct {
	InstanceIds            []string            `json:",omitempty"`
	Targets                []target            `json:",omitempty"`
	DocumentName           string              `json:",omitempty"`
	DocumentVersion        string              `json:",omitempty"`
	Comment                string              `json:",omitempty"`
	Parameters             map[string][]string `json:",omitempty"`
	TimeoutSeconds         int                 `json:",omitempty"`
	MaxConcurrency         string              `json:",omitempty"`
	MaxErrors              string              `json:",omitempty"`
	OutputS3Region         string              `json:",omitempty"`
	OutputS3BucketName     string              `json:",omitempty"`
	OutputS3KeyPrefix      string              `json:",omitempty"`
	ServiceRoleArn         string              `json:",omitempty"`
	NotificationConfig     json.RawMessage     `json:",omitempty"`
	CloudWatchOutputConfig json.RawMessage     `json:",omitempty"`
	AlarmConfiguration     json.RawMessage     `json:",omitempty"`
}

const (
	// maxCommandSize bounds what is kept of a command in bytes.
	maxCommandSize = 64 << 10

	codeNoInstance = "InvalidInstanceId"
	codeNoCommand  = "InvalidCommandId"
)

// sendCommand takes a command for instances that run. Nothing is carried out anywhere.
func sendCommand(ctx context.Context, s *Server, by caller, in sendCommandRequest) (any, error) {
	if err := in.check(s); err != nil {
		return nil, err
	}
	ids, err := s.commandTargets(ctx, by, in)
	if err != nil {
		return nil, err
	}
	c := &command{id: uuid.NewString(), request: in, document: documentOf(in.DocumentName), sent: time.Now()}
	var refused error
	c.schedule(ids, func(id string) commandOutcome {
		outcome, err := s.commandOutcome(ctx, in, id)
		refused = errors.Join(refused, err)
		return outcome
	})
	if refused != nil {
		return nil, asRefusal(refused)
	}
	answer := map[string]any{"Command": c.view(c.sent)}
	s.commands.add(c)
	return answer, nil
}

func (in sendCommandRequest) check(s *Server) error {
	if len(in.InstanceIds) == 0 && len(in.Targets) == 0 {
		return refuse("InvalidParameters", "You must specify either instance IDs or targets.")
	}
	if len(in.InstanceIds) > 0 && len(in.Targets) > 0 {
		return refuse("InvalidParameters", "Instance IDs and targets can't be specified together.")
	}
	if len(jsonText(in)) > maxCommandSize {
		return refuse("InvalidParameters", "The command is larger than 64 KB.")
	}
	sorted := slices.Sorted(slices.Values(in.InstanceIds))
	if len(slices.Compact(sorted)) < len(in.InstanceIds) {
		return refuse("DuplicateInstanceId", "You can't specify an instance ID in more than one association.")
	}
	if d, _, ok := s.documents.find(in.DocumentName, "", ""); ok {
		return refuse(codeInvalidDocument, "The document %s is an Automation runbook; commands need a Command document.", d.name)
	}
	return nil
}

// documentOf is the name in a document's ARN.
func documentOf(name string) string {
	return name[strings.LastIndex(name, "/")+1:]
}

// asRefusal gives what a stub refuses the form of the wire.
func asRefusal(err error) error {
	var refused *cloud.Error
	if !errors.As(err, &refused) {
		return err
	}
	api := refuse(refused.Code, "%s", refused.Message)
	if refused.Status != 0 {
		api.status = refused.Status
	}
	return api
}

// commandOutcome asks the stub command.DOCUMENT how the command ends on an instance. It is asked with the parameters of
// SendCommand and the instance as InstanceId.
func (s *Server) commandOutcome(ctx context.Context, in sendCommandRequest, id string) (commandOutcome, error) {
	params, _ := in.params()
	params["InstanceId"] = id
	answer, err := s.stubs.Call(ctx, cloud.Call{Service: commandService, Operation: documentOf(in.DocumentName), Params: params})
	var unknown *cloud.UnknownOperationError
	switch {
	case errors.As(err, &unknown):
		return commandOutcome{Status: statusSuccess, Output: noCommandRuns}, nil
	case err != nil:
		return commandOutcome{}, err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return commandOutcome{}, fmt.Errorf("writing the stub of a command as JSON: %w", err)
	}
	var outcome commandOutcome
	if err := json.Unmarshal(text, &outcome); err != nil {
		return commandOutcome{}, fmt.Errorf("reading the stub of a command: %w", err)
	}
	return outcome.withDefaults(), nil
}

// params are the request as decoded JSON.
func (in sendCommandRequest) params() (map[string]any, error) {
	decoded, err := decodeJSON([]byte(jsonText(in)))
	object, _ := decoded.(map[string]any)
	return object, err
}

// commandTargets gives the instances that a command goes to.
func (s *Server) commandTargets(ctx context.Context, by caller, in sendCommandRequest) ([]string, error) {
	var filters []any
	for _, t := range in.Targets {
		name, ok := targetFilter(t.Key)
		if !ok {
			return nil, refuse("InvalidParameters", "The target key %s is not covered by the local SSM; it knows InstanceIds, tag:KEY and tag-key.", t.Key)
		}
		if tag, tagged := strings.CutPrefix(name, "tag:"); tagged && len(t.Values) == 0 {
			name, t.Values = "tag-key", []string{tag}
		}
		filters = append(filters, map[string]any{"Name": name, "Values": anyList(t.Values)})
	}
	nodes, err := s.nodes(ctx, by, in.InstanceIds, filters)
	if err != nil {
		return nil, err
	}
	var online []string
	for _, n := range nodes {
		if n.online() {
			online = append(online, n.InstanceId)
		}
	}
	if len(in.InstanceIds) == 0 {
		return online, nil
	}
	var bad []string
	for _, id := range in.InstanceIds {
		if !slices.Contains(online, id) {
			bad = append(bad, id)
		}
	}
	if len(bad) > 0 {
		return nil, refuse(codeNoInstance, "Instances [[%s]] not in a valid state for account %s", strings.Join(bad, ", "), s.options.Account)
	}
	return in.InstanceIds, nil
}

// targetFilter is the filter of DescribeInstances for a target's key.
func targetFilter(key string) (string, bool) {
	switch {
	case strings.EqualFold(key, "InstanceIds"):
		return "instance-id", true
	case strings.HasPrefix(key, "tag:"), key == "tag-key":
		return key, true
	}
	return "", false
}

// node is an instance as Run Command sees it.
type node struct {
	InstanceId       string
	State            struct{ Name string }
	Tags             []tag
	PrivateIpAddress string
	PlatformDetails  string
	LaunchTime       string
}

func (n node) online() bool { return n.State.Name == stateRunning }

// nodes asks EC2 for instances, all of them if no IDs are given, without the terminated ones. Unknown IDs are left out.
func (s *Server) nodes(ctx context.Context, by caller, ids []string, filters []any) ([]node, error) {
	filters = append(filters, map[string]any{"Name": "instance-state-name", "Values": live()})
	if len(ids) > 0 {
		filters = append(filters, map[string]any{"Name": "instance-id", "Values": anyList(ids)})
	}
	answer, err := s.backend.Call(ctx, cloud.Call{Service: "ec2", Operation: "DescribeInstances", Params: map[string]any{"Filters": filters}, Region: by.region, Caller: by.arn})
	if err != nil {
		return nil, asRefusal(err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("writing the instances as JSON: %w", err)
	}
	var out struct{ Reservations []struct{ Instances []node } }
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("reading the instances: %w", err)
	}
	var found []node
	for _, r := range out.Reservations {
		found = append(found, r.Instances...)
	}
	return found, nil
}
