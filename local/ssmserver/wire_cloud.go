package ssmserver

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"handrail/local/ssmserver/cloud"
	"handrail/local/ssmserver/queue"
)

// routeCloud takes a request for one of the services of the cloud. ok is false if it is for none of them.
func (s *Server) routeCloud(r *http.Request, body []byte) (call wireCall, ok bool) {
	x, ok := s.cloud.Decode(r.Header, body)
	if !ok {
		return wireCall{}, false
	}
	id := uuid.NewString()
	call = wireCall{service: x.Service, signs: x.Signs, operation: x.Operation, known: x.Known, contentType: x.ContentType, params: x.Params}
	if x.Problem != nil {
		call.early = x.Problem
	}
	if !x.Known {
		s.options.Log.Warn("a call to an operation that the local AWS does not cover", "service", x.Service, "operation", x.Operation)
	}
	call.refusal = func(err error) reply {
		status, body, header := x.Refusal(s.asCloudError(call.name(), err), id)
		return reply{status: status, body: body, header: header}
	}
	call.work = func(ctx context.Context, by caller) ([]byte, error) {
		answer, err := s.backend.Call(ctx, cloud.Call{Service: x.Service, Operation: x.Operation, Params: x.Params, Region: by.region, Caller: by.arn})
		if err != nil {
			return nil, err
		}
		return x.Answer(answer, id), nil
	}
	return call, true
}

// asCloudError gives the refusals of this server the codes that other services have for them.
func (s *Server) asCloudError(operation string, err error) error {
	var own *apiError
	var refused *cloud.Error
	var wrong *cloud.ParamError
	var unknown *cloud.UnknownOperationError
	switch {
	case errors.As(err, &own):
		return &cloud.Error{Code: commonCode(own.code), Message: own.message, Status: own.status}
	case !errors.As(err, &refused) && !errors.As(err, &wrong) && !errors.As(err, &unknown):
		s.options.Log.Error("a call broke", "operation", operation, "error", err)
	}
	return err
}

// commonCode is what services that answer in XML call the errors about who signed:
// docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html.
func commonCode(code string) string {
	switch code {
	case codeNoSignature:
		return "MissingAuthenticationToken"
	case codeIncompleteSignature:
		return "IncompleteSignature"
	case codeBadSignature:
		return "SignatureDoesNotMatch"
	case codeUnknownKey:
		return "InvalidClientTokenId"
	case codeThrottled:
		return "Throttling"
	}
	return code
}

// covers says whether there is such an operation on the wire: of SSM by its name, of another service as service.Operation.
func (s *Server) covers(name string) bool {
	_, own := s.operations[name]
	operation, queued := strings.CutPrefix(name, sqsService+".")
	return own || queued && slices.Contains(queue.Operations(), operation) || slices.ContainsFunc(cloud.Covered(), func(row cloud.Row) bool { return row.Name == name })
}
