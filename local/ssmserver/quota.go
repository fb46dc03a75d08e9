package ssmserver

import (
	"sync"

	"golang.org/x/time/rate"
)

// quotas are the calls a second that each operation takes in one Region of the account.
type quotas struct {
	on bool

	mu      sync.Mutex
	buckets map[quotaKey]*rate.Limiter
}

type quotaKey struct{ region, operation string }

// perSecond are the quotas of docs.aws.amazon.com/general/latest/gr/ssm.html; 0 means that none is known.
func perSecond(operation string) int {
	switch operation {
	case "StartAutomationExecution", "StopAutomationExecution", "StartExecutionPreview", "GetExecutionPreview":
		return 1
	case "GetAutomationExecution", "DescribeAutomationExecutions", "DescribeAutomationStepExecutions", "SendAutomationSignal":
		return 3
	}
	return 0
}

// maxQuotaRegions is how many Regions have buckets of their own; those that come later share one set. AWS has fewer.
const maxQuotaRegions = 100

// allow takes one call out of the operation's bucket, or throttles it. A refused call costs nothing.
func (q *quotas) allow(region, operation string) *apiError {
	limit := perSecond(operation)
	if !q.on || limit == 0 {
		return nil
	}
	if q.bucket(region, operation, limit).Allow() {
		return nil
	}
	return refuse(codeThrottled, "Rate exceeded")
}

func (q *quotas) bucket(region, operation string, limit int) *rate.Limiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.buckets == nil {
		q.buckets = map[quotaKey]*rate.Limiter{}
	}
	key := quotaKey{region, operation}
	if q.buckets[key] == nil && len(q.buckets) >= maxQuotaRegions*8 {
		key.region = ""
	}
	if q.buckets[key] == nil {
		q.buckets[key] = rate.NewLimiter(rate.Limit(limit), limit)
	}
	return q.buckets[key]
}
