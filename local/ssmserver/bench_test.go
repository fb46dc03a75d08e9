//go:build unix

package ssmserver

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"handrail/runbook"
)

// instantSteps is a document of n steps that do nothing.
func instantSteps(b *testing.B, s *Server, n int) *version {
	b.Helper()
	s.actions["aws:nothing"] = action{name: "aws:nothing", run: func(context.Context, *stepContext) (result, error) { return result{}, nil }}
	steps := make([]string, n)
	for i := range steps {
		steps[i] = fmt.Sprintf(`{"name":"step%d","action":"aws:nothing","inputs":{"Region":"{{ global:REGION }}","Text":"no reference"}}`, i)
	}
	parsed, err := runbook.Parse([]byte(`{"schemaVersion":"0.3","mainSteps":[` + strings.Join(steps, ",") + `]}`))
	if err != nil {
		b.Fatal(err)
	}
	return &version{number: 1, parsed: parsed}
}

func benchServer(b *testing.B) *Server {
	b.Helper()
	s, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	return s
}

// transition is what the reference keeps of one change of a step.
type transition struct {
	id, step, status string
	at               time.Time
}

// record is the reference: a loop that only writes down the transitions that the interpreter makes.
func record(n int) []transition {
	var mu sync.Mutex
	var kept []transition
	for i := range n {
		id := uuid.NewString()
		for _, status := range []string{statusInProgress, statusSuccess} {
			mu.Lock()
			kept = append(kept, transition{id, fmt.Sprintf("step%d", i), status, time.Now()})
			mu.Unlock()
		}
	}
	return kept
}

// BenchmarkStep reports what a step costs beyond its action, beside the reference in the same run. The goal is 50 µs.
func BenchmarkStep(b *testing.B) {
	const steps = 100
	s := benchServer(b)
	v := instantSteps(b, s, steps)
	var walked, recorded time.Duration
	for b.Loop() {
		began := time.Now()
		e := newExecution(document{name: "Bench"}, v, nil)
		if _, err := s.launch(e); err != nil {
			b.Fatal(err)
		}
		<-e.done
		walked += time.Since(began)
		if e.status != statusSuccess {
			b.Fatal(e.status, e.failure)
		}
		began = time.Now()
		if len(record(steps)) != 2*steps {
			b.Fatal("the reference lost a transition")
		}
		recorded += time.Since(began)
	}
	perStep := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(b.N*steps) / 1000 }
	b.ReportMetric(perStep(walked), "µs/step")
	b.ReportMetric(perStep(recorded), "µs/step-reference")
	b.ReportMetric(perStep(walked-recorded), "µs/step-overhead")
}

// BenchmarkExecutionsAtOnce reports the memory that a thousand executions of ten steps need. The goal is 200 MB.
func BenchmarkExecutionsAtOnce(b *testing.B) {
	for b.Loop() {
		before := heap()
		s, err := New(Options{})
		if err != nil {
			b.Fatal(err)
		}
		v := instantSteps(b, s, 10)
		all := make([]*execution, 1_000)
		for i := range all {
			all[i] = newExecution(document{name: "Bench"}, v, nil)
			if _, err := s.launch(all[i]); err != nil {
				b.Fatal(err)
			}
		}
		for _, e := range all {
			<-e.done
			if e.status != statusSuccess {
				b.Fatal(e.status, e.failure)
			}
		}
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		b.ReportMetric(float64(now.Sys)/(1<<20), "MB-from-the-system")
		b.ReportMetric(float64(heap()-before)/(1<<20), "MB-kept")
		runtime.KeepAlive(all)
		s.Close() // not at the end of all rounds, whose servers would count, too
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkSleeping reports the share of one core that 500 executions in aws:sleep cost. The goal is 1 %.
func BenchmarkSleeping(b *testing.B) {
	s := benchServer(b)
	parsed, err := runbook.Parse([]byte(`{"schemaVersion":"0.3","mainSteps":[{"name":"a","action":"aws:sleep","inputs":{"Duration":"PT1H"}}]}`))
	if err != nil {
		b.Fatal(err)
	}
	for range 500 {
		if _, err := s.launch(newExecution(document{name: "Bench"}, &version{number: 1, parsed: parsed}, nil)); err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC()
	for b.Loop() {
		before := cpuTime(b)
		time.Sleep(time.Second) // a share of a core is measured over real time
		b.ReportMetric(100*(cpuTime(b)-before).Seconds(), "%-of-a-core")
	}
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkDescribe reports what a page of 50 steps costs among a thousand and among ten thousand.
func BenchmarkDescribe(b *testing.B) {
	for _, turns := range []int{10, 100} {
		b.Run(fmt.Sprintf("%d", turns*100), func(b *testing.B) {
			s := benchServer(b)
			v := instantSteps(b, s, 100)
			e := newExecution(document{name: "Bench"}, v, nil)
			if _, err := s.launch(e); err != nil {
				b.Fatal(err)
			}
			<-e.done
			for i := 2; i <= turns; i++ {
				e.order = append(e.order, newBlock(v.parsed.Steps, &turn{loop: e.main[0], iteration: i})...)
			}
			for b.Loop() {
				if _, err := describeSteps(s, caller{}, describeStepsRequest{AutomationExecutionId: e.id,
					Filters: []filter{{Key: "ParentStepIteration", Values: []string{"5"}}}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
