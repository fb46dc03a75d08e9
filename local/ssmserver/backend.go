package ssmserver

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"handrail/local/ssmserver/cloud"
)

// backend answers the AWS operations that runbooks call. Its error is a *cloud.UnknownOperationError for an operation
// that it does not know.
type backend interface {
	Call(ctx context.Context, call cloud.Call) (map[string]any, error)
}

// newBackend puts them in order: what is stubbed; then the user's endpoint, to which everything else goes if there is
// one; or else the operations of this server, its queues and the cloud in memory.
func (s *Server) newBackend(endpoint backend) backend {
	if endpoint != nil {
		return chain{s.stubs, endpoint}
	}
	return chain{s.stubs, ownOperations{s}, ownQueues{s}, s.cloud}
}

// chain asks one after the other until one knows the operation.
type chain []backend

func (c chain) Call(ctx context.Context, call cloud.Call) (map[string]any, error) {
	for _, next := range c {
		answer, err := next.Call(ctx, call)
		var unknown *cloud.UnknownOperationError
		if !errors.As(err, &unknown) {
			return answer, err
		}
	}
	return nil, &cloud.UnknownOperationError{Service: call.Service, Operation: call.Operation}
}

// ownOperations answers the operations of SSM that the wire has, to those who call from within.
type ownOperations struct{ server *Server }

func (o ownOperations) Call(ctx context.Context, call cloud.Call) (map[string]any, error) {
	op, ok := o.server.ownOperation(call)
	if !ok {
		return nil, &cloud.UnknownOperationError{Service: call.Service, Operation: call.Operation}
	}
	body, err := paramsJSON(call)
	if err != nil {
		return nil, err
	}
	decoded, err := decodeJSON(body)
	if err != nil {
		return nil, err
	}
	body, err = o.server.handle(ctx, op, caller{arn: call.Caller, region: call.Region, execution: startedFrom(ctx)}, decoded, body)
	var refused *apiError
	if errors.As(err, &refused) {
		return nil, &cloud.Error{Code: refused.code, Message: refused.message, Operation: op.name, Status: refused.status}
	}
	if err != nil {
		return nil, err
	}
	answer, err := decodeJSON(body)
	if err != nil {
		return nil, err
	}
	object, _ := answer.(map[string]any)
	return object, nil
}

// startedFromKey marks the context of what a step of an execution calls.
type startedFromKey struct{}

// startedFrom is the execution whose step calls, nil if a client does.
func startedFrom(ctx context.Context) *execution {
	e, _ := ctx.Value(startedFromKey{}).(*execution)
	return e
}

// stubbed answers a script's call of SSM or SQS by a stub. ok is false if there is none, and for everyone else who calls.
func (s *Server) stubbed(ctx context.Context, by caller, service, name string, request any) (body []byte, ok bool, err error) {
	if by.execution == nil {
		return nil, false, nil
	}
	params, _ := request.(map[string]any)
	answer, err := s.stubs.Call(ctx, cloud.Call{Service: service, Operation: name, Params: params})
	var unknown *cloud.UnknownOperationError
	switch {
	case errors.As(err, &unknown):
		return nil, false, nil
	case err != nil:
		return nil, true, asRefusal(err)
	}
	body, err = json.Marshal(answer)
	return body, true, err
}

// ownOperation finds the operation of this server that a call means, whose name may be in any case.
func (s *Server) ownOperation(call cloud.Call) (operation, bool) {
	if call.Service != ssmService {
		return operation{}, false
	}
	if op, ok := s.operations[call.Operation]; ok {
		return op, true
	}
	for name, op := range s.operations {
		if strings.EqualFold(name, call.Operation) {
			return op, true
		}
	}
	return operation{}, false
}
