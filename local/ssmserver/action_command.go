package ssmserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const verifyingCommand = "verifying the command has completed"

func runCommandAction() action {
	return action{name: "aws:runCommand", run: runCommand, timeout: time.Hour, verifying: verifyingCommand,
		note: "through SendCommand, which carries nothing out here; see its row"}
}

// maxCommandInstances: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-runcommand.html, "InstanceIds".
const maxCommandInstances = 50

// runCommand sends a command to instances that answer, and waits for its end.
func runCommand(ctx context.Context, c *stepContext) (result, error) {
	params, ids, err := commandParams(c.inputs)
	if err != nil {
		return result{}, err
	}
	if err := c.awaitAgents(ctx, ids); err != nil {
		return result{}, err
	}
	answer, err := c.call(ctx, ssmService, "SendCommand", params)
	if err != nil {
		return result{}, err
	}
	sent := readCommand(answer)
	status, err := c.awaitCommand(ctx, sent)
	if err != nil {
		if ctx.Err() != nil {
			c.callAfter(ctx, ssmService, "CancelCommand", map[string]any{"CommandId": sent.CommandId})
		}
		return result{}, err
	}
	return c.commandResult(ctx, sent.CommandId, status, ids)
}

// commandParams checks the inputs and makes those of SendCommand out of them.
func commandParams(in inputs) (params map[string]any, ids []string, err error) {
	texts := []string{"DocumentName", "DocumentVersion", "Comment", "MaxConcurrency", "MaxErrors", "OutputS3BucketName", "OutputS3KeyPrefix", "OutputS3Region",
		"ServiceRoleArn", "DocumentHash", "DocumentHashType"}
	if err := in.only(append(slices.Clone(texts), "InstanceIds", "Targets", "Parameters", "TimeoutSeconds", "CloudWatchOutputConfig", "NotificationConfig")...); err != nil {
		return nil, nil, err
	}
	if _, err := in.required("DocumentName"); err != nil {
		return nil, nil, err
	}
	if ids, err = in.texts("InstanceIds"); err != nil {
		return nil, nil, err
	}
	switch {
	case len(ids) > maxCommandInstances:
		return nil, nil, invalidInput(fmt.Sprintf("The input InstanceIds names %d instances; there can be %d at most", len(ids), maxCommandInstances))
	case len(ids) == 0 && in["Targets"] == nil:
		return nil, nil, invalidInput("One of the inputs InstanceIds and Targets is required")
	}
	params = map[string]any(maps.Clone(in))
	for _, name := range texts {
		if text, isNumber := in[name].(json.Number); isNumber {
			params[name] = text.String() // MaxConcurrency: 2
		} else if text, err := in.text(name); err != nil {
			return nil, nil, err
		} else if text == "" {
			delete(params, name)
		}
	}
	delete(params, "InstanceIds")
	if len(ids) > 0 {
		params["InstanceIds"] = anyList(ids)
	}
	return params, ids, commandNumbers(in, params)
}

// commandNumbers gives TimeoutSeconds and Parameters the types of SendCommand.
func commandNumbers(in inputs, params map[string]any) error {
	if text, ok := in["TimeoutSeconds"].(string); ok {
		params["TimeoutSeconds"] = json.Number(strings.TrimSpace(text))
		if _, err := json.Number(strings.TrimSpace(text)).Int64(); err != nil {
			return invalidInput("The input TimeoutSeconds must be a whole number")
		}
	}
	switch given := in["Parameters"].(type) {
	case nil:
		delete(params, "Parameters")
	case map[string]any:
		lists := map[string]any{}
		for name, value := range given {
			lists[name] = commandValues(value)
		}
		params["Parameters"] = lists
	default:
		return invalidInput("The input Parameters must be a map")
	}
	return nil
}

// commandValues makes a list of strings out of a parameter's value, with the lists inside it spread.
func commandValues(value any) []any {
	switch v := value.(type) {
	case nil:
		return []any{}
	case string:
		return []any{v}
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, commandValues(item)...)
		}
		return out
	}
	return []any{jsonText(value)}
}

// sentCommand is what a step looks at in a Command of the API.
type sentCommand struct{ CommandId, Status, StatusDetails string }

func readCommand(answer map[string]any) sentCommand {
	command, _ := answer["Command"].(map[string]any)
	var c sentCommand
	c.CommandId, _ = command["CommandId"].(string)
	c.Status, _ = command["Status"].(string)
	c.StatusDetails, _ = command["StatusDetails"].(string)
	return c
}

// awaitAgents waits until none of the instances that SSM knows is offline. Those that it does not know are left to
// SendCommand, and so is everything where it cannot be asked.
func (c *stepContext) awaitAgents(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	var silent []string
	filter := map[string]any{"Key": "InstanceIds", "Values": anyList(ids)}
	err := c.poll(ctx, func() (bool, error) {
		answer, err := c.call(ctx, ssmService, "DescribeInstanceInformation", map[string]any{"Filters": []any{filter}})
		if err != nil {
			return ctx.Err() == nil, ctx.Err()
		}
		silent = silentNodes(answer)
		return len(silent) == 0, nil
	})
	if err != nil && errors.Is(context.Cause(ctx), errTimedOut) && len(silent) > 0 {
		return &stepFailure{phase: "verifying the SSM Agent availability on the target instance(s)", stage: "PreVerification", kind: "Verification", timedOut: true,
			cause: "SSM Agent on Instances: [" + strings.Join(silent, ", ") + "] are not functioning"}
	}
	return err
}

func silentNodes(answer map[string]any) []string {
	list, _ := answer["InstanceInformationList"].([]any)
	var out []string
	for _, item := range list {
		node, _ := item.(map[string]any)
		if id, ok := node["InstanceId"].(string); ok && node["PingStatus"] != "Online" {
			out = append(out, id)
		}
	}
	return out
}

// awaitCommand waits for the end of a command.
func (c *stepContext) awaitCommand(ctx context.Context, sent sentCommand) (sentCommand, error) {
	if sent.CommandId == "" {
		return sent, errors.New("The answer of SendCommand has no CommandId") //nolint:staticcheck // the text of a failed step
	}
	if ended(sent.Status) {
		return sent, nil
	}
	err := c.poll(ctx, func() (bool, error) {
		answer, err := c.call(ctx, ssmService, "ListCommands", map[string]any{"CommandId": sent.CommandId})
		if err != nil {
			return false, err
		}
		if list, _ := answer["Commands"].([]any); len(list) > 0 {
			sent = readCommand(map[string]any{"Command": list[0]})
		}
		return ended(sent.Status), nil
	})
	return sent, err
}

// commandResult gives the outputs: of one instance what it printed, of several nothing of the kind, as
// docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-runcommand.html has it.
func (c *stepContext) commandResult(ctx context.Context, id string, sent sentCommand, ids []string) (result, error) {
	code, output := json.Number("0"), ""
	if sent.Status != statusSuccess {
		code = "1"
	}
	if len(ids) == 1 {
		answer, err := c.call(ctx, ssmService, "GetCommandInvocation", map[string]any{"CommandId": id, "InstanceId": ids[0]})
		if err != nil {
			return result{}, err
		}
		if n, ok := answer["ResponseCode"].(json.Number); ok {
			code = n
		}
		output, _ = answer["StandardOutputContent"].(string)
		if text, _ := answer["StandardErrorContent"].(string); text != "" {
			output += "\n----------ERROR-------\n" + text
		}
	}
	payload := map[string]any{"Status": sent.Status, "ResponseCode": code, "Output": output, "CommandId": id}
	out := result{outputs: maps.Clone(payload)}
	out.outputs["OutputPayload"] = payload
	if sent.Status == statusSuccess && sent.StatusDetails != "NoInstancesInTag" {
		return out, nil
	}
	status := sent.Status
	if sent.StatusDetails == "NoInstancesInTag" {
		status = sent.StatusDetails
	}
	return out, &stepFailure{phase: verifyingCommand, stage: "PostVerification", kind: "Verification", cause: fmt.Sprintf(
		"Command %s returns unexpected invocation result: \n{Status=[%s], ResponseCode=[%s], Output=[%s], OutputPayload=[%s], CommandId=[%s]}",
		id, status, code, output, payloadText(status, code, output, id), id)}
}

// payloadText is the payload in the order in which AWS writes it.
func payloadText(status string, code json.Number, output, id string) string {
	return jsonText(struct {
		Status       string
		ResponseCode json.Number
		Output       string
		CommandId    string
	}{status, code, output, id})
}

// callAfter calls an operation that undoes something although the step's time is over. Its failure changes nothing.
func (c *stepContext) callAfter(ctx context.Context, service, operation string, params map[string]any) {
	if errors.Is(context.Cause(ctx), errClosed) {
		return
	}
	limited, stop := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer stop()
	_, _ = c.call(limited, service, operation, params) // the ledger says how it ended
}

// cleanupTime bounds a call that undoes something.
const cleanupTime = 5 * time.Second
