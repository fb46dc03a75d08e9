package commands

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"handrail/automation"
	"handrail/policy"
)

// Engine is the door. *automation.Engine is one.
type Engine interface {
	Submit(ctx context.Context, a automation.Ask) (automation.Outcome, error)
	Cancel(ctx context.Context, a automation.CancelAsk) (automation.Outcome, error)
	Approve(ctx context.Context, a automation.ApproveAsk) (automation.Outcome, error)
	Lock(ctx context.Context, a automation.LockAsk) (automation.Outcome, error)
	Explain(ctx context.Context, a automation.Ask) policy.Decision
}

// Memory reads what is remembered.
type Memory interface {
	Execution(ctx context.Context, id string) (*automation.Execution, error)
	Executions(ctx context.Context, q automation.Query) ([]*automation.Execution, error)
	// Record returns the decision of that ID, or automation.ErrNotFound.
	Record(ctx context.Context, id string) (policy.Record, error)
	// ActiveLocks returns every lock that is not over at now, oldest first.
	ActiveLocks(ctx context.Context, now time.Time) ([]policy.Lock, error)
}

// Documents reads what AWS holds. *automation.Catalogue does.
type Documents interface {
	Look(ctx context.Context, rb *policy.Runbook) *policy.Document
}

// Options of Commands. All but Log are required.
type Options struct {
	Engine    Engine
	Memory    Memory
	Documents Documents
	Directory automation.Directory
	Policy    func() *policy.Policy // today's
	Log       *slog.Logger          // nil discards
}

// Commands answers invocations.
type Commands struct{ Options }

// New returns Commands.
func New(o Options) *Commands {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Commands{o}
}

// command is one row of the table.
type command struct {
	name    string
	aliases []string
	usage   string
	about   string
	do      func(*Commands, context.Context, call) Answer
}

// call is an invocation of one command: what follows its name.
type call struct {
	Invocation
	words []Word
	line  string // the whole line, for pointing into it
}

// table lists the commands in the order of the help.
func table() []command {
	return []command{
		{"run", nil, `run NAME key=value… [reason="…"] [--dry-run] [--break-glass]`, "run a runbook", (*Commands).run},
		{"ask", nil, `ask NAME key=value… reason="…" | ask ID`, "ask for a one-time approval of what you may not run", (*Commands).ask},
		{"approve", nil, "approve ID [STEP]", "agree to a run, or to a step of it", (*Commands).approve},
		{"deny", nil, "deny ID [STEP] reason…", "refuse it, with a reason", (*Commands).deny},
		{"list", []string{"ls"}, "list [WORD]", "the runbooks you can run here", (*Commands).list},
		{"show", nil, "show NAME", "parameters, who may run it, last results", (*Commands).show},
		{"status", []string{"st"}, "status [ID | mine | all]", "what is running or waits", (*Commands).status},
		{"cancel", nil, "cancel ID [reason]", "stop an execution", (*Commands).cancel},
		{"history", nil, "history [NAME] [by=@person] [since=7d] [--break-glass]", "what ran before", (*Commands).history},
		{"why", nil, "why ID | why NAME key=value…", "explain a decision", (*Commands).why},
		{"lock", nil, "lock NAME [key=value…] for=2h reason…", "keep a runbook or a target from being run", (*Commands).lock},
		{"unlock", nil, "unlock ID", "end a lock", (*Commands).unlock},
		{"locks", nil, "locks [NAME]", "what is locked", (*Commands).locks},
		{"help", nil, "help [NAME]", "this, or help on a command", (*Commands).help},
	}
}

// Do answers an invocation. It always answers: what breaks on our side is logged under a reference that the answer names.
func (c *Commands) Do(ctx context.Context, inv Invocation) Answer {
	if inv.At.IsZero() {
		inv.At = time.Now()
	}
	k := call{Invocation: inv}
	var err error
	k.words, k.line, err = inv.words()
	var bad *SyntaxError
	if errors.As(err, &bad) {
		if bad.Text == "" {
			return say(Line{{Text: bad.What}})
		}
		return say(Line{{Text: bad.What}}, point(inv.Command, bad.Text, bad.At, bad.Width))
	}
	if len(k.words) == 0 {
		return c.help(ctx, k)
	}
	for _, cmd := range table() {
		if cmd.is(k.words[0]) {
			k.words = k.words[1:]
			return cmd.do(c, ctx, k)
		}
	}
	return c.unknown(ctx, k)
}

func (cmd command) is(w Word) bool {
	if w.Key != "" {
		return false
	}
	for _, name := range append([]string{cmd.name}, cmd.aliases...) {
		if strings.EqualFold(name, w.Value) {
			return true
		}
	}
	return false
}

func (c *Commands) unknown(ctx context.Context, k call) Answer {
	var names []string
	for _, cmd := range table() {
		names = append(names, cmd.name)
	}
	w := k.words[0]
	if _, ok := c.look(ctx, k).runbook(w.Value); ok && w.Key == "" {
		return say(line("%s is a runbook. To run it: %s", code(w.Value), code(k.Command+" run "+k.line)))
	}
	word := w.Value
	if w.Key != "" {
		word = w.Key
	}
	l := line("I don't know the command %s.", code(shorten(word)))
	if near := policy.Nearest(strings.ToLower(word), names); len(near) > 0 {
		l = append(l, line(" Did you mean %s?", code(near[0]))...)
	}
	return say(l, join(line("The commands are "), list(names), line(". %s explains them.", code(k.Command+" help"))))
}

// broken answers for what is no fault of the person.
func (c *Commands) broken(k call, doing string, err error) Answer {
	return say(line("Something broke on my side while %s, and nothing was started. Please try again; if it stays broken, tell whoever runs me: %s.",
		doing, code(c.logged(doing, k, err))))
}

// logged writes an error to the log under a reference that a person can pass on.
func (c *Commands) logged(doing string, k call, err error) string {
	ref := "e-" + uuid.NewString()[:8]
	c.Log.Error(doing, "reference", ref, "user", k.User, "error", err)
	return ref
}

// unclear answers when nobody can say whether the run was accepted: asking again could start it twice.
func (c *Commands) unclear(k call, err error) Answer {
	return say(line("I could not learn whether that was accepted. Before you ask again, look: %s shows it if it was. If this goes on, tell whoever runs me: %s.",
		code(k.Command+" status mine"), code(c.logged("accepting the run", k, err))))
}

// shorten keeps what a person typed from filling an answer.
func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
