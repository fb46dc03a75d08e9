package queue

import "fmt"

// Error is an error of the SQS API.
type Error struct {
	// Code is the shape's name in the API model, such as QueueDoesNotExist.
	Code    string
	Message string
}

// Error is code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// QueryCode is the code of the older query protocol, which the header x-amzn-query-error carries on and some SDKs show.
func (e *Error) QueryCode() string {
	switch e.Code {
	case codeNoQueue:
		return "AWS.SimpleQueueService.NonExistentQueue"
	case codeQueueExists:
		return "QueueAlreadyExists"
	case codeMissing:
		return "MissingParameter"
	case codeInvalid:
		return "InvalidParameterValue"
	case codeNotInflight, codeEmptyBatch, codeTooManyEntries, codeSameIDs, codeBatchID, codeUnsupported, codePurging:
		return "AWS.SimpleQueueService." + e.Code
	}
	return e.Code
}

const (
	codeNoQueue        = "QueueDoesNotExist"
	codeQueueExists    = "QueueNameExists"
	codeAddress        = "InvalidAddress"
	codeReceipt        = "ReceiptHandleIsInvalid"
	codeNotInflight    = "MessageNotInflight"
	codeEmptyBatch     = "EmptyBatchRequest"
	codeTooManyEntries = "TooManyEntriesInBatchRequest"
	codeSameIDs        = "BatchEntryIdsNotDistinct"
	codeBatchID        = "InvalidBatchEntryId"
	codeUnsupported    = "UnsupportedOperation"
	codePurging        = "PurgeQueueInProgress"
	codeAttributeName  = "InvalidAttributeName"
	codeAttributeValue = "InvalidAttributeValue"
	codeContents       = "InvalidMessageContents"
	// These three are no shapes of the model, but what stands in front of the service answers them.
	codeMissing       = "MissingRequiredParameterException"
	codeInvalid       = "InvalidParameterValueException"
	codeSerialization = "SerializationException"
)

func refuse(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func outOfRange(value int, parameter string, least, most int) *Error {
	return refuse(codeInvalid, "Value %d for parameter %s is invalid. Reason: Must be between %d and %d, if provided.", value, parameter, least, most)
}
