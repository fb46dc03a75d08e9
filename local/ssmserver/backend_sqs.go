package ssmserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	params := call.Params
	if params == nil {
		params = map[string]any{}
	}
	body, err := json.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("writing the parameters of %s as JSON: %w", call.Name(), err)
	}
	out, err := o.server.queues.Do(ctx, queue.Request{Endpoint: "https://sqs." + call.Region + ".amazonaws.com", Operation: name, Body: body})
	var refused *queue.Error
	if errors.As(err, &refused) {
		return nil, &cloud.Error{Code: refused.QueryCode(), Message: refused.Message, Operation: name}
	}
	if err != nil {
		return nil, err
	}
	answer, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("writing the answer of %s as JSON: %w", call.Name(), err)
	}
	decoded, err := decodeJSON(answer)
	if err != nil {
		return nil, err
	}
	object, _ := decoded.(map[string]any)
	return object, nil
}
