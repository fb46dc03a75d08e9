package ssmserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	ssmService   = "ssm"
	targetPrefix = "AmazonSSM."
	contentType  = "application/x-amz-json-1.1"
)

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
	handle func(ctx context.Context, s *Server, by caller, request json.RawMessage) (any, error)
}

// handler decodes the request into the operation's own type.
func handler[In any](handle func(*Server, caller, In) (any, error)) func(context.Context, *Server, caller, json.RawMessage) (any, error) {
	return handlerWaiting(func(_ context.Context, s *Server, by caller, in In) (any, error) { return handle(s, by, in) })
}

// handlerWaiting is the handler of an operation that asks others, who may take time.
func handlerWaiting[In any](handle func(context.Context, *Server, caller, In) (any, error)) func(context.Context, *Server, caller, json.RawMessage) (any, error) {
	return func(ctx context.Context, s *Server, by caller, request json.RawMessage) (any, error) {
		var in In
		if err := json.Unmarshal(request, &in); err != nil {
			return nil, refuse(codeSerialization, "The request could not be read.")
		}
		return handle(ctx, s, by, in)
	}
}

// routeSSM takes every request for one to SSM. What is none is an operation that nobody covers.
func (s *Server) routeSSM(r *http.Request, body []byte) wireCall {
	name, ours := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	op, known := s.operations[name]
	call := wireCall{service: ssmService, operation: name, known: ours && known, secret: op.secret, contentType: contentType}
	call.refusal = func(err error) reply {
		api := s.asAPIError(name, err)
		body, _ := json.Marshal(api.body())
		return reply{status: api.status, body: body}
	}
	uncovered := refuse(codeUnknownOperation, "The operation %q is not covered by the local SSM. GET /control/coverage lists those that are.", name)
	if !call.known && (!ours || !s.stubs.has(ssmService, name)) {
		s.options.Log.Warn("a call to an operation that the local SSM does not cover", "operation", name)
		call.early = uncovered
		return call
	}
	call.early = checkContentType(r, contentType)
	decoded, err := decodeJSON(body)
	if call.params, _ = decoded.(map[string]any); op.secret {
		call.params = nil
	}
	call.work = func(ctx context.Context, by caller) ([]byte, error) {
		if err != nil {
			return nil, err
		}
		if answer, stubbed, err := s.stubbed(ctx, by, ssmService, name, decoded); stubbed {
			return answer, err
		}
		if !call.known {
			return nil, uncovered
		}
		return s.handle(ctx, op, by, decoded, body)
	}
	return call
}

func checkContentType(r *http.Request, want string) error {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != want {
		return refuse(codeSerialization, "The Content-Type is %q; it must be %s.", kind, want)
	}
	return nil
}

// handle checks a decoded request and does its work.
func (s *Server) handle(ctx context.Context, op operation, by caller, decoded any, request []byte) ([]byte, error) {
	if err := op.input.check(decoded); err != nil {
		return nil, err
	}
	out, err := op.handle(ctx, s, by, request)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("writing an answer: %w", err)
	}
	return body, nil
}

// decodeJSON reads one JSON value with its numbers as they are.
func decodeJSON(text []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return nil, refuse(codeSerialization, "The request is not valid JSON.")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse(codeSerialization, "There is more text after the end of the request.")
	}
	return decoded, nil
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
