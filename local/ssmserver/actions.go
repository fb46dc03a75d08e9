package ssmserver

// actions are the documented ones: docs.aws.amazon.com/systems-manager/latest/userguide/automation-actions.html.
func actions() map[string]action {
	out := map[string]action{}
	for _, a := range []action{
		approveAction(),
		assertProperty(),
		branchAction(),
		changeInstanceState(),
		copyImage(),
		createImage(),
		createStack(),
		createTags(),
		deleteImage(),
		deleteStack(),
		automationAction(),
		executeScript(),
		executeAwsAPI(),
		executeStateMachine(),
		invokeLambda(),
		invokeWebhook(),
		loopAction(),
		pauseAction(),
		runCommandAction(),
		runInstances(),
		sleepAction(),
		updateVariableAction(),
		waitForProperty(),
	} {
		out[a.name] = a
	}
	return out
}
