package cloud

import (
	"fmt"
	"testing"
	"time"
)

func TestImagesAndTheirSnapshots(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		image := s.must("ec2.CreateImage", `{"InstanceId":"`+web1+`","Name":"before the patch","NoReboot":true,"TagSpecifications":[{"ResourceType":"image","Tags":[{"Key":"For","Value":"patch"}]}]}`, "ImageId").(string)
		s.want("ec2.DescribeInstanceStatus", ids(web1), "InstanceStatuses.0.InstanceStatus.Status", "ok")
		s.want("ec2.DescribeImages", `{"ImageIds":["`+image+`"]}`, "Images.0.State", "pending")
		s.refused("ec2.CopyImage", `{"SourceImageId":"`+image+`","SourceRegion":"eu-west-1","Name":"copy"}`, "InvalidAMIID.Unavailable", "")
		time.Sleep(2 * time.Second)
		s.want("ec2.DescribeImages", `{"Owners":["self"],"Filters":[{"Name":"tag:For","Values":["patch"]},{"Name":"name","Values":["before*"]}]}`, "Images.0.State", "available")
		snapshot := fmt.Sprint(s.must("ec2.DescribeImages", `{"ImageIds":["`+image+`"]}`, "Images.0.BlockDeviceMappings.0.Ebs.SnapshotId"))
		s.want("ec2.DescribeSnapshots", `{"SnapshotIds":["`+snapshot+`"]}`, "Snapshots.0.Progress", "100%")
		s.refused("ec2.DeleteSnapshot", `{"SnapshotId":"`+snapshot+`"}`, "InvalidSnapshot.InUse", "currently in use by "+image)
		s.refused("ec2.CreateImage", `{"InstanceId":"`+web2+`","Name":"before the patch"}`, "InvalidAMIName.Duplicate", "already in use by AMI "+image)
		s.refused("ec2.CreateImage", `{"InstanceId":"`+web2+`","Name":"a"}`, "InvalidAMIName.Malformed", "")
		second := s.must("ec2.CopyImage", `{"SourceImageId":"`+image+`","SourceRegion":"us-east-1","Name":"copy","Encrypted":true,"KmsKeyId":"key","CopyImageTags":true}`, "ImageId").(string)
		s.want("ec2.DescribeImages", `{"ImageIds":["`+second+`"]}`, "Images.0.SourceImageRegion", "us-east-1")
		s.want("ec2.DescribeImages", `{"ImageIds":["`+second+`"]}`, "Images.0.BlockDeviceMappings.0.Ebs.Encrypted", "true")
		s.must("ec2.DeregisterImage", `{"ImageId":"`+image+`"}`)
		s.must("ec2.DeleteSnapshot", `{"SnapshotId":"`+snapshot+`"}`)
		s.want("ec2.DeregisterImage", `{"ImageId":"`+second+`","DeleteAssociatedSnapshots":true}`, "DeleteSnapshotResults.0.ReturnCode", "success")
		s.want("ec2.DescribeSnapshots", `{"OwnerIds":["self"]}`, "Snapshots.*.SnapshotId", "[snap-0aaaaaaaaaaaaaaa1]")
		s.refused("ec2.DeregisterImage", `{"ImageId":"`+second+`"}`, "InvalidAMIID.NotFound", "The image id '["+second+"]' does not exist")
		s.must("ec2.CreateImage", `{"InstanceId":"`+web1+`","Name":"with a reboot"}`)
		s.want("ec2.DescribeInstanceStatus", ids(web1), "InstanceStatuses.0.InstanceStatus.Status", "initializing")
		s.want("ec2.DescribeImages", `{"Owners":["amazon"]}`, "Images.#", "0")
	})
}

// What a runbook does that encrypts a root volume.
func TestARootVolumeIsReplaced(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		root := fmt.Sprint(s.must("ec2.DescribeVolumes", `{"Filters":[{"Name":"attachment.instance-id","Values":["`+web1+`"]},{"Name":"attachment.device","Values":["/dev/xvda"]}]}`, "Volumes.0.VolumeId"))
		snapshot := s.must("ec2.CreateSnapshot", `{"VolumeId":"`+root+`","Description":"root"}`, "SnapshotId").(string)
		s.refused("ec2.CopySnapshot", `{"SourceSnapshotId":"`+snapshot+`","SourceRegion":"eu-west-1"}`, "IncorrectState", "pending")
		s.refused("ec2.CreateVolume", `{"SnapshotId":"`+snapshot+`","AvailabilityZone":"eu-west-1a"}`, "IncorrectState", "pending")
		time.Sleep(2 * time.Second)
		encrypted := s.must("ec2.CopySnapshot", `{"SourceSnapshotId":"`+snapshot+`","SourceRegion":"eu-west-1","Encrypted":true,"KmsKeyId":"alias/key","DestinationRegion":"eu-west-1"}`, "SnapshotId").(string)
		time.Sleep(2 * time.Second)
		volume := s.must("ec2.CreateVolume", `{"SnapshotId":"`+encrypted+`","AvailabilityZone":"eu-west-1a","VolumeType":"gp3"}`, "VolumeId").(string)
		s.refused("ec2.AttachVolume", `{"VolumeId":"`+volume+`","InstanceId":"`+web1+`","Device":"/dev/sdf"}`, "IncorrectState", "is not 'available'")
		time.Sleep(2 * time.Second)
		s.want("ec2.DescribeVolumes", `{"VolumeIds":["`+volume+`"]}`, "Volumes.0.Encrypted", "true")
		s.want("ec2.DescribeVolumes", `{"VolumeIds":["`+volume+`"]}`, "Volumes.0.Size", "8")
		s.refused("ec2.DetachVolume", `{"VolumeId":"`+root+`"}`, "OperationNotPermitted", "Unable to detach root volume")
		s.refused("ec2.AttachVolume", `{"VolumeId":"`+volume+`","InstanceId":"`+web1+`","Device":"/dev/xvda"}`, "InvalidParameterValue", "/dev/xvda is already in use")
		s.must("ec2.StopInstances", ids(web1))
		time.Sleep(3 * time.Second)
		s.want("ec2.DetachVolume", `{"VolumeId":"`+root+`","InstanceId":"`+web1+`"}`, "State", "detaching")
		time.Sleep(2 * time.Second)
		s.want("ec2.AttachVolume", `{"VolumeId":"`+volume+`","InstanceId":"`+web1+`","Device":"/dev/xvda"}`, "State", "attaching")
		time.Sleep(2 * time.Second)
		s.want("ec2.DescribeInstances", ids(web1), "Reservations.0.Instances.0.BlockDeviceMappings.0.Ebs.VolumeId", volume)
		s.refused("ec2.DeleteVolume", `{"VolumeId":"`+volume+`"}`, "VolumeInUse", "currently attached to "+web1)
		s.must("ec2.DeleteVolume", `{"VolumeId":"`+root+`"}`)
		s.refused("ec2.DescribeVolumes", `{"VolumeIds":["`+root+`"]}`, "InvalidVolume.NotFound", "The volume '"+root+"' does not exist.")
		s.refused("ec2.DetachVolume", `{"VolumeId":"`+volume+`","InstanceId":"`+web2+`"}`, "InvalidAttachment.NotFound", "")
		s.refused("ec2.AttachVolume", `{"VolumeId":"`+volume+`","InstanceId":"`+web2+`","Device":"/dev/sdf"}`, "VolumeInUse", "already attached to an instance")
	})
}

func TestVolumesRefuse(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		s.refused("ec2.CreateVolume", `{"AvailabilityZone":"eu-west-1a"}`, "MissingParameter", "size/snapshot")
		s.refused("ec2.CreateVolume", `{"AvailabilityZone":"us-east-1a","Size":1}`, "InvalidZone.NotFound", "us-east-1a")
		s.refused("ec2.DescribeVolumes", `{"VolumeIds":["disk"]}`, "InvalidParameterValue", "Expected: 'vol-...'")
		s.refused("ec2.DescribeSnapshots", `{"SnapshotIds":["snap"]}`, "InvalidParameterValue", "Expected: 'snap-...'")
		s.refused("ec2.DescribeSnapshots", `{"Filters":[{"Name":"colour"}]}`, "InvalidParameterValue", "The filter 'colour' is invalid")
		volume := s.must("ec2.CreateVolume", `{"AvailabilityZone":"eu-west-1b","Size":1}`, "VolumeId").(string)
		time.Sleep(2 * time.Second)
		s.refused("ec2.AttachVolume", `{"VolumeId":"`+volume+`","InstanceId":"`+web1+`","Device":"/dev/sdf"}`, "InvalidVolume.ZoneMismatch", "")
		s.refused("ec2.DetachVolume", `{"VolumeId":"`+volume+`"}`, "IncorrectState", "'available' state")
		for range maxThings - len(s.cloud.volumes.order) {
			s.must("ec2.CreateVolume", `{"AvailabilityZone":"eu-west-1b","Size":1}`)
		}
		s.refused("ec2.CreateVolume", `{"AvailabilityZone":"eu-west-1b","Size":1}`, "VolumeLimitExceeded", "")
	})
}

func TestNetwork(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		s.want("ec2.DescribeAvailabilityZones", `{}`, "AvailabilityZones.*.ZoneName", "[eu-west-1a eu-west-1b eu-west-1c]")
		s.want("ec2.DescribeAvailabilityZones", `{"ZoneNames":["eu-west-1b"]}`, "AvailabilityZones.#", "1")
		s.refused("ec2.DescribeAvailabilityZones", `{"ZoneNames":["us-east-1b"]}`, "InvalidParameterValue", "us-east-1b")
		s.want("ec2.DescribeRegions", `{"RegionNames":["eu-west-1"]}`, "Regions.0.Endpoint", "ec2.eu-west-1.amazonaws.com")
		s.refused("ec2.DescribeRegions", `{"RegionNames":["moon-1"]}`, "InvalidParameterValue", "moon-1")
		s.want("ec2.DescribeSecurityGroups", `{"GroupIds":["sg-0aaaaaaaaaaaaaaa1"]}`, "SecurityGroups.0.GroupName", "default")
		s.refused("ec2.DescribeSecurityGroups", `{"GroupIds":["sg-1"]}`, "InvalidGroup.NotFound", "sg-1")
		s.refused("ec2.DescribeSecurityGroups", `{"GroupNames":["web"]}`, "InvalidGroup.NotFound", "web")
		s.want("ec2.DescribeSubnets", `{"Filters":[{"Name":"vpc-id","Values":["vpc-0aaaaaaaaaaaaaaa1"]}]}`, "Subnets.0.SubnetId", "subnet-0aaaaaaaaaaaaaaa1")
		s.want("ec2.DescribeVpcs", `{"Filters":[{"Name":"is-default","Values":["false"]}]}`, "Vpcs.#", "0")
		s.refused("ec2.DescribeVpcs", `{"VpcIds":["vpc-1"]}`, "InvalidVpcID.NotFound", "vpc-1")
	})
}

func TestWildcards(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"*", "", true}, {"*", "a", true}, {"?", "", false}, {"?", "a", true}, {"a*c", "abbc", true}, {"a*c", "abb", false},
		{"*a*a*", "aa", true}, {"*a*a*", "a", false}, {"web", "web1", false}, {"web?", "web1", true}, {"**", "x", true}, {"a?*", "a", false},
	} {
		if got := wild(row.pattern, row.text); got != row.want {
			t.Errorf("%q matches %q: %v", row.pattern, row.text, got)
		}
	}
}
