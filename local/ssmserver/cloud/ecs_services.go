package cloud

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

func containerOperations() []operation {
	return []operation{
		{name: "ecs.DescribeClusters", run: describeContainerClusters},
		{name: "ecs.DescribeServices", run: describeServices},
		{name: "ecs.DescribeTasks", run: describeTasks},
		{name: "ecs.ListClusters", run: listContainerClusters},
		{name: "ecs.ListServices", run: listServices},
		{name: "ecs.ListTasks", run: listTasks, note: "filters serviceName, family, desiredStatus, startedBy, launchType"},
		{name: "ecs.StopTask", run: stopTask, note: "the service starts another one"},
		{name: "ecs.UpdateService", run: updateService,
			note: "desiredCount, forceNewDeployment, taskDefinition; other changes are taken and ignored"},
	}
}

// containerService is an ECS service of the one cluster.
type containerService struct {
	name, definition string
	wanted           int64
	deployments      []*deployment // the primary first
	created          time.Time
	events           []map[string]any // newest first
}

// deployment is one version of a service with its tasks.
type deployment struct {
	id, definition string
	tasks          []*containerTask
	created        time.Time
}

type containerTask struct {
	state        // PROVISIONING, RUNNING, DEPROVISIONING, STOPPED
	id           string
	of           *deployment
	service      string
	created      time.Time
	ended        time.Time
	reason, code string
}

const (
	taskComing   = "PROVISIONING"
	taskRunning  = "RUNNING"
	taskLeaving  = "DEPROVISIONING"
	taskStopped  = "STOPPED"
	ecsCluster   = "default" // which requests mean that name none
	maxWanted    = 500
	maxServiceEv = 100
)

func (c *Cloud) ecsARN(region, kind, name string) string {
	return c.arn("ecs", region, kind+"/"+name)
}

// ecsCluster refuses every cluster but the one there is.
func (c *Cloud) ecsCluster(in request) error {
	given := in.text("cluster")
	if given == "" || given == ecsCluster || given == c.ecsARN(in.Region, "cluster", ecsCluster) {
		return nil
	}
	return in.fail("ClusterNotFoundException", "Cluster not found.")
}

// last is the name at the end of an ARN, or the name itself.
func last(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

func (s *containerService) primary() *deployment { return s.deployments[0] }

func (d *deployment) count(names ...string) int64 {
	var n int64
	for _, t := range d.tasks {
		for _, name := range names {
			if t.name == name {
				n++
			}
		}
	}
	return n
}

func (s *containerService) count(name string) int64 {
	var n int64
	for _, d := range s.deployments {
		n += d.count(name)
	}
	return n
}

func (s *containerService) say(message string, now time.Time) {
	event := map[string]any{"id": newID("event"), "createdAt": millis(now), "message": "(service " + s.name + ") " + message}
	s.events = append([]map[string]any{event}, s.events[:min(len(s.events), maxServiceEv-1)]...)
}

// scale starts and stops tasks of the primary deployment until there are as many as wanted.
func (c *Cloud) scale(s *containerService, now time.Time) {
	d := s.primary()
	for range s.wanted - d.count(taskComing, taskRunning) {
		c.startTask(s, d, now)
	}
	for i := len(d.tasks) - 1; i >= 0 && d.count(taskComing, taskRunning) > s.wanted; i-- {
		if t := d.tasks[i]; t.name == taskComing || t.name == taskRunning {
			c.endTask(s, t, "Scaling activity initiated by (deployment "+d.id+")", "ServiceSchedulerInitiated", now)
		}
	}
}

func (c *Cloud) startTask(s *containerService, d *deployment, now time.Time) {
	t := &containerTask{id: strings.TrimPrefix(newID(""), "-") + newID("")[1:16], of: d, service: s.name, created: now}
	d.tasks = append(d.tasks, t)
	c.tasks.put(t.id, t)
	c.pass(&t.state, taskComing, now, c.options.SettleTime, taskRunning, func(at time.Time) { c.settled(s, at) })
}

// endTask stops a task; it stays to be seen for a while.
func (c *Cloud) endTask(s *containerService, t *containerTask, reason, code string, now time.Time) {
	t.reason, t.code = reason, code
	c.pass(&t.state, taskLeaving, now, c.options.SettleTime, taskStopped, func(at time.Time) {
		t.ended = at
		for i, other := range t.of.tasks {
			if other == t {
				t.of.tasks = append(t.of.tasks[:i:i], t.of.tasks[i+1:]...)
				break
			}
		}
		c.settled(s, at)
		c.plan(at.Add(time.Hour), func(time.Time) { c.tasks.remove(t.id) })
	})
}

// settled ends the older deployments once the primary runs what is wanted.
func (c *Cloud) settled(s *containerService, now time.Time) {
	d := s.primary()
	if d.count(taskRunning) < s.wanted {
		return
	}
	var kept []*deployment
	for _, old := range s.deployments {
		for _, t := range old.tasks {
			if old != d && (t.name == taskComing || t.name == taskRunning) {
				c.endTask(s, t, "Scaling activity initiated by (deployment "+d.id+")", "ServiceSchedulerInitiated", now)
			}
		}
		if old == d || len(old.tasks) > 0 {
			kept = append(kept, old)
		}
	}
	s.deployments = kept
	if len(kept) == 1 && d.count(taskLeaving) == 0 {
		s.say("has reached a steady state.", now)
	}
}

func updateService(c *Cloud, in request) (map[string]any, error) {
	if err := c.ecsCluster(in); err != nil {
		return nil, err
	}
	s := c.containerServices.items[last(in.text("service"))]
	if s == nil {
		return nil, in.fail("ServiceNotFoundException", "Service not found.")
	}
	wanted := in.number("desiredCount", s.wanted)
	if wanted < 0 || wanted > maxWanted {
		return nil, in.fail("InvalidParameterException", "desiredCount must be between 0 and %d.", maxWanted)
	}
	definition := s.definition
	if in.has("taskDefinition") {
		definition = last(in.text("taskDefinition"))
		if family, revision, ok := strings.Cut(definition, ":"); !ok {
			definition = family + ":1"
		} else if n, err := strconv.Atoi(revision); err != nil || n < 1 {
			return nil, in.fail("ClientException", "Unable to describe task definition.")
		}
	}
	s.wanted = wanted
	if in.flag("forceNewDeployment") || definition != s.definition {
		if len(s.deployments) >= 10 {
			return nil, in.fail("ClientException", "There are too many deployments of the service.")
		}
		s.definition = definition
		s.deployments = append([]*deployment{{id: "ecs-svc/" + deploymentNumber(in.now), definition: definition, created: in.now}}, s.deployments...)
	}
	c.scale(s, in.now)
	c.settled(s, in.now)
	return map[string]any{"service": c.describeService(s, in.Region)}, nil
}

func deploymentNumber(now time.Time) string { return fmt.Sprintf("%019d", now.UnixNano()) }

// placeContainers puts a cluster with one service into the world.
func (c *Cloud) placeContainers(now time.Time) {
	made := now.Add(-24 * time.Hour)
	d := &deployment{id: "ecs-svc/" + deploymentNumber(made), definition: "shop:1", created: made}
	s := &containerService{name: "shop", definition: d.definition, wanted: 2, deployments: []*deployment{d}, created: made}
	for i := range s.wanted {
		t := &containerTask{id: fmt.Sprintf("%031d%d", 0, i+1), of: d, service: s.name, created: made}
		t.set(taskRunning)
		d.tasks = append(d.tasks, t)
		c.tasks.put(t.id, t)
	}
	s.say("has reached a steady state.", made)
	c.containerServices.put(s.name, s)
}
