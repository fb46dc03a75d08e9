package cloud

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

func imageOperations() []operation {
	return []operation{
		{name: "ec2.CopyImage", run: copyImage, note: "the copy is in the same world; ClientToken is ignored"},
		{name: "ec2.CreateImage", run: createImage,
			note: "with a snapshot of each volume; without NoReboot the instance starts again; BlockDeviceMappings is ignored"},
		{name: "ec2.DeregisterImage", run: deregisterImage},
		{name: "ec2.DescribeImages", run: describeImages,
			note: "filters architecture, description, image-id, is-public, name, owner-id, root-device-name, root-device-type, state, block-device-mapping.snapshot-id, tag:KEY, tag-key"},
	}
}

type image struct {
	state
	id, label, description string
	source                 string // the instance or the image it was made of
	sourceRegion           string
	tags                   map[string]string
	disks                  []disk
	created                time.Time
}

// disk is a volume that instances of an image get.
type disk struct {
	device, snapshot string
	size             int64
	kind             string
	encrypted        bool
	deleted          bool // with the instance
}

var imagePattern = regexp.MustCompile(`^ami-([0-9a-f]{8}|[0-9a-f]{17})$`)

func (c *Cloud) findImage(in request, id string) (*image, error) {
	if !imagePattern.MatchString(id) {
		return nil, in.fail("InvalidAMIID.Malformed", "Invalid id: %q (expecting \"ami-...\")", brief(id))
	}
	if i := c.images.items[id]; i != nil {
		return i, nil
	}
	return nil, in.fail("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
}

func (c *Cloud) checkImageName(in request, name string) error {
	if len(name) < 3 || len(name) > 128 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789()[] ./-'@_") != "" {
		return in.fail("InvalidAMIName.Malformed",
			"AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '.', '-', '/' and '_'")
	}
	for _, i := range c.images.all() {
		if i.label == name {
			return in.fail("InvalidAMIName.Duplicate", "AMI name %s is already in use by AMI %s", name, i.id)
		}
	}
	if len(c.images.order) >= maxThings {
		return in.fail("ResourceLimitExceeded", "You have reached the quota of AMIs.")
	}
	return nil
}

// bring takes a new image and its snapshots through pending.
func (c *Cloud) bring(i *image, in request) {
	c.images.put(i.id, i)
	c.pass(&i.state, "pending", in.now, c.options.SettleTime, "available", nil)
}

func createImage(c *Cloud, in request) (map[string]any, error) {
	found, err := c.findInstances(in, []string{in.text("InstanceId")})
	if err != nil {
		return nil, err
	}
	if err := c.checkImageName(in, in.text("Name")); err != nil {
		return nil, err
	}
	tags, err := in.specified("image")
	if err != nil {
		return nil, err
	}
	m := found[0]
	if m.name == stateTerminated || m.name == stateShuttingDown {
		return nil, in.fail("IncorrectInstanceState", "Instance is not in state 'running' or 'stopped'.")
	}
	i := &image{id: newID("ami"), label: in.text("Name"), description: in.text("Description"), source: m.id, tags: tags, created: in.now}
	for _, v := range c.attached(m) {
		s, err := c.snap(in, v, "Created by CreateImage("+m.id+") for "+i.id)
		if err != nil {
			return nil, err
		}
		i.disks = append(i.disks, disk{device: v.device, snapshot: s.id, size: v.size, kind: v.kind, encrypted: v.encrypted, deleted: v.deleted})
	}
	if m.name == stateRunning && !in.flag("NoReboot") {
		m.set(stateRunning)
		c.recheck(m, in.now)
	}
	c.bring(i, in)
	return map[string]any{"ImageId": i.id}, nil
}

func copyImage(c *Cloud, in request) (map[string]any, error) {
	from, err := c.findImage(in, in.text("SourceImageId"))
	if err != nil {
		return nil, err
	}
	if err := c.checkImageName(in, in.text("Name")); err != nil {
		return nil, err
	}
	if from.name != "available" {
		return nil, in.fail("InvalidAMIID.Unavailable", "The image id '[%s]' is not available", from.id)
	}
	i := &image{id: newID("ami"), label: in.text("Name"), description: cmp.Or(in.text("Description"),
		"[Copied "+from.id+" from "+in.text("SourceRegion")+"] "+from.description),
		source: from.id, sourceRegion: in.text("SourceRegion"), tags: map[string]string{}, created: in.now}
	if in.flag("CopyImageTags") {
		i.tags = maps.Clone(from.tags)
	}
	for _, d := range from.disks {
		s, err := c.newSnapshot(in, &snapshot{volume: "vol-ffffffff", size: d.size, encrypted: d.encrypted || in.flag("Encrypted"),
			key:         in.text("KmsKeyId"),
			description: "Copied for DestinationAmi " + i.id + " from SourceAmi " + from.id + " for SourceSnapshot " + d.snapshot + "."})
		if err != nil {
			return nil, err
		}
		d.snapshot, d.encrypted = s.id, s.encrypted
		i.disks = append(i.disks, d)
	}
	c.bring(i, in)
	return map[string]any{"ImageId": i.id}, nil
}

func (i *image) describe(c *Cloud, region string) map[string]any {
	mappings := answers(i.disks, func(d disk) map[string]any {
		return map[string]any{"DeviceName": d.device, "Ebs": map[string]any{"SnapshotId": d.snapshot, "VolumeSize": d.size, "VolumeType": d.kind,
			"Encrypted": d.encrypted, "DeleteOnTermination": d.deleted}}
	})
	out := map[string]any{"ImageId": i.id, "Name": i.label, "Description": i.description, "State": i.name, "OwnerId": c.options.Account,
		"ImageLocation": c.options.Account + "/" + i.label, "Public": false, "Architecture": "x86_64", "ImageType": "machine",
		"RootDeviceName": rootDevice,
		"RootDeviceType": "ebs", "VirtualizationType": "hvm", "Hypervisor": "xen", "EnaSupport": true, "PlatformDetails": "Linux/UNIX",
		"UsageOperation": "RunInstances", "CreationDate": i.created.UTC().Format("2006-01-02T15:04:05.000Z"), "BlockDeviceMappings": mappings,
		"Tags": tagSet(i.tags), "ProductCodes": []any{}}
	if strings.HasPrefix(i.source, "ami-") {
		out["SourceImageId"], out["SourceImageRegion"] = i.source, cmp.Or(i.sourceRegion, region)
	} else {
		out["SourceInstanceId"] = i.source
	}
	return filled(out)
}

func describeImages(c *Cloud, in request) (map[string]any, error) {
	found := c.images.all()
	if ids := in.texts("ImageIds"); len(ids) > 0 {
		found = nil
		for _, id := range ids {
			i, err := c.findImage(in, id)
			if err != nil {
				return nil, err
			}
			found = append(found, i)
		}
	}
	owners := in.texts("Owners")
	var out []any
	for _, i := range found {
		var snapshots []string
		for _, d := range i.disks {
			snapshots = append(snapshots, d.snapshot)
		}
		ok, err := in.keeps(fields(i.tags, map[string][]string{"image-id": {i.id}, "name": {i.label}, "state": {i.name},
			"owner-id":  {c.options.Account},
			"is-public": {"false"}, "architecture": {"x86_64"}, "root-device-type": {"ebs"}, "root-device-name": {rootDevice},
			"description":         {i.description},
			"virtualization-type": {"hvm"}, "image-type": {"machine"}, "block-device-mapping.snapshot-id": snapshots, "platform": nil}))
		if err != nil {
			return nil, err
		}
		if ok && (len(owners) == 0 || slices.Contains(owners, "self") || slices.Contains(owners, c.options.Account)) {
			out = append(out, i.describe(c, in.Region))
		}
	}
	return in.ec2Page("Images", out)
}

func deregisterImage(c *Cloud, in request) (map[string]any, error) {
	i, err := c.findImage(in, in.text("ImageId"))
	if err != nil {
		return nil, err
	}
	c.images.remove(i.id)
	results := []any{}
	if in.flag("DeleteAssociatedSnapshots") {
		for _, d := range i.disks {
			code := "success"
			if c.userOf(d.snapshot) != "" {
				code = "skipped"
			} else {
				c.snapshots.remove(d.snapshot)
			}
			results = append(results, map[string]any{"SnapshotId": d.snapshot, "ReturnCode": code})
		}
	}
	return map[string]any{"Return": true, "DeleteSnapshotResults": results}, nil
}

// userOf is an image that is made of a snapshot, "" if there is none.
func (c *Cloud) userOf(snapshot string) string {
	for _, i := range c.images.all() {
		for _, d := range i.disks {
			if d.snapshot == snapshot {
				return i.id
			}
		}
	}
	return ""
}
