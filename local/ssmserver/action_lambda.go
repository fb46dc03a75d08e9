package ssmserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	// lambdaTime is how long a function may take, whatever the step's own time:
	// docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-lamb.html.
	lambdaTime = 5 * time.Minute
	// maxLambdaOutput: docs.aws.amazon.com/general/latest/gr/ssm.html, "aws:invokeLambdaFunction".
	maxLambdaOutput = 200 << 10

	verifyingLambda = "verifying the Lambda function has completed"
)

func invokeLambda() action {
	return action{name: "aws:invokeLambdaFunction", run: runLambda, timeout: lambdaTime, verifying: verifyingLambda,
		note: "calls lambda.Invoke; there is no function here but those of stubs and of an --aws-endpoint; 5 minutes, 200 KB"}
}

func runLambda(ctx context.Context, c *stepContext) (result, error) {
	params, err := lambdaParams(c.inputs)
	if err != nil {
		return result{}, err
	}
	limited, stop := context.WithTimeout(ctx, lambdaTime)
	defer stop()
	answer, err := c.call(limited, "lambda", "Invoke", params)
	if err != nil && errors.Is(limited.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		return result{}, &stepFailure{phase: verifyingLambda, stage: "PostVerification", kind: "Verification", timedOut: true}
	}
	if err != nil {
		return result{}, err
	}
	out := result{outputs: map[string]any{}}
	for _, name := range []string{"StatusCode", "FunctionError", "LogResult", "Payload"} {
		if value, ok := answer[name]; ok && value != nil {
			out.outputs[name] = value
		}
	}
	if payload, ok := out.outputs["Payload"]; ok {
		text := asText(payload)
		if len(text) > maxLambdaOutput {
			return result{}, fmt.Errorf("The payload of the function %s is larger than 200 KB", params["FunctionName"]) //nolint:staticcheck // the text of a failed step
		}
		out.outputs["Payload"] = text
	}
	if failed, _ := out.outputs["FunctionError"].(string); failed != "" {
		return out, fmt.Errorf("Lambda function %s returned an error: FunctionError=[%s], Payload=[%s]", params["FunctionName"], failed, out.outputs["Payload"]) //nolint:staticcheck // the text of a failed step
	}
	return out, nil
}

// lambdaParams makes the parameters of Invoke out of the inputs. InputPayload wins over Payload.
func lambdaParams(in inputs) (map[string]any, error) {
	if err := in.only("FunctionName", "Qualifier", "InvocationType", "LogType", "ClientContext", "InputPayload", "Payload"); err != nil {
		return nil, err
	}
	if _, err := in.required("FunctionName"); err != nil {
		return nil, err
	}
	params := map[string]any{"InvocationType": "RequestResponse", "LogType": "Tail"}
	for _, name := range []string{"FunctionName", "Qualifier", "InvocationType", "LogType", "ClientContext"} {
		text, err := in.text(name)
		if err != nil {
			return nil, err
		}
		if text != "" {
			params[name] = text
		}
	}
	if !slices.Contains([]any{"Event", "RequestResponse", "DryRun"}, params["InvocationType"]) {
		return nil, invalidInput("The input InvocationType must be Event, RequestResponse or DryRun")
	}
	if params["InvocationType"] != "RequestResponse" && in["LogType"] == nil {
		delete(params, "LogType")
	}
	for _, name := range []string{"InputPayload", "Payload"} {
		if in[name] != nil {
			params["Payload"] = asText(in[name])
			break
		}
	}
	return params, nil
}

// textsOf copies the inputs of these names as text, anything else as JSON, without those that are missing or empty.
func (in inputs) textsOf(names ...string) map[string]any {
	out := map[string]any(maps.Clone(in))
	maps.DeleteFunc(out, func(name string, v any) bool { return !slices.Contains(names, name) || v == nil || v == "" })
	for name, value := range out {
		out[name] = asText(value)
	}
	return out
}
