package ssmserver

import (
	"maps"
	"slices"
	"strings"

	"handrail/local/ssmserver/cloud"
	"handrail/local/ssmserver/queue"
)

// Coverage says what the local SSM does.
type Coverage struct {
	Operations []CoverageRow `json:"operations"`
	Actions    []CoverageRow `json:"actions"`
	// Services are the operations of the local AWS, as service.Operation.
	Services    []CoverageRow `json:"services"`
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
	c.Operations = append(c.Operations, missing()...)
	slices.SortFunc(c.Operations, func(a, b CoverageRow) int { return strings.Compare(a.Name, b.Name) })
	for _, name := range slices.Sorted(maps.Keys(acts)) {
		c.Actions = append(c.Actions, CoverageRow{Name: name, Covered: acts[name].run != nil, Note: acts[name].note})
	}
	for _, row := range cloud.Covered() {
		c.Services = append(c.Services, CoverageRow{Name: row.Name, Covered: true, Note: row.Note})
	}
	for _, name := range queue.Operations() {
		c.Services = append(c.Services, CoverageRow{Name: sqsService + "." + name, Covered: true, Note: queueNote(name)})
	}
	slices.SortFunc(c.Services, func(a, b CoverageRow) int { return strings.Compare(a.Name, b.Name) })
	c.Assumptions = assumptions()
	return c
}

// queueNote says what is left out of an operation of SQS.
func queueNote(operation string) string {
	switch operation {
	case "CreateQueue":
		return "standard queues; not covered: FIFO queues, dead letters, tags"
	case "SendMessage":
		return "up to 256 KB; not covered: message attributes"
	case "ReceiveMessage":
		return "the events of automations come to the queue " + EventQueue
	}
	return ""
}

// missing are the operations about automations, documents and parameters that are refused.
func missing() []CoverageRow {
	return []CoverageRow{
		{Name: "DescribeParameters"},
		{Name: "GetAccessToken", Note: "of just-in-time node access"},
		{Name: "GetParameterHistory"},
		{Name: "GetParametersByPath"},
		{Name: "GetServiceSetting", Note: "the settings of Automation, such as the time limit for retries, have their defaults"},
		{Name: "LabelParameterVersion"},
		{Name: "ListDocumentMetadataHistory", Note: "of change templates"},
		{Name: "StartAccessRequest", Note: "of just-in-time node access"},
		{Name: "StartChangeRequestExecution", Note: "Change Manager is closed to new customers"},
		{Name: "UpdateDocumentMetadata", Note: "of change templates"},
		{Name: "UpdateServiceSetting"},
	}
}
