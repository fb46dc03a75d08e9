package cloud

import (
	"cmp"
	"encoding/base64"
	"maps"
	"regexp"
	"strings"
	"time"
)

func instanceOperations() []operation {
	return []operation{
		{name: "ec2.DescribeInstances", run: describeInstances,
			note: "filters instance-id, instance-state-name, tag:KEY, tag-key, image-id, instance-type and about 20 more"},
		{name: "ec2.RunInstances", run: runInstances,
			note: "ImageId must be in the world; of LaunchTemplate, NetworkInterfaces, market and hardware options nothing is done"},
		{name: "ec2.DescribeInstanceAttribute", run: describeInstanceAttribute},
		{name: "ec2.ModifyInstanceAttribute", run: modifyInstanceAttribute,
			note: "InstanceType and UserData of stopped instances, DisableApiStop, DisableApiTermination, EbsOptimized, Groups, InstanceInitiatedShutdownBehavior, SourceDestCheck, BlockDeviceMappings DeleteOnTermination"},
	}
}

func runInstances(c *Cloud, in request) (map[string]any, error) {
	least, most := in.number("MinCount", 1), in.number("MaxCount", 1)
	if least < 1 || most < least {
		return nil, in.fail("InvalidParameterValue",
			"Value (%d) for parameter minCount is invalid. Minimum must be at least 1 and at most the maximum.", least)
	}
	if most > maxThings || !c.room(most) {
		return nil, in.fail("InstanceLimitExceeded", "You have requested more instances than your current instance limit of %d allows.", maxThings)
	}
	if !in.has("ImageId") {
		return nil, in.fail("MissingParameter", "The request must contain the parameter ImageId")
	}
	i, err := c.findImage(in, in.text("ImageId"))
	if err != nil {
		return nil, err
	}
	if i.name != "available" {
		return nil, in.fail("InvalidAMIID.Unavailable", "The image id '[%s]' is not available", i.id)
	}
	if again := c.launchedBy(in.text("ClientToken")); again != nil {
		return c.answerLaunch(again, in.Region), nil
	}
	template, err := c.launchTemplate(in, i)
	if err != nil {
		return nil, err
	}
	reservation := newID("r")
	var made []*machine
	for n := range most {
		made = append(made, c.launch(template, reservation, n, in.now))
	}
	volumeTags, err := in.specified("volume")
	if err != nil {
		return nil, err
	}
	for _, m := range made {
		for _, v := range c.attached(m) {
			maps.Copy(v.tags, volumeTags)
		}
	}
	return c.answerLaunch(made, in.Region), nil
}

func (c *Cloud) answerLaunch(made []*machine, region string) map[string]any {
	return map[string]any{"ReservationId": made[0].reservation, "OwnerId": c.options.Account, "Groups": []any{},
		"Instances": answers(made, func(m *machine) map[string]any { return c.describe(m, region) })}
}

// launchedBy are the instances that a request with this token launched, nil if there are none.
func (c *Cloud) launchedBy(token string) []*machine {
	var out []*machine
	for _, m := range c.machines.all() {
		if token != "" && m.token == token {
			out = append(out, m)
		}
	}
	return out
}

var kindPattern = regexp.MustCompile(`^[a-z0-9-]{2,20}\.[a-z0-9-]{2,20}$`)

// launchTemplate is what the new instances have in common.
func (c *Cloud) launchTemplate(in request, i *image) (machine, error) {
	t := machine{image: i.id, kind: cmp.Or(in.text("InstanceType"), "m1.small"), keyName: in.text("KeyName"), ebsOptimized: in.flag("EbsOptimized"),
		keepAlive: in.flag("DisableApiTermination"), keepRunning: in.flag("DisableApiStop"),
		shutdown: cmp.Or(in.text("InstanceInitiatedShutdownBehavior"), "stop"),
		subnet:   cmp.Or(in.text("SubnetId"), defaultSubnet), zone: in.sub("Placement").text("AvailabilityZone"), userData: in.text("UserData"),
		monitored: in.sub("Monitoring").flag("Enabled"), securityGroups: in.texts("SecurityGroupIds"), sourceDestCheck: true,
		token: in.text("ClientToken")}
	if !kindPattern.MatchString(t.kind) {
		return t, in.fail("InvalidParameterValue", "Invalid value '%s' for InstanceType.", brief(t.kind))
	}
	if t.zone != "" && !inRegion(t.zone, in.Region) {
		return t, in.fail("InvalidParameterValue", "Invalid availability zone: [%s]", brief(t.zone))
	}
	if t.securityGroups == nil {
		t.securityGroups = []string{defaultSecurityGroup}
	}
	if len(t.userData) > 16<<10*4/3+4 {
		return t, in.fail("InvalidParameterValue", "User data is limited to 16384 bytes")
	}
	if profile := in.sub("IamInstanceProfile"); profile != nil {
		t.profile = cmp.Or(profile.text("Arn"), "arn:"+Partition(in.Region)+":iam::"+c.options.Account+":instance-profile/"+profile.text("Name"))
	}
	var err error
	t.tags, err = in.specified("instance")
	return t, err
}

// launch makes one instance.
func (c *Cloud) launch(template machine, reservation string, index int64, now time.Time) *machine {
	base := c.newMachine(newID("i"), now)
	m := &template
	m.id, m.address, m.vpc, m.launched = base.id, base.address, base.vpc, base.launched
	m.reservation, m.index, m.tags = reservation, index, maps.Clone(template.tags)
	c.addMachine(m)
	c.boot(m, now)
	return m
}

func (c *Cloud) attributes(m *machine) map[string]any {
	value := func(v any) map[string]any { return map[string]any{"Value": v} }
	return map[string]any{
		"instanceType": value(m.kind), "disableApiTermination": value(m.keepAlive), "disableApiStop": value(m.keepRunning),
		"ebsOptimized":    value(m.ebsOptimized),
		"sourceDestCheck": value(m.sourceDestCheck), "instanceInitiatedShutdownBehavior": value(m.shutdown), "rootDeviceName": value(rootDevice),
		"userData": filled(value(m.userData)), "enaSupport": value(true), "kernel": map[string]any{}, "ramdisk": map[string]any{},
		"sriovNetSupport": map[string]any{},
		"enclaveOptions":  map[string]any{"Enabled": false}, "productCodes": []any{},
		"groupSet": answers(m.securityGroups, func(id string) map[string]any { return map[string]any{"GroupId": id, "GroupName": "default"} }),
		"blockDeviceMapping": answers(c.attached(m), func(v *volume) map[string]any {
			return map[string]any{"DeviceName": v.device, "Ebs": map[string]any{"AttachTime": seconds(v.attachedAt), "DeleteOnTermination": v.deleted,
				"Status": v.attachment.name, "VolumeId": v.id}}
		}),
	}
}

func describeInstanceAttribute(c *Cloud, in request) (map[string]any, error) {
	found, err := c.findInstances(in, []string{in.text("InstanceId")})
	if err != nil {
		return nil, err
	}
	name := in.text("Attribute")
	value, ok := c.attributes(found[0])[name]
	if !ok {
		return nil, in.fail("InvalidParameterValue", "Value (%s) for parameter attribute is invalid. Unknown attribute.", brief(name))
	}
	member := map[string]string{"blockDeviceMapping": "BlockDeviceMappings", "groupSet": "Groups", "kernel": "KernelId", "ramdisk": "RamdiskId"}[name]
	if member == "" {
		member = strings.ToUpper(name[:1]) + name[1:]
	}
	return map[string]any{"InstanceId": found[0].id, member: value}, nil
}

// modified gives the attributes that a request changes, whichever of the two ways it does.
func (in request) modified() params {
	out := params{}
	for _, name := range []string{"InstanceType", "UserData", "DisableApiTermination", "DisableApiStop", "SourceDestCheck", "EbsOptimized",
		"InstanceInitiatedShutdownBehavior"} {
		if sub := in.sub(name); sub != nil {
			out[name] = sub["Value"]
		}
	}
	if name := in.text("Attribute"); name != "" {
		name = strings.ToUpper(name[:1]) + name[1:]
		out[name] = in.text("Value")
		switch in.text("Value") {
		case "true", "false":
			out[name] = in.text("Value") == "true"
		}
	}
	return out
}

func modifyInstanceAttribute(c *Cloud, in request) (map[string]any, error) {
	found, err := c.findInstances(in, []string{in.text("InstanceId")})
	if err != nil {
		return nil, err
	}
	m, changed := found[0], in.modified()
	known := c.attributes(m)
	for name := range changed {
		if _, ok := known[strings.ToLower(name[:1])+name[1:]]; !ok {
			return nil, in.fail("InvalidParameterValue", "Value (%s) for parameter attribute is invalid. Unknown attribute.", brief(name))
		}
	}
	if m.name != stateStopped && (changed.has("InstanceType") || changed.has("UserData") || changed.has("EbsOptimized")) {
		return nil, in.fail("IncorrectInstanceState", "The instance '%s' is not in the 'stopped' state.", m.id)
	}
	if kind := changed.text("InstanceType"); changed.has("InstanceType") && !kindPattern.MatchString(kind) {
		return nil, in.fail("InvalidInstanceAttributeValue", "Invalid value '%s' for InstanceType.", brief(kind))
	}
	if data, ok := changed["UserData"].([]byte); ok {
		if len(data) > 16<<10 {
			return nil, in.fail("InvalidParameterValue", "User data is limited to 16384 bytes")
		}
		changed["UserData"] = base64.StdEncoding.EncodeToString(data)
	}
	if err := c.modifyDisks(in, m); err != nil {
		return nil, err
	}
	changed.changes(map[string]*string{"InstanceType": &m.kind, "UserData": &m.userData, "InstanceInitiatedShutdownBehavior": &m.shutdown}, nil,
		map[string]*bool{"DisableApiTermination": &m.keepAlive, "DisableApiStop": &m.keepRunning, "SourceDestCheck": &m.sourceDestCheck,
			"EbsOptimized": &m.ebsOptimized})
	if groups := in.texts("Groups"); groups != nil {
		m.securityGroups = groups
	}
	return nil, nil
}

func (c *Cloud) modifyDisks(in request, m *machine) error {
	byDevice := map[string]*volume{}
	for _, v := range c.attached(m) {
		byDevice[v.device] = v
	}
	for _, mapping := range in.list("BlockDeviceMappings") {
		if byDevice[mapping.text("DeviceName")] == nil {
			return in.fail("InvalidInstanceAttributeValue", "No device is currently mapped at %s", brief(mapping.text("DeviceName")))
		}
	}
	for _, mapping := range in.list("BlockDeviceMappings") {
		if ebs := mapping.sub("Ebs"); ebs.has("DeleteOnTermination") {
			byDevice[mapping.text("DeviceName")].deleted = ebs.flag("DeleteOnTermination")
		}
	}
	return nil
}
