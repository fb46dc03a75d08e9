package ssmserver

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// registry holds the executions, oldest first, and forgets the oldest finished ones beyond its limit.
type registry struct {
	limit int

	mu      sync.Mutex
	closed  bool
	next    int64
	list    []*execution
	byID    map[string]*execution
	byToken map[string]*execution
	// bytes are what all the executions keep.
	bytes atomic.Int64
}

func newRegistry(limit int) *registry {
	return &registry{limit: limit, byID: map[string]*execution{}, byToken: map[string]*execution{}}
}

func (r *registry) get(id string) (*execution, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.byID[id]
	if e == nil {
		return nil, refuse(codeNoExecution, "Automation execution with ID %s does not exist.", id)
	}
	return e, nil
}

// withToken finds the execution of a token, which is case-insensitive.
func (r *registry) withToken(token string) *execution {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byToken[strings.ToLower(token)]
}

// add takes e in, or answers the execution that has its token already. launch runs while no one can close the registry;
// its error keeps e out.
func (r *registry) add(e *execution, launch func() error) (*execution, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, refuse(codeInternal, "The service is shutting down.")
	}
	if e.token != "" {
		if first := r.byToken[strings.ToLower(e.token)]; first != nil {
			return first, nil
		}
	}
	if len(r.list) >= r.limit && !r.evict() {
		return nil, refuse(codeLimitExceeded, "The number of simultaneously running Automation executions exceeded the allowable limit.")
	}
	for r.bytes.Load() > maxAllBytes/2 && r.evict() {
		continue
	}
	e.keeps.all = &r.bytes
	if e.parentID == "" { // children share what their parent was asked
		e.keeps.add(len(e.asked.fingerprint()))
	}
	if err := launch(); err != nil {
		e.keeps.free()
		return nil, err
	}
	r.next++
	e.number = r.next
	r.list = append(r.list, e)
	r.byID[e.id] = e
	if e.token != "" {
		r.byToken[strings.ToLower(e.token)] = e
	}
	return e, nil
}

// whileOpen runs launch, unless the registry is closed, while no one can close it.
func (r *registry) whileOpen(launch func()) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return refuse(codeInternal, "The service is shutting down.")
	}
	launch()
	return nil
}

// evict forgets the oldest finished execution, if there is one.
func (r *registry) evict() bool {
	i := slices.IndexFunc(r.list, func(e *execution) bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return ended(e.status)
	})
	if i < 0 {
		return false
	}
	r.list[i].mu.Lock()
	r.list[i].keeps.free()
	r.list[i].mu.Unlock()
	delete(r.byID, r.list[i].id)
	delete(r.byToken, strings.ToLower(r.list[i].token))
	r.list = slices.Delete(r.list, i, i+1)
	return true
}

// newest gives all executions, newest first.
func (r *registry) newest() []*execution {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := slices.Clone(r.list)
	slices.Reverse(out)
	return out
}

// shut lets nothing in any more and stops everything where it stands.
func (r *registry) shut() {
	r.mu.Lock()
	r.closed = true
	all := slices.Clone(r.list)
	r.mu.Unlock()
	for _, e := range all {
		e.interrupt(errClosed)
	}
}
