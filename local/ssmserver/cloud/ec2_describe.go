package cloud

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

func describeInstances(c *Cloud, in request) (map[string]any, error) {
	ids := in.texts("InstanceIds")
	if len(ids) > 0 && in.has("MaxResults") {
		return nil, in.fail("InvalidParameterCombination", "The parameter instancesSet cannot be used with the parameter maxResults")
	}
	found, err := c.findInstances(in, ids)
	if err != nil {
		return nil, err
	}
	var reservations []any
	byID := map[string]map[string]any{}
	for _, m := range found {
		ok, err := in.keeps(c.instanceProperty(m, in.Region))
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		r := byID[m.reservation]
		if r == nil {
			r = map[string]any{"ReservationId": m.reservation, "OwnerId": c.options.Account, "Groups": []any{}, "Instances": []any{}}
			byID[m.reservation] = r
			reservations = append(reservations, r)
		}
		r["Instances"] = append(r["Instances"].([]any), c.describe(m, in.Region))
	}
	return in.ec2Page("Reservations", reservations)
}

// ec2Page answers the part of a list that MaxResults and NextToken ask for.
func (in request) ec2Page(name string, items []any) (map[string]any, error) {
	size := in.number("MaxResults", 0)
	if in.has("MaxResults") && (size < 5 || size > 1000) {
		return nil, in.fail("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.", size)
	}
	out, next, ok := page(items, in.text("NextToken"), int(size))
	if !ok {
		return nil, in.fail("InvalidParameterValue", "Unable to parse pagination token")
	}
	if out == nil {
		out = []any{}
	}
	return filled(map[string]any{name: out, "NextToken": next}), nil
}

// zoneIn is the instance's Availability Zone as the Region has it.
func (m *machine) zoneIn(region string) string {
	if m.zone != "" && strings.HasPrefix(m.zone, region) {
		return m.zone
	}
	return region + "a"
}

func (m *machine) dns(region string) string {
	return "ip-" + strings.ReplaceAll(m.address, ".", "-") + "." + region + ".compute.internal"
}

// allTags are the tags as EC2 shows them, with that of the Auto Scaling group.
func (m *machine) allTags() map[string]string {
	if m.group == "" {
		return m.tags
	}
	out := maps.Clone(m.tags)
	if out == nil {
		out = map[string]string{}
	}
	out["aws:autoscaling:groupName"] = m.group
	return out
}

func (c *Cloud) instanceProperty(m *machine, region string) property {
	code, _ := stateCode(m.name)["Code"].(int)
	var volumes []string
	for _, v := range c.attached(m) {
		volumes = append(volumes, v.id)
	}
	return fields(m.allTags(), map[string][]string{
		"instance-id": {m.id}, "instance-state-name": {m.name}, "instance-state-code": {strconv.Itoa(code)}, "instance-type": {m.kind},
		"image-id": {m.image}, "availability-zone": {m.zoneIn(region)}, "private-ip-address": {m.address}, "private-dns-name": {m.dns(region)},
		"vpc-id": {m.vpc}, "subnet-id": {m.subnet}, "reservation-id": {m.reservation}, "owner-id": {c.options.Account},
		"instance.group-id": m.securityGroups, "network-interface.group-id": m.securityGroups, "key-name": {m.keyName},
		"root-device-name": {rootDevice}, "root-device-type": {"ebs"}, "block-device-mapping.volume-id": volumes, "architecture": {"x86_64"},
		"iam-instance-profile.arn": {m.profile}, "tenancy": {"default"}, "virtualization-type": {"hvm"}, "hypervisor": {"xen"},
		"launch-time": {m.launched.UTC().Format("2006-01-02T15:04:05.000Z")}, "monitoring-state": {m.monitoring()},
	})
}

func (m *machine) monitoring() string {
	if m.monitored {
		return "enabled"
	}
	return "disabled"
}

func (c *Cloud) describe(m *machine, region string) map[string]any {
	groups := answers(m.securityGroups, func(id string) map[string]any { return map[string]any{"GroupId": id, "GroupName": "default"} })
	mappings := answers(c.attached(m), func(v *volume) map[string]any {
		return map[string]any{"DeviceName": v.device, "Ebs": map[string]any{"AttachTime": v.attachedAt, "DeleteOnTermination": v.deleted,
			"Status": v.attachment.name, "VolumeId": v.id}}
	})
	out := filled(map[string]any{"InstanceId": m.id, "ImageId": m.image, "InstanceType": m.kind, "State": stateCode(m.name),
		"StateTransitionReason": m.reason, "LaunchTime": seconds(m.launched), "AmiLaunchIndex": m.index, "Architecture": "x86_64",
		"VirtualizationType": "hvm", "Hypervisor": "xen", "RootDeviceName": rootDevice, "RootDeviceType": "ebs", "KeyName": m.keyName,
		"EbsOptimized": m.ebsOptimized, "EnaSupport": true, "Tags": tagSet(m.allTags()), "BlockDeviceMappings": mappings, "ProductCodes": []any{},
		"Placement":  map[string]any{"AvailabilityZone": m.zoneIn(region), "GroupName": "", "Tenancy": "default"},
		"Monitoring": map[string]any{"State": m.monitoring()}})
	if m.profile != "" {
		out["IamInstanceProfile"] = map[string]any{"Arn": m.profile, "Id": "AIPA0LOCAL"}
	}
	if m.reason != "" {
		out["StateReason"] = map[string]any{"Code": "Client.UserInitiatedShutdown",
			"Message": "Client.UserInitiatedShutdown: User initiated shutdown"}
	}
	if m.name != stateTerminated {
		maps.Copy(out, map[string]any{"VpcId": m.vpc, "SubnetId": m.subnet, "PrivateIpAddress": m.address, "PrivateDnsName": m.dns(region),
			"SecurityGroups": groups, "SourceDestCheck": m.sourceDestCheck})
	}
	return out
}

// millis is a time as most services show it.
func millis(at time.Time) time.Time { return at.UTC().Truncate(time.Millisecond) }

// seconds is a time as EC2 shows it.
func seconds(at time.Time) time.Time { return at.UTC().Truncate(time.Second) }

func describeTags(c *Cloud, in request) (map[string]any, error) {
	var out []any
	for _, r := range c.tagged() {
		tags := r.tags
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			ok, err := in.keeps(fields(map[string]string{key: tags[key]}, map[string][]string{
				"key": {key}, "value": {tags[key]}, "resource-id": {r.id}, "resource-type": {r.kind}}))
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, map[string]any{"Key": key, "Value": tags[key], "ResourceId": r.id, "ResourceType": r.kind})
			}
		}
	}
	return in.ec2Page("Tags", out)
}
