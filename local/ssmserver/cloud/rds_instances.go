package cloud

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

func databaseOperations() []operation {
	return []operation{
		{name: "rds.DescribeDBInstances", run: describeDatabases, note: "filters db-instance-id, db-cluster-id, dbi-resource-id, engine"},
		{name: "rds.ModifyDBInstance", run: modifyDatabase,
			note: "DBInstanceClass, AllocatedStorage, EngineVersion, MultiAZ, BackupRetentionPeriod, DeletionProtection and others of one value, at once with or without ApplyImmediately"},
		{name: "rds.RebootDBInstance", run: rebootDatabase, note: "ForceFailover changes the Availability Zones"},
		{name: "rds.StartDBInstance", run: startDatabase},
		{name: "rds.StopDBInstance", run: stopDatabase, note: "DBSnapshotIdentifier makes the snapshot"},
	}
}

// database is a DB instance; of a cluster if cluster is not empty.
type database struct {
	state
	id, cluster, engine, version, class, storage string
	zone, other                                  string // the letters of its zone and of its standby's
	size, retention, port                        int64
	tier                                         int64
	multiAZ, protected, public, upgrades         bool
	created                                      time.Time
}

const available = "available"

func (c *Cloud) findDatabase(in request, id string) (*database, error) {
	if d := c.databases.items[strings.ToLower(id)]; d != nil {
		return d, nil
	}
	return nil, in.failStatus(404, "DBInstanceNotFound", "DBInstance %s not found.", brief(id))
}

// failStatus is a refusal with another status than 400.
func (in request) failStatus(status int, code, format string, args ...any) *Error {
	err := in.fail(code, format, args...)
	err.Status = status
	return err
}

func (c *Cloud) database(in request) (*database, error) {
	return c.findDatabase(in, in.text("DBInstanceIdentifier"))
}

func (c *Cloud) describeDatabase(d *database, region string) map[string]any {
	out := map[string]any{"DBInstanceIdentifier": d.id, "DBInstanceClass": d.class, "Engine": d.engine, "EngineVersion": d.version,
		"DBInstanceStatus": d.name,
		"MasterUsername":   "postgres", "AllocatedStorage": d.size, "StorageType": d.storage, "InstanceCreateTime": d.created,
		"BackupRetentionPeriod": d.retention,
		"PreferredBackupWindow": "03:00-03:30", "PreferredMaintenanceWindow": "sun:04:00-sun:04:30", "MultiAZ": d.multiAZ,
		"AvailabilityZone": region + d.zone,
		"DbiResourceId":    "db-" + strings.ToUpper(strings.ReplaceAll(d.id, "-", "")), "DBInstanceArn": c.arn("rds", region, "db:"+d.id),
		"DeletionProtection": d.protected,
		"PubliclyAccessible": d.public, "AutoMinorVersionUpgrade": d.upgrades, "StorageEncrypted": true,
		"PendingModifiedValues": map[string]any{}, "TagList": []any{},
		"ReadReplicaDBInstanceIdentifiers": []any{}, "VpcSecurityGroups": []any{map[string]any{"VpcSecurityGroupId": defaultSecurityGroup,
			"Status": "active"}},
		"Endpoint": map[string]any{"Address": d.id + "." + c.options.Account + "." + region + ".rds.amazonaws.com", "Port": d.port,
			"HostedZoneId": "Z0LOCAL"}}
	if d.multiAZ {
		out["SecondaryAvailabilityZone"] = region + d.other
	}
	if d.cluster != "" {
		out["DBClusterIdentifier"], out["PromotionTier"] = d.cluster, d.tier
	}
	return out
}

func describeDatabases(c *Cloud, in request) (map[string]any, error) {
	found := c.databases.all()
	if in.has("DBInstanceIdentifier") {
		d, err := c.database(in)
		if err != nil {
			return nil, err
		}
		found = []*database{d}
	}
	var out []any
	for _, d := range found {
		ok, err := in.dbKeeps(map[string][]string{"db-instance-id": {d.id, c.arn("rds", in.Region, "db:"+d.id)}, "engine": {d.engine},
			"dbi-resource-id": {"db-" + strings.ToUpper(strings.ReplaceAll(d.id, "-", ""))},
			"db-cluster-id":   {d.cluster, c.arn("rds", in.Region, "cluster:"+d.cluster)}})
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, c.describeDatabase(d, in.Region))
		}
	}
	return in.dbPage("DBInstances", out)
}

// dbKeeps says whether a thing passes the Filters of a request to RDS.
func (in request) dbKeeps(of map[string][]string) (bool, error) {
	kept := true
	for _, f := range in.list("Filters") {
		values, known := of[f.text("Name")]
		if !known {
			return false, in.fail("InvalidParameterValue", "Unrecognized filter name: %s", brief(f.text("Name")))
		}
		kept = kept && slices.ContainsFunc(f.texts("Values"), func(v string) bool { return v != "" && slices.Contains(values, v) })
	}
	return kept, nil
}

// dbPage answers the part of a list that MaxRecords and Marker ask for.
func (in request) dbPage(name string, items []any) (map[string]any, error) {
	size := in.number("MaxRecords", 100)
	if size < 20 || size > 100 {
		return nil, in.fail("InvalidParameterValue", "Invalid value %d for MaxRecords. Must be between 20 and 100", size)
	}
	out, next, ok := page(items, in.text("Marker"), int(size))
	if !ok {
		return nil, in.fail("InvalidParameterValue", "The parameter Marker is not valid.")
	}
	if out == nil {
		out = []any{}
	}
	return filled(map[string]any{name: out, "Marker": next}), nil
}

func (in request) notAvailable(d *database) error {
	return in.fail("InvalidDBInstanceState", "Instance %s is not in %s state.", d.id, available)
}

func (c *Cloud) answerDatabase(d *database, in request) (map[string]any, error) {
	return map[string]any{"DBInstance": c.describeDatabase(d, in.Region)}, nil
}

func rebootDatabase(c *Cloud, in request) (map[string]any, error) {
	d, err := c.database(in)
	if err != nil {
		return nil, err
	}
	if d.name != available {
		return nil, in.notAvailable(d)
	}
	failover := in.flag("ForceFailover")
	if failover && (!d.multiAZ || d.cluster != "") {
		return nil, in.fail("InvalidParameterCombination", "Cannot specify ForceFailover because the instance is not configured for MultiAZ")
	}
	c.pass(&d.state, "rebooting", in.now, c.options.SettleTime, available, func(time.Time) {
		if failover {
			d.zone, d.other = d.other, d.zone
		}
	})
	return c.answerDatabase(d, in)
}

func startDatabase(c *Cloud, in request) (map[string]any, error) {
	d, err := c.database(in)
	if err != nil {
		return nil, err
	}
	if d.cluster != "" {
		return nil, in.fail("InvalidParameterCombination", "%s DB instances are not eligible for stopping and starting.", d.engine)
	}
	if d.name != "stopped" {
		return nil, in.fail("InvalidDBInstanceState", "Instance %s is not stopped, cannot be started", d.id)
	}
	c.pass(&d.state, "starting", in.now, c.options.SettleTime, available, nil)
	return c.answerDatabase(d, in)
}

func stopDatabase(c *Cloud, in request) (map[string]any, error) {
	d, err := c.database(in)
	if err != nil {
		return nil, err
	}
	if d.cluster != "" {
		return nil, in.fail("InvalidParameterCombination", "%s DB instances are not eligible for stopping and starting.", d.engine)
	}
	if d.name != available {
		return nil, in.notAvailable(d)
	}
	if in.has("DBSnapshotIdentifier") {
		if _, err := c.snapshotDatabase(in, d); err != nil {
			return nil, err
		}
	}
	c.pass(&d.state, "stopping", in.now, c.options.SettleTime, "stopped", nil)
	return c.answerDatabase(d, in)
}

func modifyDatabase(c *Cloud, in request) (map[string]any, error) {
	d, err := c.database(in)
	if err != nil {
		return nil, err
	}
	if d.name != available && d.name != "stopped" {
		return nil, in.notAvailable(d)
	}
	for name := range in.params {
		if !slices.Contains(modifiable(), name) {
			return nil, in.fail("InvalidParameterValue", "The local AWS does not modify %s", name)
		}
	}
	if size := in.number("AllocatedStorage", d.size); size < d.size {
		return nil, in.fail("InvalidParameterCombination", "Invalid storage size for engine name %s and storage type %s: %d", d.engine,
			d.storage, size)
	}
	in.changes(map[string]*string{"DBInstanceClass": &d.class, "EngineVersion": &d.version, "StorageType": &d.storage},
		map[string]*int64{"AllocatedStorage": &d.size, "BackupRetentionPeriod": &d.retention, "PromotionTier": &d.tier},
		map[string]*bool{"MultiAZ": &d.multiAZ, "DeletionProtection": &d.protected, "PubliclyAccessible": &d.public,
			"AutoMinorVersionUpgrade": &d.upgrades})
	d.other = cmp.Or(d.other, "b")
	if d.name == available {
		c.pass(&d.state, "modifying", in.now, c.options.SettleTime, available, nil)
	}
	return c.answerDatabase(d, in)
}

func modifiable() []string {
	return []string{"DBInstanceIdentifier", "ApplyImmediately", "AllowMajorVersionUpgrade", "DBInstanceClass", "EngineVersion",
		"StorageType", "AllocatedStorage",
		"BackupRetentionPeriod", "PromotionTier", "MultiAZ", "DeletionProtection", "PubliclyAccessible", "AutoMinorVersionUpgrade"}
}

// placeDatabases puts a database of its own and a cluster of two into the world.
func (c *Cloud) placeDatabases(now time.Time) {
	made := now.Add(-30 * 24 * time.Hour).UTC().Truncate(time.Millisecond)
	for _, d := range []database{
		{id: "orders-db", engine: "postgres", version: "16.4", class: "db.t3.medium", storage: "gp3", size: 20, port: 5432, retention: 7,
			zone: "a", other: "b", multiAZ: true},
		{id: "shop-cluster-1", cluster: "shop-cluster", engine: "aurora-postgresql", version: "16.4", class: "db.r6g.large",
			storage: "aurora", size: 1, port: 5432, retention: 7, zone: "a", tier: 1},
		{id: "shop-cluster-2", cluster: "shop-cluster", engine: "aurora-postgresql", version: "16.4", class: "db.r6g.large",
			storage: "aurora", size: 1, port: 5432, retention: 7, zone: "b", tier: 1},
	} {
		d.name, d.created, d.upgrades = available, made, true
		c.databases.put(d.id, &d)
	}
	cluster := &databaseCluster{id: "shop-cluster", engine: "aurora-postgresql", version: "16.4", members: []string{"shop-cluster-1",
		"shop-cluster-2"}, writer: "shop-cluster-1", created: made}
	cluster.name = available
	c.clusters.put(cluster.id, cluster)
}
