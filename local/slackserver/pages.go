package slackserver

import (
	"encoding/json"
	"sync"
)

// pageEvent is one change that open pages are told about.
type pageEvent struct {
	Type    string       `json:"type"` // message, deleted, views, channels, home, reload
	Channel string       `json:"channel,omitempty"`
	TS      string       `json:"ts,omitempty"`
	Message *messageJSON `json:"message,omitempty"`
	onlyFor string
}

const pageBuffer = 512

// tab is one open page.
type tab struct {
	user   string
	events chan json.RawMessage // closed when the page was too slow or the server ends
}

// pages tells open pages what changes. A page that does not keep up is cut off
// and starts afresh.
type pages struct {
	mu     sync.Mutex
	open   map[*tab]bool
	closed bool
}

const maxPages = 200

func newPages() *pages { return &pages{open: map[*tab]bool{}} }

func (p *pages) join(user string) (*tab, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.open) >= maxPages {
		return nil, false
	}
	one := &tab{user: user, events: make(chan json.RawMessage, pageBuffer)}
	p.open[one] = true
	return one, true
}

func (p *pages) leave(one *tab) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut(one)
}

func (p *pages) cut(one *tab) {
	if p.open[one] {
		delete(p.open, one)
		close(one.events)
	}
}

func (p *pages) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for one := range p.open {
		p.cut(one)
	}
}

func (p *pages) any() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open) > 0
}

// send tells everyone who may see it.
func (p *pages) send(e pageEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.open) == 0 {
		return
	}
	raw := toJSON(e)
	for one := range p.open {
		if e.onlyFor != "" && e.onlyFor != one.user {
			continue
		}
		select {
		case one.events <- raw:
		default:
			p.cut(one)
		}
	}
}

// changed tells pages of a new or edited message, and of its root, whose count
// of replies changed. The caller holds the workspace's lock.
func (s *Server) changed(ch *channel, m *message) {
	if !s.pages.any() {
		return
	}
	s.sendMessage(ch, m)
	if root := ch.byTS[m.threadTS]; root != nil && root != m {
		s.sendMessage(ch, root)
	}
}

func (s *Server) sendMessage(ch *channel, m *message) {
	wire := s.world.render(m, false)
	e := pageEvent{Type: "message", Channel: ch.ID, Message: &wire, onlyFor: m.onlyFor}
	if ch.isIM {
		e.onlyFor = ch.imUser
	}
	s.pages.send(e)
}

func (s *Server) deleted(ch *channel, m *message) {
	s.pages.send(pageEvent{Type: "deleted", Channel: ch.ID, TS: m.ts, onlyFor: m.onlyFor})
}

func (s *Server) viewsChanged(userID string) {
	s.pages.send(pageEvent{Type: "views", onlyFor: userID})
}

func (s *Server) channelsChanged() { s.pages.send(pageEvent{Type: "channels"}) }
