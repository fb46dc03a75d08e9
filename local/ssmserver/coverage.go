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
			"Complete lets the running step end and then ends the execution"},
		{"allowedPattern", "must match the whole value"},
		{"Boolean parameters", "true and false in any case"},
		{"isEnd", "ends the execution even if onFailure names a step; a branch whose choice holds goes there in spite of it"},
		{"maxAttempts", "the next attempt follows at once, each with the step's whole time; inputs that are not valid are not tried again"},
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
