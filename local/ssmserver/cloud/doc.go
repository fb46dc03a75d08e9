// Package cloud is a small AWS in memory: instances with their lifecycle and status checks, images, tags, stacks,
// services, databases, groups and alarms, enough for runbooks that restart, fail over and check health. It answers
// operations by their boto3 names and shapes. It knows nothing of SSM and of runbooks.
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
