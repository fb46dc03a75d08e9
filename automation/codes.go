package automation

import (
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// kinds maps AWS's codes: the model of SSM. What is not here, no throttle code of the SDK and no server
// error is Rejected.
var kinds = map[string]Kind{
	"AutomationExecutionLimitExceededException": Throttled, // not among the SDK's throttle codes
	"ExpiredToken":                           Unauthorized,
	"ExpiredTokenException":                  Unauthorized,
	"UnrecognizedClientException":            Unauthorized,
	"InvalidClientTokenId":                   Unauthorized,
	"InvalidSignatureException":              Unauthorized, // a clock that is off, too
	"RequestExpired":                         Unauthorized,
	"IdempotentParameterMismatch":            Mismatch,
	"InvalidAutomationStatusUpdateException": Ended,
	"AutomationExecutionNotFoundException":   Missing,
	"AutomationStepNotFoundException":        Missing,
	"InvalidDocument":                        Missing,
	"InvalidDocumentVersion":                 Missing,
}

func fault(operation string, err error) *Fault {
	f := &Fault{Operation: operation, Err: err}
	var api smithy.APIError
	if !errors.As(err, &api) {
		var encoding *smithy.SerializationError
		if errors.As(err, &encoding) {
			f.Kind = Rejected // it never left
		}
		return f
	}
	f.Code, f.Message = api.ErrorCode(), api.ErrorMessage()
	kind, known := kinds[f.Code]
	var response *smithyhttp.ResponseError
	_, throttle := retry.DefaultThrottleErrorCodes[f.Code]
	switch {
	case known:
		f.Kind = kind
	case throttle:
		f.Kind = Throttled
	case errors.As(err, &response) && response.HTTPStatusCode() >= http.StatusInternalServerError:
		f.Kind = Unavailable
	case errors.As(err, &response) && response.HTTPStatusCode() == http.StatusTooManyRequests:
		f.Kind = Throttled
	default:
		f.Kind = Rejected
	}
	return f
}
