package slackserver

import (
	"strconv"
	"sync"
	"time"
)

const (
	triggerLife = 3 * time.Second // docs.slack.dev/interactivity/handling-user-interaction
	triggerKept = time.Minute     // how long a dead one is remembered, to say why it is refused
	maxTriggers = 10_000
)

// trigger lets the app open one view for the person who caused it.
type trigger struct {
	user   string
	view   string // the view that was acted in, for views.push
	issued time.Time
	used   bool
}

type triggers struct {
	mu   sync.Mutex
	byID map[string]*trigger
}

func newTriggers() *triggers { return &triggers{byID: map[string]*trigger{}} }

// issue makes a trigger_id for the person.
func (t *triggers) issue(user, view string, now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.byID) >= maxTriggers {
		for id, old := range t.byID {
			if now.Sub(old.issued) > triggerKept {
				delete(t.byID, id)
			}
		}
		if len(t.byID) >= maxTriggers { // a flood: old ones become invalid_trigger_id
			clear(t.byID)
		}
	}
	id := strconv.FormatInt(now.UnixMilli(), 10) + "." + randomFrom("0123456789", 12) + "." + randomHex(16)
	t.byID[id] = &trigger{user: user, view: view, issued: now}
	return id
}

// exchange uses a trigger up, or refuses as views.open does.
func (t *triggers) exchange(id string, now time.Time) (trigger, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.byID[id]
	switch {
	case found == nil:
		return trigger{}, refuse("invalid_trigger_id")
	case found.used:
		return trigger{}, refuse("exchanged_trigger_id")
	case now.Sub(found.issued) > triggerLife:
		return trigger{}, refuse("expired_trigger_id")
	}
	found.used = true
	return *found, nil
}
