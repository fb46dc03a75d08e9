package policy

import "time"

// Lock keeps a runbook, or one target of it, from being run for a time. People set it; the store keeps it.
type Lock struct {
	ID         string // l- and seven letters or digits
	Runbook    string
	Parameters map[string][]string // a run that has each of these values is locked; none locks the runbook whole
	By         string              // Slack user ID
	Reason     string              // the person's, untrusted text
	At, Until  time.Time           // Until is not in it; ending a lock moves it
	EndedBy    string              // Slack user ID of who ended it before its time, "" if nobody did
}

// Usage is what a grant was used for so far.
type Usage struct {
	Open   int // executions that are not over
	Recent int // executions asked for within the past hour
}

// Incident is the incident whose channel a request comes from.
type Incident struct {
	ID       string
	Severity int // 1 is the worst; 0 if it has none
	Open     bool
}
