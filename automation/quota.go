package automation

import (
	"context"
	"sync"

	"golang.org/x/time/rate"
)

// Quotas are calls a second that the account allows, per Region. Zero fields mean AWS's defaults:
// docs.aws.amazon.com/general/latest/gr/ssm.html.
type Quotas struct {
	Start    float64 // StartAutomationExecution, 1
	Stop     float64 // StopAutomationExecution, 1
	Signal   float64 // SendAutomationSignal, 3
	Describe float64 // each of the Get and Describe calls on executions, 3
	Document float64 // DescribeDocument and GetDocument each, 5 (AWS publishes none)
}

func (q Quotas) of(operation string) float64 {
	pick := func(v, otherwise float64) float64 {
		if v > 0 {
			return v
		}
		return otherwise
	}
	switch operation {
	case opStart:
		return pick(q.Start, 1)
	case opStop:
		return pick(q.Stop, 1)
	case opSignal:
		return pick(q.Signal, 3)
	case opDescribeDocument, opGetDocument:
		return pick(q.Document, 5)
	}
	return pick(q.Describe, 3)
}

// buckets holds one token bucket per Region and operation. A bucket saves up at most two seconds of calls.
type buckets struct {
	quotas Quotas
	mu     sync.Mutex
	of     map[[2]string]*rate.Limiter
}

func (b *buckets) wait(ctx context.Context, region, operation string) error {
	return b.bucket(region, operation).Wait(ctx)
}

func (b *buckets) bucket(region, operation string) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := [2]string{region, operation}
	l := b.of[key]
	if l == nil {
		r := b.quotas.of(operation)
		l = rate.NewLimiter(rate.Limit(r), max(1, int(2*r)))
		if b.of == nil {
			b.of = map[[2]string]*rate.Limiter{}
		}
		b.of[key] = l
	}
	return l
}
