package ssmserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"handrail/runbook"
)

const actionAutomation = "aws:executeAutomation"

// makeParent turns e into an execution that runs no steps of its document but starts children that do.
func (s *Server) makeParent(e *execution, d document, v *version) {
	e.main, e.variables, e.parameters = nil, nil, runbook.Values{}
	targeted := e.asked.targeted()
	for name, values := range e.asked.Parameters {
		if !targeted[name] {
			e.parameters[name] = anyList(values)
		}
	}
	e.drive = func(ctx context.Context) { s.driveParent(ctx, e, d, v) }
}

// group are children that share limits.
type group struct {
	runs  []*stepRun // their steps in the parent
	start func(i int) (*execution, error)
	pace  *pace
}

// driveParent starts the children and waits for them.
func (s *Server) driveParent(ctx context.Context, e *execution, d document, v *version) {
	groups, err := s.groups(ctx, e, d, v)
	if err != nil {
		e.conclude(statusFailed, "The targets couldn't be resolved: "+err.Error())
		return
	}
	e.mu.Lock()
	for _, g := range groups {
		e.main = append(e.main, g.runs...)
	}
	e.mu.Unlock()
	var all sync.WaitGroup
	for _, g := range groups {
		all.Go(func() { s.runGroup(ctx, e, g) })
	}
	all.Wait()
	for _, g := range groups {
		if g.pace.stopped() {
			e.conclude(statusFailed, fmt.Sprintf("%d automations didn't succeed, and the error threshold is %d.", g.pace.errors, g.pace.allowed))
		}
	}
}

func (s *Server) groups(ctx context.Context, e *execution, d document, v *version) ([]*group, error) {
	var out []*group
	for _, l := range e.asked.TargetLocations {
		out = append(out, s.locationGroup(e, l, d, v))
	}
	if len(out) > 0 {
		return out, nil
	}
	subjects, err := s.subjects(ctx, e, d)
	if err != nil {
		return nil, err
	}
	return []*group{s.subjectGroup(e, subjects, d, v)}, nil
}

// subjectGroup makes a child for each subject.
func (s *Server) subjectGroup(e *execution, subjects []subject, d document, v *version) *group {
	g := &group{pace: newPace(e.asked.MaxConcurrency, e.asked.MaxErrors, len(subjects), targetsAtOnce)}
	labels := make([]string, len(subjects))
	for i, sub := range subjects {
		run := newStepRun(&runbook.Step{Name: sub.label, Action: actionAutomation}, nil)
		run.inputs = sub.inputs()
		g.runs = append(g.runs, run)
		labels[i] = sub.label
	}
	e.mu.Lock()
	e.resolved = labels
	e.mu.Unlock()
	g.start = func(i int) (*execution, error) {
		o := e.child()
		o.target, o.role = subjects[i].label, e.placed
		in := startRequest{DocumentName: d.name, Parameters: map[string][]string{}}
		maps.Copy(in.Parameters, e.asked.Parameters)
		maps.Copy(in.Parameters, subjects[i].values)
		return s.startVersion(o, d, v, in)
	}
	return g
}

// runGroup starts children as the rate allows and returns when all of them have ended.
func (s *Server) runGroup(ctx context.Context, e *execution, g *group) {
	running := map[int]*execution{}
	done := make(chan int)
	next, cancelled := 0, ctx.Done()
	for {
		for next < len(g.runs) && g.pace.room() && e.goesOn(ctx) {
			i := next
			next++
			g.pace.begin()
			e.enter(g.runs[i])
			child, err := g.start(i)
			if err != nil {
				g.pace.end(false)
				e.endChild(g.runs[i], statusFailed, childRefused(err), nil)
				continue
			}
			e.showChild(g.runs[i], child)
			running[i] = child
			go func() {
				<-child.done
				done <- i
			}()
		}
		if len(running) == 0 {
			return
		}
		select {
		case i := <-done:
			status, failure := running[i].verdict()
			g.pace.end(status == statusSuccess)
			e.endChild(g.runs[i], status, failure, running[i])
			delete(running, i)
		case <-cancelled:
			cancelled = nil
			for i, child := range running {
				e.cancelChild(ctx, g.runs[i], child)
			}
		}
	}
}

// goesOn says whether a parent may start another child.
func (e *execution) goesOn(ctx context.Context) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return ctx.Err() == nil && !e.complete && !e.cut
}

// showChild gives the step of a location its child's ID as output:
// docs.aws.amazon.com/systems-manager/latest/userguide/running-automations-multiple-accounts-regions.html.
func (e *execution) showChild(run *stepRun, child *execution) {
	if run.location == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	run.outputs = map[string]any{"Output": []any{child.id}, "ExecutionId": child.id}
}

// cancelChild cancels a child whose parent is cancelled. A server that closes ends the child by itself.
func (e *execution) cancelChild(ctx context.Context, run *stepRun, child *execution) {
	if errors.Is(context.Cause(ctx), errClosed) {
		return
	}
	e.mu.Lock()
	if !e.cut && !ended(run.status) {
		e.setStep(run, statusCancelling)
	}
	e.mu.Unlock()
	_ = child.stop(false) // it may just have ended
}

// endChild writes down how the step of a child ended.
func (e *execution) endChild(run *stepRun, status string, failure *stepFailure, child *execution) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cut {
		return
	}
	run.ended = time.Now()
	if failure != nil {
		e.keepFailure(run, *failure)
	}
	if run.location != nil && child != nil {
		run.outputs["Status"] = status
	}
	e.setStep(run, status)
}

// verdict is how a child ended: the status of its step in the parent, and why it did not succeed.
func (e *execution) verdict() (status string, failure *stepFailure) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch e.status {
	case statusSuccess, statusCancelled:
		return e.status, nil
	}
	cause := "The automation " + e.id + " of " + e.document + " ended with the status " + e.status
	if e.failure != "" {
		cause += ": " + strings.TrimSuffix(e.failure, " "+guide) // which the message of the parent's step says, too
	}
	return e.status, &stepFailure{phase: phasePoll, cause: cause, stage: "Invocation", kind: "Action"}
}
