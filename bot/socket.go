package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

const (
	soonest     = time.Second      // between two connects of one connection
	slowest     = 60 * time.Second // the longest wait before one
	stable      = 60 * time.Second // a connection that lived this long was a good one
	deaf        = 45 * time.Second // slack-go gives a connection up after 30 s without a ping
	ackWithin   = 3 * time.Second
	flushWithin = 200 * time.Millisecond // slack-go writes acknowledgements beside us and does not say when
	maxFrame    = 4 << 20
)

// socket keeps one Socket Mode connection. slack-go's client reconnects at once and for ever after a
// connection that once stood, measured at a thousand times a second, so it is allowed one connect for
// each of its runs, and the next run waits its turn. It does not tell why Slack ended a connection.
type socket struct {
	bot    *Bot
	client *socketmode.Client
	opener *opener
	heard  atomic.Int64 // Unix nanoseconds of the last byte from Slack
	up     atomic.Bool

	mu    sync.Mutex
	since time.Time // when the present connection said hello
	fails int       // connections in a row that did not last
	last  error     // why the last run ended, nil if it was told to
}

func newSocket(b *Bot) *socket {
	w := b.opt.Workspace
	s := &socket{bot: b, opener: &opener{client: w.opt.HTTPClient}}
	// Never OptionDebug: it shortens connections and logs what people write.
	api := slack.New(w.opt.BotToken, slack.OptionHTTPClient(s.opener), slack.OptionAppLevelToken(w.opt.AppToken), slack.OptionAPIURL(w.opt.APIURL))
	s.client = socketmode.New(api, socketmode.OptionReadLimit(maxFrame), socketmode.OptionDialer(&websocket.Dialer{
		Proxy:            http.ProxyFromEnvironment,
		HandshakeTimeout: 10 * time.Second,
		WriteBufferSize:  32 << 10, // a larger frame than any acknowledgement: Slack does not join fragments
		NetDialContext:   s.dial,
	}))
	return s
}

// opener lets slack-go open one connection in each run; the second attempt ends the run.
type opener struct {
	client *http.Client
	mu     sync.Mutex
	end    context.CancelFunc // ends the run
	spent  bool               // the run has had its connection
}

func (o *opener) arm(end context.CancelFunc) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.end, o.spent = end, false
}

func (o *opener) Do(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	again := o.spent
	o.spent = true
	end := o.end
	o.mu.Unlock()
	if again {
		end()
		return nil, context.Canceled
	}
	return o.client.Do(r)
}

// dial notes when anything was last heard.
func (s *socket) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &listened{Conn: conn, heard: &s.heard}, nil
}

type listened struct {
	net.Conn
	heard *atomic.Int64
}

func (c *listened) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

// run keeps a connection until ctx ends. Then it takes no more payloads, waits for those in hand to
// be acknowledged, and hangs up.
func (s *socket) run(ctx context.Context) error {
	life, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	var handlers sync.WaitGroup
	listening := make(chan struct{})
	go func() { defer close(listening); s.listen(ctx, life, &handlers) }()
	stopped := make(chan struct{})
	go func() { defer close(stopped); s.supervise(ctx, life) }()
	<-listening
	if waitFor(&handlers, s.bot.opt.Limits.Drain) {
		sleep(life, flushWithin)
	}
	hangUp()
	<-stopped
	s.up.Store(false)
	return nil
}

// supervise connects again and again: a second apart at least, further apart while connections do
// not last.
func (s *socket) supervise(ctx, life context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		err := s.once(life)
		s.up.Store(false)
		if ctx.Err() != nil {
			return
		}
		pause := s.ended(err)
		s.bot.opt.Log.Info("a connection to slack ended", "lived", time.Since(began).Round(time.Second).String(), "next", pause.String(), "error", redacted(err))
		if !sleep(ctx, max(pause, soonest-time.Since(began))) {
			return
		}
	}
}

// once is one connection, from the request for its address to its end.
func (s *socket) once(ctx context.Context) (err error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the socket mode client panicked: %v", cause)
		}
	}()
	s.mu.Lock()
	s.since = time.Time{}
	s.mu.Unlock()
	s.opener.arm(end)
	return s.client.RunContext(ctx)
}

// ended notes how a connection went and returns the wait before the next.
func (s *socket) ended(err error) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = err
	if errors.Is(err, context.Canceled) {
		s.last = errors.New("slack ended the connection")
	}
	if !s.since.IsZero() && time.Since(s.since) >= stable {
		s.fails = 0
		return 0
	}
	s.fails++
	if classify(err) == locked {
		s.bot.opt.Log.Error("slack refuses the app-level token", "error", redacted(err))
		return slowest
	}
	d := min(soonest<<min(s.fails-1, 10), slowest)
	return d*3/4 + time.Duration(rand.Int64N(int64(d/4)+1))
}

// listen hands each payload on. It never waits for one to be handled: slack-go reads from Slack only
// as fast as this does.
func (s *socket) listen(ctx, life context.Context, handlers *sync.WaitGroup) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-s.client.Events:
			s.receive(life, e, handlers)
		}
	}
}

func (s *socket) receive(ctx context.Context, e socketmode.Event, handlers *sync.WaitGroup) {
	switch e.Type {
	case socketmode.EventTypeHello:
		s.hello(e.Request)
	case socketmode.EventTypeSlashCommand, socketmode.EventTypeInteractive, socketmode.EventTypeEventsAPI:
		s.handle(ctx, e.Request, handlers)
	case socketmode.EventTypeErrorBadMessage:
		// slack-go is stricter than we need: what it could not read may still be for us, and has to
		// be acknowledged in any case, or Slack sends it again.
		bad, ok := e.Data.(*socketmode.ErrorBadMessage)
		r := new(socketmode.Request)
		if ok && json.Unmarshal(bad.Message, r) == nil && r.EnvelopeID != "" {
			s.handle(ctx, r, handlers)
		}
	case socketmode.EventTypeConnectionError, socketmode.EventTypeIncomingError, socketmode.EventTypeErrorWriteFailed:
		s.bot.opt.Log.Warn("socket mode", "event", string(e.Type), "error", redacted(errorOf(e)))
	}
}

// errorOf finds the error in an event of slack-go, whose own text may hold an address.
func errorOf(e socketmode.Event) error {
	switch d := e.Data.(type) {
	case *slack.ConnectionErrorEvent:
		return d.ErrorObj
	case *slack.IncomingEventError:
		return d.ErrorObj
	case *socketmode.ErrorWriteFailed:
		return d.Cause
	}
	return nil
}

func (s *socket) hello(r *socketmode.Request) {
	s.mu.Lock()
	s.since = time.Now()
	s.mu.Unlock()
	s.heard.Store(time.Now().UnixNano())
	s.up.Store(true)
	if r == nil {
		return
	}
	s.bot.count(r.NumConnections)
	s.bot.opt.Log.Info("connected to slack", "connections", r.NumConnections, "app", r.ConnectionInfo.AppID)
}

// count says once, whenever their number changes, that there are more connections than ours. Others get their share of
// what people ask, and answer it from their own store.
func (b *Bot) count(connections int) {
	ours := b.opt.Limits.Connections
	if b.counted.Swap(int64(connections)) != int64(connections) && connections > ours {
		b.opt.Log.Warn("somebody else is connected with our app-level token", "connections", connections, "ours", ours,
			"hint", "other replicas must share our PostgreSQL; if there are none, stop the other program or replace the token")
	}
}

// handle answers one envelope and acknowledges it, whatever it was.
func (s *socket) handle(ctx context.Context, r *socketmode.Request, handlers *sync.WaitGroup) {
	at := time.Now()
	handlers.Go(func() {
		a := s.bot.accept(ctx, received{kind: kind(r.Type), payload: r.Payload, at: at})
		if a.status == http.StatusServiceUnavailable {
			return // Slack sends it again
		}
		ctx, cancel := context.WithTimeout(ctx, ackWithin)
		defer cancel()
		response := socketmode.Response{EnvelopeID: r.EnvelopeID}
		if len(a.payload) > 0 && r.AcceptsResponsePayload {
			response.Payload = json.RawMessage(a.payload)
		}
		if err := s.client.SendCtx(ctx, response); err != nil {
			s.bot.opt.Log.Warn("acknowledging", "kind", r.Type, "error", err)
		}
		s.bot.afterwards(a.after)
	})
}

// health says why nothing can be heard on this connection, or nil.
func (s *socket) health() error {
	if !s.up.Load() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.last != nil {
			return fmt.Errorf("no connection to slack: %w", redacted(s.last))
		}
		return errors.New("no connection to slack yet")
	}
	if silence := time.Since(time.Unix(0, s.heard.Load())); silence > deaf {
		return fmt.Errorf("slack has been silent for %s", silence.Round(time.Second))
	}
	return nil
}
