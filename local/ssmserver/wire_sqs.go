package ssmserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"handrail/local/ssmserver/queue"
)

const (
	sqsService     = "sqs"
	sqsTarget      = "AmazonSQS."
	sqsContentType = "application/x-amz-json-1.0"
)

// routeSQS takes a request for one to SQS. ok is false if it is none.
func (s *Server) routeSQS(r *http.Request, body []byte) (call wireCall, ok bool) {
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), sqsTarget)
	if !ok {
		return wireCall{}, false
	}
	call = wireCall{service: sqsService, signs: sqsService, operation: name, known: slices.Contains(queue.Operations(), name), contentType: sqsContentType}
	call.refusal = func(err error) reply { return s.sqsRefusal(name, err) }
	if !call.known {
		s.options.Log.Warn("a call to an operation that the local SQS does not cover", "operation", name)
		call.early = refuse(codeUnknownOperation, "The operation %q is not covered by the local SQS. GET /control/coverage lists those that are.", name)
		return call, true
	}
	call.early = checkContentType(r, sqsContentType)
	decoded, err := decodeJSON(body)
	call.params, _ = decoded.(map[string]any)
	call.work = func(ctx context.Context, by caller) ([]byte, error) {
		if err != nil {
			return nil, err
		}
		if answer, stubbed, err := s.stubbed(ctx, by, sqsService, name, decoded); stubbed {
			return answer, err
		}
		out, err := s.queues.Do(ctx, queue.Request{Endpoint: "http://" + r.Host, Operation: name, Body: body})
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(out)
		if err != nil {
			return nil, fmt.Errorf("writing an answer: %w", err)
		}
		return text, nil
	}
	return call, true
}

// sqsRefusal names the error twice, for the protocol of today and for the one before it.
func (s *Server) sqsRefusal(operation string, err error) reply {
	var refused *queue.Error
	if !errors.As(err, &refused) {
		api := s.asAPIError(sqsService+"."+operation, err)
		body, _ := json.Marshal(map[string]string{"__type": api.code, "message": api.message})
		return reply{status: api.status, body: body}
	}
	body, _ := json.Marshal(map[string]string{"__type": "com.amazonaws.sqs#" + refused.Code, "message": refused.Message})
	return reply{status: http.StatusBadRequest, body: body, header: map[string]string{"X-Amzn-Query-Error": refused.QueryCode() + ";Sender"}}
}

// serveQueue answers at the URL of a queue, where some clients send what is for it.
func (s *Server) serveQueue(w http.ResponseWriter, r *http.Request) {
	if !accountPattern.MatchString(r.PathValue("account")) {
		http.NotFound(w, r)
		return
	}
	s.serveWire(w, r)
}

// EventQueueURL is the address of the queue that events come to, on an endpoint such as http://127.0.0.1:8081.
func (s *Server) EventQueueURL(endpoint string) string { return s.queues.URL(endpoint, EventQueue) }
