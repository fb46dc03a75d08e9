package ssmserver

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"handrail/local/ssmserver/cloud"
)

// The events that EventBridge has of automations, as a rule without a transformer sends them to a queue:
// docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html.

// EventQueue is the name of the queue that events come to.
const EventQueue = "handrail-events"

const (
	executionEvent = "EC2 Automation Execution Status-change Notification"
	stepEvent      = "EC2 Automation Step Status-change Notification"
)

type event struct {
	Version    string    `json:"version"`
	ID         string    `json:"id"`
	DetailType string    `json:"detail-type"`
	Source     string    `json:"source"`
	Account    string    `json:"account"`
	Time       time.Time `json:"time"`
	Region     string    `json:"region"`
	Resources  []string  `json:"resources"`
	Detail     any       `json:"detail"`
}

// eventDetail leaves the members of steps out for executions, and ExecutedBy for steps.
type eventDetail struct {
	ExecutionId       string
	Definition        string
	DefinitionVersion float
	Status            string
	StartTime         string
	EndTime           string
	Time              float
	ExecutedBy        string `json:",omitempty"`
	StepName          string `json:",omitempty"`
	Action            string `json:",omitempty"`
}

// float is a number that keeps its point, as in 1.0.
type float int64

// MarshalJSON writes a number such as 1.0.
func (f float) MarshalJSON() ([]byte, error) {
	return []byte(strconv.FormatInt(int64(f), 10) + ".0"), nil
}

// promised gives the word that events have for a status, "" for those of which none is promised.
func promised(status string) string {
	switch status {
	case statusCancelled:
		return "Canceled"
	case statusFailed, statusSuccess, statusTimedOut:
		return status
	}
	return ""
}

// eventTime is how events write the times of an execution: in English, with 12 hours and without a zone.
func eventTime(t time.Time) string { return t.UTC().Format("Jan 2, 2006 3:04:05 PM") }

// event describes e, or one of its steps. ok is false for a status that no event is promised for. The caller holds e.mu.
func (e *execution) event(run *stepRun) (out event, ok bool) {
	kind, status, started, ended := executionEvent, promised(e.status), e.started, e.ended
	if run != nil {
		kind, status, started, ended = stepEvent, promised(run.status), run.started, run.ended
	}
	if status == "" {
		return event{}, false
	}
	now := time.Now()
	if ended.IsZero() {
		ended = now
	}
	if started.IsZero() {
		started = ended
	}
	detail := eventDetail{ExecutionId: e.id, Definition: e.document, DefinitionVersion: float(e.version), Status: status,
		StartTime: eventTime(started), EndTime: eventTime(ended), Time: float(ended.Sub(started).Milliseconds()), ExecutedBy: e.executedBy}
	if run != nil {
		detail.ExecutedBy, detail.StepName, detail.Action = "", run.step.Name, run.step.Action
	}
	prefix := "arn:" + cloud.Partition(e.region) + ":ssm:" + e.region + ":" + e.account + ":"
	return event{Version: "0", ID: uuid.NewString(), DetailType: kind, Source: "aws.ssm", Account: e.account, Time: now.UTC().Truncate(time.Second),
		Region: e.region, Detail: detail, Resources: []string{prefix + "automation-execution/" + e.id,
			prefix + "automation-definition/" + e.document + ":" + strconv.Itoa(e.version)}}, true
}

// publish puts an event into its queue, unless a fault loses it; one may also send it twice, or late. It is called under
// the mu of an execution and never waits.
func (s *Server) publish(e event) {
	fault := s.faults.take(matchEvent)
	if fault.DropReply {
		return
	}
	body, err := json.Marshal(e)
	if err != nil {
		s.options.Log.Error("writing an event", "error", err)
		return
	}
	s.queues.Put(EventQueue, string(body), fault.delay())
	if fault.Twice {
		s.queues.Put(EventQueue, string(body), fault.delay())
	}
}
