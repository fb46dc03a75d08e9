package queue

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// The limits of docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference, in seconds.
const (
	maxVisibility = 43_200
	maxDelay      = 900
	maxWait       = 20
	maxBatch      = 10
)

type sendRequest struct {
	QueueURL     string `json:"QueueUrl"`
	MessageBody  string
	DelaySeconds *int
}

type sendResponse struct {
	MD5OfMessageBody string
	MessageID        string `json:"MessageId"`
}

func sendMessage(_ context.Context, s *Service, _ Request, in sendRequest) (any, error) {
	q, err := s.find(in.QueueURL)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	a := q.attributes
	q.mu.Unlock()
	delay := a.delay
	switch {
	case in.MessageBody == "":
		return nil, refuse(codeMissing, "The request must contain the parameter MessageBody.")
	case len(in.MessageBody) > a.maxSize:
		return nil, refuse(codeInvalid, "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", a.maxSize)
	case !allowed(in.MessageBody):
		return nil, refuse(codeContents, "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")
	case in.DelaySeconds != nil && (*in.DelaySeconds < 0 || *in.DelaySeconds > maxDelay):
		return nil, outOfRange(*in.DelaySeconds, "DelaySeconds", 0, maxDelay)
	case in.DelaySeconds != nil:
		delay = time.Duration(*in.DelaySeconds) * time.Second
	}
	m, dropped := q.put(in.MessageBody, delay)
	s.noteDropped(q, dropped)
	return sendResponse{m.md5(), m.id}, nil
}

// allowed says whether a body has only characters that XML has, as SQS wants.
func allowed(body string) bool {
	for _, r := range body {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return false
		}
	}
	return utf8.ValidString(body)
}

type receiveRequest struct {
	QueueURL                                                string `json:"QueueUrl"`
	AttributeNames, MessageSystemAttributeNames             []string
	MessageAttributeNames                                   []string
	MaxNumberOfMessages, VisibilityTimeout, WaitTimeSeconds *int
}

type received struct {
	MessageID     string `json:"MessageId"`
	ReceiptHandle string
	MD5OfBody     string
	Body          string
	Attributes    map[string]string `json:",omitempty"`
}

// check gives the first number that is out of its bounds.
func (in receiveRequest) check() *Error {
	for _, row := range []struct {
		value       *int
		name        string
		least, most int
	}{
		{in.MaxNumberOfMessages, "MaxNumberOfMessages", 1, maxBatch}, {in.VisibilityTimeout, "VisibilityTimeout", 0, maxVisibility},
		{in.WaitTimeSeconds, "WaitTimeSeconds", 0, maxWait},
	} {
		if row.value != nil && (*row.value < row.least || *row.value > row.most) {
			return outOfRange(*row.value, row.name, row.least, row.most)
		}
	}
	return nil
}

func receiveMessage(ctx context.Context, s *Service, _ Request, in receiveRequest) (any, error) {
	q, err := s.find(in.QueueURL)
	if err == nil {
		err = in.check()
	}
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	hide, wait, n := q.attributes.visibility, q.attributes.wait, 1
	q.mu.Unlock()
	if in.VisibilityTimeout != nil {
		hide = time.Duration(*in.VisibilityTimeout) * time.Second
	}
	if in.WaitTimeSeconds != nil {
		wait = time.Duration(*in.WaitTimeSeconds) * time.Second
	}
	if in.MaxNumberOfMessages != nil {
		n = *in.MaxNumberOfMessages
	}
	var out struct {
		Messages []received `json:",omitempty"`
	}
	for _, m := range q.receive(ctx, s.closed, n, hide, wait) {
		out.Messages = append(out.Messages, received{MessageID: m.id, ReceiptHandle: m.receipt, MD5OfBody: m.md5(), Body: m.body,
			Attributes: s.systemAttributes(m, slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames))})
	}
	return out, nil
}

func (s *Service) systemAttributes(m message, wanted []string) map[string]string {
	all := map[string]string{"SenderId": s.options.Account, "SentTimestamp": milliseconds(m.sent), "ApproximateReceiveCount": strconv.Itoa(m.received),
		"ApproximateFirstReceiveTimestamp": milliseconds(m.first)}
	if slices.Contains(wanted, "All") {
		return all
	}
	out := map[string]string{}
	for _, name := range wanted {
		if value, ok := all[name]; ok {
			out[name] = value
		}
	}
	return out
}

func milliseconds(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

type receiptRequest struct {
	QueueURL      string `json:"QueueUrl"`
	ReceiptHandle string
}

func deleteMessage(_ context.Context, s *Service, _ Request, in receiptRequest) (any, error) {
	q, err := s.find(in.QueueURL)
	if err == nil {
		err = q.delete(in.ReceiptHandle)
	}
	if err != nil {
		return nil, err
	}
	return struct{}{}, nil
}

type deleteBatchRequest struct {
	QueueURL string `json:"QueueUrl"`
	Entries  []struct{ ID, ReceiptHandle string }
}

type (
	batchDone struct {
		ID string `json:"Id"`
	}
	batchFailed struct {
		ID          string `json:"Id"`
		SenderFault bool
		Code        string
		Message     string
	}
)

var entryID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

func (in deleteBatchRequest) check() *Error {
	seen := map[string]bool{}
	switch {
	case len(in.Entries) == 0:
		return refuse(codeEmptyBatch, "There should be at least one DeleteMessageBatchRequestEntry in the request.")
	case len(in.Entries) > maxBatch:
		return refuse(codeTooManyEntries, "Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(in.Entries))
	}
	for _, entry := range in.Entries {
		if !entryID.MatchString(entry.ID) {
			return refuse(codeBatchID, "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[entry.ID] {
			return refuse(codeSameIDs, "Id %s repeated.", entry.ID)
		}
		seen[entry.ID] = true
	}
	return nil
}

func deleteBatch(_ context.Context, s *Service, _ Request, in deleteBatchRequest) (any, error) {
	q, err := s.find(in.QueueURL)
	if err == nil {
		err = in.check()
	}
	if err != nil {
		return nil, err
	}
	out := struct {
		Successful []batchDone
		Failed     []batchFailed
	}{[]batchDone{}, []batchFailed{}}
	for _, entry := range in.Entries {
		if err := q.delete(entry.ReceiptHandle); err != nil {
			out.Failed = append(out.Failed, batchFailed{entry.ID, true, err.QueryCode(), err.Message})
			continue
		}
		out.Successful = append(out.Successful, batchDone{entry.ID})
	}
	return out, nil
}

type visibilityRequest struct {
	QueueURL          string `json:"QueueUrl"`
	ReceiptHandle     string
	VisibilityTimeout *int
}

func changeVisibility(_ context.Context, s *Service, _ Request, in visibilityRequest) (any, error) {
	q, err := s.find(in.QueueURL)
	switch {
	case err != nil:
	case in.VisibilityTimeout == nil:
		err = refuse(codeMissing, "The request must contain the parameter VisibilityTimeout.")
	case *in.VisibilityTimeout < 0 || *in.VisibilityTimeout > maxVisibility:
		err = outOfRange(*in.VisibilityTimeout, "VisibilityTimeout", 0, maxVisibility)
	default:
		err = q.hide(in.ReceiptHandle, time.Duration(*in.VisibilityTimeout)*time.Second)
	}
	if err != nil {
		return nil, err
	}
	return struct{}{}, nil
}
