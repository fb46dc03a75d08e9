package cloud

import (
	"slices"
	"strings"
	"time"
)

func (c *Cloud) describeService(s *containerService, region string) map[string]any {
	deployments := []any{}
	for i, d := range s.deployments {
		status, rollout, wanted := "PRIMARY", "COMPLETED", s.wanted
		if i > 0 {
			status, wanted = "ACTIVE", 0
		}
		if d.count(taskRunning) != wanted || i == 0 && len(s.deployments) > 1 {
			rollout = "IN_PROGRESS"
		}
		deployments = append(deployments, map[string]any{"id": d.id, "status": status, "taskDefinition": c.ecsARN(region, "task-definition",
			d.definition), "desiredCount": wanted,
			"pendingCount": d.count(taskComing), "runningCount": d.count(taskRunning), "failedTasks": 0,
			"createdAt": millis(d.created),
			"updatedAt": millis(d.created), "launchType": "FARGATE", "platformVersion": "1.4.0",
			"rolloutState": rollout, "rolloutStateReason": "ECS deployment " + d.id + "."})
	}
	events := []any{}
	for _, e := range s.events {
		events = append(events, e)
	}
	return map[string]any{"serviceName": s.name, "serviceArn": c.ecsARN(region, "service", ecsCluster+"/"+s.name),
		"clusterArn": c.ecsARN(region, "cluster", ecsCluster),
		"status":     "ACTIVE", "desiredCount": s.wanted, "runningCount": s.count(taskRunning), "pendingCount": s.count(taskComing),
		"launchType": "FARGATE", "platformVersion": "LATEST",
		"taskDefinition": c.ecsARN(region, "task-definition", s.definition), "deployments": deployments, "events": events,
		"createdAt":     millis(s.created),
		"loadBalancers": []any{}, "serviceRegistries": []any{}, "schedulingStrategy": "REPLICA", "propagateTags": "NONE",
		"enableECSManagedTags": false, "enableExecuteCommand": false,
		"deploymentConfiguration": map[string]any{"maximumPercent": 200, "minimumHealthyPercent": 100}}
}

func failure(arn string) map[string]any { return map[string]any{"arn": arn, "reason": "MISSING"} }

func describeServices(c *Cloud, in request) (map[string]any, error) {
	if err := c.ecsCluster(in); err != nil {
		return nil, err
	}
	asked := in.texts("services")
	if len(asked) == 0 || len(asked) > 10 {
		return nil, in.fail("InvalidParameterException", "Services must have between 1 and 10 members.")
	}
	found, missing := []any{}, []any{}
	for _, name := range asked {
		if s := c.containerServices.items[last(name)]; s != nil {
			found = append(found, c.describeService(s, in.Region))
			continue
		}
		arn := name
		if !strings.HasPrefix(name, "arn:") {
			arn = c.ecsARN(in.Region, "service", ecsCluster+"/"+name)
		}
		missing = append(missing, failure(arn))
	}
	return map[string]any{"services": found, "failures": missing}, nil
}

func describeContainerClusters(c *Cloud, in request) (map[string]any, error) {
	asked := in.texts("clusters")
	if len(asked) == 0 {
		asked = []string{ecsCluster}
	}
	found, missing := []any{}, []any{}
	for _, name := range asked {
		arn := c.ecsARN(in.Region, "cluster", ecsCluster)
		if name != ecsCluster && name != arn {
			if !strings.HasPrefix(name, "arn:") {
				name = c.ecsARN(in.Region, "cluster", name)
			}
			missing = append(missing, failure(name))
			continue
		}
		var running, pending int64
		for _, s := range c.containerServices.all() {
			running, pending = running+s.count(taskRunning), pending+s.count(taskComing)
		}
		found = append(found, map[string]any{"clusterArn": arn, "clusterName": ecsCluster, "status": "ACTIVE",
			"registeredContainerInstancesCount": 0, "runningTasksCount": running,
			"pendingTasksCount": pending, "activeServicesCount": len(c.containerServices.order), "statistics": []any{}, "tags": []any{},
			"settings":          []any{},
			"capacityProviders": []any{"FARGATE"}, "defaultCapacityProviderStrategy": []any{}})
	}
	return map[string]any{"clusters": found, "failures": missing}, nil
}

func (c *Cloud) describeTask(t *containerTask, region string) map[string]any {
	wanted := taskRunning
	if t.name == taskLeaving || t.name == taskStopped {
		wanted = taskStopped
	}
	arn := c.ecsARN(region, "task", ecsCluster+"/"+t.id)
	family, _, _ := strings.Cut(t.of.definition, ":")
	out := map[string]any{"taskArn": arn, "clusterArn": c.ecsARN(region, "cluster", ecsCluster), "taskDefinitionArn": c.ecsARN(region,
		"task-definition", t.of.definition),
		"lastStatus": t.name, "desiredStatus": wanted, "group": "service:" + t.service, "startedBy": t.of.id, "launchType": "FARGATE",
		"platformVersion": "1.4.0", "cpu": "256", "memory": "512",
		"availabilityZone": region + "a", "createdAt": millis(t.created), "healthStatus": "UNKNOWN",
		"version": t.turn, "connectivity": "CONNECTED", "tags": []any{},
		"containers":  []any{map[string]any{"name": family, "taskArn": arn, "lastStatus": t.name, "image": family + ":latest"}},
		"attachments": []any{}, "overrides": map[string]any{"containerOverrides": []any{}}}
	if t.name != taskComing {
		out["startedAt"] = t.created.Add(c.options.SettleTime).UTC().Truncate(time.Millisecond)
	}
	if t.reason != "" {
		out["stoppedReason"], out["stopCode"] = t.reason, t.code
	}
	if !t.ended.IsZero() {
		out["stoppedAt"] = millis(t.ended)
	}
	return out
}

func describeTasks(c *Cloud, in request) (map[string]any, error) {
	if err := c.ecsCluster(in); err != nil {
		return nil, err
	}
	asked := in.texts("tasks")
	if len(asked) == 0 || len(asked) > 100 {
		return nil, in.fail("InvalidParameterException", "Tasks must have between 1 and 100 members.")
	}
	found, missing := []any{}, []any{}
	for _, name := range asked {
		if t := c.tasks.items[last(name)]; t != nil {
			found = append(found, c.describeTask(t, in.Region))
			continue
		}
		if !strings.HasPrefix(name, "arn:") {
			name = c.ecsARN(in.Region, "task", ecsCluster+"/"+name)
		}
		missing = append(missing, failure(name))
	}
	return map[string]any{"tasks": found, "failures": missing}, nil
}

func stopTask(c *Cloud, in request) (map[string]any, error) {
	if err := c.ecsCluster(in); err != nil {
		return nil, err
	}
	t := c.tasks.items[last(in.text("task"))]
	if t == nil {
		return nil, in.fail("InvalidParameterException", "The referenced task was not found.")
	}
	if s := c.containerServices.items[t.service]; t.name == taskComing || t.name == taskRunning {
		reason := in.text("reason")
		if reason == "" {
			reason = "Task stopped by user"
		}
		c.endTask(s, t, brief(reason), "UserInitiated", in.now)
		c.scale(s, in.now)
	}
	return map[string]any{"task": c.describeTask(t, in.Region)}, nil
}

// ecsPage answers the part of a list of ARNs that maxResults and nextToken ask for.
func (in request) ecsPage(name string, arns []string) (map[string]any, error) {
	size := in.number("maxResults", 100)
	out, next, ok := page(arns, in.text("nextToken"), int(size))
	if !ok || size < 1 || size > 100 {
		return nil, in.fail("InvalidParameterException", "Invalid token or maxResults")
	}
	return filled(map[string]any{name: anyTexts(out), "nextToken": next}), nil
}

func listContainerClusters(c *Cloud, in request) (map[string]any, error) {
	return in.ecsPage("clusterArns", []string{c.ecsARN(in.Region, "cluster", ecsCluster)})
}

func listServices(c *Cloud, in request) (map[string]any, error) {
	if err := c.ecsCluster(in); err != nil {
		return nil, err
	}
	var arns []string
	for _, s := range c.containerServices.all() {
		if kind := in.text("launchType"); kind == "" || kind == "FARGATE" {
			arns = append(arns, c.ecsARN(in.Region, "service", ecsCluster+"/"+s.name))
		}
	}
	return in.ecsPage("serviceArns", arns)
}

func listTasks(c *Cloud, in request) (map[string]any, error) {
	if err := c.ecsCluster(in); err != nil {
		return nil, err
	}
	service := last(in.text("serviceName"))
	if service != "" && !c.containerServices.has(service) {
		return nil, in.fail("ServiceNotFoundException", "Service not found.")
	}
	wanted := in.text("desiredStatus")
	if wanted == "" {
		wanted = taskRunning
	}
	if !slices.Contains([]string{taskRunning, "PENDING", taskStopped}, wanted) {
		return nil, in.fail("InvalidParameterException", "Invalid desiredStatus %s", brief(wanted))
	}
	var arns []string
	for _, t := range c.tasks.all() {
		family, _, _ := strings.Cut(t.of.definition, ":")
		stops := t.name == taskLeaving || t.name == taskStopped
		kept := (service == "" || t.service == service) && (wanted == taskStopped) == stops && wanted != "PENDING"
		kept = kept && (!in.has("family") || in.text("family") == family) && (!in.has("startedBy") || in.text("startedBy") == t.of.id)
		kept = kept && (!in.has("launchType") || in.text("launchType") == "FARGATE") && !in.has("containerInstance")
		if kept {
			arns = append(arns, c.ecsARN(in.Region, "task", ecsCluster+"/"+t.id))
		}
	}
	return in.ecsPage("taskArns", arns)
}
