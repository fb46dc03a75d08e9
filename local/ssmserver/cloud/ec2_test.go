package cloud

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func ids(list ...string) string { return `{"InstanceIds":["` + strings.Join(list, `","`) + `"]}` }

func TestInstancesMoveByTheClock(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		state := func(want, check string) {
			s.Helper()
			s.want("ec2.DescribeInstanceStatus", `{"InstanceIds":["`+web1+`"],"IncludeAllInstances":true}`, "InstanceStatuses.0.InstanceState.Name", want)
			s.want("ec2.DescribeInstanceStatus", `{"InstanceIds":["`+web1+`"],"IncludeAllInstances":true}`, "InstanceStatuses.0.SystemStatus.Status", check)
		}
		state("running", "ok")
		s.want("ec2.StopInstances", ids(web1), "StoppingInstances.0.PreviousState.Name", "running")
		state("stopping", "not-applicable")
		s.want("ec2.DescribeInstanceStatus", ids(web1), "InstanceStatuses.#", "0")
		s.refused("ec2.StartInstances", ids(web2, web1), "IncorrectInstanceState", "'"+web1+"' is not in a state from which it can be started.")
		time.Sleep(2500 * time.Millisecond)
		state("stopped", "not-applicable")
		s.want("ec2.StartInstances", ids(web1), "StartingInstances.0.CurrentState.Code", "0")
		time.Sleep(2 * time.Second)
		state("running", "initializing")
		time.Sleep(500 * time.Millisecond)
		state("running", "ok")
		s.must("ec2.RebootInstances", ids(web1))
		state("running", "initializing")
		time.Sleep(500 * time.Millisecond)
		state("running", "ok")
		s.must("ec2.TerminateInstances", ids(web1))
		time.Sleep(2500 * time.Millisecond)
		state("terminated", "not-applicable")
		s.refused("ec2.DescribeVolumes", `{"VolumeIds":["vol-0aaaaaaaaaaaaaaa1"]}`, "InvalidVolume.NotFound", "")
		s.must("ec2.ModifyInstanceAttribute", `{"InstanceId":"`+web2+`","BlockDeviceMappings":[{"DeviceName":"/dev/xvda","Ebs":{"DeleteOnTermination":false}}]}`)
		s.must("ec2.TerminateInstances", ids(web2))
		time.Sleep(2500 * time.Millisecond)
		s.want("ec2.DescribeVolumes", `{"VolumeIds":["vol-0aaaaaaaaaaaaaaa2"]}`, "Volumes.0.State", "available")
		s.refused("ec2.StopInstances", ids(web1), "IncorrectInstanceState", "stopped")
		s.refused("ec2.RebootInstances", ids(web1), "IncorrectInstanceState", "rebooted")
	})
}

func TestAStartedInstanceCanBeStoppedByHand(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		s.must("ec2.StopInstances", ids(web1))
		if err := s.cloud.SetInstance(web1, "stopping"); err != nil {
			s.Fatal(err)
		}
		time.Sleep(time.Hour)
		if got := s.cloud.Instances()[0]; got.State != "stopping" || got.StatusOK {
			s.Errorf("%+v", got)
		}
		s.must("ec2.StopInstances", `{"InstanceIds":["`+web1+`"],"Force":true}`)
		time.Sleep(2500 * time.Millisecond)
		if got := s.cloud.Instances()[0]; got.State != "stopped" {
			s.Errorf("%+v", got)
		}
		if s.cloud.SetInstance("i-1", "stopped") == nil || s.cloud.SetInstance(web1, "off") == nil {
			s.Error("a wrong instance or state was accepted")
		}
	})
}

func TestDescribeInstances(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		s.must("ec2.StopInstances", ids(db1))
		for body, want := range map[string]string{
			`{}`: "4",
			`{"Filters":[{"Name":"tag:Role","Values":["web"]}]}`:                                                                      "3",
			`{"Filters":[{"Name":"tag:Role","Values":["w*","x"]},{"Name":"instance-id","Values":["*2"]}]}`:                            "1",
			`{"Filters":[{"Name":"instance-state-name","Values":["stopping","stopped"]}]}`:                                            "1",
			`{"Filters":[{"Name":"tag-key","Values":["Ro?e"]}]}`:                                                                      "4",
			`{"Filters":[{"Name":"tag:aws:autoscaling:groupName","Values":["web"]}]}`:                                                 "3",
			`{"Filters":[{"Name":"tag:Nothing","Values":["*"]}]}`:                                                                     "0",
			`{"Filters":[{"Name":"availability-zone","Values":["eu-west-1a"]},{"Name":"vpc-id","Values":["vpc-0aaaaaaaaaaaaaaa1"]}]}`: "4",
			`{"MaxResults":5}`: "4",
		} {
			s.want("ec2.DescribeInstances", body, "Reservations.#", want)
		}
		s.refused("ec2.DescribeInstances", `{"Filters":[{"Name":"colour","Values":["red"]}]}`, "InvalidParameterValue", "The filter 'colour' is invalid")
		s.refused("ec2.DescribeInstances", `{"MaxResults":1}`, "InvalidParameterValue", "between 5 and 1000")
		s.refused("ec2.DescribeInstances", `{"NextToken":"x"}`, "InvalidParameterValue", "pagination token")
		s.refused("ec2.DescribeInstances", `{"MaxResults":5,"InstanceIds":["`+web1+`"]}`, "InvalidParameterCombination", "")
		s.refused("ec2.DescribeInstances", ids("web-1"), "InvalidInstanceID.Malformed", `Invalid id: "web-1"`)
		s.refused("ec2.DescribeInstances", ids("i-0ccccccccccccccc1"), "InvalidInstanceID.NotFound", "The instance ID 'i-0ccccccccccccccc1' does not exist")
		s.refused("ec2.DescribeInstances", ids("i-0ccccccccccccccc1", web1, "i-0ccccccccccccccc2"), "InvalidInstanceID.NotFound", "The instance IDs 'i-0ccccccccccccccc1, i-0ccccccccccccccc2' do not exist")
	})
}

func TestPagesHoldEverythingOnce(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		s.must("ec2.RunInstances", `{"ImageId":"ami-0aaaaaaaaaaaaaaa1","MinCount":9,"MaxCount":9}`)
		s.want("ec2.DescribeInstances", `{}`, "Reservations.4.Instances.#", "9")
		seen := map[string]bool{}
		token, pages := "", 0
		for {
			answer := s.must("ec2.DescribeInstanceStatus", fmt.Sprintf(`{"IncludeAllInstances":true,"MaxResults":5,"NextToken":%q}`, token)).(map[string]any)
			pages++
			for _, item := range answer["InstanceStatuses"].([]any) {
				seen[fmt.Sprint(at(item, "InstanceId"))] = true
			}
			token, _ = answer["NextToken"].(string)
			if token == "" {
				break
			}
		}
		if len(seen) != 13 || pages != 3 {
			s.Errorf("%d instances on %d pages", len(seen), pages)
		}
	})
}

func TestRunInstances(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		id := s.must("ec2.RunInstances", `{"ImageId":"ami-0aaaaaaaaaaaaaaa1","MinCount":"1","MaxCount":1,"InstanceType":"t3.large","Placement":{"AvailabilityZone":"eu-west-1b"},
			"DisableApiTermination":true,"TagSpecifications":[{"ResourceType":"instance","Tags":[{"Key":"Role","Value":"new"}]},{"ResourceType":"volume","Tags":[{"Key":"Of","Value":"new"}]}]}`, "Instances.0.InstanceId").(string)
		s.want("ec2.DescribeInstances", ids(id), "Reservations.0.Instances.0.State.Name", "pending")
		time.Sleep(2500 * time.Millisecond)
		s.want("ec2.DescribeInstanceStatus", ids(id), "InstanceStatuses.0.InstanceStatus.Status", "ok")
		s.want("ec2.DescribeInstances", `{"Filters":[{"Name":"tag:Role","Values":["new"]}]}`, "Reservations.0.Instances.0.Placement.AvailabilityZone", "eu-west-1b")
		s.want("ec2.DescribeVolumes", `{"Filters":[{"Name":"tag:Of","Values":["new"]}]}`, "Volumes.0.Attachments.0.InstanceId", id)
		once := `{"ImageId":"ami-0aaaaaaaaaaaaaaa1","MinCount":1,"MaxCount":1,"ClientToken":"once"}`
		s.want("ec2.RunInstances", once, "Instances.0.InstanceId", fmt.Sprint(s.must("ec2.RunInstances", once, "Instances.0.InstanceId")))
		s.refused("ec2.TerminateInstances", ids(id), "OperationNotPermitted", "disableApiTermination")
		s.must("ec2.ModifyInstanceAttribute", `{"InstanceId":"`+id+`","DisableApiTermination":{"Value":false}}`)
		s.must("ec2.TerminateInstances", ids(id))
		for body, code := range map[string]string{
			`{"MinCount":1,"MaxCount":1}`:                                                                                                                         "MissingParameter",
			`{"ImageId":"ami-1","MinCount":1,"MaxCount":1}`:                                                                                                       "InvalidAMIID.Malformed",
			`{"ImageId":"ami-0ccccccccccccccc1","MinCount":1,"MaxCount":1}`:                                                                                       "InvalidAMIID.NotFound",
			`{"ImageId":"ami-0aaaaaaaaaaaaaaa1","MinCount":2,"MaxCount":1}`:                                                                                       "InvalidParameterValue",
			`{"ImageId":"ami-0aaaaaaaaaaaaaaa1","MinCount":1,"MaxCount":100000}`:                                                                                  "InstanceLimitExceeded",
			`{"ImageId":"ami-0aaaaaaaaaaaaaaa1","MinCount":1,"MaxCount":9223372036854775807}`:                                                                     "InstanceLimitExceeded",
			`{"ImageId":"ami-0aaaaaaaaaaaaaaa1","MinCount":1,"MaxCount":1,"InstanceType":"large please"}`:                                                         "InvalidParameterValue",
			`{"ImageId":"ami-0aaaaaaaaaaaaaaa1","MinCount":1,"MaxCount":1,"TagSpecifications":[{"ResourceType":"instance","Tags":[{"Key":"aws:x","Value":""}]}]}`: "InvalidParameterValue",
		} {
			s.refused("ec2.RunInstances", body, code, "")
		}
	})
}

func TestRoomForInstances(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		for range 20 {
			var made []string
			for _, id := range s.must("ec2.RunInstances", `{"ImageId":"ami-0aaaaaaaaaaaaaaa1","MinCount":100,"MaxCount":100}`, "Instances.*.InstanceId").([]any) {
				made = append(made, fmt.Sprint(id))
			}
			s.must("ec2.TerminateInstances", ids(made...))
			time.Sleep(time.Minute)
		}
		if n := len(s.cloud.Instances()); n > maxThings {
			s.Errorf("%d instances", n)
		}
		if n := len(s.cloud.volumes.order); n != 4 {
			s.Errorf("%d volumes", n)
		}
	})
}

func TestInstanceAttributes(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		s.refused("ec2.ModifyInstanceAttribute", `{"InstanceId":"`+web1+`","InstanceType":{"Value":"t3.large"}}`, "IncorrectInstanceState", "is not in the 'stopped' state.")
		s.must("ec2.StopInstances", ids(web1))
		time.Sleep(3 * time.Second)
		s.must("ec2.ModifyInstanceAttribute", `{"InstanceId":"`+web1+`","InstanceType":{"Value":"t3.large"}}`)
		s.want("ec2.DescribeInstanceAttribute", `{"InstanceId":"`+web1+`","Attribute":"instanceType"}`, "InstanceType.Value", "t3.large")
		s.must("ec2.ModifyInstanceAttribute", `{"InstanceId":"`+web1+`","Attribute":"disableApiStop","Value":"true"}`)
		s.must("ec2.ModifyInstanceAttribute", `{"InstanceId":"`+web1+`","UserData":{"Value":"echo"}}`)
		s.want("ec2.DescribeInstanceAttribute", `{"InstanceId":"`+web1+`","Attribute":"userData"}`, "UserData.Value", "ZWNobw==")
		s.must("ec2.ModifyInstanceAttribute", `{"InstanceId":"`+web1+`","BlockDeviceMappings":[{"DeviceName":"/dev/xvda","Ebs":{"DeleteOnTermination":"false"}}]}`)
		s.want("ec2.DescribeInstanceAttribute", `{"InstanceId":"`+web1+`","Attribute":"blockDeviceMapping"}`, "BlockDeviceMappings.0.Ebs.DeleteOnTermination", "false")
		for _, name := range []string{"instanceType", "disableApiTermination", "groupSet", "sourceDestCheck", "kernel", "ramdisk", "enclaveOptions", "productCodes", "rootDeviceName"} {
			s.must("ec2.DescribeInstanceAttribute", `{"InstanceId":"`+web1+`","Attribute":"`+name+`"}`)
		}
		s.must("ec2.StartInstances", ids(web1))
		time.Sleep(3 * time.Second)
		s.refused("ec2.StopInstances", ids(web1), "OperationNotPermitted", "disableApiStop")
		s.refused("ec2.DescribeInstanceAttribute", `{"InstanceId":"`+web1+`","Attribute":"colour"}`, "InvalidParameterValue", "colour")
		s.refused("ec2.ModifyInstanceAttribute", `{"InstanceId":"`+web1+`","Attribute":"colour","Value":"red"}`, "InvalidParameterValue", "Colour")
		s.refused("ec2.ModifyInstanceAttribute", `{"InstanceId":"`+web1+`","BlockDeviceMappings":[{"DeviceName":"/dev/sdz","Ebs":{"DeleteOnTermination":true}}]}`, "InvalidInstanceAttributeValue", "/dev/sdz")
	})
}

func TestTags(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		all := `"Resources":["` + web1 + `","ami-0aaaaaaaaaaaaaaa1","snap-0aaaaaaaaaaaaaaa1","vol-0aaaaaaaaaaaaaaa1"]`
		s.must("ec2.CreateTags", `{`+all+`,"Tags":[{"Key":"Patch","Value":"now"}]}`)
		s.want("ec2.DescribeTags", `{"Filters":[{"Name":"key","Values":["Patch"]}]}`, "Tags.*.ResourceType", "[instance image snapshot volume]")
		s.must("ec2.DeleteTags", `{`+all+`,"Tags":[{"Key":"Patch","Value":"later"},{"Key":"Role"}]}`)
		s.want("ec2.DescribeTags", `{"Filters":[{"Name":"resource-id","Values":["`+web1+`"]}]}`, "Tags.*.Key", "[Patch aws:autoscaling:groupName]")
		s.must("ec2.DeleteTags", `{`+all+`}`)
		s.want("ec2.DescribeTags", `{"Filters":[{"Name":"key","Values":["Patch"]}]}`, "Tags.#", "0")
		var many []string
		for i := range maxTags {
			many = append(many, fmt.Sprintf(`{"Key":"k%d","Value":""}`, i))
		}
		s.must("ec2.CreateTags", `{"Resources":["`+web2+`"],"Tags":[`+strings.Join(many[1:], ",")+`]}`)
		s.refused("ec2.CreateTags", `{"Resources":["`+web1+`","`+web2+`"],"Tags":[`+many[0]+`]}`, "TagLimitExceeded", "")
		s.want("ec2.DescribeTags", `{"Filters":[{"Name":"key","Values":["k0"]}]}`, "Tags.#", "0")
		for id, code := range map[string]string{"i-0ccccccccccccccc1": "InvalidInstanceID.NotFound", "ami-0ccccccccccccccc1": "InvalidAMIID.NotFound",
			"snap-0ccccccccccccccc1": "InvalidSnapshot.NotFound", "vol-0ccccccccccccccc1": "InvalidVolume.NotFound", "eni-1": "InvalidID", "": "InvalidID"} {
			s.refused("ec2.CreateTags", `{"Resources":["`+id+`"],"Tags":[{"Key":"a","Value":"b"}]}`, code, "")
		}
	})
}
