package ssmserver

import (
	"context"
	"encoding/json"
	"errors"

	"handrail/local/ssmserver/cloud"
)

func invokeWebhook() action {
	return action{name: "aws:invokeWebhook", run: runWebhook, verifying: "verifying the webhook has answered",
		note: "sends nothing: there is no integration here but the stubs webhook.INTEGRATION, with Response and ResponseCode"}
}

func runWebhook(ctx context.Context, c *stepContext) (result, error) {
	if err := c.inputs.only("IntegrationName", "Body"); err != nil {
		return result{}, err
	}
	name, err := c.inputs.required("IntegrationName")
	if err != nil {
		return result{}, err
	}
	call := cloud.Call{Service: webhookService, Operation: name, Params: c.inputs.textsOf("Body"), Region: c.execution.region, Caller: c.execution.identity}
	answer, err := c.server.stubs.Call(ctx, call)
	c.execution.note(c.run, c.execution.role, call, err)
	var unknown *cloud.UnknownOperationError
	if errors.As(err, &unknown) {
		err = errors.New("There is no Automation integration " + name + " here; stub its answer as webhook." + name) //nolint:staticcheck // the text of a failed step
	}
	if err != nil {
		return result{}, err
	}
	out := map[string]any{"Response": "", "ResponseCode": json.Number("200")}
	for member := range out {
		if value, ok := answer[member]; ok {
			out[member] = value
		}
	}
	return result{outputs: out}, nil
}
