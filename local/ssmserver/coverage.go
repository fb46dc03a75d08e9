package ssmserver

import (
	"maps"
	"slices"
)

// Coverage says what the local SSM does.
type Coverage struct {
	Operations  []CoverageRow `json:"operations"`
	Actions     []CoverageRow `json:"actions"`
	Assumptions []Assumption  `json:"assumptions"`
}

// CoverageRow is an operation or an action.
type CoverageRow struct {
	Name    string `json:"name"`
	Covered bool   `json:"covered"`
	Note    string `json:"note"`
}

// Assumption is a choice about behaviour that is not documented and was not seen on real AWS.
type Assumption struct {
	About  string `json:"about"`
	Choice string `json:"choice"`
}

// Covered gives the table, sorted by name. It is made from the tables that the server runs by.
func Covered() Coverage {
	var c Coverage
	ops, acts := operations(), actions()
	for _, name := range slices.Sorted(maps.Keys(ops)) {
		c.Operations = append(c.Operations, CoverageRow{Name: name, Covered: !ops[name].refuses, Note: ops[name].note})
	}
	for _, name := range slices.Sorted(maps.Keys(acts)) {
		c.Actions = append(c.Actions, CoverageRow{Name: name, Covered: acts[name].run != nil, Note: acts[name].note})
	}
	c.Assumptions = assumptions()
	return c
}

func assumptions() []Assumption {
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
		{"maxAttempts", "the next attempt follows at once, each with the step's whole time; inputs that are not valid are not tried again"},
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
		{"assume role", "checked when the execution starts; a fixed list of roles can be assumed"},
		{"outputs of steps", "a selector that finds nothing, or null, gives \"\" for String, Integer and Boolean and an empty StringList, MapList or StringMap; " +
			"a value that cannot be converted fails the step"},
		{"InstanceIds", "a single string is a list of one; a list inside the list is spread"},
		{"FailureDetails", "Details is empty"},
		{"DescribeDocument Hash", "SHA-256 of the content as stored, in the document's own format"},
		{"Parameter Store", "one store for every Region; a SecureString without WithDecryption comes as a text that is not its value"},
		{"unknown request members", "refused, where the real service ignores them"},
	}
}
