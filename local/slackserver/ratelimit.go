package slackserver

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// tier is a rate tier: docs.slack.dev/apis/web-api/rate-limits.
type tier int

const (
	tierSpecial tier = iota // not limited here
	tier1
	tier2
	tier3
	tier4
	tierPost // chat.postMessage: one a second per channel
)

// limits holds one token bucket per method, and per channel where posts count.
type limits struct {
	on      bool
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newLimits(on bool) *limits { return &limits{on: on, buckets: map[string]*rate.Limiter{}} }

// wait takes one call from its bucket, or returns how long to hold off.
func (l *limits) wait(m method, channel string, now time.Time) time.Duration {
	if !l.on || m.tier == tierSpecial {
		return 0
	}
	key, bucket := m.name, perMinute(m.tier)
	if m.tier == tierPost {
		key += " " + channel
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter := l.buckets[key]
	if limiter == nil {
		if len(l.buckets) > 4096 { // invented channel names must not grow the map
			clear(l.buckets)
		}
		limiter = rate.NewLimiter(bucket.Limit(), bucket.Burst())
		l.buckets[key] = limiter
	}
	turn := limiter.ReserveN(now, 1)
	wait := turn.DelayFrom(now)
	if wait > 0 {
		turn.CancelAt(now)
	}
	return wait
}

// perMinute gives the tier's rate; the burst is a tenth of a minute's calls, and
// at least 5, for Slack tolerates short bursts without saying how long.
func perMinute(t tier) *rate.Limiter {
	n := map[tier]int{tier1: 1, tier2: 20, tier3: 50, tier4: 100, tierPost: 60}[t]
	return rate.NewLimiter(rate.Limit(float64(n)/60), max(5, n/10))
}
