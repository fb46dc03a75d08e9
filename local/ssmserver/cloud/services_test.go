package cloud

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestContainerService(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		describe := `{"cluster":"default","services":["shop"]}`
		look := func(path, want string) {
			s.Helper()
			s.want("ecs.DescribeServices", describe, "services.0."+path, want)
		}
		look("runningCount", "2")
		s.must("ecs.UpdateService", `{"cluster":"default","service":"shop","desiredCount":4}`)
		look("pendingCount", "2")
		look("deployments.0.rolloutState", "IN_PROGRESS")
		time.Sleep(2 * time.Second)
		look("runningCount", "4")
		look("events.0.message", "(service shop) has reached a steady state.")
		s.must("ecs.UpdateService", `{"cluster":"default","service":"shop","forceNewDeployment":true}`)
		look("deployments.*.status", "[PRIMARY ACTIVE]")
		time.Sleep(2 * time.Second)
		look("deployments.*.status", "[PRIMARY ACTIVE]")
		time.Sleep(2 * time.Second)
		look("deployments.*.rolloutState", "[COMPLETED]")
		look("runningCount", "4")
		task := fmt.Sprint(s.must("ecs.ListTasks", `{"cluster":"default","serviceName":"shop"}`, "taskArns.0"))
		s.want("ecs.StopTask", `{"cluster":"default","task":"`+task+`","reason":"it leaks"}`, "task.desiredStatus", "STOPPED")
		time.Sleep(2 * time.Second)
		s.want("ecs.DescribeTasks", `{"cluster":"default","tasks":["`+task+`"]}`, "tasks.0.stoppedReason", "it leaks")
		look("runningCount", "4")
		s.want("ecs.ListTasks", `{"desiredStatus":"STOPPED","maxResults":2}`, "taskArns.#", "2")
		s.must("ecs.UpdateService", `{"cluster":"default","service":"shop","desiredCount":1,"taskDefinition":"shop:2"}`)
		time.Sleep(5 * time.Second)
		look("taskDefinition", "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:2")
		look("runningCount", "1")
		time.Sleep(2 * time.Hour)
		s.want("ecs.ListTasks", `{"desiredStatus":"STOPPED"}`, "taskArns.#", "0")
		s.must("ecs.UpdateService", `{"service":"shop","desiredCount":0}`)
		time.Sleep(2 * time.Second)
		look("deployments.0.rolloutState", "COMPLETED")
	})
}

func TestContainersRefuse(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		s.want("ecs.ListClusters", `{}`, "clusterArns", "[arn:aws:ecs:eu-west-1:123456789012:cluster/default]")
		s.want("ecs.ListServices", `{"cluster":"default"}`, "serviceArns.#", "1")
		s.want("ecs.DescribeClusters", `{"clusters":["default","x"]}`, "failures.0.reason", "MISSING")
		s.want("ecs.DescribeServices", `{"cluster":"default","services":["x"]}`, "failures.0.arn", "arn:aws:ecs:eu-west-1:123456789012:service/default/x")
		s.want("ecs.DescribeTasks", `{"cluster":"default","tasks":["x"]}`, "failures.#", "1")
		s.refused("ecs.DescribeServices", `{"cluster":"x","services":["shop"]}`, "ClusterNotFoundException", "Cluster not found.")
		s.refused("ecs.UpdateService", `{"cluster":"default","service":"x"}`, "ServiceNotFoundException", "Service not found.")
		s.refused("ecs.ListTasks", `{"serviceName":"x"}`, "ServiceNotFoundException", "")
		s.refused("ecs.ListTasks", `{"desiredStatus":"x"}`, "InvalidParameterException", "")
		s.refused("ecs.StopTask", `{"task":"x"}`, "InvalidParameterException", "The referenced task was not found.")
		s.refused("ecs.UpdateService", `{"service":"shop","desiredCount":100000}`, "InvalidParameterException", "")
		s.refused("ecs.UpdateService", `{"service":"shop","taskDefinition":"shop:x"}`, "ClientException", "")
		s.refused("ecs.DescribeTasks", `{"tasks":[]}`, "InvalidParameterException", "")
	})
}

func TestDatabase(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		one := `"DBInstanceIdentifier":"orders-db"`
		status := func(want string) {
			s.Helper()
			s.want("rds.DescribeDBInstances", `{`+one+`}`, "DBInstances.0.DBInstanceStatus", want)
		}
		s.want("rds.RebootDBInstance", `{`+one+`,"ForceFailover":true}`, "DBInstance.DBInstanceStatus", "rebooting")
		s.refused("rds.RebootDBInstance", `{`+one+`}`, "InvalidDBInstanceState", "Instance orders-db is not in available state.")
		s.want("rds.DescribeDBInstances", `{`+one+`}`, "DBInstances.0.AvailabilityZone", "eu-west-1a")
		time.Sleep(2 * time.Second)
		status("available")
		s.want("rds.DescribeDBInstances", `{`+one+`}`, "DBInstances.0.AvailabilityZone", "eu-west-1b")
		s.refused("rds.StartDBInstance", `{`+one+`}`, "InvalidDBInstanceState", "is not stopped")
		s.must("rds.StopDBInstance", `{`+one+`,"DBSnapshotIdentifier":"before-stop"}`)
		status("stopping")
		time.Sleep(2 * time.Second)
		status("stopped")
		s.want("rds.DescribeDBSnapshots", `{`+one+`}`, "DBSnapshots.0.Status", "available")
		s.must("rds.StartDBInstance", `{`+one+`}`)
		status("starting")
		time.Sleep(2 * time.Second)
		s.must("rds.ModifyDBInstance", `{`+one+`,"DBInstanceClass":"db.t3.large","ApplyImmediately":true,"AllocatedStorage":30}`)
		status("modifying")
		time.Sleep(2 * time.Second)
		s.want("rds.DescribeDBInstances", `{`+one+`}`, "DBInstances.0.DBInstanceClass", "db.t3.large")
		s.refused("rds.ModifyDBInstance", `{`+one+`,"AllocatedStorage":10}`, "InvalidParameterCombination", "")
		s.refused("rds.ModifyDBInstance", `{`+one+`,"MonitoringInterval":10}`, "InvalidParameterValue", "does not modify MonitoringInterval")
		s.refused("rds.DescribeDBInstances", `{"DBInstanceIdentifier":"nope"}`, "DBInstanceNotFound", "DBInstance nope not found.")
		s.refused("rds.RebootDBInstance", `{"DBInstanceIdentifier":"shop-cluster-1","ForceFailover":true}`, "InvalidParameterCombination", "ForceFailover")
		s.refused("rds.StopDBInstance", `{"DBInstanceIdentifier":"shop-cluster-1"}`, "InvalidParameterCombination", "not eligible")
		s.want("rds.DescribeDBInstances", `{"Filters":[{"Name":"db-cluster-id","Values":["shop-cluster"]}]}`, "DBInstances.#", "2")
		s.refused("rds.DescribeDBInstances", `{"Filters":[{"Name":"colour","Values":["red"]}]}`, "InvalidParameterValue", "Unrecognized filter name: colour")
		s.refused("rds.DescribeDBInstances", `{"MaxRecords":1}`, "InvalidParameterValue", "between 20 and 100")
	})
}

func TestDatabaseCluster(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		one := `"DBClusterIdentifier":"shop-cluster"`
		writers := func(want string) {
			s.Helper()
			s.want("rds.DescribeDBClusters", `{`+one+`}`, "DBClusters.0.DBClusterMembers.*.IsClusterWriter", want)
		}
		writers("[true false]")
		s.want("rds.FailoverDBCluster", `{`+one+`}`, "DBCluster.Status", "failing-over")
		s.refused("rds.FailoverDBCluster", `{`+one+`}`, "InvalidDBClusterStateFault", "not in available state")
		time.Sleep(2 * time.Second)
		writers("[false true]")
		s.refused("rds.FailoverDBCluster", `{`+one+`,"TargetDBInstanceIdentifier":"shop-cluster-2"}`, "InvalidDBClusterStateFault", "not a reader")
		s.refused("rds.FailoverDBCluster", `{`+one+`,"TargetDBInstanceIdentifier":"nope"}`, "DBInstanceNotFound", "")
		s.must("rds.RebootDBInstance", `{"DBInstanceIdentifier":"shop-cluster-1"}`)
		s.refused("rds.FailoverDBCluster", `{`+one+`}`, "InvalidDBClusterStateFault", "no reader that can take over")
		time.Sleep(2 * time.Second)
		s.must("rds.FailoverDBCluster", `{`+one+`,"TargetDBInstanceIdentifier":"shop-cluster-1"}`)
		time.Sleep(2 * time.Second)
		writers("[true false]")
		s.must("rds.CreateDBClusterSnapshot", `{`+one+`,"DBClusterSnapshotIdentifier":"safe"}`)
		s.refused("rds.CreateDBClusterSnapshot", `{`+one+`,"DBClusterSnapshotIdentifier":"safe"}`, "DBClusterSnapshotAlreadyExistsFault", "safe")
		s.want("rds.DescribeDBClusterSnapshots", `{`+one+`}`, "DBClusterSnapshots.0.Status", "creating")
		s.must("rds.CreateDBSnapshot", `{"DBInstanceIdentifier":"orders-db","DBSnapshotIdentifier":"safe"}`)
		s.want("rds.DescribeDBSnapshots", `{}`, "DBSnapshots.#", "1")
		s.refused("rds.DescribeDBSnapshots", `{"DBSnapshotIdentifier":"nope"}`, "DBSnapshotNotFound", "")
		s.refused("rds.CreateDBSnapshot", `{"DBInstanceIdentifier":"orders-db","DBSnapshotIdentifier":"2 safe"}`, "InvalidParameterValue", "")
		s.must("rds.StopDBCluster", `{`+one+`}`)
		time.Sleep(2 * time.Second)
		s.want("rds.DescribeDBInstances", `{"DBInstanceIdentifier":"shop-cluster-1"}`, "DBInstances.0.DBInstanceStatus", "stopped")
		s.refused("rds.StopDBCluster", `{`+one+`}`, "InvalidDBClusterStateFault", "expected it to be one of available")
		s.must("rds.StartDBCluster", `{`+one+`}`)
		s.refused("rds.DescribeDBClusters", `{"DBClusterIdentifier":"nope"}`, "DBClusterNotFoundFault", "DBCluster nope not found.")
	})
}

func TestAlarms(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		s.want("cloudwatch.DescribeAlarms", `{"AlarmNamePrefix":"web-"}`, "MetricAlarms.*.StateValue", "[OK OK]")
		s.must("cloudwatch.SetAlarmState", `{"AlarmName":"web-errors","StateValue":"ALARM","StateReason":"a drill"}`)
		s.want("cloudwatch.DescribeAlarms", `{"StateValue":"ALARM"}`, "MetricAlarms.*.StateReason", "[a drill]")
		s.want("cloudwatch.DescribeAlarmHistory", `{"AlarmName":"web-errors"}`, "AlarmHistoryItems.0.HistorySummary", "Alarm updated from OK to ALARM")
		s.refused("cloudwatch.SetAlarmState", `{"AlarmName":"nope","StateValue":"OK","StateReason":""}`, "ResourceNotFound", "")
		s.refused("cloudwatch.SetAlarmState", `{"AlarmName":"db-cpu","StateValue":"RED","StateReason":""}`, "ValidationError", "Member must satisfy enum value set")
		s.must("cloudwatch.PutMetricAlarm", `{"AlarmName":"new","MetricName":"M","Namespace":"N","Threshold":1,"ComparisonOperator":"LessThanThreshold","EvaluationPeriods":1,"Period":60,"Statistic":"Sum","AlarmActions":["arn:aws:sns:x"]}`)
		s.want("cloudwatch.DescribeAlarms", `{"AlarmNames":["new"]}`, "MetricAlarms.0.StateValue", "INSUFFICIENT_DATA")
		s.want("cloudwatch.DescribeAlarms", `{"ActionPrefix":"arn:aws:sns"}`, "MetricAlarms.*.AlarmName", "[new]")
		s.must("cloudwatch.DisableAlarmActions", `{"AlarmNames":["new"]}`)
		s.want("cloudwatch.DescribeAlarms", `{"AlarmNames":["new"]}`, "MetricAlarms.0.ActionsEnabled", "false")
		s.must("cloudwatch.EnableAlarmActions", `{"AlarmNames":["new","nope"]}`)
		s.want("cloudwatch.DescribeAlarms", `{"MaxRecords":3}`, "MetricAlarms.#", "3")
		s.want("cloudwatch.DescribeAlarms", `{"MaxRecords":4}`, "NextToken", "<nil>")
		s.must("cloudwatch.DeleteAlarms", `{"AlarmNames":["new"]}`)
		s.refused("cloudwatch.DeleteAlarms", `{"AlarmNames":["new"]}`, "ResourceNotFound", "")
		s.refused("cloudwatch.PutMetricAlarm", `{"AlarmName":"x","ComparisonOperator":"Near","EvaluationPeriods":1}`, "ValidationError", "comparisonOperator")
		s.refused("cloudwatch.PutMetricAlarm", `{"AlarmName":"x","ComparisonOperator":"LessThanThreshold","EvaluationPeriods":1}`, "ValidationError", "MetricName")
		s.refused("cloudwatch.DescribeAlarms", `{"AlarmNames":["a"],"AlarmNamePrefix":"a"}`, "InvalidParameterCombination", "")
		for i := range 2 * maxHistory {
			s.must("cloudwatch.SetAlarmState", fmt.Sprintf(`{"AlarmName":"db-cpu","StateValue":%q,"StateReason":"drill"}`, []string{"ALARM", "OK"}[i%2]))
		}
		s.want("cloudwatch.DescribeAlarmHistory", `{"AlarmName":"db-cpu","MaxRecords":100}`, "AlarmHistoryItems.#", fmt.Sprint(maxHistory))
	})
}

func TestMetrics(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		s.must("cloudwatch.PutMetricData", `{"Namespace":"App","MetricData":[{"MetricName":"Errors","Value":3,"Timestamp":"2026-01-01T00:00:10Z"},{"MetricName":"Errors","Values":[1,5],"Counts":[1,2],"Timestamp":"2026-01-01T00:00:20Z"},
			{"MetricName":"Errors","StatisticValues":{"SampleCount":2,"Sum":4,"Minimum":1,"Maximum":3},"Timestamp":"2026-01-01T00:01:20Z"},{"MetricName":"Errors","Value":99,"Dimensions":[{"Name":"a","Value":"b"}],"Timestamp":"2026-01-01T00:00:20Z"}]}`)
		get := `{"Namespace":"App","MetricName":"Errors","StartTime":"2026-01-01T00:00:00Z","EndTime":"2026-01-01T01:00:00Z","Period":60,"Statistics":["Sum","Average","SampleCount","Maximum","Minimum"]}`
		s.want("cloudwatch.GetMetricStatistics", get, "Datapoints.*.Sum", "[14 4]")
		s.want("cloudwatch.GetMetricStatistics", get, "Datapoints.0.SampleCount", "4")
		s.want("cloudwatch.GetMetricStatistics", get, "Datapoints.0.Maximum", "5")
		s.want("cloudwatch.GetMetricStatistics", strings.Replace(get, "Errors", "Nothing", 1), "Datapoints.#", "0")
		s.refused("cloudwatch.GetMetricStatistics", strings.Replace(get, `"Period":60`, `"Period":1`, 1), "InvalidParameterCombination", "3600 datapoints")
		s.refused("cloudwatch.GetMetricStatistics", strings.Replace(get, `"Period":60`, `"Period":0`, 1), "InvalidParameterValue", "Period")
		s.refused("cloudwatch.GetMetricStatistics", strings.Replace(get, `"Sum"`, `"Median"`, 1), "InvalidParameterValue", "Median")
		s.refused("cloudwatch.PutMetricData", `{"Namespace":"App","MetricData":[{"MetricName":"Errors"}]}`, "InvalidParameterCombination", "")
		for range 2 * maxSamples / 100 {
			s.must("cloudwatch.PutMetricData", `{"Namespace":"App","MetricData":[{"MetricName":"Many","Values":[1`+strings.Repeat(",1", 99)+`]}]}`)
		}
		if n := len(s.cloud.metrics.items[metricKey("App", "Many", nil)].samples); n != maxSamples {
			s.Errorf("%d samples", n)
		}
	})
}

func TestKubernetes(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		cluster := `{"name":"k","roleArn":"r","resourcesVpcConfig":{"subnetIds":["subnet-1"],"endpointPublicAccess":"true"}}`
		s.want("eks.CreateCluster", cluster, "cluster.status", "CREATING")
		s.refused("eks.CreateCluster", cluster, "ResourceInUseException", "Cluster already exists with name: k")
		s.refused("eks.CreateNodegroup", `{"clusterName":"k","nodegroupName":"n","subnets":["subnet-1"],"nodeRole":"r"}`, "InvalidRequestException", "not in ACTIVE status")
		time.Sleep(2 * time.Second)
		s.want("eks.DescribeCluster", `{"name":"k"}`, "cluster.status", "ACTIVE")
		s.must("eks.CreateNodegroup", `{"clusterName":"k","nodegroupName":"n","subnets":["subnet-1"],"nodeRole":"r","scalingConfig":{"minSize":1}}`)
		time.Sleep(2 * time.Second)
		s.want("eks.DescribeNodegroup", `{"clusterName":"k","nodegroupName":"n"}`, "nodegroup.status", "ACTIVE")
		s.refused("eks.DeleteCluster", `{"name":"k"}`, "ResourceInUseException", "nodegroups attached")
		s.want("eks.ListNodegroups", `{"clusterName":"k"}`, "nodegroups", "[n]")
		s.must("eks.DeleteNodegroup", `{"clusterName":"k","nodegroupName":"n"}`)
		time.Sleep(2 * time.Second)
		s.must("eks.DeleteCluster", `{"name":"k"}`)
		time.Sleep(2 * time.Second)
		s.want("eks.ListClusters", `{}`, "clusters", "[]")
		s.refused("eks.DescribeCluster", `{"name":"k"}`, "ResourceNotFoundException", "No cluster found for name: k.")
	})
}

func TestBuckets(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		put := `{"Bucket":"local-data","ServerSideEncryptionConfiguration":{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"%s","KMSMasterKeyID":"key"},"BucketKeyEnabled":true}]}}`
		s.must("s3.PutBucketEncryption", fmt.Sprintf(put, "aws:kms"))
		s.want("s3.GetBucketEncryption", `{"Bucket":"local-data"}`, "ServerSideEncryptionConfiguration.Rules.0.BucketKeyEnabled", "true")
		s.refused("s3.PutBucketEncryption", fmt.Sprintf(put, "AES256"), "InvalidArgument", "")
		s.refused("s3.PutBucketEncryption", fmt.Sprintf(put, "ROT13"), "MalformedXML", "")
		s.must("s3.DeleteBucketEncryption", `{"Bucket":"local-data"}`)
		s.must("s3.CreateBucket", `{"Bucket":"more-data"}`)
		s.want("s3.ListBuckets", `{}`, "Buckets.*.Name", "[local-data more-data]")
		s.refused("s3.GetBucketEncryption", `{"Bucket":"nope"}`, "NoSuchBucket", "")
		s.refused("s3.CreateBucket", `{"Bucket":"No"}`, "InvalidBucketName", "")
	})
}

func TestCallerIdentity(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		s.want("sts.GetCallerIdentity", `{}`, "Arn", "arn:aws:iam::123456789012:user/ana")
		for caller, want := range map[string]string{"arn:aws:sts::210987654321:assumed-role/Admin/ben": "210987654321 AROA0LOCAL:ben", "arn:aws:sts::210987654321:assumed-role/Admin": "210987654321 AROA0LOCAL", "ana": "123456789012 ana"} {
			answer, err := s.cloud.Call(s.Context(), Call{Service: "sts", Operation: "GetCallerIdentity", Caller: caller})
			if got := fmt.Sprint(answer["Account"], " ", answer["UserId"]); err != nil || got != want {
				s.Errorf("%s: %s %v", caller, got, err)
			}
		}
		if _, err := s.cloud.Call(s.Context(), Call{Service: "sts", Operation: "GetCallerIdentity"}); err == nil {
			s.Error("somebody without credentials has an identity")
		}
	})
}
