package cloud

import (
	"maps"
	"slices"
)

func groupDescriptions() []operation {
	return []operation{
		{name: "autoscaling.DescribeAutoScalingGroups", run: describeGroups, note: "filters tag:KEY, tag-key, tag-value"},
		{name: "autoscaling.DescribeAutoScalingInstances", run: describeMembers},
		{name: "autoscaling.DescribeInstanceRefreshes", run: describeRefreshes},
		{name: "autoscaling.DescribeScalingActivities", run: describeActivities, note: "the newest 100 of a group"},
	}
}

func (c *Cloud) group(in request) (*group, error) {
	name := in.text("AutoScalingGroupName")
	if g := c.groups.items[name]; g != nil {
		return g, nil
	}
	return nil, in.fail("ValidationError", "AutoScalingGroup name not found - AutoScalingGroup '%s' not found", brief(name))
}

// groupPage answers the part of a list that MaxRecords and NextToken ask for.
func (in request) groupPage(name string, items []any, most int64) (map[string]any, error) {
	size := in.number("MaxRecords", min(50, most))
	if size < 1 || size > most {
		return nil, in.fail("ValidationError",
			"1 validation error detected: Value '%d' at 'maxRecords' failed to satisfy constraint: Member must have value between 1 and %d",
			size, most)
	}
	out, next, ok := page(items, in.text("NextToken"), int(size))
	if !ok {
		return nil, in.fail("InvalidNextToken", "The NextToken value is not valid.")
	}
	if out == nil {
		out = []any{}
	}
	return filled(map[string]any{name: out, "NextToken": next}), nil
}

func (g *group) health(m *groupMember) string {
	if m.unhealthy {
		return "Unhealthy"
	}
	return "Healthy"
}

func (g *group) describe(c *Cloud, region string, instances bool) map[string]any {
	members := []any{}
	if instances {
		members = answers(g.members, func(m *groupMember) map[string]any {
			return map[string]any{"InstanceId": m.machine.id, "InstanceType": m.machine.kind, "AvailabilityZone": m.machine.zoneIn(region),
				"LifecycleState": m.name,
				"HealthStatus":   g.health(m), "ProtectedFromScaleIn": m.protected, "LaunchTemplate": g.template()}
		})
	}
	tags := answers(slices.Sorted(maps.Keys(g.tags)), func(key string) map[string]any {
		return map[string]any{"ResourceId": g.name, "ResourceType": "auto-scaling-group", "Key": key, "Value": g.tags[key], "PropagateAtLaunch": true}
	})
	suspended := answers(slices.Sorted(maps.Keys(g.suspended)), func(name string) map[string]any {
		return map[string]any{"ProcessName": name, "SuspensionReason": g.suspended[name]}
	})
	return map[string]any{"AutoScalingGroupName": g.name, "AutoScalingGroupARN": c.arn("autoscaling", region,
		"autoScalingGroup:00000000-0000-4000-8000-000000000001:autoScalingGroupName/"+g.name),
		"MinSize": g.least, "MaxSize": g.most, "DesiredCapacity": g.wanted, "DefaultCooldown": g.cooldown, "HealthCheckType": g.healthCheck,
		"HealthCheckGracePeriod": g.grace,
		"AvailabilityZones":      []any{region + "a"}, "VPCZoneIdentifier": defaultSubnet, "LoadBalancerNames": []any{}, "CreatedTime": seconds(g.created),
		"TargetGroupARNs": anyTexts(c.targetGroupARNs(g.targetGroups, region)), "Instances": members, "SuspendedProcesses": suspended,
		"EnabledMetrics": []any{}, "Tags": tags,
		"TerminationPolicies": anyTexts(g.terminationPolicies), "NewInstancesProtectedFromScaleIn": g.protectNew, "LaunchTemplate": g.template()}
}

func (g *group) template() map[string]any {
	return map[string]any{"LaunchTemplateId": "lt-0aaaaaaaaaaaaaaa1", "LaunchTemplateName": g.templated, "Version": "1"}
}

func (c *Cloud) targetGroupARNs(names []string, region string) []string {
	var out []string
	for _, name := range names {
		out = append(out, c.targetGroupARN(name, region))
	}
	return out
}

func describeGroups(c *Cloud, in request) (map[string]any, error) {
	asked := in.texts("AutoScalingGroupNames")
	var out []any
	for _, g := range c.groups.all() {
		kept := len(asked) == 0 || slices.Contains(asked, g.name)
		for _, f := range in.list("Filters") {
			of := fields(g.tags, map[string][]string{"tag-value": slices.Collect(maps.Values(g.tags))})
			values, known := of(f.text("Name"))
			if !known {
				return nil, in.fail("ValidationError",
					"Filter type %s is not correct. Allowed Filter types are: tag-key, tag-value, tag:<key>", brief(f.text("Name")))
			}
			kept = kept && slices.ContainsFunc(values, func(v string) bool { return slices.Contains(f.texts("Values"), v) })
		}
		if kept {
			out = append(out, g.describe(c, in.Region, !in.has("IncludeInstances") || in.flag("IncludeInstances")))
		}
	}
	return in.groupPage("AutoScalingGroups", out, 100)
}

func describeMembers(c *Cloud, in request) (map[string]any, error) {
	asked := in.texts("InstanceIds")
	var out []any
	for _, g := range c.groups.all() {
		for _, m := range g.members {
			if len(asked) == 0 || slices.Contains(asked, m.machine.id) {
				out = append(out, map[string]any{"InstanceId": m.machine.id, "InstanceType": m.machine.kind, "AutoScalingGroupName": g.name,
					"AvailabilityZone": m.machine.zoneIn(in.Region),
					"LifecycleState":   m.name, "HealthStatus": map[bool]string{true: "UNHEALTHY", false: "HEALTHY"}[m.unhealthy],
					"ProtectedFromScaleIn": m.protected, "LaunchTemplate": g.template()})
			}
		}
	}
	return in.groupPage("AutoScalingInstances", out, 50)
}

func describeActivities(c *Cloud, in request) (map[string]any, error) {
	found := c.groups.all()
	if in.has("AutoScalingGroupName") {
		g, err := c.group(in)
		if err != nil {
			return nil, err
		}
		found = []*group{g}
	}
	asked := in.texts("ActivityIds")
	var out []any
	for _, g := range found {
		for _, a := range g.activities {
			if len(asked) == 0 || slices.Contains(asked, a.id) {
				out = append(out, a.describe(g))
			}
		}
	}
	return in.groupPage("Activities", out, 100)
}
