package queue

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"
)

func operations() map[string]operation {
	return map[string]operation{
		"CreateQueue": decoded(createQueue), "GetQueueUrl": decoded(getQueueURL), "ListQueues": decoded(listQueues),
		"GetQueueAttributes": decoded(getAttributes), "SetQueueAttributes": decoded(setAttributes), "PurgeQueue": decoded(purgeQueue),
		"SendMessage": decoded(sendMessage), "ReceiveMessage": decoded(receiveMessage), "DeleteMessage": decoded(deleteMessage),
		"DeleteMessageBatch": decoded(deleteBatch), "ChangeMessageVisibility": decoded(changeVisibility),
	}
}

type createRequest struct {
	QueueName  string
	Attributes map[string]string
}

type urlResponse struct {
	QueueURL string `json:"QueueUrl"`
}

func createQueue(_ context.Context, s *Service, r Request, in createRequest) (any, error) {
	if in.QueueName == "" {
		return nil, refuse(codeMissing, "The request must contain the parameter QueueName.")
	}
	if !namePattern.MatchString(in.QueueName) {
		return nil, refuse(codeInvalid, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length. The local SQS has standard queues only.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[in.QueueName]; q != nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		if name := q.attributes.differs(in.Attributes); name != "" {
			return nil, refuse(codeQueueExists, "A queue already exists with the same name and a different value for attribute %s", name)
		}
		return urlResponse{s.URL(r.Endpoint, q.name)}, nil
	}
	if len(s.queues) >= maxQueues {
		return nil, refuse(codeUnsupported, "The local SQS keeps at most %d queues.", maxQueues)
	}
	a, err := defaultAttributes().with(in.Attributes)
	if err != nil {
		return nil, err
	}
	s.queues[in.QueueName] = newStore(in.QueueName, a)
	return urlResponse{s.URL(r.Endpoint, in.QueueName)}, nil
}

type getURLRequest struct {
	QueueName string
	Owner     string `json:"QueueOwnerAWSAccountId"`
}

func getQueueURL(_ context.Context, s *Service, r Request, in getURLRequest) (any, error) {
	if in.QueueName == "" {
		return nil, refuse(codeMissing, "The request must contain the parameter QueueName.")
	}
	if in.Owner != "" && in.Owner != s.options.Account {
		return nil, noQueue()
	}
	q, err := s.byName(in.QueueName)
	if err != nil {
		return nil, err
	}
	return urlResponse{s.URL(r.Endpoint, q.name)}, nil
}

type listRequest struct {
	QueueNamePrefix, NextToken string
	MaxResults                 *int
}

type listResponse struct {
	QueueURLs []string `json:"QueueUrls,omitempty"`
	NextToken string   `json:",omitempty"`
}

// listQueues gives a token only if MaxResults asks for pages, as SQS does.
func listQueues(_ context.Context, s *Service, r Request, in listRequest) (any, error) {
	if in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > 1000) {
		return nil, outOfRange(*in.MaxResults, "MaxResults", 1, 1000)
	}
	after, err := base64.StdEncoding.DecodeString(in.NextToken)
	if err != nil {
		return nil, refuse(codeInvalid, "Invalid or expired next token.")
	}
	s.mu.Lock()
	names := slices.Sorted(maps.Keys(s.queues))
	s.mu.Unlock()
	var out listResponse
	last := ""
	for _, name := range names {
		if !strings.HasPrefix(name, in.QueueNamePrefix) || name <= string(after) {
			continue
		}
		if in.MaxResults != nil && len(out.QueueURLs) == *in.MaxResults {
			out.NextToken = base64.StdEncoding.EncodeToString([]byte(last))
			break
		}
		out.QueueURLs, last = append(out.QueueURLs, s.URL(r.Endpoint, name)), name
	}
	return out, nil
}

type attributesRequest struct {
	QueueURL       string `json:"QueueUrl"`
	AttributeNames []string
}

func getAttributes(_ context.Context, s *Service, _ Request, in attributesRequest) (any, error) {
	q, err := s.find(in.QueueURL)
	if err != nil {
		return nil, err
	}
	for _, name := range in.AttributeNames {
		if !slices.Contains(allAttributes(), name) {
			return nil, refuse(codeAttributeName, "Unknown Attribute %.100s.", name)
		}
	}
	all := q.describe(s.arn(q))
	out := map[string]string{}
	for name, value := range all {
		if slices.Contains(in.AttributeNames, "All") || slices.Contains(in.AttributeNames, name) {
			out[name] = value
		}
	}
	if len(out) == 0 {
		return struct{}{}, nil
	}
	return map[string]any{"Attributes": out}, nil
}

type setAttributesRequest struct {
	QueueURL   string `json:"QueueUrl"`
	Attributes map[string]string
}

func setAttributes(_ context.Context, s *Service, _ Request, in setAttributesRequest) (any, error) {
	q, err := s.find(in.QueueURL)
	if err != nil {
		return nil, err
	}
	if in.Attributes == nil {
		return nil, refuse(codeMissing, "The request must contain the parameter Attribute.Name.")
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	a, err := q.attributes.with(in.Attributes)
	if err != nil {
		return nil, err
	}
	q.attributes, q.modified = a, time.Now()
	q.wake()
	return struct{}{}, nil
}

type queueRequest struct {
	QueueURL string `json:"QueueUrl"`
}

func purgeQueue(_ context.Context, s *Service, _ Request, in queueRequest) (any, error) {
	q, err := s.find(in.QueueURL)
	if err == nil {
		err = q.purge()
	}
	if err != nil {
		return nil, err
	}
	return struct{}{}, nil
}
