package bot

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"handrail/commands"
)

// intake bounds what is handled at once, and how fast one person may ask.
type intake struct {
	places   chan struct{}
	reserved chan struct{} // for cancelling, which takes any other place when these are taken
	perUser  rate.Limit

	mu      sync.Mutex
	people  map[string]*rate.Limiter
	cancels map[string]*rate.Limiter // the same for cancelling
}

func newIntake(l Limits) *intake {
	return &intake{
		places:   make(chan struct{}, l.Concurrent),
		reserved: make(chan struct{}, max(1, l.Concurrent/4)),
		perUser:  rate.Limit(l.PerUser),
		people:   map[string]*rate.Limiter{},
		cancels:  map[string]*rate.Limiter{},
	}
}

// enter takes a place and returns how to leave it, or nil if all are taken.
func (in *intake) enter(cancelling bool) func() {
	if cancelling {
		select {
		case in.reserved <- struct{}{}:
			return func() { <-in.reserved }
		default:
		}
	}
	select {
	case in.places <- struct{}{}:
		return func() { <-in.places }
	default:
		return nil
	}
}

const manyPeople = 10_000

// cancelsFor is how much more often a person may cancel than ask for anything else.
const cancelsFor = 4

// patient says whether the person has not asked too often lately.
func (in *intake) patient(user string, cancelling bool) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	people, pace := in.people, in.perUser
	if cancelling {
		people, pace = in.cancels, cancelsFor*in.perUser
	}
	l, ok := people[user]
	if !ok {
		if len(people) >= manyPeople {
			clear(people) // everybody starts afresh: cheaper than knowing who is idle
		}
		l = rate.NewLimiter(pace, int(10*pace)+1)
		people[user] = l
	}
	return l.Allow()
}

// cancels says whether somebody asks to cancel, by the first word.
func cancels(inv commands.Invocation) bool {
	if len(inv.Args) > 0 {
		return inv.Args[0].Value == "cancel"
	}
	words := strings.Fields(inv.Text)
	return len(words) > 0 && strings.EqualFold(words[0], "cancel")
}

// acknowledgement is what Slack is told about a payload at once, and what remains to be said.
type acknowledgement struct {
	status  int                   // for HTTP; a socket acknowledges whatever it is, or Slack would send it again
	payload []byte                // JSON, nil for an empty acknowledgement
	after   func(context.Context) // sends the rest of the answer; nil if there is none
}

func taken() acknowledgement             { return acknowledgement{status: http.StatusOK} }
func refused(status int) acknowledgement { return acknowledgement{status: status} }
func answered(body []byte) acknowledgement {
	return acknowledgement{status: http.StatusOK, payload: body}
}
func (a acknowledgement) then(f func(context.Context)) acknowledgement { a.after = f; return a }

// accept handles one payload within the budget that Slack leaves us.
func (b *Bot) accept(ctx context.Context, in received) (ack acknowledgement) {
	ctx, cancel := context.WithDeadline(ctx, in.at.Add(b.opt.Limits.Budget))
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			b.opt.Log.Error("handling a payload panicked", "kind", string(in.kind), "panic", cause)
			ack = refused(http.StatusInternalServerError)
		}
	}()
	switch in.kind {
	case kindCommand:
		return b.command(ctx, in)
	case kindInteractive:
		return b.interactive(ctx, in)
	case kindEvent:
		return b.event(ctx, in)
	}
	return refused(http.StatusBadRequest)
}

// ask lets the commander answer, if there is room.
func (b *Bot) ask(ctx context.Context, inv commands.Invocation) commands.Answer {
	a, _ := b.tryAsk(ctx, inv)
	return a
}

// tryAsk is ask, and says whether there was no room: then the commander has not heard of it.
func (b *Bot) tryAsk(ctx context.Context, inv commands.Invocation) (a commands.Answer, busy bool) {
	cancelling := cancels(inv)
	if !b.intake.patient(inv.User, cancelling) {
		return sayPlainly("You ask faster than I can answer. Nothing was done; wait a few seconds and try again."), true
	}
	leave := b.intake.enter(cancelling)
	if leave == nil {
		b.opt.Log.Warn("all places are taken", "entry", string(inv.Entry))
		return sayPlainly("I am busy with many requests at the moment. Nothing was done; try again in a few seconds."), true
	}
	defer leave()
	return b.do(ctx, inv), false
}

// do survives a commander that breaks its promise not to panic.
func (b *Bot) do(ctx context.Context, inv commands.Invocation) (a commands.Answer) {
	defer func() {
		if cause := recover(); cause != nil {
			b.opt.Log.Error("answering panicked", "key", inv.Key, "panic", cause)
			a = sayPlainly("Something broke on my side. Look at the status before you try again; the time is " + inv.At.UTC().Format(time.RFC3339) + ".")
		}
	}()
	a = b.opt.Commander.Do(ctx, inv)
	if a.Execution != nil {
		b.Wake(a.Execution)
	}
	return a
}

func sayPlainly(text string) commands.Answer {
	return commands.Answer{Lines: []commands.Line{{{Text: text}}}}
}

// speakWithin bounds what is said after an acknowledgement.
const speakWithin = 15 * time.Second

// afterwards says the rest of an answer without holding up the acknowledgement.
func (b *Bot) afterwards(f func(context.Context)) {
	if f == nil {
		return
	}
	select {
	case b.speaking <- struct{}{}:
	default:
		b.opt.Log.Warn("an answer is not sent: too many are under way, or the program stops")
		return
	}
	go func() {
		defer func() { <-b.speaking }()
		ctx, cancel := context.WithTimeout(context.Background(), speakWithin)
		defer cancel()
		defer func() {
			if cause := recover(); cause != nil {
				b.opt.Log.Error("answering panicked", "panic", cause)
			}
		}()
		f(ctx)
	}()
}
