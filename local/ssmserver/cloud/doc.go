// Package cloud is a small AWS in memory: instances with their lifecycle and status checks, images, tags, stacks,
// services, databases, groups and alarms, enough for runbooks that restart, fail over and check health. It answers
// operations by their boto3 names and shapes, in process and over the wire. It knows nothing of SSM and of runbooks.
//
// The world it begins with, which is the same in every Region:
//
//	ec2          i-0aaaaaaaaaaaaaaa1 to …3 with the tag Role=web, i-0bbbbbbbbbbbbbbb1 with Role=db, all of the image
//	             ami-0aaaaaaaaaaaaaaa1, each with a root volume whose ID ends like its own
//	autoscaling  the group web over the instances with Role=web; HealthCheck and ReplaceUnhealthy are suspended, or it
//	             would replace what a runbook stops
//	elbv2        the load balancer and the target group web of the same instances
//	ecs          the cluster default with the service shop, which runs two tasks
//	rds          the instance orders-db, in two Availability Zones, and the Aurora cluster shop-cluster, of the writer
//	             shop-cluster-1 and the reader shop-cluster-2
//	cloudwatch   the alarms web-errors, web-latency and db-cpu, all OK; SetAlarmState sets them
//	s3           the bucket local-data
//
// Nothing runs in it. What is told to change does so by the clock: whoever looks lets happen first what was due.
package cloud

import "fmt"

// Call is one call of an AWS operation.
type Call struct {
	// Service is boto3's name for a client in lower case, such as ec2, rds or autoscaling.
	Service string
	// Operation is the API's name, such as DescribeInstances.
	Operation string
	// Params are the operation's parameters as boto3 has them: string, json.Number, bool, nil, []any, map[string]any.
	Params map[string]any
	// Region is where the call goes to.
	Region string
	// Caller is the ARN that the call counts as, "" if it has no credentials.
	Caller string
}

// Name is service.Operation.
func (c Call) Name() string { return c.Service + "." + c.Operation }

// Error is an operation's own refusal.
type Error struct {
	// Code is such as InvalidInstanceID.NotFound.
	Code      string
	Message   string
	Operation string
	// Status is the HTTP status; 0 means 400.
	Status int
}

// Error is botocore's text for it.
func (e *Error) Error() string {
	return fmt.Sprintf("An error occurred (%s) when calling the %s operation: %s", e.Code, e.Operation, e.Message)
}

// UnknownOperationError says that nobody here implements an operation.
type UnknownOperationError struct{ Service, Operation string }

// Error names the operation and what can be done.
func (e *UnknownOperationError) Error() string {
	return fmt.Sprintf("The local AWS does not implement %s.%s; stub its answer, or pass the calls on with --aws-endpoint", e.Service, e.Operation)
}
