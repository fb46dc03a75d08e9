package slackserver

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	maxSockets   = 10 // connections per app: docs.slack.dev/apis/events-api/using-socket-mode
	maxTickets   = 1_000
	ticketLife   = time.Minute
	pingInterval = 5 * time.Second // slack-go gives up after 30 s without a ping
)

// sockets are the app's Socket Mode connections.
type sockets struct {
	mu      sync.Mutex
	conns   []*conn
	tickets map[string]time.Time // unused tickets and when they end
	closed  bool
}

func newSockets() *sockets { return &sockets{tickets: map[string]time.Time{}} }

// issue makes a ticket for one connection.
func (s *sockets) issue(now time.Time) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ticket, ends := range s.tickets {
		if now.After(ends) {
			delete(s.tickets, ticket)
		}
	}
	if len(s.tickets) >= maxTickets {
		return "", &rateLimited{after: ticketLife}
	}
	ticket := randomHex(16)
	s.tickets[ticket] = now.Add(ticketLife)
	return ticket, nil
}

// redeem uses a ticket up.
func (s *sockets) redeem(ticket string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ends, ok := s.tickets[ticket]
	delete(s.tickets, ticket)
	return ok && !now.After(ends)
}

// join adds c and returns how many connections there are now; false when there
// are too many already.
func (s *sockets) join(c *conn) (int, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.conns) >= maxSockets {
		return len(s.conns), false
	}
	s.conns = append(s.conns, c)
	return len(s.conns), true
}

func (s *sockets) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = slices.DeleteFunc(s.conns, func(other *conn) bool { return other == c })
}

// pick returns one connection at random, or nil: Slack sends each payload to one
// connection of its choice.
func (s *sockets) pick() *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) == 0 {
		return nil
	}
	return s.conns[rand.IntN(len(s.conns))]
}

// first returns up to n connections, or all when n is not positive.
func (s *sockets) first(n int) []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n <= 0 || n > len(s.conns) {
		n = len(s.conns)
	}
	return slices.Clone(s.conns[:n])
}

func (s *sockets) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, c := range s.first(0) {
		c.drop()
	}
}

// serveLink upgrades /link/?ticket=… to a Socket Mode connection.
func (s *Server) serveLink(w http.ResponseWriter, r *http.Request) {
	if !s.sockets.redeem(r.URL.Query().Get("ticket"), s.now()) {
		http.Error(w, "the ticket is unknown, used or expired; call apps.connections.open", http.StatusForbidden)
		return
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // the ticket authorizes; slack-go sends Origin https://api.slack.com
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		s.log.Debug("accepting a socket", "error", err)
		return
	}
	if !s.life.begin() {
		_ = ws.CloseNow()
		return
	}
	defer s.life.wait.Done()
	newConn(s, ws).serve(r.Context())
}
