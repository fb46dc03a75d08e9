package ssmserver

import (
	"fmt"
	"net/http"
)

// apiError is an error of the wire: {"__type":code,"Message":message}.
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// refuse makes the error the service would answer. InternalServerError is the one that the API model marks as a fault.
func refuse(code, format string, args ...any) *apiError {
	status := http.StatusBadRequest
	if code == codeInternal {
		status = http.StatusInternalServerError
	}
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

const (
	codeInternal          = "InternalServerError"
	codeValidation        = "ValidationException"
	codeSerialization     = "SerializationException"
	codeUnknownOperation  = "UnknownOperationException"
	codeThrottled         = "ThrottlingException"
	codeInvalidTarget     = "InvalidTarget"
	codeLimitExceeded     = "AutomationExecutionLimitExceededException"
	codeInvalidParameters = "InvalidAutomationExecutionParametersException"
	codeNoExecution       = "AutomationExecutionNotFoundException"
	codeInvalidFilterKey  = "InvalidFilterKey"
	codeInvalidFilter     = "InvalidFilterValue"
	codeInvalidToken      = "InvalidNextToken"
	codeInvalidDocument   = "InvalidDocument"
	codeInvalidVersion    = "InvalidDocumentVersion"
)

// body is the error as JSON, with the members that it has in the API model.
func (e *apiError) body() map[string]string {
	out := map[string]string{"__type": e.code}
	switch e.code {
	case "InvalidFilterKey", "InvalidResourceId", "InvalidResourceType", "TooManyTagsError", "AssociatedInstances":
	case "HierarchyLevelLimitExceededException", "HierarchyTypeMismatchException", "InvalidAllowedPatternException", "InvalidKeyId",
		"ParameterAlreadyExists", "ParameterLimitExceeded", "ParameterMaxVersionLimitExceeded", "ParameterNotFound",
		"ParameterPatternMismatchException", "ParameterVersionLabelLimitExceeded", "ParameterVersionNotFound", "UnsupportedParameterType",
		// What stands in front of every service writes so, too: github.com/aws/aws-sdk-ruby/issues/431.
		codeNoSignature, codeIncompleteSignature, codeBadSignature, codeUnknownKey:
		out["message"] = e.message
	default:
		out["Message"] = e.message
	}
	return out
}
