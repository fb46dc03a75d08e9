package cloud

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func balancerOperations() []operation {
	return []operation{
		{name: "elbv2.DeregisterTargets", run: deregisterTargets},
		{name: "elbv2.DescribeLoadBalancers", run: describeBalancers},
		{name: "elbv2.DescribeTargetGroups", run: describeTargetGroups},
		{name: "elbv2.DescribeTargetHealth", run: describeTargetHealth, note: "the health of a target is that of its instance's status checks"},
		{name: "elbv2.RegisterTargets", run: registerTargets, note: "instances only"},
	}
}

// targetGroup is one of instances behind the load balancer of its name.
type targetGroup struct {
	name    string
	port    int64
	targets []*target
}

type target struct {
	id   string
	port int64
	// leaving says that connections drain; arriving that the first health check is still to come.
	leaving, arriving bool
}

func (c *Cloud) targetGroupARN(name, region string) string {
	return c.arn("elasticloadbalancing", region, "targetgroup/"+name+"/0aaaaaaaaaaaaaa1")
}

func (c *Cloud) balancerARN(name, region string) string {
	return c.arn("elasticloadbalancing", region, "loadbalancer/app/"+name+"/0aaaaaaaaaaaaaa1")
}

// targetGroup is the one whose ARN is asked for, in whatever Region.
func (c *Cloud) targetGroup(in request, arn string) (*targetGroup, error) {
	parts := strings.Split(arn, "/")
	if len(parts) == 3 && strings.HasPrefix(arn, "arn:") && strings.HasSuffix(parts[0], ":"+c.options.Account+":targetgroup") {
		if t := c.targetGroups.items[parts[1]]; t != nil {
			return t, nil
		}
	}
	if !strings.HasPrefix(arn, "arn:") {
		return nil, in.fail("ValidationError", "'%s' is not a valid target group ARN", brief(arn))
	}
	return nil, in.fail("TargetGroupNotFound", "One or more target groups not found")
}

// register adds a target, or keeps one that was leaving.
func (c *Cloud) register(t *targetGroup, wanted target, now time.Time) {
	i := slices.IndexFunc(t.targets, func(other *target) bool { return other.id == wanted.id && other.port == wanted.port })
	if i >= 0 && !t.targets[i].leaving {
		return
	}
	if i >= 0 {
		t.targets = slices.Delete(t.targets, i, i+1)
	}
	added := &target{id: wanted.id, port: wanted.port, arriving: true}
	t.targets = append(t.targets, added)
	c.plan(now.Add(c.options.CheckTime), func(time.Time) { added.arriving = false })
}

// deregister lets a target drain; it is gone after a while.
func (c *Cloud) deregister(t *targetGroup, wanted target, now time.Time) {
	for _, leaving := range t.targets {
		if leaving.id != wanted.id || wanted.port != 0 && leaving.port != wanted.port || leaving.leaving {
			continue
		}
		leaving.leaving = true
		c.plan(now.Add(c.options.SettleTime), func(time.Time) {
			t.targets = slices.DeleteFunc(t.targets, func(other *target) bool { return other == leaving })
		})
	}
}

// wantedTargets are those of a request.
func (c *Cloud) wantedTargets(in request, t *targetGroup, mustExist bool) ([]target, error) {
	var out []target
	for _, given := range in.list("Targets") {
		id := given.text("Id")
		m := c.machines.items[id]
		if mustExist && (m == nil || m.name == stateTerminated) {
			return nil, in.fail("InvalidTarget", "The following targets are not in a running state and cannot be registered: '%s'", brief(id))
		}
		out = append(out, target{id: id, port: given.number("Port", 0)})
	}
	if len(t.targets)+len(out) > maxThings {
		return nil, in.fail("TooManyTargets", "You have reached the maximum number of targets per target group.")
	}
	return out, nil
}

func registerTargets(c *Cloud, in request) (map[string]any, error) {
	t, err := c.targetGroup(in, in.text("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	wanted, err := c.wantedTargets(in, t, true)
	if err != nil {
		return nil, err
	}
	for _, w := range wanted {
		if w.port == 0 {
			w.port = t.port
		}
		c.register(t, w, in.now)
	}
	return nil, nil
}

func deregisterTargets(c *Cloud, in request) (map[string]any, error) {
	t, err := c.targetGroup(in, in.text("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	wanted, err := c.wantedTargets(in, t, false)
	if err != nil {
		return nil, err
	}
	for _, w := range wanted {
		c.deregister(t, w, in.now)
	}
	return nil, nil
}

// health is that of a target: docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html.
func (c *Cloud) health(t *target) map[string]any {
	m := c.machines.items[t.id]
	switch {
	case t.leaving:
		return map[string]any{"State": "draining", "Reason": "Target.DeregistrationInProgress", "Description": "Target deregistration is in progress"}
	case m == nil || m.name != stateRunning:
		return map[string]any{"State": "unused", "Reason": "Target.InvalidState", "Description": "Target is in the stopped state"}
	case t.arriving:
		return map[string]any{"State": "initial", "Reason": "Elb.RegistrationInProgress", "Description": "Target registration is in progress"}
	case !m.passes():
		return map[string]any{"State": "unhealthy", "Reason": "Target.Timeout", "Description": "Request timed out"}
	}
	return map[string]any{"State": "healthy"}
}

func describeTargetHealth(c *Cloud, in request) (map[string]any, error) {
	t, err := c.targetGroup(in, in.text("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	show := func(shown *target, health map[string]any) map[string]any {
		return map[string]any{"Target": map[string]any{"Id": shown.id, "Port": shown.port}, "HealthCheckPort": fmt.Sprint(t.port),
			"TargetHealth": health}
	}
	out := []any{}
	asked := in.list("Targets")
	for _, have := range t.targets {
		if len(asked) == 0 {
			out = append(out, show(have, c.health(have)))
		}
	}
	for _, want := range asked {
		shown := &target{id: want.text("Id"), port: want.number("Port", t.port)}
		health := map[string]any{"State": "unused", "Reason": "Target.NotRegistered", "Description": "Target is not registered to the target group"}
		for _, have := range t.targets {
			if have.id == shown.id && have.port == shown.port {
				health = c.health(have)
			}
		}
		out = append(out, show(shown, health))
	}
	return map[string]any{"TargetHealthDescriptions": out}, nil
}

func describeTargetGroups(c *Cloud, in request) (map[string]any, error) {
	found := c.targetGroups.all()
	if arns := in.texts("TargetGroupArns"); arns != nil {
		found = nil
		for _, arn := range arns {
			t, err := c.targetGroup(in, arn)
			if err != nil {
				return nil, err
			}
			found = append(found, t)
		}
	}
	names := in.texts("Names")
	var out []any
	for _, t := range found {
		balancer := in.text("LoadBalancerArn")
		if (names == nil || slices.Contains(names, t.name)) && (balancer == "" || balancer == c.balancerARN(t.name, in.Region)) {
			out = append(out, map[string]any{"TargetGroupArn": c.targetGroupARN(t.name, in.Region), "TargetGroupName": t.name,
				"Protocol": "HTTP", "Port": t.port, "VpcId": defaultVPC,
				"HealthCheckProtocol": "HTTP", "HealthCheckPort": "traffic-port", "HealthCheckEnabled": true, "HealthCheckPath": "/",
				"HealthCheckIntervalSeconds": 30, "HealthCheckTimeoutSeconds": 5,
				"HealthyThresholdCount": 5, "UnhealthyThresholdCount": 2, "TargetType": "instance",
				"LoadBalancerArns": []any{c.balancerARN(t.name, in.Region)}, "IpAddressType": "ipv4"})
		}
	}
	if len(names) > 0 && len(out) == 0 {
		return nil, in.fail("TargetGroupNotFound", "One or more target groups not found")
	}
	return in.balancerPage("TargetGroups", out)
}

func describeBalancers(c *Cloud, in request) (map[string]any, error) {
	names, arns := in.texts("Names"), in.texts("LoadBalancerArns")
	var out []any
	for _, t := range c.targetGroups.all() {
		arn := c.balancerARN(t.name, in.Region)
		if (names == nil || slices.Contains(names, t.name)) && (arns == nil || slices.Contains(arns, arn)) {
			out = append(out, map[string]any{"LoadBalancerArn": arn, "LoadBalancerName": t.name,
				"DNSName": t.name + "." + in.Region + ".elb.amazonaws.com", "Scheme": "internal", "VpcId": defaultVPC,
				"State": map[string]any{"Code": "active"}, "Type": "application", "IpAddressType": "ipv4",
				"SecurityGroups":    []any{defaultSecurityGroup},
				"AvailabilityZones": []any{map[string]any{"ZoneName": in.Region + "a", "SubnetId": defaultSubnet}}})
		}
	}
	if len(names)+len(arns) > 0 && len(out) == 0 {
		return nil, in.fail("LoadBalancerNotFound", "One or more load balancers not found")
	}
	return in.balancerPage("LoadBalancers", out)
}

func (in request) balancerPage(name string, items []any) (map[string]any, error) {
	size := in.number("PageSize", 400)
	out, next, ok := page(items, in.text("Marker"), int(size))
	if !ok || size < 1 || size > 400 {
		return nil, in.fail("ValidationError", "Invalid Marker or PageSize")
	}
	if out == nil {
		out = []any{}
	}
	return filled(map[string]any{name: out, "NextMarker": next}), nil
}

// placeTargets puts a target group of the web group's members into the world.
func (c *Cloud) placeTargets() {
	t := &targetGroup{name: "web", port: 80}
	for _, m := range c.groups.items["web"].members {
		t.targets = append(t.targets, &target{id: m.machine.id, port: t.port})
	}
	c.targetGroups.put(t.name, t)
}
