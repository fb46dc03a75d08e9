package ssmserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"handrail/local/ssmserver/cloud"
)

// apiLimit is how long one call of an operation may take:
// docs.aws.amazon.com/general/latest/gr/ssm.html, "aws:executeAwsApi".
const apiLimit = 25 * time.Second

func executeAwsAPI() action {
	return action{name: "aws:executeAwsApi", run: runAwsAPI, verifying: "verifying the API operation has completed",
		note: "operations of the local AWS, of this SSM, those stubbed, or all of an --aws-endpoint; 25 s for a call"}
}

func runAwsAPI(ctx context.Context, c *stepContext) (result, error) {
	response, err := c.callNamed(ctx)
	if err != nil {
		return result{}, err
	}
	outputs, err := declaredOutputs(c.step, response)
	return result{outputs: outputs}, err
}

// callNamed calls the operation that the inputs Service and Api name, with all other inputs but those of the action
// itself. The response has boto3's ResponseMetadata.
func (c *stepContext) callNamed(ctx context.Context, own ...string) (map[string]any, error) {
	service, err := c.inputs.required("Service")
	if err != nil {
		return nil, err
	}
	api, err := c.inputs.required("Api")
	if err != nil {
		return nil, err
	}
	params := map[string]any(maps.Clone(c.inputs))
	for _, name := range append(own, "Service", "Api") {
		delete(params, name)
	}
	response, err := c.callWithin(ctx, apiLimit, service, api, params)
	if err != nil {
		return nil, err
	}
	if _, ok := response["ResponseMetadata"]; !ok {
		response["ResponseMetadata"] = responseMetadata(time.Now())
	}
	return response, nil
}

// callWithin is call with a limit of its own, after which the step fails.
func (c *stepContext) callWithin(ctx context.Context, limit time.Duration, service, operation string, params map[string]any) (map[string]any, error) {
	limited, stop := context.WithTimeout(ctx, limit)
	defer stop()
	response, err := c.call(limited, service, operation, params)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("The call of %s.%s took longer than %d seconds", service, operation, int(limit.Seconds())) //nolint:staticcheck // the text of a failed step
	}
	return response, err
}

// responseMetadata is what boto3 adds to each response.
func responseMetadata(now time.Time) map[string]any {
	id := uuid.NewString()
	return map[string]any{"RequestId": id, "HTTPStatusCode": json.Number("200"), "RetryAttempts": json.Number("0"), "HTTPHeaders": map[string]any{
		"x-amzn-requestid": id, "content-type": contentType, "date": now.UTC().Format(http.TimeFormat),
	}}
}

// required gives a string input that must be there.
func (in inputs) required(name string) (string, error) {
	text, err := in.text(name)
	if err == nil && text == "" {
		err = invalidInput("The input " + name + " is required")
	}
	return text, err
}

// failureType is the FailureType of a step whose action got this error.
func failureType(err error) string {
	var refused *cloud.Error
	switch {
	case !errors.As(err, &refused):
		return "Action"
	case slices.Contains(throttleCodes(), refused.Code):
		return "Throttling"
	case slices.Contains(permissionCodes(), refused.Code):
		return "Permission"
	}
	return "Action"
}

// throttleCodes are those of github.com/aws/aws-sdk-go-v2/aws/retry, DefaultThrottleErrorCodes.
func throttleCodes() []string {
	return []string{"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "TooManyRequestsException",
		"ProvisionedThroughputExceededException", "TransactionInProgressException", "RequestLimitExceeded", "BandwidthLimitExceeded",
		"LimitExceededException", "RequestThrottled", "SlowDown", "PriorRequestNotComplete", "EC2ThrottledException"}
}

// permissionCodes are what services answer those who may not, or whom they do not know.
func permissionCodes() []string {
	return []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized", "AuthFailure",
		"UnauthorizedAccess", "KMSAccessDeniedException", "InvalidClientTokenId", "UnrecognizedClientException", "ExpiredToken", "ExpiredTokenException", "OptInRequired"}
}
