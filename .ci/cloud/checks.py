"""Checks of .ci/clients-cloud: python3 .ci/cloud/checks.py ENDPOINT

boto3 calls every operation of the local AWS that is on the wire, and its own waiters wait for what it started. What
boto3 cannot read, or what differs from what it should say, ends the checks with a traceback.
"""

import concurrent.futures
import datetime
import pathlib
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

WEB, DB = "i-0aaaaaaaaaaaaaaa1", "i-0bbbbbbbbbbbbbbb1"
TEMPLATE = '{"Parameters":{"A":{"Type":"String"}},"Resources":{"T":{"Type":"AWS::SNS::Topic"}},"Outputs":{"B":{"Value":{"Ref":"A"}}}}'
called = set()


def client(service, endpoint):
    made = boto3.client(service, endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id="local",
                        aws_secret_access_key="local", config=Config(retries={"total_max_attempts": 1}))
    made.meta.events.register("before-call.*.*", lambda model, **_: called.add(f"{service}.{model.name}"))
    return made


def wait(made, name, **params):
    made.get_waiter(name).wait(WaiterConfig={"Delay": 1, "MaxAttempts": 20}, **params)


def until(reached):
    for _ in range(100):
        if reached():
            return
        time.sleep(0.2)
    raise AssertionError("it took longer than 20 seconds")


def refused(code, call, **params):
    try:
        call(**params)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        assert e.response["ResponseMetadata"]["RequestId"], e.response
        return
    raise AssertionError(f"{params} was not refused with {code}")


def instances(ec2):
    ec2.stop_instances(InstanceIds=[WEB])
    wait(ec2, "instance_stopped", InstanceIds=[WEB])
    ec2.modify_instance_attribute(InstanceId=WEB, InstanceType={"Value": "t3.large"})
    assert ec2.describe_instance_attribute(InstanceId=WEB, Attribute="instanceType")["InstanceType"]["Value"] == "t3.large"
    ec2.modify_instance_attribute(InstanceId=WEB, UserData={"Value": b"echo"})
    ec2.start_instances(InstanceIds=[WEB])
    wait(ec2, "instance_running", InstanceIds=[WEB])
    wait(ec2, "instance_status_ok", InstanceIds=[WEB])
    wait(ec2, "system_status_ok", InstanceIds=[WEB])
    ec2.reboot_instances(InstanceIds=[WEB])
    made = ec2.run_instances(ImageId="ami-0aaaaaaaaaaaaaaa1", MinCount=6, MaxCount=6, TagSpecifications=[
        {"ResourceType": "instance", "Tags": [{"Key": "Role", "Value": "new"}]}])["Instances"]
    ids = [i["InstanceId"] for i in made]
    wait(ec2, "instance_exists", InstanceIds=ids)
    pages = ec2.get_paginator("describe_instance_status").paginate(IncludeAllInstances=True, PaginationConfig={"PageSize": 5})
    assert len([s for page in pages for s in page["InstanceStatuses"]]) == 10
    found = ec2.describe_instances(Filters=[{"Name": "tag:Role", "Values": ["new"]}])["Reservations"][0]["Instances"]
    assert isinstance(found[0]["LaunchTime"], datetime.datetime) and found[0]["Tags"] == [{"Key": "Role", "Value": "new"}]
    ec2.terminate_instances(InstanceIds=ids)
    wait(ec2, "instance_terminated", InstanceIds=ids)
    ec2.create_tags(Resources=[WEB], Tags=[{"Key": "a", "Value": ""}])
    assert ec2.describe_tags(Filters=[{"Name": "key", "Values": ["a"]}])["Tags"][0]["ResourceId"] == WEB
    ec2.delete_tags(Resources=[WEB], Tags=[{"Key": "a"}])
    refused("InvalidInstanceID.NotFound", ec2.stop_instances, InstanceIds=["i-0ccccccccccccccc1"])
    refused("InvalidInstanceID.Malformed", ec2.stop_instances, InstanceIds=["web"])
    refused("DryRunOperation", ec2.stop_instances, InstanceIds=[WEB], DryRun=True)
    refused("InvalidParameterValue", ec2.describe_instances, Filters=[{"Name": "colour", "Values": ["red"]}])


def storage(ec2):
    image = ec2.create_image(InstanceId=DB, Name="db before", NoReboot=True)["ImageId"]
    wait(ec2, "image_available", ImageIds=[image])
    copy = ec2.copy_image(SourceImageId=image, SourceRegion="eu-west-1", Name="db copy")["ImageId"]
    wait(ec2, "image_exists", ImageIds=[copy])
    assert ec2.describe_images(ImageIds=[copy])["Images"][0]["SourceImageId"] == image
    ec2.deregister_image(ImageId=image)
    root = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [DB]}])["Volumes"][0]["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=root)["SnapshotId"]
    wait(ec2, "snapshot_completed", SnapshotIds=[snapshot])
    again = ec2.copy_snapshot(SourceSnapshotId=snapshot, SourceRegion="eu-west-1", Encrypted=True)["SnapshotId"]
    wait(ec2, "snapshot_completed", SnapshotIds=[again])
    assert ec2.describe_snapshots(SnapshotIds=[again])["Snapshots"][0]["Encrypted"] is True
    volume = ec2.create_volume(SnapshotId=again, AvailabilityZone="eu-west-1a")["VolumeId"]
    wait(ec2, "volume_available", VolumeIds=[volume])
    ec2.attach_volume(VolumeId=volume, InstanceId=DB, Device="/dev/sdf")
    wait(ec2, "volume_in_use", VolumeIds=[volume])
    ec2.detach_volume(VolumeId=volume)
    wait(ec2, "volume_available", VolumeIds=[volume])
    ec2.delete_volume(VolumeId=volume)
    wait(ec2, "volume_deleted", VolumeIds=[volume])
    ec2.delete_snapshot(SnapshotId=again)
    assert len(ec2.describe_availability_zones()["AvailabilityZones"]) == 3
    assert ec2.describe_regions(RegionNames=["eu-west-1"])["Regions"][0]["RegionName"] == "eu-west-1"
    assert ec2.describe_vpcs()["Vpcs"] and ec2.describe_subnets()["Subnets"] and ec2.describe_security_groups()["SecurityGroups"]


def databases(rds):
    rds.reboot_db_instance(DBInstanceIdentifier="orders-db", ForceFailover=True)
    wait(rds, "db_instance_available", DBInstanceIdentifier="orders-db")
    rds.stop_db_instance(DBInstanceIdentifier="orders-db", DBSnapshotIdentifier="before-stop")
    wait(rds, "db_snapshot_available", DBSnapshotIdentifier="before-stop")
    rds.create_db_snapshot(DBInstanceIdentifier="orders-db", DBSnapshotIdentifier="stopped")
    assert len(rds.describe_db_snapshots()["DBSnapshots"]) == 2
    until(lambda: rds.describe_db_instances(DBInstanceIdentifier="orders-db")["DBInstances"][0]["DBInstanceStatus"] == "stopped")
    rds.start_db_instance(DBInstanceIdentifier="orders-db")
    wait(rds, "db_instance_available", DBInstanceIdentifier="orders-db")
    rds.modify_db_instance(DBInstanceIdentifier="orders-db", MultiAZ=False, ApplyImmediately=True)
    wait(rds, "db_instance_available", DBInstanceIdentifier="orders-db")
    rds.failover_db_cluster(DBClusterIdentifier="shop-cluster")
    wait(rds, "db_cluster_available", DBClusterIdentifier="shop-cluster")
    members = rds.describe_db_clusters()["DBClusters"][0]["DBClusterMembers"]
    assert [m["IsClusterWriter"] for m in members] == [False, True], members
    rds.create_db_cluster_snapshot(DBClusterIdentifier="shop-cluster", DBClusterSnapshotIdentifier="safe")
    wait(rds, "db_cluster_snapshot_available", DBClusterSnapshotIdentifier="safe")
    rds.describe_db_cluster_snapshots()
    rds.stop_db_cluster(DBClusterIdentifier="shop-cluster")
    refused("InvalidDBClusterStateFault", rds.start_db_cluster, DBClusterIdentifier="shop-cluster")
    refused("DBInstanceNotFound", rds.reboot_db_instance, DBInstanceIdentifier="nope")
    refused("DBClusterNotFoundFault", rds.failover_db_cluster, DBClusterIdentifier="nope")


def groups(autoscaling, elb):
    arn = elb.describe_target_groups(Names=["web"])["TargetGroups"][0]["TargetGroupArn"]
    assert elb.describe_load_balancers()["LoadBalancers"][0]["Type"] == "application"
    wait(elb, "target_in_service", TargetGroupArn=arn, Targets=[{"Id": "i-0aaaaaaaaaaaaaaa2"}])
    elb.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": WEB}])
    wait(elb, "target_deregistered", TargetGroupArn=arn, Targets=[{"Id": WEB}])
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": WEB}])
    wait(elb, "target_in_service", TargetGroupArn=arn, Targets=[{"Id": WEB}])
    assert elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    refused("TargetGroupNotFound", elb.describe_target_groups, Names=["nope"])
    web = {"AutoScalingGroupName": "web"}
    autoscaling.update_auto_scaling_group(**web, MaxSize=8)
    autoscaling.set_desired_capacity(**web, DesiredCapacity=4)
    in_service(autoscaling, 4)
    autoscaling.enter_standby(**web, InstanceIds=[WEB], ShouldDecrementDesiredCapacity=True)
    in_service(autoscaling, 3)
    until(lambda: state(autoscaling, WEB) == "Standby")
    autoscaling.exit_standby(**web, InstanceIds=[WEB])
    in_service(autoscaling, 4)
    autoscaling.attach_instances(**web, InstanceIds=[DB])
    in_service(autoscaling, 5)
    autoscaling.detach_instances(**web, InstanceIds=[DB], ShouldDecrementDesiredCapacity=True)
    autoscaling.terminate_instance_in_auto_scaling_group(InstanceId=WEB, ShouldDecrementDesiredCapacity=True)
    autoscaling.suspend_processes(**web, ScalingProcesses=["AZRebalance"])
    autoscaling.resume_processes(**web, ScalingProcesses=["AZRebalance"])
    autoscaling.set_instance_health(InstanceId="i-0aaaaaaaaaaaaaaa2", HealthStatus="Healthy")
    one = autoscaling.start_instance_refresh(**web)["InstanceRefreshId"]
    assert autoscaling.describe_instance_refreshes(**web)["InstanceRefreshes"][0]["InstanceRefreshId"] == one
    autoscaling.cancel_instance_refresh(**web)
    assert isinstance(autoscaling.describe_scaling_activities(**web)["Activities"][0]["StartTime"], datetime.datetime)
    refused("ValidationError", autoscaling.set_desired_capacity, **web, DesiredCapacity=99)


def state(autoscaling, instance):
    return autoscaling.describe_auto_scaling_instances(InstanceIds=[instance])["AutoScalingInstances"][0]["LifecycleState"]


def in_service(autoscaling, number):
    def reached():
        members = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"][0]["Instances"]
        return len([m for m in members if m["LifecycleState"] == "InService"]) == number
    until(reached)


def containers(ecs):
    assert ecs.list_clusters()["clusterArns"] and ecs.list_services(cluster="default")["serviceArns"]
    assert ecs.describe_clusters(clusters=["default"])["clusters"][0]["runningTasksCount"] == 2
    ecs.update_service(cluster="default", service="shop", desiredCount=3, forceNewDeployment=True)
    wait(ecs, "services_stable", cluster="default", services=["shop"])
    task = ecs.list_tasks(cluster="default", serviceName="shop")["taskArns"][0]
    ecs.stop_task(cluster="default", task=task, reason="a check")
    wait(ecs, "tasks_stopped", cluster="default", tasks=[task])
    assert isinstance(ecs.describe_tasks(cluster="default", tasks=[task])["tasks"][0]["stoppedAt"], datetime.datetime)
    refused("ClusterNotFoundException", ecs.describe_services, cluster="nope", services=["shop"])


def alarms(cloudwatch):
    cloudwatch.put_metric_alarm(AlarmName="mine", MetricName="M", Namespace="N", Threshold=1.5, Period=60, EvaluationPeriods=1,
                                Statistic="Sum", ComparisonOperator="LessThanThreshold")
    wait(cloudwatch, "alarm_exists", AlarmNames=["mine"])
    cloudwatch.set_alarm_state(AlarmName="mine", StateValue="ALARM", StateReason="a drill")
    mine = cloudwatch.describe_alarms(AlarmNames=["mine"])["MetricAlarms"][0]
    assert mine["StateValue"] == "ALARM" and isinstance(mine["StateUpdatedTimestamp"], datetime.datetime), mine
    assert cloudwatch.describe_alarm_history(AlarmName="mine")["AlarmHistoryItems"]
    cloudwatch.disable_alarm_actions(AlarmNames=["mine"])
    cloudwatch.enable_alarm_actions(AlarmNames=["mine"])
    cloudwatch.delete_alarms(AlarmNames=["mine"])
    now = datetime.datetime.now(datetime.timezone.utc)
    # 200 of them are enough that botocore compresses the request.
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "M", "Value": 1, "Timestamp": now}] * 200)
    points = cloudwatch.get_metric_statistics(Namespace="N", MetricName="M", StartTime=now - datetime.timedelta(hours=1),
                                              EndTime=now + datetime.timedelta(minutes=1), Period=3600, Statistics=["Sum"])
    assert sum(p["Sum"] for p in points["Datapoints"]) == 200, points
    refused("ResourceNotFound", cloudwatch.set_alarm_state, AlarmName="mine", StateValue="OK", StateReason="")


def stacks(cloudformation):
    cloudformation.create_stack(StackName="one", TemplateBody=TEMPLATE, Parameters=[{"ParameterKey": "A", "ParameterValue": "b"}])
    wait(cloudformation, "stack_create_complete", StackName="one")
    assert cloudformation.describe_stacks(StackName="one")["Stacks"][0]["Outputs"][0]["OutputValue"] == "b"
    cloudformation.update_stack(StackName="one", UsePreviousTemplate=True, Parameters=[{"ParameterKey": "A", "ParameterValue": "c"}])
    wait(cloudformation, "stack_update_complete", StackName="one")
    assert len(cloudformation.describe_stack_events(StackName="one")["StackEvents"]) == 4
    assert cloudformation.get_template(StackName="one")["TemplateBody"]
    cloudformation.delete_stack(StackName="one")
    wait(cloudformation, "stack_delete_complete", StackName="one")
    assert cloudformation.list_stacks()["StackSummaries"][0]["StackStatus"] == "DELETE_COMPLETE"
    refused("ValidationError", cloudformation.describe_stacks, StackName="one")


def queues(sqs):
    url = sqs.create_queue(QueueName="mine")["QueueUrl"]
    assert url in sqs.list_queues()["QueueUrls"] and sqs.get_queue_url(QueueName="mine")["QueueUrl"] == url
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "key"})
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])["Attributes"] == {"KmsMasterKeyId": "key"}
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"
    refused("AWS.SimpleQueueService.NonExistentQueue", sqs.get_queue_url, QueueName="nope")


def covered():
    """The operations of the services that are on the wire."""
    for file in (pathlib.Path(__file__).parents[2] / "local/ssmserver/cloud/models").glob("*.txt"):
        if file.stem not in ("eks", "s3"):
            yield from (f"{file.stem}.{line.split()[1]}" for line in file.read_text().splitlines() if line.startswith("op "))


def main(endpoint):
    if tuple(int(part) for part in boto3.__version__.split(".")[:2]) < (1, 40):
        print(f"boto3 {boto3.__version__} lacks fields and the protocol of SQS that are checked here: not checked")
        return
    assert client("sts", endpoint).get_caller_identity()["Account"] == "123456789012"
    ec2 = client("ec2", endpoint)
    autoscaling, elb = client("autoscaling", endpoint), client("elbv2", endpoint)
    others = {databases: "rds", containers: "ecs", alarms: "cloudwatch", stacks: "cloudformation", queues: "sqs", storage: "ec2"}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = [pool.submit(check, client(service, endpoint)) for check, service in others.items()]
        running.append(pool.submit(lambda: (instances(ec2), groups(autoscaling, elb))))
        for check in concurrent.futures.as_completed(running):
            check.result()
    missing = sorted(set(covered()) - called)
    assert not missing, f"not called: {missing}"
    print(f"boto3 {boto3.__version__}: {len(called)} operations: passed")


main(sys.argv[1])
