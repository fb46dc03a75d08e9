package queue

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options say whose queues these are.
type Options struct {
	// Account is the 12-digit account that owns every queue.
	Account string
	// Region is the one in the queues' ARNs.
	Region string
	// Log gets what a developer should notice, such as dropped messages; nil means none.
	Log *slog.Logger
}

// Service answers the operations of SQS for one account. Make it with New; Close ends what waits.
type Service struct {
	options    Options
	operations map[string]operation

	mu     sync.Mutex
	queues map[string]*store

	closing sync.Once
	closed  chan struct{}
}

// New makes a service without queues.
func New(o Options) *Service {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	return &Service{options: o, operations: operations(), queues: map[string]*store{}, closed: make(chan struct{})}
}

// Close makes every ReceiveMessage that waits answer what it has. It can be called more than once.
func (s *Service) Close() { s.closing.Do(func() { close(s.closed) }) }

// Operations gives the names of what Do answers, sorted.
func Operations() []string { return slices.Sorted(maps.Keys(operations())) }

// URL is the address of a queue on an endpoint such as http://127.0.0.1:8081.
func (s *Service) URL(endpoint, name string) string {
	return endpoint + "/" + s.options.Account + "/" + name
}

// maxQueues bounds what clients can leave behind.
const maxQueues = 20

// Make makes a queue with the usual attributes, unless there is one of that name.
func (s *Service) Make(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues[name] == nil {
		s.queues[name] = newStore(name, defaultAttributes())
	}
}

// Put sends a message to a queue, to be received after delay. Without such a queue the message is lost. It never waits.
func (s *Service) Put(name, body string, delay time.Duration) {
	s.mu.Lock()
	q := s.queues[name]
	s.mu.Unlock()
	if q == nil {
		return
	}
	_, dropped := q.put(body, delay)
	s.noteDropped(q, dropped)
}

// noteDropped says it the first time, and then now and again.
func (s *Service) noteDropped(q *store, dropped int) {
	if dropped == 1 || dropped > 0 && dropped%1_000 == 0 {
		s.options.Log.Warn("a queue is full and drops its oldest messages", "queue", q.name, "dropped", dropped)
	}
}

// Request is one call.
type Request struct {
	// Endpoint is how the caller reached the service, such as http://127.0.0.1:8081; URLs of queues begin with it.
	Endpoint, Operation string
	Body                []byte
}

// Do answers one of Operations. The error is an *Error. It waits for as long as a ReceiveMessage asks for, for ctx or for
// Close at most.
func (s *Service) Do(ctx context.Context, r Request) (any, error) {
	op, ok := s.operations[r.Operation]
	if !ok {
		return nil, refuse(codeUnsupported, "The operation %q is not covered by the local SQS.", r.Operation)
	}
	return op(ctx, s, r)
}

type operation func(ctx context.Context, s *Service, r Request) (any, error)

// decoded reads a request into its own type and refuses members that the operation does not cover.
func decoded[In any](do func(context.Context, *Service, Request, In) (any, error)) operation {
	return func(ctx context.Context, s *Service, r Request) (any, error) {
		var in In
		decoder := json.NewDecoder(bytes.NewReader(r.Body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil {
			return nil, refuse(codeSerialization, "The request could not be read, or has a member that the local SQS does not cover: %s", err)
		}
		if decoder.More() {
			return nil, refuse(codeSerialization, "There is more text after the end of the request.")
		}
		return do(ctx, s, r, in)
	}
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// find gives the queue of a URL, whatever host that names.
func (s *Service) find(address string) (*store, *Error) {
	if address == "" {
		return nil, refuse(codeMissing, "The request must contain the parameter QueueUrl.")
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return nil, refuse(codeAddress, "The address %.200s is not valid for this endpoint.", address)
	}
	account, name, ok := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if !ok || name == "" {
		return nil, refuse(codeAddress, "The address %.200s is not valid for this endpoint.", address)
	}
	if account != s.options.Account {
		return nil, noQueue()
	}
	return s.byName(name)
}

func (s *Service) byName(name string) (*store, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[name]; q != nil {
		return q, nil
	}
	return nil, noQueue()
}

func noQueue() *Error { return refuse(codeNoQueue, "The specified queue does not exist.") }

func (s *Service) arn(q *store) string {
	return "arn:aws:sqs:" + s.options.Region + ":" + s.options.Account + ":" + q.name
}
