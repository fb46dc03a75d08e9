package cloud

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"
)

func snapshotOperations() []operation {
	return []operation{
		{name: "ec2.CopySnapshot", run: copySnapshot, note: "the copy is in the same world"},
		{name: "ec2.CreateSnapshot", run: createSnapshot},
		{name: "ec2.DeleteSnapshot", run: deleteSnapshot},
		{name: "ec2.DescribeSnapshots", run: describeSnapshots,
			note: "filters description, encrypted, owner-id, progress, snapshot-id, status, volume-id, volume-size, tag:KEY, tag-key"},
	}
}

type snapshot struct {
	state
	id, volume, description, key string
	tags                         map[string]string
	size                         int64
	encrypted                    bool
	started                      time.Time
}

var snapshotPattern = regexp.MustCompile(`^snap-([0-9a-f]{8}|[0-9a-f]{17})$`)

func (c *Cloud) findSnapshot(in request, id string) (*snapshot, error) {
	if !snapshotPattern.MatchString(id) {
		return nil, in.fail("InvalidParameterValue", "Value (%s) for parameter snapshotId is invalid. Expected: 'snap-...'.", brief(id))
	}
	if s := c.snapshots.items[id]; s != nil {
		return s, nil
	}
	return nil, in.fail("InvalidSnapshot.NotFound", "The snapshot '%s' does not exist.", id)
}

// newSnapshot takes s, which has no ID yet, through pending.
func (c *Cloud) newSnapshot(in request, s *snapshot) (*snapshot, error) {
	if len(c.snapshots.order) >= maxThings {
		return nil, in.fail("SnapshotLimitExceeded", "You have exceeded the maximum number of snapshots.")
	}
	s.id, s.started = newID("snap"), in.now
	if s.tags == nil {
		s.tags = map[string]string{}
	}
	c.snapshots.put(s.id, s)
	c.pass(&s.state, "pending", in.now, c.options.SettleTime, "completed", nil)
	return s, nil
}

func (c *Cloud) snap(in request, v *volume, description string) (*snapshot, error) {
	return c.newSnapshot(in, &snapshot{volume: v.id, size: v.size, encrypted: v.encrypted, key: v.key, description: description})
}

func createSnapshot(c *Cloud, in request) (map[string]any, error) {
	v, err := c.findVolume(in, in.text("VolumeId"))
	if err != nil {
		return nil, err
	}
	tags, err := in.specified("snapshot")
	if err != nil {
		return nil, err
	}
	s, err := c.snap(in, v, in.text("Description"))
	if err != nil {
		return nil, err
	}
	s.tags = tags
	return s.describe(c), nil
}

func copySnapshot(c *Cloud, in request) (map[string]any, error) {
	from, err := c.findSnapshot(in, in.text("SourceSnapshotId"))
	if err != nil {
		return nil, err
	}
	tags, err := in.specified("snapshot")
	if err != nil {
		return nil, err
	}
	if from.name != "completed" {
		return nil, in.fail("IncorrectState", "Snapshot %s is in invalid state - %s", from.id, from.name)
	}
	copied := &snapshot{volume: "vol-ffffffff", size: from.size, encrypted: from.encrypted || in.flag("Encrypted"),
		key: cmp.Or(in.text("KmsKeyId"), from.key), description: in.text("Description"), tags: tags}
	if copied, err = c.newSnapshot(in, copied); err != nil {
		return nil, err
	}
	return map[string]any{"SnapshotId": copied.id, "Tags": tagSet(copied.tags)}, nil
}

func (s *snapshot) progress() string {
	if s.name == "completed" {
		return "100%"
	}
	return "0%"
}

func (s *snapshot) describe(c *Cloud) map[string]any {
	out := map[string]any{"SnapshotId": s.id, "VolumeId": s.volume, "State": s.name, "Progress": s.progress(), "VolumeSize": s.size,
		"Description": s.description, "Encrypted": s.encrypted, "OwnerId": c.options.Account, "StartTime": millis(s.started),
		"Tags": tagSet(s.tags), "StorageTier": "standard"}
	if s.key != "" {
		out["KmsKeyId"] = s.key
	}
	return out
}

func describeSnapshots(c *Cloud, in request) (map[string]any, error) {
	found := c.snapshots.all()
	if ids := in.texts("SnapshotIds"); len(ids) > 0 {
		found = nil
		for _, id := range ids {
			s, err := c.findSnapshot(in, id)
			if err != nil {
				return nil, err
			}
			found = append(found, s)
		}
	}
	owners := in.texts("OwnerIds")
	var out []any
	for _, s := range found {
		ok, err := in.keeps(fields(s.tags, map[string][]string{"snapshot-id": {s.id}, "volume-id": {s.volume}, "status": {s.name},
			"progress":    {s.progress()},
			"description": {s.description}, "encrypted": {strconv.FormatBool(s.encrypted)}, "owner-id": {c.options.Account},
			"volume-size": {strconv.FormatInt(s.size, 10)}, "storage-tier": {"standard"}}))
		if err != nil {
			return nil, err
		}
		if ok && (len(owners) == 0 || slices.Contains(owners, "self") || slices.Contains(owners, c.options.Account)) {
			out = append(out, s.describe(c))
		}
	}
	return in.ec2Page("Snapshots", out)
}

func deleteSnapshot(c *Cloud, in request) (map[string]any, error) {
	s, err := c.findSnapshot(in, in.text("SnapshotId"))
	if err != nil {
		return nil, err
	}
	if user := c.userOf(s.id); user != "" {
		return nil, in.fail("InvalidSnapshot.InUse", "The snapshot %s is currently in use by %s", s.id, user)
	}
	c.snapshots.remove(s.id)
	return nil, nil
}

// placeImage puts the image into the world that the fleet runs.
func (c *Cloud) placeImage(now time.Time) {
	made := now.Add(-30 * 24 * time.Hour)
	s := &snapshot{id: defaultSnapshot, volume: "vol-ffffffff", size: 8, tags: map[string]string{}, started: made,
		description: "The root of " + DefaultImage}
	s.name = "completed"
	c.snapshots.put(s.id, s)
	i := &image{id: DefaultImage, label: "local-linux", description: "The image that the fleet runs", source: "ami-0aaaaaaaaaaaaaaa0", created: made,
		tags: maps.Clone(map[string]string{"Name": "local-linux"}), disks: []disk{{device: rootDevice, snapshot: s.id, size: 8, kind: "gp3",
			deleted: true}}}
	i.name = "available"
	c.images.put(i.id, i)
}
