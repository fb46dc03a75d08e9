package cloud

import (
	"maps"
	"slices"
)

// stack is the one that a request to describe names.
func (c *Cloud) stack(in request) (*stack, error) {
	if s := c.findStack(in.text("StackName")); s != nil {
		return s, nil
	}
	return nil, in.fail("ValidationError", "Stack with id %s does not exist", brief(in.text("StackName")))
}

func (s *stack) describe(c *Cloud, region string) map[string]any {
	hidden := map[string]bool{}
	for _, p := range s.template.parameters {
		hidden[p.name] = p.hidden
	}
	parameters := answers(slices.Sorted(maps.Keys(s.parameters)), func(name string) map[string]any {
		if hidden[name] {
			return map[string]any{"ParameterKey": name, "ParameterValue": "****"}
		}
		return map[string]any{"ParameterKey": name, "ParameterValue": s.parameters[name]}
	})
	out := filled(map[string]any{"StackId": c.stackARN(s, region), "StackName": s.name, "Description": s.template.description,
		"Parameters": parameters, "StackStatus": s.state.name,
		"CreationTime": millis(s.created), "DisableRollback": s.noRollback,
		"NotificationARNs": anyTexts(s.notified), "Capabilities": anyTexts(s.capabilities),
		"Tags": tagSet(s.tags), "RoleARN": s.role, "EnableTerminationProtection": s.protected,
		"DriftInformation": map[string]any{"StackDriftStatus": "NOT_CHECKED"}})
	if s.minutes > 0 {
		out["TimeoutInMinutes"] = s.minutes
	}
	if !s.updated.IsZero() {
		out["LastUpdatedTime"] = millis(s.updated)
	}
	if !s.deleted.IsZero() {
		out["DeletionTime"] = millis(s.deleted)
	}
	if outputs := s.outputs(c, region); len(outputs) > 0 && (s.state.name == "CREATE_COMPLETE" || s.state.name == "UPDATE_COMPLETE") {
		out["Outputs"] = outputs
	}
	return out
}

// outputs are those that stand on parameters alone: there are no resources to ask.
func (s *stack) outputs(c *Cloud, region string) []any {
	of := map[string]string{"AWS::AccountId": c.options.Account, "AWS::Region": region, "AWS::Partition": Partition(region), "AWS::StackName": s.name,
		"AWS::StackId": c.stackARN(s, region), "AWS::URLSuffix": "amazonaws.com"}
	maps.Copy(of, s.parameters)
	var out []any
	for _, o := range s.template.outputs {
		if value, ok := resolve(o.value, of); ok {
			out = append(out, filled(map[string]any{"OutputKey": o.name, "OutputValue": value, "Description": o.description, "ExportName": o.export}))
		}
	}
	return out
}

// stackPage answers the part of a list that NextToken asks for.
func (in request) stackPage(name string, items []any) (map[string]any, error) {
	out, next, ok := page(items, in.text("NextToken"), 100)
	if !ok {
		return nil, in.fail("ValidationError", "The NextToken is not valid.")
	}
	if out == nil {
		out = []any{}
	}
	return filled(map[string]any{name: out, "NextToken": next}), nil
}

func describeStacks(c *Cloud, in request) (map[string]any, error) {
	var found []any
	if in.has("StackName") {
		s, err := c.stack(in)
		if err != nil {
			return nil, err
		}
		return in.stackPage("Stacks", []any{s.describe(c, in.Region)})
	}
	for _, s := range slices.Backward(c.stacks.all()) {
		if s.state.name != stackDeleted {
			found = append(found, s.describe(c, in.Region))
		}
	}
	return in.stackPage("Stacks", found)
}

func listStacks(c *Cloud, in request) (map[string]any, error) {
	wanted := in.texts("StackStatusFilter")
	var found []any
	for _, s := range slices.Backward(c.stacks.all()) {
		if len(wanted) > 0 && !slices.Contains(wanted, s.state.name) {
			continue
		}
		full := s.describe(c, in.Region)
		summary := map[string]any{"TemplateDescription": s.template.description, "DriftInformation": full["DriftInformation"]}
		for _, name := range []string{"StackId", "StackName", "CreationTime", "LastUpdatedTime", "DeletionTime", "StackStatus"} {
			summary[name] = full[name]
		}
		found = append(found, filled(summary))
	}
	return in.stackPage("StackSummaries", found)
}

func describeStackEvents(c *Cloud, in request) (map[string]any, error) {
	s, err := c.stack(in)
	if err != nil {
		return nil, err
	}
	arn := c.stackARN(s, in.Region)
	found := make([]any, 0, len(s.events))
	for _, event := range s.events {
		shown := maps.Clone(event)
		shown["StackId"], shown["PhysicalResourceId"] = arn, arn
		found = append(found, shown)
	}
	return in.stackPage("StackEvents", found)
}

func getTemplate(c *Cloud, in request) (map[string]any, error) {
	s, err := c.stack(in)
	if err != nil {
		return nil, err
	}
	return map[string]any{"TemplateBody": s.body, "StagesAvailable": []any{"Original", "Processed"}}, nil
}
