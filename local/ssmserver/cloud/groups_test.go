package cloud

import (
	"fmt"
	"testing"
	"time"
)

const webTargets = `"TargetGroupArn":"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0aaaaaaaaaaaaaa1"`

// members are the states of the group's instances in their order.
func (s *sky) members(want string) {
	s.Helper()
	s.want("autoscaling.DescribeAutoScalingGroups", `{"AutoScalingGroupNames":["web"]}`, "AutoScalingGroups.0.Instances.*.LifecycleState", want)
}

func (s *sky) wanted(want string) {
	s.Helper()
	s.want("autoscaling.DescribeAutoScalingGroups", `{}`, "AutoScalingGroups.0.DesiredCapacity", want)
}

func (s *sky) health(want string) {
	s.Helper()
	s.want("elbv2.DescribeTargetHealth", `{`+webTargets+`}`, "TargetHealthDescriptions.*.TargetHealth.State", want)
}

func TestStandby(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		s.members("[InService InService InService]")
		s.health("[healthy healthy healthy]")
		standby := `{"AutoScalingGroupName":"web","InstanceIds":["` + web1 + `"],"ShouldDecrementDesiredCapacity":true}`
		s.want("autoscaling.EnterStandby", standby, "Activities.0.StatusCode", "InProgress")
		s.members("[EnteringStandby InService InService]")
		s.health("[draining healthy healthy]")
		s.refused("autoscaling.EnterStandby", standby, "ValidationError", "The instance "+web1+" is not in InService.")
		time.Sleep(2 * time.Second)
		s.members("[Standby InService InService]")
		s.health("[healthy healthy]")
		s.wanted("2")
		s.want("autoscaling.DescribeScalingActivities", `{"AutoScalingGroupName":"web"}`, "Activities.0.StatusCode", "Successful")
		s.want("autoscaling.DescribeAutoScalingInstances", `{"InstanceIds":["`+web1+`"]}`, "AutoScalingInstances.0.LifecycleState", "Standby")
		s.must("autoscaling.ExitStandby", `{"AutoScalingGroupName":"web","InstanceIds":["`+web1+`"]}`)
		s.members("[Pending InService InService]")
		time.Sleep(2 * time.Second)
		s.members("[InService InService InService]")
		s.health("[healthy healthy initial]")
		time.Sleep(500 * time.Millisecond)
		s.health("[healthy healthy healthy]")
		s.wanted("3")
		s.must("autoscaling.UpdateAutoScalingGroup", `{"AutoScalingGroupName":"web","MinSize":3}`)
		s.refused("autoscaling.EnterStandby", standby, "ValidationError", "AutoScalingGroup web has min-size=3, max-size=6, and desired-size=3. To place into standby 1 instance(s)")
		s.refused("autoscaling.EnterStandby", `{"AutoScalingGroupName":"web","InstanceIds":["`+db1+`"],"ShouldDecrementDesiredCapacity":true}`, "ValidationError", "is not part of Auto Scaling group web")
		s.refused("autoscaling.EnterStandby", `{"AutoScalingGroupName":"api","ShouldDecrementDesiredCapacity":true}`, "ValidationError", "AutoScalingGroup 'api' not found")
		s.must("autoscaling.EnterStandby", `{"AutoScalingGroupName":"web","InstanceIds":["`+web1+`"],"ShouldDecrementDesiredCapacity":false}`)
		s.members("[EnteringStandby InService InService Pending]")
		time.Sleep(3 * time.Second)
		s.members("[Standby InService InService InService]")
		s.health("[healthy healthy healthy]")
	})
}

func TestCapacity(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		s.must("autoscaling.SetDesiredCapacity", `{"AutoScalingGroupName":"web","DesiredCapacity":5}`)
		s.members("[InService InService InService Pending Pending]")
		time.Sleep(3 * time.Second)
		s.members("[InService InService InService InService InService]")
		s.want("ec2.DescribeInstances", `{"Filters":[{"Name":"tag:Role","Values":["web"]},{"Name":"instance-state-name","Values":["running"]}]}`, "Reservations.#", "5")
		s.health("[healthy healthy healthy healthy healthy]")
		s.must("autoscaling.SetDesiredCapacity", `{"AutoScalingGroupName":"web","DesiredCapacity":1}`)
		time.Sleep(3 * time.Second)
		s.want("autoscaling.DescribeAutoScalingGroups", `{}`, "AutoScalingGroups.0.Instances.*.InstanceId", "["+web1+"]")
		s.health("[healthy]")
		s.refused("autoscaling.SetDesiredCapacity", `{"AutoScalingGroupName":"web","DesiredCapacity":7}`, "ValidationError", "New SetDesiredCapacity value 7 is above max value 6 for the AutoScalingGroup.")
		s.refused("autoscaling.SetDesiredCapacity", `{"AutoScalingGroupName":"web","DesiredCapacity":0}`, "ValidationError", "is below min value 1")
		s.refused("autoscaling.UpdateAutoScalingGroup", `{"AutoScalingGroupName":"web","MinSize":9}`, "ValidationError", "Max bound, 6, must be greater than or equal to min bound, 9")
		s.refused("autoscaling.UpdateAutoScalingGroup", `{"AutoScalingGroupName":"web","DesiredCapacity":9}`, "ValidationError", "Desired capacity:9 must be between")
		s.refused("autoscaling.UpdateAutoScalingGroup", `{"AutoScalingGroupName":"web","MaxSize":100000}`, "ValidationError", "Sizes must be between")
		s.refused("autoscaling.UpdateAutoScalingGroup", `{"AutoScalingGroupName":"web","PlacementGroup":"p"}`, "ValidationError", "does not update PlacementGroup")
		s.must("autoscaling.SuspendProcesses", `{"AutoScalingGroupName":"web","ScalingProcesses":["Launch"]}`)
		s.must("autoscaling.UpdateAutoScalingGroup", `{"AutoScalingGroupName":"web","MinSize":2,"MaxSize":8,"HealthCheckGracePeriod":9}`)
		s.wanted("2")
		s.members("[InService]")
		s.must("autoscaling.ResumeProcesses", `{"AutoScalingGroupName":"web","ScalingProcesses":["Launch"]}`)
		s.members("[InService Pending]")
		s.refused("autoscaling.SuspendProcesses", `{"AutoScalingGroupName":"web","ScalingProcesses":["Sleep"]}`, "ValidationError", "Sleep")
	})
}

func TestTheGroupReplaces(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		s.must("ec2.StopInstances", ids(web1))
		time.Sleep(time.Minute)
		s.members("[InService InService InService]")
		s.want("autoscaling.DescribeAutoScalingInstances", `{}`, "AutoScalingInstances.*.HealthStatus", "[HEALTHY HEALTHY HEALTHY]")
		s.must("autoscaling.ResumeProcesses", `{"AutoScalingGroupName":"web"}`)
		s.want("autoscaling.DescribeAutoScalingGroups", `{}`, "AutoScalingGroups.0.SuspendedProcesses.#", "0")
		time.Sleep(2500 * time.Millisecond)
		s.members("[Terminating InService InService Pending]")
		time.Sleep(3 * time.Second)
		s.members("[InService InService InService]")
		s.want("ec2.DescribeInstances", ids(web1), "Reservations.0.Instances.0.State.Name", "terminated")
		s.must("autoscaling.SetInstanceHealth", `{"InstanceId":"`+web2+`","HealthStatus":"Unhealthy"}`)
		s.members("[Terminating InService InService Pending]")
		s.refused("autoscaling.SetInstanceHealth", `{"InstanceId":"`+web2+`","HealthStatus":"Ill"}`, "ValidationError", "Ill")
		s.refused("autoscaling.SetInstanceHealth", `{"InstanceId":"`+db1+`","HealthStatus":"Healthy"}`, "ValidationError", "No managed instance found for instance ID: "+db1)
		time.Sleep(5 * time.Second)
		one := fmt.Sprint(s.must("autoscaling.DescribeAutoScalingInstances", `{}`, "AutoScalingInstances.0.InstanceId"))
		s.want("autoscaling.TerminateInstanceInAutoScalingGroup", `{"InstanceId":"`+one+`","ShouldDecrementDesiredCapacity":true}`, "Activity.StatusCode", "InProgress")
		time.Sleep(5 * time.Second)
		s.members("[InService InService]")
		s.must("autoscaling.UpdateAutoScalingGroup", `{"AutoScalingGroupName":"web","MinSize":2}`)
		one = fmt.Sprint(s.must("autoscaling.DescribeAutoScalingInstances", `{}`, "AutoScalingInstances.0.InstanceId"))
		s.refused("autoscaling.TerminateInstanceInAutoScalingGroup", `{"InstanceId":"`+one+`","ShouldDecrementDesiredCapacity":true}`, "ValidationError", "Currently, desiredSize equals minSize (2)")
	})
}

func TestInstanceRefresh(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		id := s.must("autoscaling.StartInstanceRefresh", `{"AutoScalingGroupName":"web","Preferences":{"MinHealthyPercentage":50}}`, "InstanceRefreshId").(string)
		s.refused("autoscaling.StartInstanceRefresh", `{"AutoScalingGroupName":"web"}`, "InstanceRefreshInProgress", "")
		describe := `{"AutoScalingGroupName":"web","InstanceRefreshIds":["` + id + `"]}`
		s.want("autoscaling.DescribeInstanceRefreshes", describe, "InstanceRefreshes.0.Status", "Pending")
		time.Sleep(5 * time.Second)
		s.want("autoscaling.DescribeInstanceRefreshes", describe, "InstanceRefreshes.0.Status", "InProgress")
		s.want("autoscaling.DescribeInstanceRefreshes", describe, "InstanceRefreshes.0.PercentageComplete", "33")
		time.Sleep(time.Minute)
		s.want("autoscaling.DescribeInstanceRefreshes", describe, "InstanceRefreshes.0.Status", "Successful")
		s.members("[InService InService InService]")
		s.want("ec2.DescribeInstances", ids(web1, web2), "Reservations.*.Instances.0.State.Name", "[terminated terminated]")
		s.refused("autoscaling.CancelInstanceRefresh", `{"AutoScalingGroupName":"web"}`, "ActiveInstanceRefreshNotFound", "")
		s.must("autoscaling.StartInstanceRefresh", `{"AutoScalingGroupName":"web"}`)
		time.Sleep(3 * time.Second)
		s.must("autoscaling.CancelInstanceRefresh", `{"AutoScalingGroupName":"web"}`)
		time.Sleep(time.Minute)
		s.want("autoscaling.DescribeInstanceRefreshes", `{"AutoScalingGroupName":"web"}`, "InstanceRefreshes.*.Status", "[Cancelled Successful]")
		s.members("[InService InService InService]")
	})
}

func TestAttachAndDetach(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		s.must("autoscaling.AttachInstances", `{"AutoScalingGroupName":"web","InstanceIds":["`+db1+`"]}`)
		time.Sleep(2 * time.Second)
		s.members("[InService InService InService InService]")
		s.wanted("4")
		s.refused("autoscaling.AttachInstances", `{"AutoScalingGroupName":"web","InstanceIds":["`+db1+`"]}`, "ValidationError", "already part of AutoScalingGroup:web")
		s.refused("autoscaling.AttachInstances", `{"AutoScalingGroupName":"web","InstanceIds":["i-0ccccccccccccccc1"]}`, "ValidationError", "Invalid Instance ID(s)")
		s.must("autoscaling.DetachInstances", `{"AutoScalingGroupName":"web","InstanceIds":["`+db1+`"],"ShouldDecrementDesiredCapacity":true}`)
		time.Sleep(2 * time.Second)
		s.members("[InService InService InService]")
		s.want("ec2.DescribeInstances", `{"Filters":[{"Name":"tag:aws:autoscaling:groupName","Values":["web"]}]}`, "Reservations.#", "3")
	})
}

func TestTargets(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		one := `{` + webTargets + `,"Targets":[{"Id":"` + web1 + `"}]}`
		s.must("elbv2.DeregisterTargets", one)
		s.health("[draining healthy healthy]")
		time.Sleep(2 * time.Second)
		s.want("elbv2.DescribeTargetHealth", one, "TargetHealthDescriptions.0.TargetHealth.Reason", "Target.NotRegistered")
		s.must("elbv2.RegisterTargets", one)
		s.health("[healthy healthy initial]")
		time.Sleep(500 * time.Millisecond)
		s.health("[healthy healthy healthy]")
		s.must("ec2.StopInstances", ids(web1))
		s.health("[healthy healthy unused]")
		time.Sleep(3 * time.Second)
		s.must("ec2.StartInstances", ids(web1))
		time.Sleep(2 * time.Second)
		s.health("[healthy healthy unhealthy]")
		s.want("elbv2.DescribeTargetGroups", `{"Names":["web"]}`, "TargetGroups.0.Port", "80")
		s.want("elbv2.DescribeLoadBalancers", `{"Names":["web"]}`, "LoadBalancers.0.State.Code", "active")
		s.refused("elbv2.DescribeTargetGroups", `{"Names":["api"]}`, "TargetGroupNotFound", "")
		s.refused("elbv2.DescribeLoadBalancers", `{"Names":["api"]}`, "LoadBalancerNotFound", "")
		s.refused("elbv2.DescribeTargetHealth", `{"TargetGroupArn":"web"}`, "ValidationError", "'web' is not a valid target group ARN")
		s.refused("elbv2.DescribeTargetHealth", `{"TargetGroupArn":"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/api/1"}`, "TargetGroupNotFound", "")
		s.refused("elbv2.RegisterTargets", `{`+webTargets+`,"Targets":[{"Id":"i-0ccccccccccccccc1"}]}`, "InvalidTarget", "i-0ccccccccccccccc1")
	})
}
