package ssmserver

import (
	"context"
	"errors"
	"strings"

	"handrail/local/ssmserver/cloud"
)

func createStack() action {
	return action{name: "aws:createStack", timeout: waitTime, run: runCreateStack, verifying: "verifying the stack is created",
		note: "waits until the stack is created; a stack of the local AWS has states and outputs, but no resources"}
}

func deleteStack() action {
	return action{name: "aws:deleteStack", timeout: waitTime, run: runDeleteStack, verifying: "verifying the stack is deleted",
		note: "waits until the stack is gone; one that does not exist counts as deleted"}
}

// stackState is one of the answers of DescribeStacks.
type stackState struct{ StackId, StackStatus, StackStatusReason string }

// describeStack gives the stack, nil if there is none.
func describeStack(ctx context.Context, c *stepContext, name string) (*stackState, error) {
	answer, err := c.call(ctx, "cloudformation", "DescribeStacks", map[string]any{"StackName": name})
	var refused *cloud.Error
	if errors.As(err, &refused) && refused.Code == "ValidationError" {
		return nil, nil // CloudFormation's code for a stack that does not exist
	}
	if err != nil {
		return nil, err
	}
	var out struct{ Stacks []stackState }
	if readInto(answer, &out); len(out.Stacks) == 0 {
		return nil, nil
	}
	return &out.Stacks[0], nil
}

func runCreateStack(ctx context.Context, c *stepContext) (result, error) {
	in := c.inputs
	if err := in.only("Capabilities", "ClientRequestToken", "DisableRollback", "NotificationARNs", "OnFailure", "Parameters",
		"ResourceTypes", "RoleARN", "StackName",
		"StackPolicyBody", "StackPolicyURL", "Tags", "TemplateBody", "TemplateURL", "TimeoutInMinutes"); err != nil {
		return result{}, err
	}
	name, err := in.required("StackName")
	if err != nil {
		return result{}, err
	}
	params, err := in.parameters(nil, "DisableRollback")
	if err != nil {
		return result{}, err
	}
	answer, err := c.call(ctx, "cloudformation", "CreateStack", params)
	if err != nil {
		return result{}, stackFailed(err)
	}
	made := stackState{}
	if readInto(answer, &made); made.StackId == "" {
		made.StackId = name
	}
	last, err := waitForStack(ctx, c, made.StackId)
	if err != nil {
		return result{}, err
	}
	if last.StackStatus != "CREATE_COMPLETE" {
		return result{}, endedWrong("The stack %s is %s. %s", name, last.StackStatus, last.StackStatusReason)
	}
	return result{outputs: map[string]any{"StackId": made.StackId, "StackStatus": last.StackStatus, "StackStatusReason": last.StackStatusReason}}, nil
}

// waitForStack waits until nothing happens to the stack any more.
func waitForStack(ctx context.Context, c *stepContext, id string) (stackState, error) {
	var seen stackState
	return seen, c.poll(ctx, func() (bool, error) {
		stack, err := describeStack(ctx, c, id)
		if err != nil {
			return false, stackFailed(err)
		}
		if stack == nil {
			return false, endedWrong("The stack %s does not exist", id)
		}
		seen = *stack
		return !strings.HasSuffix(seen.StackStatus, "_IN_PROGRESS"), nil
	})
}

func runDeleteStack(ctx context.Context, c *stepContext) (result, error) {
	in := c.inputs
	if err := in.only("ClientRequestToken", "RetainResources", "RoleARN", "StackName"); err != nil {
		return result{}, err
	}
	name, err := in.required("StackName")
	if err != nil {
		return result{}, err
	}
	params, err := in.parameters(nil)
	if err != nil {
		return result{}, err
	}
	if _, err := c.call(ctx, "cloudformation", "DeleteStack", params); err != nil {
		return result{}, stackFailed(err)
	}
	return result{}, c.poll(ctx, func() (bool, error) {
		stack, err := describeStack(ctx, c, name)
		switch {
		case err != nil:
			return false, stackFailed(err)
		case stack == nil || stack.StackStatus == "DELETE_COMPLETE":
			return true, nil
		case strings.HasSuffix(stack.StackStatus, "_IN_PROGRESS"):
			return false, nil
		}
		return false, endedWrong("The stack %s is %s. %s", name, stack.StackStatus, stack.StackStatusReason)
	})
}
