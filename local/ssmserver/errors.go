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
	codeInvalidParameters = "InvalidAutomationExecutionParametersException"
	codeNoExecution       = "AutomationExecutionNotFoundException"
	codeInvalidFilterKey  = "InvalidFilterKey"
	codeInvalidFilter     = "InvalidFilterValue"
	codeInvalidToken      = "InvalidNextToken"
	codeInvalidDocument   = "InvalidDocument"
	codeInvalidVersion    = "InvalidDocumentVersion"
)

// body is the error as JSON. InvalidFilterKey has no Message in the API model.
func (e *apiError) body() map[string]string {
	if e.code == codeInvalidFilterKey {
		return map[string]string{"__type": e.code}
	}
	return map[string]string{"__type": e.code, "Message": e.message}
}
