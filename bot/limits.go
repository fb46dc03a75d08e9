package bot

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// method is a Web API method that the bot sends with.
type method string

const (
	methodPost      method = "chat.postMessage"
	methodUpdate    method = "chat.update"
	methodEphemeral method = "chat.postEphemeral"
	methodHistory   method = "conversations.history"
	methodReplies   method = "conversations.replies"
	methodOpen      method = "views.open"
)

// pace is what Slack allows for the whole app in a workspace: docs.slack.dev/apis/web-api/rate-limits.
// Bursts are tolerated there without a number; these are modest.
func pace(m method) *rate.Limiter {
	perMinute := func(n float64, burst int) *rate.Limiter { return rate.NewLimiter(rate.Limit(n/60), burst) }
	switch m {
	case methodUpdate: // tier 3
		return perMinute(50, 15)
	case methodEphemeral, methodOpen: // tier 4
		return perMinute(100, 20)
	case methodPost: // several hundred a minute
		return perMinute(300, 30)
	}
	return perMinute(50, 10)
}

// channelPace is about one message a second in each channel, with short bursts.
func channelPace() *rate.Limiter { return rate.NewLimiter(1, 5) }

const manyChannels = 1_000

// limits keeps to Slack's rate limits, and to what Slack last said about a method.
type limits struct {
	mu       sync.Mutex
	methods  map[method]*lane
	channels map[string]*rate.Limiter
}

type lane struct {
	*rate.Limiter
	closed time.Time // not before this
	fails  int       // in a row
}

func newLimits() *limits {
	return &limits{methods: map[method]*lane{}, channels: map[string]*rate.Limiter{}}
}

func (l *limits) lane(m method) *lane {
	if l.methods[m] == nil {
		l.methods[m] = &lane{Limiter: pace(m)}
	}
	return l.methods[m]
}

// take takes what one call needs and returns 0, or returns how long that will take at least.
func (l *limits) take(m method, channel string) time.Duration {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	lane := l.lane(m)
	if wait := lane.closed.Sub(now); wait > 0 {
		return wait
	}
	whole := lane.ReserveN(now, 1)
	wait := whole.DelayFrom(now)
	if m == methodPost && wait == 0 {
		part := l.channel(channel).ReserveN(now, 1)
		if wait = part.DelayFrom(now); wait > 0 {
			part.CancelAt(now)
		}
	}
	if wait > 0 {
		whole.CancelAt(now)
	}
	return wait
}

// channel returns the pace of a channel. The caller holds mu.
func (l *limits) channel(id string) *rate.Limiter {
	c, ok := l.channels[id]
	if !ok {
		if len(l.channels) >= manyChannels {
			clear(l.channels)
		}
		c = channelPace()
		l.channels[id] = c
	}
	return c
}

// wait takes what one call needs, waiting for it until ctx ends.
func (l *limits) wait(ctx context.Context, m method, channel string) error {
	for {
		d := l.take(m, channel)
		if d == 0 {
			return nil
		}
		if !sleep(ctx, d) {
			return fmt.Errorf("waiting for slack's rate limit: %w", ctx.Err())
		}
	}
}

// learn closes a method for as long as Slack says, for half a minute when our token is no longer
// good, and for a moment that grows while Slack does not work.
func (l *limits) learn(m method, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lane := l.lane(m)
	rest := time.Duration(0)
	switch classify(err) {
	case limited:
		rest = retryAfter(err)
	case locked:
		rest = 30 * time.Second
	case broken, unheard:
		lane.fails++
		if lane.fails >= 3 {
			rest = min(250*time.Millisecond<<min(lane.fails-3, 10), 10*time.Second)
		}
	default:
		lane.fails = 0
	}
	if until := time.Now().Add(rest); rest > 0 && until.After(lane.closed) {
		lane.closed = until
	}
}
