package cloud

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func volumeOperations() []operation {
	return []operation{
		{name: "ec2.AttachVolume", run: attachVolume},
		{name: "ec2.CreateVolume", run: createVolume},
		{name: "ec2.DeleteVolume", run: deleteVolume},
		{name: "ec2.DescribeVolumes", run: describeVolumes,
			note: "filters attachment.*, availability-zone, encrypted, size, snapshot-id, status, volume-id, volume-type, tag:KEY, tag-key"},
		{name: "ec2.DetachVolume", run: detachVolume, note: "Force is ignored: nothing hangs"},
	}
}

const rootDevice = "/dev/xvda"

type volume struct {
	state
	id, zone, kind, snapshot, key string
	tags                          map[string]string
	size, iops, throughput        int64
	encrypted                     bool
	created                       time.Time

	machine    string // what it is attached to, "" for nothing
	device     string
	attachment state
	attachedAt time.Time
	deleted    bool // with its instance
}

var volumePattern = regexp.MustCompile(`^vol-([0-9a-f]{8}|[0-9a-f]{17})$`)

func (c *Cloud) findVolume(in request, id string) (*volume, error) {
	if !volumePattern.MatchString(id) {
		return nil, in.fail("InvalidParameterValue", "Value (%s) for parameter volumeId is invalid. Expected: 'vol-...'.", brief(id))
	}
	if v := c.volumes.items[id]; v != nil {
		return v, nil
	}
	return nil, in.fail("InvalidVolume.NotFound", "The volume '%s' does not exist.", id)
}

// attachRoot gives an instance the volume it boots from.
func (c *Cloud) attachRoot(m *machine) {
	id := "vol-" + strings.TrimPrefix(strings.TrimPrefix(m.id, "m"), "i-")
	v := &volume{id: id, zone: m.zone, kind: "gp3", size: 8, iops: 3000, throughput: 125, tags: map[string]string{}, created: m.launched,
		machine: m.id, device: rootDevice, attachedAt: m.launched, deleted: true}
	if i := c.images.items[m.image]; i != nil && len(i.disks) > 0 {
		v.snapshot, v.size, v.encrypted = i.disks[0].snapshot, i.disks[0].size, i.disks[0].encrypted
	}
	v.name, v.attachment.name = "in-use", "attached"
	c.volumes.put(id, v)
}

// attached are the volumes of an instance.
func (c *Cloud) attached(m *machine) []*volume {
	var out []*volume
	for _, v := range c.volumes.all() {
		if v.machine == m.id {
			out = append(out, v)
		}
	}
	return out
}

// releaseVolumes is what happens to the volumes of an instance that ends.
func (c *Cloud) releaseVolumes(m *machine) {
	for _, v := range c.attached(m) {
		v.machine, v.device = "", ""
		v.set("available")
		if v.deleted {
			c.volumes.remove(v.id)
		}
	}
}

func createVolume(c *Cloud, in request) (map[string]any, error) {
	tags, err := in.specified("volume")
	if err != nil {
		return nil, err
	}
	if len(c.volumes.order) >= maxThings {
		return nil, in.fail("VolumeLimitExceeded", "You have exceeded the maximum number of volumes.")
	}
	zone := in.text("AvailabilityZone")
	if !inRegion(zone, in.Region) {
		return nil, in.fail("InvalidZone.NotFound", "The zone '%s' does not exist.", brief(zone))
	}
	v := &volume{id: newID("vol"), zone: zone, kind: cmp.Or(in.text("VolumeType"), "gp2"), snapshot: in.text("SnapshotId"),
		size: in.number("Size", 0),
		iops: in.number("Iops", 0), throughput: in.number("Throughput", 0), encrypted: in.flag("Encrypted"), key: in.text("KmsKeyId"),
		tags: tags, created: in.now}
	if v.snapshot != "" {
		s, err := c.findSnapshot(in, v.snapshot)
		if err != nil {
			return nil, err
		}
		if s.name != "completed" {
			return nil, in.fail("IncorrectState", "Snapshot is in invalid state - %s", s.name)
		}
		v.size, v.encrypted, v.key = cmp.Or(v.size, s.size), v.encrypted || s.encrypted, cmp.Or(v.key, s.key)
	}
	if v.size == 0 {
		return nil, in.fail("MissingParameter", "The request must contain the parameter size/snapshot")
	}
	c.volumes.put(v.id, v)
	c.pass(&v.state, "creating", in.now, c.options.SettleTime, "available", nil)
	return v.describe(in.Region), nil
}

func inRegion(zone, region string) bool {
	letter, ok := strings.CutPrefix(zone, region)
	return ok && (letter == "a" || letter == "b" || letter == "c")
}

func (v *volume) describe(region string) map[string]any {
	out := filled(map[string]any{"VolumeId": v.id, "State": v.name, "AvailabilityZone": cmp.Or(v.zone, region+"a"), "VolumeType": v.kind,
		"Size": v.size, "SnapshotId": v.snapshot, "Encrypted": v.encrypted, "KmsKeyId": v.key,
		"CreateTime": millis(v.created),
		"Tags":       tagSet(v.tags), "MultiAttachEnabled": false, "Attachments": []any{}})
	if v.iops > 0 {
		out["Iops"] = v.iops
	}
	if v.throughput > 0 {
		out["Throughput"] = v.throughput
	}
	if v.machine != "" {
		out["Attachments"] = []any{v.attachmentAnswer()}
	}
	return out
}

func (v *volume) attachmentAnswer() map[string]any {
	return map[string]any{"VolumeId": v.id, "InstanceId": v.machine, "Device": v.device, "State": v.attachment.name,
		"AttachTime": seconds(v.attachedAt), "DeleteOnTermination": v.deleted}
}

func describeVolumes(c *Cloud, in request) (map[string]any, error) {
	found := c.volumes.all()
	if ids := in.texts("VolumeIds"); len(ids) > 0 {
		found = nil
		for _, id := range ids {
			v, err := c.findVolume(in, id)
			if err != nil {
				return nil, err
			}
			found = append(found, v)
		}
	}
	var out []any
	for _, v := range found {
		of := map[string][]string{"volume-id": {v.id}, "status": {v.name}, "volume-type": {v.kind}, "snapshot-id": {v.snapshot},
			"size": {strconv.FormatInt(v.size, 10)}, "encrypted": {strconv.FormatBool(v.encrypted)}, "availability-zone": {cmp.Or(v.zone,
				in.Region+"a")},
			"attachment.instance-id": nil, "attachment.device": nil, "attachment.status": nil, "attachment.delete-on-termination": nil}
		if v.machine != "" {
			of["attachment.instance-id"], of["attachment.device"] = []string{v.machine}, []string{v.device}
			of["attachment.status"], of["attachment.delete-on-termination"] = []string{v.attachment.name}, []string{strconv.FormatBool(v.deleted)}
		}
		ok, err := in.keeps(fields(v.tags, of))
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, v.describe(in.Region))
		}
	}
	return in.ec2Page("Volumes", out)
}

func attachVolume(c *Cloud, in request) (map[string]any, error) {
	v, err := c.findVolume(in, in.text("VolumeId"))
	if err != nil {
		return nil, err
	}
	found, err := c.findInstances(in, []string{in.text("InstanceId")})
	if err != nil {
		return nil, err
	}
	m, device := found[0], in.text("Device")
	switch {
	case v.machine != "":
		return nil, in.fail("VolumeInUse", "%s is already attached to an instance", v.id)
	case v.name != "available":
		return nil, in.fail("IncorrectState", "Volume '%s' is not 'available'.", v.id)
	case m.name != stateRunning && m.name != stateStopped:
		return nil, in.fail("IncorrectState", "Instance '%s' is not 'running'.", m.id)
	case cmp.Or(v.zone, in.Region+"a") != m.zoneIn(in.Region):
		return nil, in.fail("InvalidVolume.ZoneMismatch", "The volume '%s' is not in the same availability zone as instance '%s'", v.id, m.id)
	}
	for _, other := range c.attached(m) {
		if other.device == device {
			return nil, in.fail("InvalidParameterValue", "Invalid value '%s' for unixDevice. Attachment point %s is already in use",
				brief(device), brief(device))
		}
	}
	v.machine, v.device, v.attachedAt, v.deleted = m.id, device, in.now, false
	v.set("in-use")
	c.pass(&v.attachment, "attaching", in.now, c.options.SettleTime, "attached", nil)
	return v.attachmentAnswer(), nil
}

func detachVolume(c *Cloud, in request) (map[string]any, error) {
	v, err := c.findVolume(in, in.text("VolumeId"))
	if err != nil {
		return nil, err
	}
	m := c.machines.items[v.machine]
	switch {
	case m == nil:
		return nil, in.fail("IncorrectState", "Volume '%s' is in the '%s' state.", v.id, v.name)
	case in.has("InstanceId") && in.text("InstanceId") != v.machine || in.has("Device") && in.text("Device") != v.device:
		return nil, in.fail("InvalidAttachment.NotFound", "The volume '%s' is not attached to the instance '%s' as that device.", v.id,
			brief(in.text("InstanceId")))
	case v.device == rootDevice && m.name != stateStopped:
		return nil, in.fail("OperationNotPermitted", "Unable to detach root volume '%s' from instance '%s'", v.id, m.id)
	}
	c.pass(&v.attachment, "detaching", in.now, c.options.SettleTime, "detached", func(time.Time) {
		v.machine, v.device = "", ""
		v.set("available")
	})
	return v.attachmentAnswer(), nil
}

func deleteVolume(c *Cloud, in request) (map[string]any, error) {
	v, err := c.findVolume(in, in.text("VolumeId"))
	if err != nil {
		return nil, err
	}
	if v.machine != "" {
		return nil, in.fail("VolumeInUse", "Volume %s is currently attached to %s", v.id, v.machine)
	}
	c.volumes.remove(v.id)
	return nil, nil
}

// arn names something of the account.
func (c *Cloud) arn(service, region, name string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", Partition(region), service, region, c.options.Account, name)
}

// Partition is the part of AWS that a Region belongs to, as ARNs name it: aws, aws-cn or aws-us-gov.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
