package cloud

import (
	"slices"
	"strings"
	"time"
)

func clusterOperations() []operation {
	return []operation{
		{name: "rds.DescribeDBClusters", run: describeClusters, note: "filters db-cluster-id, engine"},
		{name: "rds.FailoverDBCluster", run: failoverCluster,
			note: "the writer changes in the end; without TargetDBInstanceIdentifier the first reader that is available takes over"},
		{name: "rds.StartDBCluster", run: startCluster},
		{name: "rds.StopDBCluster", run: stopCluster},
	}
}

// databaseCluster is an Aurora cluster.
type databaseCluster struct {
	state
	id, engine, version string
	members             []string
	writer              string
	created             time.Time
}

func (c *Cloud) cluster(in request) (*databaseCluster, error) {
	id := in.text("DBClusterIdentifier")
	if k := c.clusters.items[strings.ToLower(id)]; k != nil {
		return k, nil
	}
	return nil, in.failStatus(404, "DBClusterNotFoundFault", "DBCluster %s not found.", brief(id))
}

func (c *Cloud) describeCluster(k *databaseCluster, region string) map[string]any {
	host := "." + c.options.Account + "." + region + ".rds.amazonaws.com"
	members := answers(k.members, func(id string) map[string]any {
		return map[string]any{"DBInstanceIdentifier": id, "IsClusterWriter": id == k.writer, "DBClusterParameterGroupStatus": "in-sync",
			"PromotionTier": c.databases.items[id].tier}
	})
	return map[string]any{"DBClusterIdentifier": k.id, "DBClusterArn": c.arn("rds", region, "cluster:"+k.id), "Status": k.name,
		"Engine": k.engine, "EngineVersion": k.version,
		"Endpoint": k.id + ".cluster" + host, "ReaderEndpoint": k.id + ".cluster-ro" + host, "Port": 5432, "MultiAZ": true,
		"MasterUsername":    "postgres",
		"AvailabilityZones": []any{region + "a", region + "b", region + "c"}, "BackupRetentionPeriod": 7, "DBClusterMembers": members,
		"ClusterCreateTime": k.created,
		"StorageEncrypted":  true, "DeletionProtection": false, "EngineMode": "provisioned", "TagList": []any{}, "AllocatedStorage": 1,
		"VpcSecurityGroups": []any{map[string]any{"VpcSecurityGroupId": defaultSecurityGroup, "Status": "active"}}}
}

func describeClusters(c *Cloud, in request) (map[string]any, error) {
	found := c.clusters.all()
	if in.has("DBClusterIdentifier") {
		k, err := c.cluster(in)
		if err != nil {
			return nil, err
		}
		found = []*databaseCluster{k}
	}
	var out []any
	for _, k := range found {
		ok, err := in.dbKeeps(map[string][]string{"db-cluster-id": {k.id, c.arn("rds", in.Region, "cluster:"+k.id)}, "engine": {k.engine}})
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, c.describeCluster(k, in.Region))
		}
	}
	return in.dbPage("DBClusters", out)
}

func (c *Cloud) answerCluster(k *databaseCluster, in request) (map[string]any, error) {
	return map[string]any{"DBCluster": c.describeCluster(k, in.Region)}, nil
}

// heir is the reader that takes over.
func (c *Cloud) heir(k *databaseCluster, in request) (string, error) {
	if wanted := in.text("TargetDBInstanceIdentifier"); wanted != "" {
		d, err := c.findDatabase(in, wanted)
		if err != nil {
			return "", err
		}
		if !slices.Contains(k.members, d.id) || d.id == k.writer {
			return "", in.fail("InvalidDBClusterStateFault", "The target instance %s is not a reader of the cluster %s.", d.id, k.id)
		}
		if d.name != available {
			return "", in.notAvailable(d)
		}
		return d.id, nil
	}
	for _, id := range k.members {
		if id != k.writer && c.databases.items[id].name == available {
			return id, nil
		}
	}
	return "", in.fail("InvalidDBClusterStateFault", "The cluster %s has no reader that can take over.", k.id)
}

func failoverCluster(c *Cloud, in request) (map[string]any, error) {
	k, err := c.cluster(in)
	if err != nil {
		return nil, err
	}
	if k.name != available {
		return nil, in.fail("InvalidDBClusterStateFault", "DBCluster %s is not in %s state.", k.id, available)
	}
	heir, err := c.heir(k, in)
	if err != nil {
		return nil, err
	}
	c.pass(&k.state, "failing-over", in.now, c.options.SettleTime, available, func(time.Time) { k.writer = heir })
	return c.answerCluster(k, in)
}

func startCluster(c *Cloud, in request) (map[string]any, error) {
	return c.moveCluster(in, "stopped", "starting", available)
}

func stopCluster(c *Cloud, in request) (map[string]any, error) {
	return c.moveCluster(in, available, "stopping", "stopped")
}

// moveCluster takes a cluster and its instances from one state to another.
func (c *Cloud) moveCluster(in request, from, through, to string) (map[string]any, error) {
	k, err := c.cluster(in)
	if err != nil {
		return nil, err
	}
	if k.name != from {
		return nil, in.fail("InvalidDBClusterStateFault", "DbCluster %s is in %s state but expected it to be one of %s.", k.id, k.name, from)
	}
	c.pass(&k.state, through, in.now, c.options.SettleTime, to, nil)
	for _, id := range k.members {
		c.pass(&c.databases.items[id].state, through, in.now, c.options.SettleTime, to, nil)
	}
	return c.answerCluster(k, in)
}
