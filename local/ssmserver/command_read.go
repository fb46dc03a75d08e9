package ssmserver

import (
	"context"
	"slices"
	"strconv"
	"time"
)

type listCommandsRequest struct {
	CommandId, InstanceId, NextToken string
	MaxResults                       int
	Filters                          []struct{ Key, Value string }
	Details                          bool
}

// commandsFor gives the commands that a list is about, newest first.
func (s *Server) commandsFor(in listCommandsRequest) ([]*command, error) {
	s.commands.mu.Lock()
	defer s.commands.mu.Unlock()
	var out []*command
	for _, c := range slices.Backward(s.commands.list) {
		if (in.CommandId == "" || c.id == in.CommandId) && (in.InstanceId == "" || c.on(in.InstanceId) >= 0) {
			out = append(out, c)
		}
	}
	if in.CommandId != "" && s.commands.byID[in.CommandId] == nil {
		return nil, refuse(codeNoCommand, "The command ID %s isn't valid: there is no such command.", in.CommandId)
	}
	for _, f := range in.Filters {
		if _, ok := filterTime(f.Value); !ok && (f.Key == "InvokedAfter" || f.Key == "InvokedBefore") {
			return nil, refuse(codeInvalidFilterKey, "The value of the filter is no time.")
		}
	}
	return out, nil
}

// keeps says whether what has this status passes the filters.
func (in listCommandsRequest) keeps(c *command, status string) bool {
	for _, f := range in.Filters {
		at, _ := filterTime(f.Value)
		if !map[string]bool{
			"InvokedAfter": !c.sent.Before(at), "InvokedBefore": !c.sent.After(at), "Status": status == f.Value, "DocumentName": c.document == f.Value,
			"ExecutionStage": f.Value == "Executing" && !ended(status) || f.Value == "Complete" && ended(status),
		}[f.Key] {
			return false
		}
	}
	return true
}

func listCommands(s *Server, _ caller, in listCommandsRequest) (any, error) {
	found, err := s.commandsFor(in)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	s.commands.mu.Lock()
	defer s.commands.mu.Unlock()
	found = slices.DeleteFunc(found, func(c *command) bool { status, _, _, _ := c.status(now); return !in.keeps(c, status) })
	page, next, err := paginate(found, in.MaxResults, in.NextToken, "commands", func(c *command) string { return falling(c.number) })
	if err != nil {
		return nil, err
	}
	views := []any{}
	for _, c := range page {
		views = append(views, c.view(now))
	}
	return map[string]any{"Commands": views, "NextToken": next}, nil
}

func listCommandInvocations(s *Server, _ caller, in listCommandsRequest) (any, error) {
	found, err := s.commandsFor(in)
	if err != nil {
		return nil, err
	}
	type row struct {
		key  string
		view map[string]any
	}
	now := time.Now()
	s.commands.mu.Lock()
	defer s.commands.mu.Unlock()
	rows := []row{}
	for _, c := range found {
		for i, inv := range c.invocations {
			status, _ := inv.at(now)
			if (in.InstanceId == "" || inv.instance == in.InstanceId) && in.keeps(c, status) {
				rows = append(rows, row{falling(c.number) + rising(int64(i)), c.invocationView(inv, now, in.Details)})
			}
		}
	}
	page, next, err := paginate(rows, in.MaxResults, in.NextToken, "invocations", func(r row) string { return r.key })
	if err != nil {
		return nil, err
	}
	views := []any{}
	for _, r := range page {
		views = append(views, r.view)
	}
	return map[string]any{"CommandInvocations": views, "NextToken": next}, nil
}

type invocationRequest struct{ CommandId, InstanceId, PluginName string }

func getCommandInvocation(s *Server, _ caller, in invocationRequest) (any, error) {
	s.commands.mu.Lock()
	defer s.commands.mu.Unlock()
	c := s.commands.byID[in.CommandId]
	if c == nil || c.on(in.InstanceId) < 0 {
		return nil, refuse("InvocationDoesNotExist", "There is no invocation of this command on this instance.")
	}
	if in.PluginName != "" && in.PluginName != c.plugin() {
		return nil, refuse("InvalidPluginName", "The plugin name isn't valid.")
	}
	inv, now := c.invocations[c.on(in.InstanceId)], time.Now()
	out := c.base(inv.instance)
	status, details := inv.at(now)
	out["Status"], out["StatusDetails"], out["PluginName"], out["ResponseCode"] = status, details, c.plugin(), -1
	out["StandardOutputContent"], out["StandardErrorContent"], out["StandardOutputUrl"], out["StandardErrorUrl"] = "", "", "", ""
	if status == statusPending || inv.skipped {
		return out, nil
	}
	out["ExecutionStartDateTime"] = inv.begins.UTC().Format("2006-01-02T15:04:05.000Z")
	if ended(status) && status != statusCancelled {
		out["ResponseCode"], out["StandardOutputContent"] = inv.outcome.ResponseCode, cut(inv.outcome.Output, 24_000)
		out["ExecutionEndDateTime"] = inv.ends.UTC().Format("2006-01-02T15:04:05.000Z")
		out["ExecutionElapsedTime"] = "PT" + strconv.FormatFloat(inv.ends.Sub(inv.begins).Seconds(), 'f', -1, 64) + "S"
	}
	return out, nil
}

type cancelCommandRequest struct {
	CommandId   string
	InstanceIds []string
}

// cancelCommand ends what has not ended, on some instances or on all.
func cancelCommand(s *Server, _ caller, in cancelCommandRequest) (any, error) {
	s.commands.mu.Lock()
	defer s.commands.mu.Unlock()
	c := s.commands.byID[in.CommandId]
	if c == nil {
		return nil, refuse(codeNoCommand, "The command ID %s isn't valid: there is no such command.", in.CommandId)
	}
	for _, id := range in.InstanceIds {
		if c.on(id) < 0 {
			return nil, refuse(codeNoInstance, "The command was not sent to the instance %s.", id)
		}
	}
	for n := range c.invocations {
		i := &c.invocations[n]
		if i.cancelled.IsZero() && (len(in.InstanceIds) == 0 || slices.Contains(in.InstanceIds, i.instance)) {
			i.cancelled = time.Now()
		}
	}
	return struct{}{}, nil
}

type nodesRequest struct {
	Filters                       []filter
	InstanceInformationFilterList []struct {
		Key      string
		ValueSet []string
	}
	MaxResults int
	NextToken  string
}

// describeNodes shows the instances that are not terminated as managed ones, online while they run.
func describeNodes(ctx context.Context, s *Server, by caller, in nodesRequest) (any, error) {
	for _, f := range in.InstanceInformationFilterList {
		in.Filters = append(in.Filters, filter{Key: f.Key, Values: f.ValueSet})
	}
	var filters []any
	for _, f := range in.Filters {
		name, ok := targetFilter(f.Key)
		if ok {
			filters = append(filters, map[string]any{"Name": name, "Values": anyList(f.Values)})
		} else if !slices.Contains([]string{"PingStatus", "PlatformTypes", "ResourceType"}, f.Key) {
			return nil, refuse(codeInvalidFilterKey, "The specified key isn't valid.")
		}
	}
	nodes, err := s.nodes(ctx, by, nil, filters)
	if err != nil {
		return nil, err
	}
	nodes = slices.DeleteFunc(nodes, func(n node) bool {
		return !matchesAll(in.Filters, func(f filter, value string) bool { return n.matches(f.Key, value) })
	})
	slices.SortFunc(nodes, func(a, b node) int {
		if a.InstanceId < b.InstanceId {
			return -1
		}
		return 1
	})
	page, next, err := paginate(nodes, in.MaxResults, in.NextToken, "nodes", func(n node) string { return n.InstanceId })
	if err != nil {
		return nil, err
	}
	views := []any{}
	for _, n := range page {
		views = append(views, n.view(time.Now()))
	}
	return map[string]any{"InstanceInformationList": views, "NextToken": next}, nil
}
