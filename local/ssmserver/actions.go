package ssmserver

// actions are the documented ones: docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html.
func actions() map[string]action {
	out := map[string]action{}
	for _, a := range []action{changeInstanceState(), sleepAction(), branchAction()} {
		out[a.name] = a
	}
	for _, name := range []string{"aws:approve", "aws:assertAwsResourceProperty", "aws:copyImage", "aws:createImage", "aws:createStack", "aws:createTags",
		"aws:deleteImage", "aws:deleteStack", "aws:executeAutomation", "aws:executeAwsApi", "aws:executeScript", "aws:executeStateMachine",
		"aws:invokeLambdaFunction", "aws:invokeWebhook", "aws:loop", "aws:pause", "aws:runCommand", "aws:runInstances", "aws:updateVariable",
		"aws:waitForAwsResourceProperty"} {
		out[name] = action{name: name, note: "documents may hold it; running it fails the step with a message that says so"}
	}
	return out
}
