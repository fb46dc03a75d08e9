package ssmserver

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"handrail/local/ssmserver/cloud"
	"handrail/local/ssmserver/queue"
	"handrail/local/ssmserver/script"
)

// Server plays SSM and EC2 for one account and every Region. Make it with New; end it with Close or Run.
type Server struct {
	options    Options
	operations map[string]operation
	actions    map[string]action
	cloud      *cloud.Cloud
	stubs      *stubBook
	backend    backend
	python     *script.Python
	remote     *remote // nil if the cloud answers
	documents  *library
	executions *registry
	slots      *slots
	previews   previews
	parameters parameterStore
	commands   commandStore
	calls      calls
	faults     faults
	keys       *keyring
	quotas     quotas
	queues     *queue.Service
	mux        *http.ServeMux

	closing sync.Once
	closed  chan struct{}
	running sync.WaitGroup
}

// New loads the documents and makes a server. Executions begin to run as soon as they are started over the wire.
func New(o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("reading options: %w", err)
	}
	world, err := cloud.New(cloud.Options{Account: o.Account, Region: o.Region, Fleet: o.Fleet, StopTime: o.StopTime, StartTime: o.StartTime, CheckTime: o.CheckTime})
	if err != nil {
		return nil, fmt.Errorf("building the cloud: %w", err)
	}
	documents, err := newLibrary(o)
	if err != nil {
		return nil, fmt.Errorf("loading documents: %w", err)
	}
	s := &Server{options: o, cloud: world, documents: documents, executions: newRegistry(o.MaxExecutions), closed: make(chan struct{})}
	s.queues = queue.New(queue.Options{Account: o.Account, Region: o.Region, Log: o.Log})
	s.queues.Make(EventQueue)
	s.keys, s.quotas.on = newKeyring(o), o.Quotas
	if o.Quotas {
		s.slots = newSlots()
	}
	s.python = script.New(script.Options{Python: o.Python, Time: scriptTime})
	s.operations, s.actions, s.stubs = operations(), actions(), newStubBook(o.Stubs)
	s.backend = s.newBackend(nil)
	if o.AWSEndpoint != "" {
		s.remote = newRemote(o.AWSEndpoint, s.python)
		s.backend = s.newBackend(s.remote)
	}
	s.mux = http.NewServeMux()
	s.mux.HandleFunc("POST /{$}", s.serveWire)
	s.mux.HandleFunc("POST /{account}/{queue}", s.serveQueue)
	s.mux.HandleFunc("GET /{$}", s.welcome)
	s.mux.HandleFunc("GET /", http.NotFound)
	s.mux.HandleFunc("GET /control/calls", local(s.controlCalls))
	s.mux.HandleFunc("GET /control/aws-calls", local(s.controlAWSCalls))
	s.mux.HandleFunc("POST /control/faults", local(s.controlAddFault))
	s.mux.HandleFunc("DELETE /control/faults", local(s.controlClearFaults))
	s.mux.HandleFunc("GET /control/instances", local(s.controlInstances))
	s.mux.HandleFunc("POST /control/instances", local(s.controlSetInstance))
	s.mux.HandleFunc("GET /control/coverage", local(s.controlCoverage))
	return s, nil
}

// ServeHTTP answers the wire and the control routes.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Run waits for ctx to end and closes the server. It returns nil.
func (s *Server) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-s.closed:
	}
	s.Close()
	return nil
}

// background runs work, whose ctx ends when the server closes.
func (s *Server) background(work func(context.Context)) error {
	return s.executions.whileOpen(func() {
		ctx, cancel := context.WithCancel(context.Background())
		s.running.Go(func() {
			defer cancel()
			work(ctx)
		})
		s.running.Go(func() {
			select {
			case <-s.closed:
				cancel()
			case <-ctx.Done():
			}
		})
	})
}

// Close ends every running execution where it stands and waits for them. Nothing can be started afterwards.
func (s *Server) Close() {
	s.closing.Do(func() { close(s.closed) })
	s.queues.Close()
	s.executions.shut()
	s.running.Wait()
	if s.remote != nil {
		s.remote.worker.Close()
	}
}
