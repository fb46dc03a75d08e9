package ssmserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"handrail/runbook"
)

// subjects resolves the targets of e, looking up what the request does not name.
func (s *Server) subjects(ctx context.Context, e *execution, d document) ([]subject, error) {
	in := e.asked
	if len(in.TargetMaps) > 0 {
		return mapSubjects(in.TargetParameterName, in.TargetMaps), nil
	}
	var found []string
	for _, t := range in.Targets {
		if t.Key == keyValues {
			found = append(found, t.Values...)
			continue
		}
		ids, err := resources{c: &stepContext{server: s, execution: e, run: newStepRun(&runbook.Step{}, nil)}, kind: strings.TrimPrefix(d.targetType, "/")}.find(ctx, t)
		if err != nil {
			return nil, err
		}
		found = append(found, ids...)
	}
	if len(found) == 0 {
		return nil, errors.New("no resource matches them")
	}
	return valueSubjects(in.TargetParameterName, found), nil
}

// resources looks targets up in AWS.
type resources struct {
	c *stepContext
	// kind is the target type of the document, such as AWS::EC2::Volume; "" means any.
	kind string
}

// live are the states of instances that target all: a terminated one is none any more.
func live() []any { return []any{"pending", "running", "stopping", "stopped"} }

func (r resources) find(ctx context.Context, t target) ([]string, error) {
	tag, tagged := strings.CutPrefix(t.Key, tagPrefix)
	switch {
	case t.Key == keyGroup:
		return r.group(ctx, t.Values[0])
	case !tagged:
		return r.instances(ctx, map[string]any{"Name": "instance-state-name", "Values": live()})
	case r.kind != "" && r.kind != keyInstances:
		return r.tagged(ctx, tag, t.Values)
	case len(t.Values) == 0:
		return r.instances(ctx, map[string]any{"Name": "tag-key", "Values": []any{tag}})
	}
	return r.instances(ctx, map[string]any{"Name": t.Key, "Values": anyList(t.Values)})
}

func (r resources) instances(ctx context.Context, filter map[string]any) ([]string, error) {
	var ids []string
	err := r.pages(ctx, "ec2", "DescribeInstances", "NextToken", map[string]any{"Filters": []any{filter}}, func(p page) {
		for _, reservation := range p.Reservations {
			for _, instance := range reservation.Instances {
				ids = append(ids, instance.InstanceID)
			}
		}
	})
	return ids, err
}

func (r resources) group(ctx context.Context, name string) ([]string, error) {
	var ids []string
	err := r.pages(ctx, "resource-groups", "ListGroupResources", "NextToken", map[string]any{"Group": name}, func(p page) {
		for _, resource := range p.ResourceIdentifiers {
			if r.kind == "" || r.kind == resource.ResourceType {
				ids = append(ids, resourceID(resource.ResourceARN))
			}
		}
	})
	return ids, err
}

func (r resources) tagged(ctx context.Context, key string, values []string) ([]string, error) {
	var ids []string
	params := map[string]any{"TagFilters": []any{map[string]any{"Key": key, "Values": anyList(values)}}, "ResourceTypeFilters": []any{taggedType(r.kind)}}
	err := r.pages(ctx, "resourcegroupstaggingapi", "GetResources", "PaginationToken", params, func(p page) {
		for _, resource := range p.ResourceTagMappingList {
			ids = append(ids, resourceID(resource.ResourceARN))
		}
	})
	return ids, err
}

// page is what is read of the answers of all three look-ups.
type page struct {
	Reservations []struct {
		Instances []struct {
			InstanceID string `json:"InstanceId"`
		}
	}
	ResourceIdentifiers []struct {
		ResourceARN  string `json:"ResourceArn"`
		ResourceType string
	}
	ResourceTagMappingList []struct{ ResourceARN string }
}

// maxPages bounds a service that never stops giving tokens.
const maxPages = 100

// pages calls an operation until it gives no more tokens.
func (r resources) pages(ctx context.Context, service, operation, token string, params map[string]any, each func(page)) error {
	found := 0
	for range maxPages {
		answer, err := r.c.call(ctx, service, operation, params)
		if err != nil {
			return err
		}
		text, err := json.Marshal(answer)
		if err != nil {
			return fmt.Errorf("writing the answer of %s.%s: %w", service, operation, err)
		}
		var p page
		if err := json.Unmarshal(text, &p); err != nil {
			return fmt.Errorf("reading the answer of %s.%s: %w", service, operation, err)
		}
		each(p)
		if found += len(p.Reservations) + len(p.ResourceIdentifiers) + len(p.ResourceTagMappingList); found > maxChildren {
			return fmt.Errorf("there are more than %d resources", maxChildren)
		}
		next, _ := answer[token].(string)
		if next == "" {
			return nil
		}
		params[token] = next
	}
	return fmt.Errorf("%s.%s has more than %d pages", service, operation, maxPages)
}

// resourceID is the last part of an ARN.
func resourceID(arn string) string { return arn[strings.LastIndexAny(arn, ":/")+1:] }

// taggedType is how the tagging API names a resource type: ec2:volume for AWS::EC2::Volume.
func taggedType(kind string) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(kind, "AWS::"), "::", ":"))
}
