package ssmserver

import (
	"context"
	"errors"
	"slices"
	"strings"

	"handrail/local/ssmserver/cloud"
	"handrail/local/ssmserver/queue"
)

// ownQueues answers the operations of SQS that the wire has, to those who call from within.
type ownQueues struct{ server *Server }

func (o ownQueues) Call(ctx context.Context, call cloud.Call) (map[string]any, error) {
	i := slices.IndexFunc(queue.Operations(), func(name string) bool { return strings.EqualFold(name, call.Operation) })
	if call.Service != sqsService || i < 0 {
		return nil, &cloud.UnknownOperationError{Service: call.Service, Operation: call.Operation}
	}
	name := queue.Operations()[i]
	body, err := paramsJSON(call)
	if err != nil {
		return nil, err
	}
	out, err := o.server.queues.Do(ctx, queue.Request{Endpoint: "https://sqs." + call.Region + ".amazonaws.com", Operation: name, Body: body})
	var refused *queue.Error
	if errors.As(err, &refused) {
		return nil, &cloud.Error{Code: refused.QueryCode(), Message: refused.Message, Operation: name}
	}
	if err != nil {
		return nil, err
	}
	return plain(out)
}
