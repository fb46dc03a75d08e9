package slackserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Server is one workspace with one app. Make it with New and Close it in the
// end; it is safe for concurrent use.
type Server struct {
	opt     Options
	log     *slog.Logger
	now     func() time.Time
	started time.Time
	methods map[string]method
	world   *workspace
	stamps  *stamps
	journal *journal
	faults  *faults
	limits  *limits
	sockets *sockets
	pages   *pages
	tickets *triggers
	hooks   *hooks
	client  *http.Client
	handler http.Handler

	life *life
	done <-chan struct{} // closed by Close
}

// New makes a workspace that is ready to serve. It refuses callback URLs that
// are not http or https.
func New(o Options) (*Server, error) {
	for _, raw := range []string{o.CommandURL, o.InteractivityURL, o.OptionsURL, o.EventsURL, o.BaseURL} {
		if raw == "" {
			continue
		}
		if u, err := url.Parse(raw); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("reading the URL %q: want http://HOST:PORT/PATH", raw)
		}
	}
	o = o.withDefaults()
	s := &Server{
		opt: o, log: o.Log, now: o.Now, started: o.Now(), methods: methodsByName(),
		world: newWorkspace(o), stamps: &stamps{now: o.Now}, journal: newJournal(o), faults: &faults{},
		limits: newLimits(o.RateLimits), sockets: newSockets(), pages: newPages(), tickets: newTriggers(), hooks: newHooks(),
		life: newLife(),
		client: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	s.done = s.life.done
	s.handler = s.routes()
	return s, nil
}

// Handler serves the Web API, Socket Mode, response URLs, the control routes
// and the page.
func (s *Server) Handler() http.Handler { return s.handler }

// BotToken returns the bot token in use.
func (s *Server) BotToken() string { return s.opt.BotToken }

// AppToken returns the app-level token in use.
func (s *Server) AppToken() string { return s.opt.AppToken }

// SigningSecret returns the secret that signs HTTP callbacks.
func (s *Server) SigningSecret() string { return s.opt.SigningSecret }

// Close ends every socket, page stream and delivery at once, and waits for
// them. The handler must not be used afterwards.
func (s *Server) Close() error {
	s.life.end()
	s.sockets.close()
	s.pages.close()
	s.life.wait.Wait()
	s.client.CloseIdleConnections()
	return nil
}

// Run waits until ctx ends and then closes the server.
func (s *Server) Run(ctx context.Context) error {
	<-ctx.Done()
	return s.Close()
}

// Serve answers on l until ctx ends; it is gone within about a second then.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	web := &http.Server{Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(l) }()
	select {
	case err := <-failed:
		return errors.Join(fmt.Errorf("serving the local Slack: %w", err), s.Close())
	case <-ctx.Done():
	}
	err := s.Close()
	short, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if web.Shutdown(short) != nil {
		err = errors.Join(err, web.Close())
	}
	return err
}

// base is how the caller reaches this server.
func (s *Server) base(r *http.Request) string {
	if s.opt.BaseURL != "" {
		return s.opt.BaseURL
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *Server) since(began time.Time) float64 {
	return float64(s.now().Sub(began).Microseconds()) / 1000
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/", s.serveAPI)
	mux.HandleFunc("GET /link/", s.serveLink)
	mux.HandleFunc("POST /commands/{team}/{id}/{secret}", s.serveHook)
	mux.HandleFunc("POST /actions/{team}/{id}/{secret}", s.serveHook)
	s.controlRoutes(mux)
	s.pageRoutes(mux)
	return mux
}
