package ssmserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	targetPrefix = "AmazonSSM."
	contentType  = "application/x-amz-json-1.1"
	// maxBody is well over a document of 64 KB with every character escaped.
	maxBody = 1 << 20
)

// caller is who signed a request.
type caller struct{ arn string }

// operation is one row of the coverage table.
type operation struct {
	name string
	note string
	// refuses says that it answers nothing but errors.
	refuses bool
	input   shape
	// secret keeps the values of parameters out of the record of calls.
	secret bool
	// handle gets a request that passed input. Its error is an *apiError, or something broke.
	handle func(s *Server, by caller, request json.RawMessage) (any, error)
}

// handler decodes the request into the operation's own type.
func handler[In any](handle func(*Server, caller, In) (any, error)) func(*Server, caller, json.RawMessage) (any, error) {
	return func(s *Server, by caller, request json.RawMessage) (any, error) {
		var in In
		if err := json.Unmarshal(request, &in); err != nil {
			return nil, refuse(codeSerialization, "The request could not be read.")
		}
		return handle(s, by, in)
	}
}

type reply struct {
	status int
	body   []byte
	header map[string]string
}

func errorReply(err error) reply {
	var api *apiError
	if !errors.As(err, &api) {
		api = refuse(codeInternal, "An error occurred on the server side.")
	}
	body, _ := json.Marshal(api.body())
	return reply{status: api.status, body: body}
}

func (s *Server) serveWire(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	name := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	request, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var answer reply
	dropped := false
	if err != nil {
		answer = reply{status: http.StatusRequestEntityTooLarge, body: []byte(`{"__type":"RequestEntityTooLargeException","Message":"The request is larger than 1 MiB."}`)}
	} else {
		answer, dropped = s.answerFaulty(r, name, request)
	}
	call := Call{Time: began, Operation: name, Request: asJSON(request), Status: answer.status, Response: answer.body}
	if dropped {
		call.Status = 0
	}
	op, known := s.operations[name]
	if op.secret {
		call.Request, call.Response = masked(call.Request), masked(call.Response)
	}
	s.calls.add(call, known)
	if dropped {
		panic(http.ErrAbortHandler) // net/http's own way to cut a connection without an answer
	}
	for key, value := range answer.header {
		w.Header().Set(key, value)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Requestid", uuid.NewString())
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body) // a caller who left is not the server's problem
}

// answerFaulty does the work around the fault that waits for this operation, if any.
func (s *Server) answerFaulty(r *http.Request, name string, request []byte) (answer reply, dropped bool) {
	fault := s.faults.take(name)
	if fault.DelayMS > 0 && !sleep(r.Context(), fault.delay()) {
		return reply{}, true
	}
	var injected reply
	if fault.fails() {
		injected = errorReply(fault.err())
		if fault.RetryAfter > 0 {
			injected.header = map[string]string{"Retry-After": strconv.Itoa(fault.RetryAfter)}
		}
		if !fault.After && !fault.DropReply {
			return injected, false
		}
	}
	answer = s.answer(r, name, request)
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

func (s *Server) answer(r *http.Request, name string, request []byte) reply {
	out, err := s.handle(r, name, request)
	if err != nil {
		var api *apiError
		if !errors.As(err, &api) {
			s.options.Log.Error("a call broke", "operation", name, "error", err)
		}
		return errorReply(err)
	}
	body, err := json.Marshal(out)
	if err != nil {
		s.options.Log.Error("writing an answer", "operation", name, "error", err)
		return errorReply(err)
	}
	return reply{status: http.StatusOK, body: body}
}

func (s *Server) handle(r *http.Request, name string, request []byte) (any, error) {
	op, known := s.operations[name]
	if !known || !strings.HasPrefix(r.Header.Get("X-Amz-Target"), targetPrefix) {
		s.options.Log.Warn("a call to an operation that the local SSM does not cover", "operation", name)
		return nil, refuse(codeUnknownOperation, "The operation %q is not covered by the local SSM. GET /control/coverage lists those that are.", name)
	}
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != contentType {
		return nil, refuse(codeSerialization, "The Content-Type is %q; it must be %s.", kind, contentType)
	}
	by, err := s.identify(r)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(request))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return nil, refuse(codeSerialization, "The request is not valid JSON.")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse(codeSerialization, "There is more text after the end of the request.")
	}
	if err := op.input.check(decoded); err != nil {
		return nil, err
	}
	return op.handle(s, by, request)
}

var credential = regexp.MustCompile(`^AWS4-HMAC-SHA256 .*Credential=([\w-]{1,128})/[0-9]{8}/[a-z0-9-]+/[a-z0-9]+/aws4_request`)

// identify takes the access key out of the SigV4 header. The signature itself is not verified.
func (s *Server) identify(r *http.Request) (caller, error) {
	m := credential.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return caller{}, refuse("MissingAuthenticationTokenException", "Request is missing Authentication Token")
	}
	if s.options.Callers == nil {
		return caller{arn: "arn:aws:sts::" + s.options.Account + ":assumed-role/handrail/local"}, nil
	}
	arn, ok := s.options.Callers[m[1]]
	if !ok {
		return caller{}, refuse("UnrecognizedClientException", "The security token included in the request is invalid.")
	}
	return caller{arn: arn}, nil
}

// asJSON keeps a body as it is if it is JSON, else as a string.
func asJSON(body []byte) json.RawMessage {
	if json.Valid(body) {
		return body
	}
	text, _ := json.Marshal(string(body))
	return text
}

// epoch is a time of the wire: seconds since 1970 with milliseconds.
type epoch struct{ time.Time }

// MarshalJSON writes a number such as 1564600648.159.
func (e epoch) MarshalJSON() ([]byte, error) {
	ms := e.UnixMilli()
	return []byte(strconv.FormatInt(ms/1000, 10) + "." + pad(ms%1000)), nil
}

func pad(ms int64) string {
	text := strconv.FormatInt(ms, 10)
	return "000"[len(text):] + text
}
