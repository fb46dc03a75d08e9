package cloud

import (
	"cmp"
	"regexp"
	"time"
)

func kubernetesOperations() []operation {
	const wire = "in process only"
	return []operation{
		{name: "eks.CreateCluster", run: createKubernetes, note: wire},
		{name: "eks.CreateNodegroup", run: createNodegroup, note: wire + "; no instances are made"},
		{name: "eks.DeleteCluster", run: deleteKubernetes, note: wire},
		{name: "eks.DeleteNodegroup", run: deleteNodegroup, note: wire},
		{name: "eks.DescribeCluster", run: describeKubernetes, note: wire},
		{name: "eks.DescribeNodegroup", run: describeNodegroup, note: wire},
		{name: "eks.ListClusters", run: listKubernetes, note: wire},
		{name: "eks.ListNodegroups", run: listNodegroups, note: wire},
	}
}

// kubernetes is an EKS cluster.
type kubernetes struct {
	state
	name, version, role string
	network             params
	tags                map[string]any
	created             time.Time
	nodegroups          table[*nodegroup]
}

type nodegroup struct {
	state
	name    string
	given   params
	created time.Time
}

var kubernetesPattern = regexp.MustCompile(`^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$`)

func (c *Cloud) kubernetesCluster(in request, name string) (*kubernetes, error) {
	if k := c.kubernetes.items[name]; k != nil {
		return k, nil
	}
	return nil, in.failStatus(404, "ResourceNotFoundException", "No cluster found for name: %s.", brief(name))
}

func createKubernetes(c *Cloud, in request) (map[string]any, error) {
	name := in.text("name")
	switch {
	case !kubernetesPattern.MatchString(name):
		return nil, in.fail("InvalidParameterException", "The name %s is not valid.", brief(name))
	case c.kubernetes.has(name):
		return nil, in.failStatus(409, "ResourceInUseException", "Cluster already exists with name: %s", name)
	case len(in.sub("resourcesVpcConfig").texts("subnetIds")) == 0:
		return nil, in.fail("InvalidParameterException", "subnetIds can't be empty")
	case len(c.kubernetes.order) >= 100:
		return nil, in.fail("ResourceLimitExceededException", "The limit of 100 clusters is reached.")
	}
	tags, _ := in.params["tags"].(map[string]any)
	k := &kubernetes{name: name, version: cmp.Or(in.text("version"), "1.33"), role: in.text("roleArn"),
		network: in.sub("resourcesVpcConfig"), tags: tags, created: in.now}
	c.kubernetes.put(name, k)
	c.pass(&k.state, "CREATING", in.now, c.options.SettleTime, "ACTIVE", nil)
	return map[string]any{"cluster": k.describe(c, in.Region)}, nil
}

func (k *kubernetes) describe(c *Cloud, region string) map[string]any {
	network := map[string]any{"vpcId": defaultVPC, "endpointPublicAccess": true, "endpointPrivateAccess": false,
		"publicAccessCidrs": []any{"0.0.0.0/0"}, "clusterSecurityGroupId": defaultSecurityGroup}
	for name, value := range k.network {
		network[name] = value
	}
	out := map[string]any{"name": k.name, "arn": c.arn("eks", region, "cluster/"+k.name),
		"createdAt": millis(k.created), "version": k.version, "roleArn": k.role,
		"resourcesVpcConfig": network, "status": k.state.name, "platformVersion": "eks.1", "tags": k.tags}
	if k.state.name == "ACTIVE" {
		out["endpoint"] = "https://0AAAAAAAAAAAAAA1.gr7." + region + ".eks.amazonaws.com"
		out["certificateAuthority"] = map[string]any{"data": "bG9jYWw="}
	}
	if k.tags == nil {
		out["tags"] = map[string]any{}
	}
	return out
}

func describeKubernetes(c *Cloud, in request) (map[string]any, error) {
	k, err := c.kubernetesCluster(in, in.text("name"))
	if err != nil {
		return nil, err
	}
	return map[string]any{"cluster": k.describe(c, in.Region)}, nil
}

func deleteKubernetes(c *Cloud, in request) (map[string]any, error) {
	k, err := c.kubernetesCluster(in, in.text("name"))
	if err != nil {
		return nil, err
	}
	if len(k.nodegroups.order) > 0 {
		return nil, in.failStatus(409, "ResourceInUseException", "Cluster has nodegroups attached")
	}
	c.pass(&k.state, "DELETING", in.now, c.options.SettleTime, "DELETED", func(time.Time) { c.kubernetes.remove(k.name) })
	return map[string]any{"cluster": k.describe(c, in.Region)}, nil
}

func listKubernetes(c *Cloud, in request) (map[string]any, error) {
	return in.ecsPage("clusters", c.kubernetes.order)
}

func createNodegroup(c *Cloud, in request) (map[string]any, error) {
	k, err := c.kubernetesCluster(in, in.text("clusterName"))
	if err != nil {
		return nil, err
	}
	name := in.text("nodegroupName")
	switch {
	case k.state.name != "ACTIVE":
		return nil, in.fail("InvalidRequestException", "Cluster '%s' is not in ACTIVE status", k.name)
	case !kubernetesPattern.MatchString(name):
		return nil, in.fail("InvalidParameterException", "The name %s is not valid.", brief(name))
	case k.nodegroups.has(name):
		return nil, in.failStatus(409, "ResourceInUseException", "NodeGroup already exists with name %s and cluster name %s", name, k.name)
	case len(k.nodegroups.order) >= 100:
		return nil, in.fail("ResourceLimitExceededException", "The limit of 100 nodegroups is reached.")
	}
	n := &nodegroup{name: name, given: in.params, created: in.now}
	k.nodegroups.put(name, n)
	c.pass(&n.state, "CREATING", in.now, c.options.SettleTime, "ACTIVE", nil)
	return map[string]any{"nodegroup": n.describe(c, k, in.Region)}, nil
}

func (n *nodegroup) describe(c *Cloud, k *kubernetes, region string) map[string]any {
	out := map[string]any{"nodegroupName": n.name, "nodegroupArn": c.arn("eks", region,
		"nodegroup/"+k.name+"/"+n.name+"/0aaaaaaa-0000-4000-8000-000000000001"), "clusterName": k.name, "version": k.version,
		"createdAt": millis(n.created), "modifiedAt": millis(n.created),
		"status": n.state.name, "capacityType": "ON_DEMAND",
		"scalingConfig": map[string]any{"minSize": 1, "maxSize": 2, "desiredSize": 2}, "instanceTypes": []any{"t3.medium"},
		"amiType": "AL2023_x86_64_STANDARD", "diskSize": 20,
		"health": map[string]any{"issues": []any{}}, "tags": map[string]any{}}
	for _, name := range []string{"scalingConfig", "instanceTypes", "subnets", "amiType", "nodeRole", "labels", "taints", "diskSize",
		"tags", "capacityType", "updateConfig"} {
		if n.given.has(name) {
			out[name] = n.given[name]
		}
	}
	return out
}

// theNodegroup is the one that a request names.
func (c *Cloud) theNodegroup(in request) (*kubernetes, *nodegroup, error) {
	k, err := c.kubernetesCluster(in, in.text("clusterName"))
	if err != nil {
		return nil, nil, err
	}
	if n := k.nodegroups.items[in.text("nodegroupName")]; n != nil {
		return k, n, nil
	}
	return nil, nil, in.failStatus(404, "ResourceNotFoundException", "No node group found for name: %s.", brief(in.text("nodegroupName")))
}

func describeNodegroup(c *Cloud, in request) (map[string]any, error) {
	k, n, err := c.theNodegroup(in)
	if err != nil {
		return nil, err
	}
	return map[string]any{"nodegroup": n.describe(c, k, in.Region)}, nil
}

func deleteNodegroup(c *Cloud, in request) (map[string]any, error) {
	k, n, err := c.theNodegroup(in)
	if err != nil {
		return nil, err
	}
	c.pass(&n.state, "DELETING", in.now, c.options.SettleTime, "DELETED", func(time.Time) { k.nodegroups.remove(n.name) })
	return map[string]any{"nodegroup": n.describe(c, k, in.Region)}, nil
}

func listNodegroups(c *Cloud, in request) (map[string]any, error) {
	k, err := c.kubernetesCluster(in, in.text("clusterName"))
	if err != nil {
		return nil, err
	}
	return in.ecsPage("nodegroups", k.nodegroups.order)
}
