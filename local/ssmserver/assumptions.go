package ssmserver

import "slices"

// assumptions are the choices made where AWS's behaviour is not documented and nobody has looked, in the order of the
// documentation.
func assumptions() []Assumption {
	return slices.Concat(assumedOfSteps(), assumedOfMany(), assumedOfActions(), assumedOfTheRest())
}

// assumedOfSteps is about how one execution goes from step to step.
func assumedOfSteps() []Assumption {
	return []Assumption{
		{"ClientToken", "the same token with the same request answers the first execution's ID, for as long as that execution is kept"},
		{"DescribeAutomationExecutions", "newest first; filters ANDed, values ORed; 50 results a page; times as 2018-07-07T00:00:00Z, bounds included"},
		{"DescribeAutomationStepExecutions", "steps in the order in which they started, pending ones last in document order"},
		{"StepExecutionsTruncated", "true above 100 steps"},
		{"StopAutomationExecution", "an ended execution is InvalidAutomationStatusUpdateException; a second cancel changes nothing; " +
			"Complete lets the running step end, a loop with all its iterations, and then ends the execution"},
		{"allowedPattern", "must match the whole value"},
		{"Boolean parameters", "true and false in any case"},
		{"isEnd", "ends the execution even if onFailure names a step; a branch whose choice holds goes there in spite of it"},
		{"maxAttempts", "the next attempt follows at once, from the eleventh on after a second, each with the step's whole time; inputs that are not valid are not tried again"},
		{"a cancellation between two steps", "the next step stays Pending; nothing runs after it"},
		{"approvals", "a caller who is not in Approvers gets InvalidAutomationSignalException; a principal counts once, all sessions of a listed role as one; " +
			"a rejection is final whatever maxAttempts says, and may follow one's own approval"},
		{"ApproverDecisions", "the elements have Approver (the caller's ARN), Decision (Approved, Rejected), Comment and DecisionTime"},
		{"SendAutomationSignal", "a missing payload and a signal after the end are InvalidAutomationSignalException; other keys of the payload are ignored; " +
			"StartStep and StopStep are for the mode Interactive alone"},
		{"Interactive", "after a step the steps of its ValidNextSteps can start; after a failed one that which onFailure names, and with Abort the execution ends; " +
			"a loop runs all its iterations by itself, and so do the steps after a cancellation; a stopped step does not change the final status"},
		{"aws:loop", "Abort inside fails the loop with the step's status; a critical step inside that failed without Abort decides about the execution, and the loop goes on; " +
			"isEnd ends the iteration; CurrentIteratorValue keeps its type; a reference to a step inside means its newest run; a time-out of the loop is one of the step that runs; steps of a loop that did not run are not listed"},
		{"aws:updateVariable", "the Value has at most 100 KB"},
		{"final status", "that of the first critical step that failed or timed out; Abort always counts as critical"},
		{"12 hours without an assume role", "counted from the end of the queue; then the running step and the execution are TimedOut, whatever onFailure says"},
		{"what is kept", "1 MB of outputs of a step, 32 MB of inputs, outputs and failures of an execution, 512 MB of all; a step that brings more fails, and " +
			"from half of the last on the oldest ended executions are forgotten"},
		{"what CreateDocument takes", "references to outputs of steps that do not exist and missing inputs: such steps fail when they run; bot runbook lint names them"},
		{"assume role", "checked when the execution starts: its shape, that it is one of the account's roles, and that it trusts ssm.amazonaws.com; " +
			"the condition keys of trust policies and iam:PassRole are not looked at"},
		{"outputs of steps", "a selector that finds nothing, or null, gives \"\" for String, Integer and Boolean and an empty StringList, MapList or StringMap; " +
			"a value that cannot be converted fails the step"},
	}
}

// assumedOfMany is about children, parents of many and what bounds them.
func assumedOfMany() []Assumption {
	return []Assumption{
		{"aws:executeAutomation", "a child that ends in another way than Success fails the step, which keeps ExecutionId and Status as outputs; " +
			"a list inside a list of RuntimeParameters is spread, null is left out; the step ends after the child it cancels, unless its time ran out"},
		{"levels of automations", "the children of targets and of locations count as levels, too, and so does what a step starts with ssm.StartAutomationExecution"},
		{"Targets", "values are checked when their child starts, whose step fails then; one of the Parameters that is the target parameter is ignored; " +
			"the parent shows the Parameters that were given, without defaults; Mode Interactive is refused"},
		{"Targets that are looked up", "by the execution's role after the start: tags of instances with ec2.DescribeInstances, of other target types with the tagging API, " +
			"all instances without the terminated ones; the parent fails if nothing matches"},
		{"TargetMaps", "a child is named after the value of TargetParameterName, or after all of its values"},
		{"ResolvedTargets", "Truncated above 50"},
		{"concurrency", "the next 2, 4, 8… children start when all of the ones before have ended, and from MaxConcurrency on each that ends makes room for one; " +
			"percentages are rounded up"},
		{"MaxErrors", "10% of 50 stops at the sixth error, as the API reference says, not at the fifth; percentages are rounded down; 0 if none is given; " +
			"children that failed, timed out or were cancelled are errors"},
		{"parents of many", "Failed after more errors than MaxErrors, else Success; the steps of children that were not started stay Pending; " +
			"Complete starts no more children and waits for those that run"},
		{"TargetLocations", "each location has its own limits and they run side by side; steps are named ACCOUNT-REGION; a child's role parameter is the execution role, " +
			"which exists everywhere and is shown as ExecutedBy, too; a document with a fixed role keeps it; every Region lists the executions of all"},
		{"AlarmConfiguration", "looked up every 15 seconds by the service's own role; a missing alarm counts as one that cannot be looked up; the execution is Cancelled"},
		{"quotas of executions", "5,000 wait in the queue, 1,000 parents of many in theirs, and children are never refused; up to 400 in aws:approve, aws:pause and aws:sleep run " +
			"beside the 100; who waits for a child gives its place to others, who gets one back first; other accounts and Regions have their own, not counted here"},
		{"execution previews", "parameters that are required can be left out; the steps of loops count instead of the loop, and a child does the worst of its steps"},
		{"lists of executions", "parents and children together"},
	}
}

// assumedOfActions is about single actions and what they act on.
func assumedOfActions() []Assumption {
	return []Assumption{
		{"aws:executeScript", "any Python 3 that is installed runs it, whichever version the Runtime names; context is an empty dictionary; " +
			"the outputs are Payload, OutputPayload ({\"Payload\": …}) and those that the step declares"},
		{"aws:executeScript limits", "printing more than 100 KB or returning more fails the step; a returned list is cut after 100 items; " +
			"a list inside it is not; NaN and what is no JSON fail the step; sys.exit fails it too"},
		{"AWS calls that are passed on", "one attempt, 25 seconds, 5 minutes for functions; times are written as 2021-05-24T10:57:31Z, bytes as text, or as base64 if they are none"},
		{"aws:executeAwsApi", "parameters go to the operation as they are, with no conversion of types; a call that takes longer than 25 s fails the step; " +
			"the step itself tries nothing again"},
		{"aws:runCommand", "waits while an instance that SSM knows is not online, and times out after an hour; an instance that it does not know is refused by SendCommand. " +
			"Of several instances it gives no output and the response code 0, or 1 if the step fails; outputs are there after a failure, too; no instance for a tag fails the step; " +
			"a cancelled or timed-out step cancels the command"},
		{"aws:invokeLambdaFunction", "a FunctionError fails the step, as AWS's own runbooks count on with maxAttempts, and leaves its outputs; LogType is Tail unless it is given; " +
			"outputs are those that the answer has"},
		{"aws:executeStateMachine", "any end but SUCCEEDED fails the step; a cancelled or timed-out step stops the execution; no default time"},
		{"aws:invokeWebhook", "any ResponseCode is a success"},
		{"Run Command", "documents of any name exist; an invocation takes 0.5 s and prints that no command ran; MaxErrors stops between groups of MaxConcurrency; " +
			"what it stopped is Cancelled (Terminated), a command with fewer errors than that is Failed (Incomplete)"},
		{"calls of SSM from within", "answered in process as the execution's identity; they count towards no quota, and refusals of parameters are ValidationException " +
			"rather than botocore's own"},
		{"desired values", "compared as text, booleans as True and False; a list must hold something, and nothing but desired values; what a selector does not find is not desired"},
		{"aws:assertAwsResourceProperty", "the failure's text, \"Property value from the API output is not in desired values\", its phase and that it counts as a verification"},
		{"aws:waitForAwsResourceProperty", "an error of the operation fails the step at once"},
		{"polling", "the first look again after 0.25 s, then half as much later each time, up to 15 s; a change in the local AWS is seen at once"},
		{"FailureType", "Throttling and Permission by the code of the operation's error, Verification for assertions and commands, else Action"},
		{"aws:runInstances", "waits until the instances run, not for their status checks"},
		{"actions that wait", "an hour if the document has no timeoutSeconds: aws:runInstances, aws:createImage, aws:copyImage, aws:createStack, aws:deleteStack"},
		{"aws:deleteStack", "a stack that does not exist counts as deleted"},
		{"the local AWS", "one account's world, the same in every Region; nothing costs, and what is told to change does so within seconds; " +
			"a text is taken for a number or a boolean where an operation wants one"},
		{"times in answers of the local AWS", "ISO 8601 texts in the outputs of steps"},
	}
}

// assumedOfTheRest is about documents, parameters and the wire.
func assumedOfTheRest() []Assumption {
	return []Assumption{
		{"InstanceIds", "a single string is a list of one; a list inside the list is spread"},
		{"FailureDetails", "Details is empty"},
		{"Owner of ListDocuments", "Public is what AWS owns and what is shared with everyone, Private the rest of one's own; ThirdParty is empty"},
		{"documents", "500 of one's own, 1,000 versions each, and here 32 MB of content together; the version to update must be the newest; no version of a document can have the content of another one of it"},
		{"DescribeDocument Hash", "SHA-256 of the content as stored, in the document's own format"},
		{"Parameter Store", "one store for every Region; a SecureString without WithDecryption comes as a text that is not its value; " +
			"the public parameters under /aws/service/ami- all name the one image that there is, the others do not exist"},
		{"{{ ssm:… }} in defaults", "looked up when the execution starts; a missing entry is InvalidAutomationExecutionParametersException; " +
			"a SecureString is refused; a StringList fills a list"},
		{"system variables in parameters", "{{ global:… }} and {{ automation:EXECUTION_ID }} in a parameter's value are resolved when a step uses it"},
		{"quotas of calls", "a bucket for each operation and Region that holds one second's worth; a refused call takes nothing out of it; errors count like successes"},
		{"events", "executions and steps, children included, have one for Success, Failed, TimedOut and Canceled and none for other statuses; times are UTC"},
		{"signatures", "Signature Version 4 in headers, 5 minutes of clock skew, any Region; the texts are those that other JSON services answer"},
		{"unknown request members", "refused, where the real service ignores them"},
	}
}
