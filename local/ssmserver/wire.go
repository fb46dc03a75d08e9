package ssmserver

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"handrail/local/ssmserver/cloud"
)

// maxBody is well over a document of 64 KB with every character escaped.
const maxBody = 1 << 20

// wireCall is one request, taken for an operation of one of the services that share the endpoint.
type wireCall struct {
	// service is boto3's name for the client, which is also the one in the scope of a signature.
	service, operation string
	// signs is the service's name in the scope of a signature, "" if it is the same.
	signs string
	// known is false for what nobody here covers.
	known bool
	// secret keeps the values of parameters out of the record of calls.
	secret bool
	// contentType is that of the answer.
	contentType string
	// params are what a ledger keeps of the request.
	params map[string]any
	// early is why the request is refused whoever sent it, nil if it is not.
	early error
	// work does what is asked, for whoever signed the request, and gives the body of the answer.
	work func(ctx context.Context, by caller) ([]byte, error)
	// refusal writes an error the way the service does.
	refusal func(error) reply
}

// name is what records and faults call the operation: as it is for SSM, service.Operation for any other service.
func (c wireCall) name() string {
	if c.service == ssmService {
		return c.operation
	}
	return c.service + "." + c.operation
}

// list is the list of the record that the call goes to: one for each operation of SSM and for each other service, and
// one for everything that nobody knows, or each made-up name would open a list of its own.
func (c wireCall) list() string {
	switch {
	case !c.known:
		return ""
	case c.service == ssmService:
		return c.operation
	}
	return c.service + "."
}

type reply struct {
	status int
	body   []byte
	header map[string]string
}

// route finds the service that a request is for.
func (s *Server) route(r *http.Request, body []byte) wireCall {
	for _, route := range []func(*http.Request, []byte) (wireCall, bool){s.routeSQS, s.routeCloud} {
		if call, ok := route(r, body); ok {
			return call
		}
	}
	return s.routeSSM(r, body)
}

func (s *Server) serveWire(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	call := s.route(r, body)
	var answer reply
	dropped := false
	if err != nil {
		tooLarge := refuse("RequestEntityTooLargeException", "The request is larger than 1 MiB, or ended early.")
		tooLarge.status = http.StatusRequestEntityTooLarge
		answer = call.refusal(tooLarge)
	} else {
		answer, dropped = s.answerFaulty(r, call, body)
	}
	s.record(call, began, body, answer, dropped)
	if dropped {
		panic(http.ErrAbortHandler) // net/http's own way to cut a connection without an answer
	}
	for key, value := range answer.header {
		w.Header().Set(key, value)
	}
	w.Header().Set("Content-Type", call.contentType)
	w.Header().Set("X-Amzn-Requestid", uuid.NewString())
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body) // a caller who left is not the server's problem
}

func (s *Server) record(call wireCall, began time.Time, body []byte, answer reply, dropped bool) {
	entry := Call{Time: began, Operation: call.name(), Request: asJSON(body), Status: answer.status, Response: asJSON(answer.body)}
	if dropped {
		entry.Status = 0
	}
	if call.secret {
		entry.Request, entry.Response = masked(entry.Request), masked(entry.Response)
	}
	s.calls.add(entry, call.list())
}

// answerFaulty does the work around the fault that waits for this operation, if any.
func (s *Server) answerFaulty(r *http.Request, call wireCall, body []byte) (answer reply, dropped bool) {
	fault := s.faults.take(call.name())
	if fault.DelayMS > 0 && !sleep(r.Context(), fault.delay()) {
		return reply{}, true
	}
	var injected reply
	if fault.fails() {
		injected = call.refusal(fault.err())
		if fault.RetryAfter > 0 {
			injected.header = map[string]string{"Retry-After": strconv.Itoa(fault.RetryAfter)}
		}
		if !fault.After && !fault.DropReply {
			return injected, false
		}
	}
	answer = s.answer(r, call, body)
	if fault.DropReply {
		return answer, true
	}
	if fault.fails() {
		return injected, false
	}
	return answer, false
}

// sleep waits for d and answers false if ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// answer does the work for whoever signed the request, if they may call so often.
func (s *Server) answer(r *http.Request, call wireCall, body []byte) reply {
	if call.early != nil {
		return call.refusal(call.early)
	}
	by, refused := s.keys.identify(r, body, cmp.Or(call.signs, call.service))
	if refused == nil && call.service == ssmService {
		refused = s.quotas.allow(by.region, call.operation)
	}
	if refused != nil {
		return call.refusal(refused)
	}
	out, err := call.work(r.Context(), by)
	if by.execution != nil {
		by.execution.note(by.run, by.execution.role, cloud.Call{Service: call.service, Operation: call.operation, Params: call.params, Caller: by.arn}, err)
	}
	if err != nil {
		return call.refusal(err)
	}
	return reply{status: http.StatusOK, body: out}
}

// asJSON keeps a body as it is if it is JSON, else as a string.
func asJSON(body []byte) json.RawMessage {
	if json.Valid(body) {
		return body
	}
	text, _ := json.Marshal(string(body))
	return text
}

// asAPIError gives the error of the wire, an internal one for anything that broke.
func (s *Server) asAPIError(operation string, err error) *apiError {
	var api *apiError
	if errors.As(err, &api) {
		return api
	}
	s.options.Log.Error("a call broke", "operation", operation, "error", err)
	return refuse(codeInternal, "An error occurred on the server side.")
}
