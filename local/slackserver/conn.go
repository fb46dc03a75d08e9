package slackserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	maxAck     = 20 << 10 // a longer acknowledgement is silently dropped by Slack
	maxPending = 1_000
	writeWait  = 5 * time.Second
)

// conn is one Socket Mode connection.
type conn struct {
	s       *Server
	ws      *websocket.Conn
	greeted chan struct{} // closed after hello, which comes before anything else
	gone    chan struct{} // closed when the connection ends
	ending  sync.Once

	mu      sync.Mutex
	pending map[string]chan json.RawMessage // by envelope_id
}

func newConn(s *Server, ws *websocket.Conn) *conn {
	return &conn{s: s, ws: ws, greeted: make(chan struct{}), gone: make(chan struct{}), pending: map[string]chan json.RawMessage{}}
}

// serve greets the app and reads acknowledgements until either side ends.
func (c *conn) serve(ctx context.Context) {
	defer c.drop()
	count, ok := c.s.sockets.join(c)
	if !ok {
		_ = c.disconnect(ctx, "too_many_websockets")
		c.linger()
		return
	}
	defer c.s.sockets.leave(c)
	c.ws.SetReadLimit(maxBody)
	if c.hello(ctx, count) != nil {
		return
	}
	close(c.greeted)
	go c.ping()
	for {
		kind, raw, err := c.ws.Read(ctx)
		if err != nil {
			return
		}
		if kind == websocket.MessageText {
			c.receive(raw)
		}
	}
}

func (c *conn) hello(ctx context.Context, count int) error {
	return c.write(ctx, reply{
		"type": "hello", "num_connections": count,
		"debug_info":      reply{"host": "local", "build_number": 1, "approximate_connection_time": 18060},
		"connection_info": reply{"app_id": c.s.opt.AppID},
	})
}

// ping keeps the connection known to be alive, and ends one that is dead.
func (c *conn) ping() {
	ticker := time.NewTicker(pingInterval)
	defer ticker.Stop()
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 2*pingInterval)
		err := c.ws.Ping(ctx)
		cancel()
		if err != nil {
			c.drop()
			return
		}
		select {
		case <-ticker.C:
		case <-c.gone:
			return
		}
	}
}

// receive hands an acknowledgement to whoever waits for it.
func (c *conn) receive(raw []byte) {
	var ack struct {
		EnvelopeID string          `json:"envelope_id"`
		Payload    json.RawMessage `json:"payload"`
	}
	note := entry{Time: c.s.now(), Method: "socket.ack", Request: raw, Status: http.StatusOK}
	defer func() { c.s.journal.add(note) }()
	if err := json.Unmarshal(raw, &ack); err != nil || ack.EnvelopeID == "" {
		c.s.log.Warn("a socket message is no acknowledgement", "bytes", len(raw))
		note.Request, note.Status = toJSON(reply{"bytes": len(raw)}), http.StatusBadRequest
		return
	}
	if len(raw) >= maxAck {
		c.s.log.Warn("an acknowledgement of 20 KB or more is dropped, as Slack does", "bytes", len(raw))
		note.Status = http.StatusRequestEntityTooLarge
		return
	}
	c.mu.Lock()
	waiting := c.pending[ack.EnvelopeID]
	delete(c.pending, ack.EnvelopeID)
	c.mu.Unlock()
	if waiting == nil {
		c.s.log.Warn("an acknowledgement names no waiting envelope")
		note.Status = http.StatusNotFound
		return
	}
	waiting <- ack.Payload
}

var errSocketGone = errors.New("the connection ended before the acknowledgement")

// send delivers one envelope and waits for its acknowledgement.
func (c *conn) send(ctx context.Context, d delivery, attempt int, reason string) (json.RawMessage, error) {
	id := randomHex(16)
	answer := make(chan json.RawMessage, 1)
	c.mu.Lock()
	if len(c.pending) >= maxPending {
		c.mu.Unlock()
		return nil, fmt.Errorf("sending an envelope: %d are waiting already", maxPending)
	}
	c.pending[id] = answer
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.pending, id)
		c.mu.Unlock()
	}()
	envelope := reply{"envelope_id": id, "type": d.kind, "accepts_response_payload": d.kind != kindEvent, "payload": d.payload}
	if d.kind == kindEvent || attempt > 0 {
		envelope["retry_attempt"], envelope["retry_reason"] = attempt, reason
	}
	select {
	case <-c.greeted:
	case <-c.gone:
		return nil, errSocketGone
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := c.write(ctx, envelope); err != nil {
		return nil, errSocketGone
	}
	select {
	case payload := <-answer:
		return payload, nil
	case <-c.gone:
		return nil, errSocketGone
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// disconnect tells the app to leave; reasons are Slack's.
func (c *conn) disconnect(ctx context.Context, reason string) error {
	return c.write(ctx, reply{"type": "disconnect", "reason": reason, "debug_info": reply{"host": "local"}})
}

// linger gives the app a moment to read what was sent and to leave by itself.
func (c *conn) linger() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	<-c.ws.CloseRead(ctx).Done()
}

func (c *conn) write(ctx context.Context, v any) error {
	// A caller who gives up must not cut the connection in the middle of a frame.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWait)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageText, toJSON(v))
}

// drop cuts the connection without a farewell.
func (c *conn) drop() {
	c.ending.Do(func() {
		close(c.gone)
		_ = c.ws.CloseNow()
	})
}

// leaveOrDrop gives an app that was asked to leave a second to do so.
func (c *conn) leaveOrDrop(ctx context.Context) {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-c.gone:
	case <-timer.C:
	case <-ctx.Done():
	}
	c.drop()
}
