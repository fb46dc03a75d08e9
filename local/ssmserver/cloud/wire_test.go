package cloud

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const form = "application/x-www-form-urlencoded; charset=utf-8"

func decode(t *testing.T, c *Cloud, kind, target, body string) Exchange {
	t.Helper()
	header := http.Header{"Content-Type": {kind}}
	if target != "" {
		header.Set("X-Amz-Target", target)
	}
	x, ok := c.Decode(header, []byte(body))
	if !ok {
		t.Fatalf("%s %s: it is for nobody", target, body)
	}
	return x
}

// The bodies are botocore's.
func TestDecode(t *testing.T) {
	t.Parallel()
	c, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for body, row := range map[string]struct{ kind, target, name, params string }{
		"Action=RunInstances&Version=2016-11-15&ImageId=ami-1&MinCount=1&MaxCount=2&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=a&TagSpecification.1.Tag.1.Value=b+c&" +
			"BlockDeviceMapping.1.DeviceName=%2Fdev%2Fxvda&BlockDeviceMapping.1.Ebs.DeleteOnTermination=true&UserData=ZWNobw%3D%3D&SecurityGroupId.1=sg-1&NetworkInterface.1.Ipv6Addresses.1.Ipv6Address=%3A%3A1": {form, "", "ec2.RunInstances",
			`{"ImageId":"ami-1","MinCount":"1","MaxCount":"2","TagSpecifications":[{"ResourceType":"instance","Tags":[{"Key":"a","Value":"b c"}]}],"BlockDeviceMappings":[{"DeviceName":"/dev/xvda","Ebs":{"DeleteOnTermination":"true"}}],` +
				`"UserData":"ZWNobw==","SecurityGroupIds":["sg-1"],"NetworkInterfaces":[{"Ipv6Addresses":[{"Ipv6Address":"::1"}]}]}`},
		"Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3ARole&Filter.1.Value.1=web&Filter.1.Value.2=db&InstanceId.10=i-3&InstanceId.1=i-1&InstanceId.2=i-2&MaxResults=5": {form, "", "ec2.DescribeInstances",
			`{"Filters":[{"Name":"tag:Role","Values":["web","db"]}],"InstanceIds":["i-1","i-2","i-3"],"MaxResults":"5"}`},
		"Action=ModifyInstanceAttribute&Version=2016-11-15&InstanceId=i-1&UserData.Value=ZWNobw%3D%3D&DisableApiStop.Value=true": {form, "", "ec2.ModifyInstanceAttribute",
			`{"InstanceId":"i-1","UserData":{"Value":"ZWNobw=="},"DisableApiStop":{"Value":"true"}}`},
		"Action=CreateTags&Version=2016-11-15&ResourceId.1=i-1&Tag.1.Key=a&Tag.1.Value=": {form, "", "ec2.CreateTags", `{"Resources":["i-1"],"Tags":[{"Key":"a","Value":""}]}`},
		"Action=EnterStandby&Version=2011-01-01&InstanceIds.member.1=i-1&AutoScalingGroupName=web&ShouldDecrementDesiredCapacity=true": {form, "", "autoscaling.EnterStandby",
			`{"InstanceIds":["i-1"],"AutoScalingGroupName":"web","ShouldDecrementDesiredCapacity":"true"}`},
		"Action=DescribeAutoScalingGroups&Version=2011-01-01&AutoScalingGroupNames=": {form, "", "autoscaling.DescribeAutoScalingGroups", `{"AutoScalingGroupNames":[]}`},
		"Action=DescribeDBInstances&Version=2014-10-31&Filters.Filter.1.Name=engine&Filters.Filter.1.Values.Value.1=postgres": {form, "", "rds.DescribeDBInstances",
			`{"Filters":[{"Name":"engine","Values":["postgres"]}]}`},
		"Action=CreateStack&Version=2010-05-15&StackName=s&TemplateBody=%7B%7D&Parameters.member.1.ParameterKey=a&Parameters.member.1.ParameterValue=b&Capabilities.member.1=CAPABILITY_IAM": {form, "", "cloudformation.CreateStack",
			`{"StackName":"s","TemplateBody":"{}","Parameters":[{"ParameterKey":"a","ParameterValue":"b"}],"Capabilities":["CAPABILITY_IAM"]}`},
		"Action=RegisterTargets&Version=2015-12-01&TargetGroupArn=arn&Targets.member.1.Id=i-1&Targets.member.1.Port=80": {form, "", "elbv2.RegisterTargets", `{"TargetGroupArn":"arn","Targets":[{"Id":"i-1","Port":"80"}]}`},
		"Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=a":                                                {form, "", "cloudwatch.DescribeAlarms", `{"AlarmNames":["a"]}`},
		"Action=GetCallerIdentity&Version=2011-06-15":                                                                   {form, "", "sts.GetCallerIdentity", `{}`},
		"Action=StopInstances&Version=2016-11-15&Speed=1&InstanceId.1=i-1":                                              {form, "", "ec2.StopInstances", `{"InstanceIds":["i-1"],"Speed":""}`},
		`{"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.5}]}`:                                         {"application/x-amz-json-1.0", "GraniteServiceVersion20100801.PutMetricData", "cloudwatch.PutMetricData", `{"Namespace":"n","MetricData":[{"MetricName":"m","Value":1.5}]}`},
		`{"cluster": "default", "services": ["shop"]}`:                                                                  {"application/x-amz-json-1.1", "AmazonEC2ContainerServiceV20141113.DescribeServices", "ecs.DescribeServices", `{"cluster":"default","services":["shop"]}`},
		"": {"application/x-amz-json-1.1", "AmazonEC2ContainerServiceV20141113.ListClusters", "ecs.ListClusters", `{}`},
	} {
		x := decode(t, c, row.kind, row.target, body)
		if x.Problem != nil || !x.Known || x.Service+"."+x.Operation != row.name {
			t.Errorf("%s: %+v", body, x)
			continue
		}
		text, err := json.Marshal(x.Params)
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if json.Unmarshal(text, &got) != nil || json.Unmarshal([]byte(row.params), &want) != nil {
			t.Fatal(string(text), row.params)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", row.name, diff)
		}
	}
}

func TestDecodeBadRequests(t *testing.T) {
	t.Parallel()
	c, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ kind, target, body string }{
		{"application/json", "", "{}"}, {"", "", ""}, {form, "", "Action=X"}, {form, "", "Action=StopInstances&Version=2000-01-01"}, {"application/x-amz-json-1.1", "AmazonSSM.GetDocument", "{}"},
		{"application/x-amz-json-1.1", "Nothing", "{}"},
	} {
		if x, ok := c.Decode(http.Header{"Content-Type": {row.kind}, "X-Amz-Target": {row.target}}, []byte(row.body)); ok {
			t.Errorf("%+v is for %s", row, x.Service)
		}
	}
	for body, row := range map[string]struct{ kind, target, status, want string }{
		"Action=Nothing&Version=2016-11-15":       {form, "", "400", "<Code>InvalidAction</Code><Message>The local AWS does not implement ec2.Nothing;"},
		"Action=stopinstances&Version=2016-11-15": {form, "", "400", "<Code>InvalidAction</Code>"},
		"Version=2011-06-15":                      {form, "", "400", "<Type>Sender</Type><Code>InvalidAction</Code>"},
		"Action=StopInstances&Version=2016-11-15&a" + strings.Repeat(".a", 20) + "=1": {form, "", "400", "nested too deeply"},
		"Action=StopInstances&Version=2016-11-15" + manyFields():                      {form, "", "400", "too many parameters"},
		"Action=StopInstances&Version=2016-11-15&a=%zz":                               {form, "", "400", "MalformedInput"},
		"[":  {"application/x-amz-json-1.1", "AmazonEC2ContainerServiceV20141113.ListClusters", "400", `"__type":"SerializationException"`},
		"{}": {"application/x-amz-json-1.1", "AmazonEC2ContainerServiceV20141113.Nothing", "400", `"__type":"UnknownOperationException"`},
	} {
		x := decode(t, c, row.kind, row.target, body)
		if x.Problem == nil {
			t.Errorf("%s was read", brief(body))
			continue
		}
		_, answer, _ := x.Refusal(x.Problem, "id")
		if !strings.Contains(string(answer), row.want) {
			t.Errorf("%s: %s", brief(body), answer)
		}
	}
}

func manyFields() string {
	var b strings.Builder
	for i := range maxFields {
		b.WriteString("&x" + strings.Repeat("y", i%50) + string(rune('a'+i%26)) + strings.Repeat("z", i/50) + "=1")
	}
	return b.String()
}

func TestCompressedRequests(t *testing.T) {
	t.Parallel()
	c, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for text, bad := range map[string]bool{`{"AlarmNames":["a"]}`: false, strings.Repeat(" ", maxInflated+1): true} {
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		x, ok := c.Decode(http.Header{"X-Amz-Target": {"GraniteServiceVersion20100801.DescribeAlarms"}, "Content-Encoding": {"gzip"}}, zipped.Bytes())
		if !ok || (x.Problem != nil) != bad {
			t.Errorf("%s: %v", brief(text), x.Problem)
		}
	}
	x, _ := c.Decode(http.Header{"X-Amz-Target": {"GraniteServiceVersion20100801.DescribeAlarms"}, "Content-Encoding": {"br"}}, nil)
	if x.Problem == nil {
		t.Error("an unknown encoding was read")
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	c, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
	for _, row := range []struct {
		kind, target, body string
		answer             map[string]any
		want               string
	}{
		{form, "", "Action=StartInstances&Version=2016-11-15&InstanceId.1=i-1", map[string]any{"StartingInstances": []any{map[string]any{"InstanceId": "i-<1>", "CurrentState": map[string]any{"Code": 0, "Name": "pending"}}}, "Other": 1},
			xmlHead + `<StartInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>id</requestId><instancesSet><item><instanceId>i-&lt;1&gt;</instanceId><currentState><code>0</code><name>pending</name></currentState></item></instancesSet></StartInstancesResponse>`},
		{form, "", "Action=RebootInstances&Version=2016-11-15&InstanceId.1=i-1", nil,
			xmlHead + `<RebootInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>id</requestId><return>true</return></RebootInstancesResponse>`},
		{form, "", "Action=DescribeScalingActivities&Version=2011-01-01", map[string]any{"Activities": []any{map[string]any{"StartTime": at, "Progress": 50}}},
			`<DescribeScalingActivitiesResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><DescribeScalingActivitiesResult><Activities><member><StartTime>2026-01-02T03:04:05.600Z</StartTime><Progress>50</Progress></member></Activities></DescribeScalingActivitiesResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DescribeScalingActivitiesResponse>`},
		{form, "", "Action=DescribeDBInstances&Version=2014-10-31", map[string]any{"DBInstances": []any{map[string]any{"MultiAZ": true, "InstanceCreateTime": "2026-01-02T03:04:05Z", "DBInstanceIdentifier": nil}}},
			`<DescribeDBInstancesResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeDBInstancesResult><DBInstances><DBInstance><InstanceCreateTime>2026-01-02T03:04:05.000Z</InstanceCreateTime><MultiAZ>true</MultiAZ></DBInstance></DBInstances></DescribeDBInstancesResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DescribeDBInstancesResponse>`},
		{"application/x-amz-json-1.1", "AmazonEC2ContainerServiceV20141113.DescribeServices", "{}", map[string]any{"services": []any{map[string]any{"createdAt": at, "runningCount": json.Number("2"), "events": []any{map[string]any{"createdAt": "2026-01-02T03:04:05Z"}}, "colour": "red"}}},
			`{"services":[{"createdAt":1767323045.600,"events":[{"createdAt":1767323045.000}],"runningCount":2}]}`},
	} {
		x := decode(t, c, row.kind, row.target, row.body)
		if diff := cmp.Diff(row.want, string(x.Answer(row.answer, "id"))); diff != "" {
			t.Error(diff)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	c, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	ec2 := decode(t, c, form, "", "Action=StopInstances&Version=2016-11-15")
	rds := decode(t, c, form, "", "Action=DescribeDBInstances&Version=2014-10-31")
	ecs := decode(t, c, "application/x-amz-json-1.1", "AmazonEC2ContainerServiceV20141113.DescribeServices", "{}")
	alarms := decode(t, c, "application/x-amz-json-1.0", "GraniteServiceVersion20100801.SetAlarmState", "{}")
	_, missing := c.Call(t.Context(), Call{Service: "ec2", Operation: "StopInstances"})
	_, strange := c.Call(t.Context(), Call{Service: "ec2", Operation: "StopInstances", Params: map[string]any{"InstanceIds": []any{}, "X": 1}})
	for _, row := range []struct {
		x      Exchange
		err    error
		status int
		want   string
	}{
		{ec2, missing, 400, `<Response><Errors><Error><Code>MissingParameter</Code><Message>Parameter validation failed:&#xA;Missing required parameter in input: &#34;InstanceIds&#34;</Message></Error></Errors><RequestID>id</RequestID></Response>`},
		{ec2, strange, 400, `<Code>InvalidParameterValue</Code>`},
		{ec2, &Error{Code: "DryRunOperation", Message: "m", Status: 412}, 412, "<Code>DryRunOperation</Code>"},
		{rds, &Error{Code: "DBInstanceNotFound", Message: "gone", Status: 404}, 404, `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type><Code>DBInstanceNotFound</Code><Message>gone</Message></Error><RequestId>id</RequestId></ErrorResponse>`},
		{rds, missing, 400, "<Code>ValidationError</Code>"},
		{rds, errors.New("broken"), 500, "<Type>Receiver</Type><Code>InternalFailure</Code>"},
		{ecs, &Error{Code: "ClusterNotFoundException", Message: "gone"}, 400, `{"__type":"ClusterNotFoundException","message":"gone"}`},
		{ecs, missing, 400, `"__type":"InvalidParameterException"`},
		{alarms, &Error{Code: "ResourceNotFound", Status: 404}, 404, `"__type":"ResourceNotFound"`},
	} {
		status, body, header := row.x.Refusal(row.err, "id")
		if status != row.status || !strings.Contains(string(body), row.want) {
			t.Errorf("%d %s\nlacks %d %s", status, body, row.status, row.want)
		}
		if row.x.Service == "cloudwatch" && header["X-Amzn-Query-Error"] != "ResourceNotFound;Sender" {
			t.Errorf("%v", header)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("", "Action=RunInstances&Version=2016-11-15&TagSpecification.1.Tag.1.Key=a&UserData=x&NetworkInterface.1.Ipv6Addresses.1.Ipv6Address=y")
	f.Add("", "Action=DescribeDBInstances&Version=2014-10-31&Filters.Filter.1.Values.Value.1=postgres")
	f.Add("", "Action=CreateStack&Version=2010-05-15&StackName=s&TemplateBody=a:%20%26a%20[*a]&Parameters.member.1.ParameterKey=a")
	f.Add("AmazonEC2ContainerServiceV20141113.UpdateService", `{"service":"shop","desiredCount":2}`)
	f.Add("GraniteServiceVersion20100801.PutMetricData", `{"Namespace":"n","MetricData":[{"MetricName":"m","Values":[1]}]}`)
	c, err := New(Options{SettleTime: time.Nanosecond, StartTime: time.Nanosecond, StopTime: time.Nanosecond})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target, body string) {
		header := http.Header{"Content-Type": {form}}
		if target != "" {
			header.Set("X-Amz-Target", target)
		}
		x, ok := c.Decode(header, []byte(body))
		if !ok {
			return
		}
		err := x.Problem
		var answer map[string]any
		if err == nil {
			answer, err = c.Call(t.Context(), Call{Service: x.Service, Operation: x.Operation, Params: x.Params})
		}
		out := x.Answer(answer, "id")
		if err != nil {
			status := 0
			if status, out, _ = x.Refusal(err, "id"); status < 400 {
				t.Errorf("%v is answered with %d", err, status)
			}
		}
		if len(out) == 0 {
			t.Error("nothing is answered")
		}
	})
}
