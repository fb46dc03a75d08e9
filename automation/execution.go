package automation

import (
	"time"

	"handrail/policy"
)

// State is where an execution stands, in our words; AWS's own status is kept beside it.
type State string

// The states of an execution. The terminal ones absorb: nothing leaves them.
const (
	AwaitingApproval State = "awaiting_approval" // accepted, and others have to agree before it starts
	Queued           State = "queued"            // accepted, not yet sent to AWS
	Starting         State = "starting"          // about to be sent, or sent with no answer yet
	Running          State = "running"           // AWS works on it
	Waiting          State = "waiting"           // AWS waits for a person: approve, pause or a manual step
	Succeeded        State = "succeeded"         // terminal
	Failed           State = "failed"            // terminal
	TimedOut         State = "timed_out"         // terminal
	Cancelled        State = "cancelled"         // terminal
	Denied           State = "denied"            // terminal: today's policy or an approver said no before the start
	Expired          State = "expired"           // terminal: not approved or not started within the deadline, and will not be
	StartUnknown     State = "start_unknown"     // terminal: AWS never said whether it started; a person must look
)

// Terminal reports whether s is an end. An unknown state is not.
func (s State) Terminal() bool {
	switch s {
	case Succeeded, Failed, TimedOut, Cancelled, Denied, Expired, StartUnknown:
		return true
	}
	return false
}

// StartRequest is exactly what goes to StartAutomationExecution. It is stored before the first
// call and sent again unchanged, so it has no field that the bot does not set.
type StartRequest struct {
	DocumentName    string              `json:"document_name"`
	DocumentVersion string              `json:"document_version"`
	Parameters      map[string][]string `json:"parameters"`
	Locations       []policy.Location   `json:"locations,omitempty"`
	ClientToken     string              `json:"client_token"` // a UUID; the SDK never fills it in
	Tag             string              `json:"tag"`          // tag key handrail:<execution ID>, to find an unclear start
}

// Step is one step of the automation, as AWS reports it.
type Step struct {
	ID        string    `json:"id,omitempty"`
	Name      string    `json:"name"`
	Action    string    `json:"action"`
	Status    string    `json:"status"` // AWS's word: Pending, InProgress, Success, …
	StartedAt time.Time `json:"started_at,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	Failure   string    `json:"failure,omitempty"` // AWS's FailureMessage, untrusted text
}

// Execution is one run of a runbook: the row that the thread shows.
type Execution struct {
	ID      string // UUIDv7
	Ref     string // what people type: r- and seven letters or digits, unique
	Key     string // idempotency key of the request, unique
	Version int64  // raised by every change a person could see; starts at 1
	State   State

	Action     policy.Action // Run or Ask
	BreakGlass bool          // under a grant for emergencies
	Logged     State         // newest state that the audit log tells of
	Approval   *Approval     // nil if nobody has to agree, and no step was answered; replaced, never changed in place

	Entry      policy.Entry
	Team       string
	Requester  string // Slack user ID
	Channel    string // Slack channel ID
	Thread     string // ts of the thread it was asked in, "" at the top of the channel
	Runbook    string
	Parameters map[string][]string // as the person gave them
	Reason     string              // the person's reason, untrusted text, "" if none

	SHA256   string // document hash the decision saw
	Region   string
	Role     string // ARN of the service role, from the policy
	Request  StartRequest
	Decision string // ID of the record that allowed it
	Rule     string
	Policy   string // hash of the policy that allowed it

	AWSID       string // AutomationExecutionId, "" until known
	AWSStatus   string // AWS's own word, "" until known
	CurrentStep string
	Steps       []Step
	Failure     string // AWS's FailureMessage, untrusted text
	Note        string // our own sentence about the state: throttled, expired, denied, unclear

	CancelBy     string // Slack user ID, "" if nobody asked
	CancelReason string
	CancelAt     time.Time

	CreatedAt time.Time
	StartBy   time.Time // no start after this
	StartedAt time.Time
	EndedAt   time.Time

	Attempts    int       // failed attempts at the present piece of work
	NextAttempt time.Time // not before this
	LeaseOwner  string    // replica that works on it, "" if none
	LeaseUntil  time.Time
	Parked      string // why it was set aside for an operator, "" if it was not; nobody claims a parked row

	Announcement Announcement
}

// Announcement is what Slack has been told about an execution. It has its own lease and its own
// retries, so that a slow Slack never holds up an execution.
type Announcement struct {
	Version     int64             // newest version that the card shows; 0 before the first post
	Channel     string            // where the card is; differs from the execution's if the bot could not post there
	Card        string            // ts of the card, "" before the first post
	Replies     map[string]string // kind of thread reply ("started", "failed:<step>", "ended") to its ts
	Attempts    int
	NextAttempt time.Time

	AskChannel string // where the approvers' message is, ID or "#name"; "" if there is none
	AskCard    string // its ts, "" before it was posted
	Asked      int64  // newest version that it shows
}
