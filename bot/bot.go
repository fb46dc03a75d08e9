package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"handrail/automation"
	"handrail/commands"
	"handrail/policy"
)

// Commander answers what people ask. Do never panics and answers before ctx ends; when it returns,
// what it accepted is durable.
type Commander interface {
	Do(ctx context.Context, inv commands.Invocation) commands.Answer
}

// Announcements remembers what Slack has been told. The lease is the announcement's own, apart from
// the execution's.
type Announcements interface {
	// ClaimAnnouncements leases executions whose announced version is behind and whose next attempt has come.
	ClaimAnnouncements(ctx context.Context, c automation.Claim) ([]*automation.Execution, error)
	// KeepAnnouncements extends owner's leases on these executions and returns which of them it still holds. Any
	// other lease lapses, so that a row which was lost track of is claimed again.
	KeepAnnouncements(ctx context.Context, owner string, until time.Time, ids []string) (map[string]int64, error)
	// ReleaseAnnouncements gives back all of owner's leases on announcements.
	ReleaseAnnouncements(ctx context.Context, owner string) error
	// SaveAnnouncement writes a. It does not raise the execution's version.
	SaveAnnouncement(ctx context.Context, owner, id string, a automation.Announcement) error
	// Execution returns one by ID, or automation.ErrNotFound.
	Execution(ctx context.Context, id string) (*automation.Execution, error)
	// ByCard returns the execution whose card is the message ts in channel, or automation.ErrNotFound.
	ByCard(ctx context.Context, channel, ts string) (*automation.Execution, error)
}

// Mode is the way Slack reaches the bot.
type Mode string

// The modes. Socket needs an app-level token, HTTP a signing secret.
const (
	Socket Mode = "socket"
	HTTP   Mode = "http"
)

// Options of a Bot. Workspace, Commander, Store and Owner are required.
type Options struct {
	Workspace *Workspace
	Commander Commander
	Store     Announcements
	Owner     string // this replica's name, unique among those that share the store

	Mode           Mode                           // Socket if ""
	SigningSecrets []string                       // HTTP: every secret that is valid now, two while one is being replaced
	Console        func(region, id string) string // address of an execution in AWS's console; nil means no link
	Limits         Limits
	Rules          Rules
	Misplaced      func(ctx context.Context, a automation.ApproveAsk, action policy.Action) error // records a click on a button that is not the execution's; nil records nothing
	Log            *slog.Logger                                                                   // nil discards
}

// Rules are what messages tell of today's policy. They decide nothing, and each may be nil: then nothing is told.
type Rules struct {
	Approvers func(names []string) (users, userGroups []string)  // accounts behind names of groups and identities
	StepRule  func(runbook, step string) bool                    // whether people may answer this aws:approve step here
	Freeze    func(name string) (until time.Time, reason string) // zero if there is no such freeze
	Emergency func(grant string) (channel string)                // ID or "#name" that is told of runs under this break-glass grant
}

// Limits bound what the bot takes and sends. The zero value of each field means its default.
type Limits struct {
	Connections int           // Socket Mode connections; 2
	Concurrent  int           // payloads handled at once; 64. A quarter as many again is kept for cancelling
	PerUser     float64       // payloads a second of one person, with a burst of ten times that, and four times as many that cancel; 5
	Budget      time.Duration // time to answer a payload; 2.5 s, since Slack waits 3 s: docs.slack.dev/interactivity
	Poll        time.Duration // time between two looks for cards that are behind; 2 s
	Interval    time.Duration // shortest time between two updates of a card that is not final; 1 s
	Retry       time.Duration // first wait after Slack failed, doubled up to ten times that; 1 s
	Drain       time.Duration // time to finish what is in hand when Run ends; 4 s
	Lease       time.Duration // how long other replicas wait for a silent one before they announce in its place; 3 s
}

func (l Limits) withDefaults() Limits {
	if l.Connections <= 0 {
		l.Connections = 2
	}
	if l.Concurrent <= 0 {
		l.Concurrent = 64
	}
	if l.PerUser <= 0 {
		l.PerUser = 5
	}
	duration := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	duration(&l.Budget, 2500*time.Millisecond)
	duration(&l.Poll, 2*time.Second)
	duration(&l.Interval, time.Second)
	duration(&l.Retry, time.Second)
	duration(&l.Drain, 4*time.Second)
	duration(&l.Lease, 3*time.Second)
	return l
}

// answersAtOnce bounds the answers to mentions and clicks that are under way.
const answersAtOnce = 256

// Bot is the Slack edge of one process. It runs once.
type Bot struct {
	opt      Options
	verifier *verifier
	intake   *intake
	announce *announcer
	sockets  []*socket
	speaking chan struct{} // places for answers that are sent after the acknowledgement
	counted  atomic.Int64  // connections of this app-level token, as Slack last said
}

// New returns a bot that does nothing until Run. It refuses options with which nobody could be
// recognised: HTTP without a signing secret, or with one that is too short; Socket Mode without an
// app-level token.
func New(o Options) (*Bot, error) {
	if o.Workspace == nil || o.Commander == nil || o.Store == nil || o.Owner == "" {
		return nil, errors.New("the bot needs a workspace, a commander, a store and an owner")
	}
	if o.Mode == "" {
		o.Mode = Socket
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Limits = o.Limits.withDefaults()
	b := &Bot{opt: o, intake: newIntake(o.Limits), speaking: make(chan struct{}, answersAtOnce)}
	b.announce = newAnnouncer(o)
	switch o.Mode {
	case Socket:
		return b, b.openSockets()
	case HTTP:
		var err error
		b.verifier, err = newVerifier(o.SigningSecrets)
		return b, err
	}
	return nil, fmt.Errorf("slack mode is %q: use %q or %q", o.Mode, Socket, HTTP)
}

func (o Options) look() look {
	return look{console: o.Console, approvers: o.Rules.Approvers, stepRule: o.Rules.StepRule, freeze: o.Rules.Freeze, emergency: o.Rules.Emergency}
}

func (b *Bot) openSockets() error {
	if b.opt.Workspace.opt.AppToken == "" {
		return errors.New("socket mode needs an app-level token (xapp-…) with the scope connections:write")
	}
	for range b.opt.Limits.Connections {
		b.sockets = append(b.sockets, newSocket(b))
	}
	return nil
}

// Wake says that e has changed, or with nil that something may have. It never blocks, and a lost hint
// costs only time: the store is asked again every few seconds.
func (b *Bot) Wake(e *automation.Execution) { b.announce.wake(e) }

// stopWithin bounds all of the end together: an orchestrator kills what has not stopped ten seconds after it was told to
// (docker stop's default).
const stopWithin = 8 * time.Second

// Run serves until ctx ends. Then it takes nothing more, finishes what is in hand within
// Limits.Drain, and returns nil. It leaves behind what is not done eight seconds after that end.
func (b *Bot) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- b.serve(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(stopWithin)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
		b.opt.Log.Warn("stopping with work in hand")
		return nil
	}
}

func (b *Bot) serve(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { b.opt.Workspace.watch(ctx); return nil })
	g.Go(func() error { return b.announce.run(ctx) })
	for _, s := range b.sockets {
		g.Go(func() error { return s.run(ctx) })
	}
	err := g.Wait()
	b.silence()
	return err
}

// silence takes every place for answers, waiting for those that are being sent.
func (b *Bot) silence() {
	timer := time.NewTimer(b.opt.Limits.Drain)
	defer timer.Stop()
	for range cap(b.speaking) {
		select {
		case b.speaking <- struct{}{}:
		case <-timer.C:
			b.opt.Log.Warn("stopping with answers unsent")
			return
		}
	}
}

// Health reports why the bot cannot hear from Slack at the moment, or nil.
func (b *Bot) Health() error {
	if b.opt.Workspace.installation() == nil {
		return errors.New("slack has not yet said which workspace the bot is installed in")
	}
	if b.opt.Mode == HTTP {
		return nil
	}
	var worst error
	for _, s := range b.sockets {
		if worst = s.health(); worst == nil {
			return nil
		}
	}
	return worst
}

// waitFor waits until wg is done, at most d, and says whether it was.
func waitFor(wg *sync.WaitGroup, d time.Duration) bool {
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// sleep waits for d or until ctx ends, and says whether ctx still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
