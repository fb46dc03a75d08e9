package cloud

import (
	"regexp"
	"strings"
	"time"
)

func databaseSnapshotOperations() []operation {
	return []operation{
		{name: "rds.CreateDBClusterSnapshot", run: createClusterSnapshot},
		{name: "rds.CreateDBSnapshot", run: createDatabaseSnapshot},
		{name: "rds.DescribeDBClusterSnapshots", run: describeClusterSnapshots,
			note: "filters db-cluster-id, db-cluster-snapshot-id, engine, snapshot-type"},
		{name: "rds.DescribeDBSnapshots", run: describeDatabaseSnapshots, note: "filters db-instance-id, db-snapshot-id, engine, snapshot-type"},
	}
}

// databaseSnapshot is one of a DB instance or, under "cluster:" and its name, of a cluster.
type databaseSnapshot struct {
	state
	id, of, engine, version string
	size                    int64
	tags                    map[string]string
	created                 time.Time
}

const clusterSnapshot = "cluster:"

var databaseNamePattern = regexp.MustCompile(`^[a-z](-?[a-z0-9])*$`)

func (c *Cloud) newDatabaseSnapshot(in request, s *databaseSnapshot, key, taken string) error {
	if len(s.id) > 255 || !databaseNamePattern.MatchString(s.id) {
		return in.fail("InvalidParameterValue",
			"The parameter %s is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.", taken)
	}
	if c.databaseSnapshots.has(key + s.id) {
		return in.fail(taken, "Cannot create the snapshot because a snapshot with the identifier %s already exists.", s.id)
	}
	if len(c.databaseSnapshots.order) >= maxThings {
		return in.fail("SnapshotQuotaExceeded", "The request would exceed the allowed number of snapshots.")
	}
	s.tags, s.created = in.tags("Tags"), millis(in.now)
	c.databaseSnapshots.put(key+s.id, s)
	c.pass(&s.state, "creating", in.now, c.options.SettleTime, available, nil)
	return nil
}

func (c *Cloud) snapshotDatabase(in request, d *database) (*databaseSnapshot, error) {
	s := &databaseSnapshot{id: strings.ToLower(in.text("DBSnapshotIdentifier")), of: d.id, engine: d.engine, version: d.version, size: d.size}
	return s, c.newDatabaseSnapshot(in, s, "", "DBSnapshotAlreadyExists")
}

func createDatabaseSnapshot(c *Cloud, in request) (map[string]any, error) {
	d, err := c.database(in)
	if err != nil {
		return nil, err
	}
	if d.name != available && d.name != "stopped" {
		return nil, in.notAvailable(d)
	}
	s, err := c.snapshotDatabase(in, d)
	if err != nil {
		return nil, err
	}
	return map[string]any{"DBSnapshot": s.describe(c, in.Region)}, nil
}

func createClusterSnapshot(c *Cloud, in request) (map[string]any, error) {
	k, err := c.cluster(in)
	if err != nil {
		return nil, err
	}
	s := &databaseSnapshot{id: strings.ToLower(in.text("DBClusterSnapshotIdentifier")), of: k.id, engine: k.engine, version: k.version, size: 1}
	if err := c.newDatabaseSnapshot(in, s, clusterSnapshot, "DBClusterSnapshotAlreadyExistsFault"); err != nil {
		return nil, err
	}
	return map[string]any{"DBClusterSnapshot": s.describeOfCluster(c, in.Region)}, nil
}

func (s *databaseSnapshot) progress() int {
	if s.name == available {
		return 100
	}
	return 0
}

func (s *databaseSnapshot) describe(c *Cloud, region string) map[string]any {
	return map[string]any{"DBSnapshotIdentifier": s.id, "DBInstanceIdentifier": s.of, "Status": s.name, "Engine": s.engine,
		"EngineVersion":    s.version,
		"AllocatedStorage": s.size, "SnapshotCreateTime": s.created, "SnapshotType": "manual", "PercentProgress": s.progress(), "Port": 5432,
		"AvailabilityZone": region + "a", "Encrypted": true, "DBSnapshotArn": c.arn("rds", region, "snapshot:"+s.id), "TagList": tagSet(s.tags)}
}

func (s *databaseSnapshot) describeOfCluster(c *Cloud, region string) map[string]any {
	return map[string]any{"DBClusterSnapshotIdentifier": s.id, "DBClusterIdentifier": s.of, "Status": s.name, "Engine": s.engine,
		"EngineVersion":    s.version,
		"AllocatedStorage": s.size, "SnapshotCreateTime": s.created, "SnapshotType": "manual", "PercentProgress": s.progress(), "Port": 5432,
		"StorageEncrypted": true, "DBClusterSnapshotArn": c.arn("rds", region, "cluster-snapshot:"+s.id), "TagList": tagSet(s.tags)}
}

// snapshotList is what the two operations that describe snapshots differ in.
type snapshotList struct {
	key, id, of, filterID, filterOf, missing, answer string
	show                                             func(s *databaseSnapshot) map[string]any
}

func (c *Cloud) listSnapshots(in request, l snapshotList) (map[string]any, error) {
	id := strings.ToLower(in.text(l.id))
	if id != "" && !c.databaseSnapshots.has(l.key+id) {
		return nil, in.failStatus(404, l.missing, "%s %s not found.", strings.TrimSuffix(l.id, "Identifier"), brief(id))
	}
	var out []any
	for _, name := range c.databaseSnapshots.order {
		s := c.databaseSnapshots.items[name]
		ok, err := in.dbKeeps(map[string][]string{l.filterID: {s.id}, l.filterOf: {s.of}, "engine": {s.engine}, "snapshot-type": {"manual"}})
		if err != nil {
			return nil, err
		}
		kind := in.text("SnapshotType")
		ok = ok && name == l.key+s.id && (id == "" || s.id == id) && (!in.has(l.of) || strings.EqualFold(s.of,
			in.text(l.of))) && (kind == "" || kind == "manual")
		if ok {
			out = append(out, l.show(s))
		}
	}
	return in.dbPage(l.answer, out)
}

func describeDatabaseSnapshots(c *Cloud, in request) (map[string]any, error) {
	return c.listSnapshots(in, snapshotList{id: "DBSnapshotIdentifier", of: "DBInstanceIdentifier", filterID: "db-snapshot-id",
		filterOf: "db-instance-id",
		missing:  "DBSnapshotNotFound", answer: "DBSnapshots", show: func(s *databaseSnapshot) map[string]any { return s.describe(c, in.Region) }})
}

func describeClusterSnapshots(c *Cloud, in request) (map[string]any, error) {
	return c.listSnapshots(in, snapshotList{key: clusterSnapshot, id: "DBClusterSnapshotIdentifier", of: "DBClusterIdentifier",
		filterID: "db-cluster-snapshot-id",
		filterOf: "db-cluster-id", missing: "DBClusterSnapshotNotFoundFault", answer: "DBClusterSnapshots",
		show: func(s *databaseSnapshot) map[string]any { return s.describeOfCluster(c, in.Region) }})
}
