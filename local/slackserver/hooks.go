package slackserver

import (
	"sync"
	"time"
)

const (
	hookUses = 5                // docs.slack.dev/interactivity/handling-user-interaction
	hookLife = 30 * time.Minute // the same
	maxHooks = 10_000
)

// hook is one response URL: the right to answer one person's act, a few times
// and for a while, even where the app is no member.
type hook struct {
	mu       sync.Mutex // held over one use
	channel  string
	user     string
	threadTS string
	original string // ts of the message to replace or delete; changes with each answer
	issued   time.Time
	uses     int
}

type hooks struct {
	mu    sync.Mutex
	byKey map[string]*hook
	order []string // oldest first
}

func newHooks() *hooks { return &hooks{byKey: map[string]*hook{}} }

// issue makes a response URL below base; kind is commands or actions.
func (h *hooks) issue(base, kind, team string, k *hook) string {
	key := kind + "/" + team + "/" + randomFrom("0123456789", 13) + "/" + randomToken(24)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.byKey[key] = k
	h.order = append(h.order, key)
	if len(h.order) > maxHooks {
		delete(h.byKey, h.order[0])
		h.order = h.order[1:]
	}
	return base + "/" + key
}

// find returns the hook of a path such as /commands/T…/…/…, or nil.
func (h *hooks) find(path string) *hook {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.byKey[path[1:]]
}

// use counts one use, or refuses. The caller holds k.mu.
func (k *hook) use(now time.Time) error {
	switch {
	case now.Sub(k.issued) > hookLife:
		return refuse("expired_url")
	case k.uses >= hookUses:
		return refuse("used_url")
	}
	k.uses++
	return nil
}
