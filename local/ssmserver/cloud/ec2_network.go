package cloud

import "slices"

// The parts of the network and the image that the fleet stands on.
const (
	// DefaultImage is the ID of the one image that exists from the beginning.
	DefaultImage = "ami-0aaaaaaaaaaaaaaa1"

	defaultSnapshot      = "snap-0aaaaaaaaaaaaaaa1"
	defaultVPC           = "vpc-0aaaaaaaaaaaaaaa1"
	defaultSubnet        = "subnet-0aaaaaaaaaaaaaaa1"
	defaultSecurityGroup = "sg-0aaaaaaaaaaaaaaa1"
)

func networkOperations() []operation {
	const one = "the one of the fleet"
	return []operation{
		{name: "ec2.DescribeAvailabilityZones", run: describeZones, note: "three in each Region"},
		{name: "ec2.DescribeRegions", run: describeRegions},
		{name: "ec2.DescribeSecurityGroups", run: describeSecurityGroups, note: one},
		{name: "ec2.DescribeSubnets", run: describeSubnets, note: one},
		{name: "ec2.DescribeVpcs", run: describeVpcs, note: one},
	}
}

func regionNames() []string {
	return []string{"af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
		"ca-central-1", "eu-central-1", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3", "me-south-1", "sa-east-1",
		"us-east-1", "us-east-2", "us-west-1", "us-west-2"}
}

// chosen answers the one thing there is, unless another ID is asked for, which is missing, or filters keep it out.
func (in request) chosen(answer string, ids []string, id string, missing *Error, of property, thing map[string]any) (map[string]any, error) {
	for _, asked := range ids {
		if asked != id {
			return nil, in.fail(missing.Code, missing.Message, brief(asked))
		}
	}
	ok, err := in.keeps(of)
	if err != nil {
		return nil, err
	}
	if !ok {
		return map[string]any{answer: []any{}}, nil
	}
	return map[string]any{answer: []any{thing}}, nil
}

func describeRegions(_ *Cloud, in request) (map[string]any, error) {
	asked := in.texts("RegionNames")
	for _, name := range asked {
		if !slices.Contains(regionNames(), name) {
			return nil, in.fail("InvalidParameterValue", "Invalid region names: [%s]", brief(name))
		}
	}
	var out []any
	for _, name := range regionNames() {
		endpoint := "ec2." + name + ".amazonaws.com"
		ok, err := in.keeps(fields(nil, map[string][]string{"region-name": {name}, "endpoint": {endpoint}, "opt-in-status": {"opt-in-not-required"}}))
		if err != nil {
			return nil, err
		}
		if ok && (asked == nil || slices.Contains(asked, name)) {
			out = append(out, map[string]any{"RegionName": name, "Endpoint": endpoint, "OptInStatus": "opt-in-not-required"})
		}
	}
	return in.ec2Page("Regions", out)
}

func describeZones(_ *Cloud, in request) (map[string]any, error) {
	asked := in.texts("ZoneNames")
	for _, name := range asked {
		if !inRegion(name, in.Region) {
			return nil, in.fail("InvalidParameterValue", "Invalid availability zones: [%s]", brief(name))
		}
	}
	var out []any
	for i, letter := range []string{"a", "b", "c"} {
		name, id := in.Region+letter, in.Region+"-az"+string(rune('1'+i))
		ok, err := in.keeps(fields(nil, map[string][]string{"zone-name": {name}, "zone-id": {id}, "region-name": {in.Region}, "state": {"available"},
			"zone-type": {"availability-zone"}, "opt-in-status": {"opt-in-not-required"}}))
		if err != nil {
			return nil, err
		}
		if ok && (asked == nil || slices.Contains(asked, name)) {
			out = append(out, map[string]any{"ZoneName": name, "ZoneId": id, "RegionName": in.Region, "State": "available",
				"ZoneType":    "availability-zone",
				"OptInStatus": "opt-in-not-required", "GroupName": in.Region, "NetworkBorderGroup": in.Region, "Messages": []any{}})
		}
	}
	return in.ec2Page("AvailabilityZones", out)
}

func describeSecurityGroups(c *Cloud, in request) (map[string]any, error) {
	const name = "default"
	for _, asked := range in.texts("GroupNames") {
		if asked != name {
			return nil, in.fail("InvalidGroup.NotFound", "The security group '%s' does not exist", brief(asked))
		}
	}
	return in.chosen("SecurityGroups", in.texts("GroupIds"), defaultSecurityGroup, &Error{Code: "InvalidGroup.NotFound", Message: "The security group '%s' does not exist"},
		fields(nil, map[string][]string{"group-id": {defaultSecurityGroup}, "group-name": {name}, "vpc-id": {defaultVPC},
			"owner-id": {c.options.Account}, "description": {name}}),
		map[string]any{"GroupId": defaultSecurityGroup, "GroupName": name, "Description": name, "VpcId": defaultVPC, "OwnerId": c.options.Account,
			"IpPermissions": []any{}, "IpPermissionsEgress": []any{}, "Tags": []any{}})
}

func describeSubnets(c *Cloud, in request) (map[string]any, error) {
	zone := in.Region + "a"
	return in.chosen("Subnets", in.texts("SubnetIds"), defaultSubnet, &Error{Code: "InvalidSubnetID.NotFound", Message: "The subnet ID '%s' does not exist"},
		fields(nil, map[string][]string{"subnet-id": {defaultSubnet}, "vpc-id": {defaultVPC}, "availability-zone": {zone},
			"default-for-az": {"true"}, "state": {"available"},
			"cidr-block": {"10.0.0.0/16"}, "owner-id": {c.options.Account}}),
		map[string]any{"SubnetId": defaultSubnet, "VpcId": defaultVPC, "AvailabilityZone": zone, "CidrBlock": "10.0.0.0/16",
			"State": "available", "DefaultForAz": true,
			"MapPublicIpOnLaunch": false, "AvailableIpAddressCount": 60_000, "OwnerId": c.options.Account, "Tags": []any{},
			"SubnetArn": c.arn("ec2", in.Region, "subnet/"+defaultSubnet)})
}

func describeVpcs(c *Cloud, in request) (map[string]any, error) {
	return in.chosen("Vpcs", in.texts("VpcIds"), defaultVPC, &Error{Code: "InvalidVpcID.NotFound", Message: "The vpc ID '%s' does not exist"},
		fields(nil, map[string][]string{"vpc-id": {defaultVPC}, "is-default": {"true"}, "isDefault": {"true"}, "state": {"available"},
			"cidr": {"10.0.0.0/16"}, "owner-id": {c.options.Account}}),
		map[string]any{"VpcId": defaultVPC, "IsDefault": true, "State": "available", "CidrBlock": "10.0.0.0/16",
			"InstanceTenancy": "default", "OwnerId": c.options.Account, "Tags": []any{}})
}
