package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Sink is a place for checkpoints that whoever can write to the store cannot change.
type Sink interface {
	// Publish keeps a signed checkpoint. One that is there already is no error.
	Publish(ctx context.Context, t *Tree, signed []byte) error
	// String names the place for operators.
	String() string
}

// KeeperOptions say what a Keeper watches and where it tells of it.
type KeeperOptions struct {
	Log         Log
	Checkpoints []Signed                                                // what the log must agree with at the start
	Signer      note.Signer                                             // nil publishes nothing
	Sinks       []Sink                                                  // where checkpoints go
	Every       time.Duration                                           // a minute if 0
	Alarm       func(ctx context.Context, problems []Problem, more int) // told once when the log is found damaged, with the first problems; nil tells nobody
	Logger      *slog.Logger                                            // nil discards
}

// Keeper watches a log while the bot serves: it reads all of it once, then what is new, and publishes signed checkpoints
// of what it found right. It never signs a log that is damaged.
type Keeper struct {
	KeeperOptions
	tree    *Tree   // of what was found right; nil before the first look
	sent    []int64 // size of the last checkpoint at each sink
	damaged atomic.Bool
	behind  atomic.Int64
}

// NewKeeper returns a keeper that does nothing before Run.
func NewKeeper(o KeeperOptions) *Keeper {
	if o.Every <= 0 {
		o.Every = time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	k := &Keeper{KeeperOptions: o, sent: make([]int64, len(o.Sinks))}
	for i := range k.sent {
		k.sent[i] = -1
	}
	return k
}

// Damaged says whether the log was found damaged since Run began.
func (k *Keeper) Damaged() bool { return k.damaged.Load() }

// Behind is how many sinks failed to take the last checkpoint.
func (k *Keeper) Behind() int64 { return k.behind.Load() }

// lastWithin bounds the last checkpoint, when the program ends.
const lastWithin = 5 * time.Second

// Run works until ctx ends and publishes once more then.
func (k *Keeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(k.Every)
	defer ticker.Stop()
	for {
		k.look(ctx)
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWithin)
			defer cancel()
			if k.tree != nil { // the first look may take longer
				k.look(last)
			}
			return nil
		case <-ticker.C:
		}
	}
}

// look reads what is new and publishes.
func (k *Keeper) look(ctx context.Context) {
	if k.damaged.Load() {
		return
	}
	problems, more, err := k.advance(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		k.Logger.Error("the audit log cannot be read", "error", err)
	case err != nil:
	case len(problems) > 0:
		k.damaged.Store(true)
		k.Logger.Error("the audit log is damaged", "problems", len(problems)+more, "first", problems[0].What)
		if k.Alarm != nil {
			k.Alarm(ctx, problems, more)
		}
	default:
		k.publish(ctx)
	}
}

// maxProblems is how many problems an alarm holds.
const maxProblems = 10

// advance reads the whole log the first time, and then what is new.
func (k *Keeper) advance(ctx context.Context) (problems []Problem, more int, err error) {
	found := func(p Problem) {
		if len(problems) == maxProblems {
			more++
			return
		}
		problems = append(problems, p)
	}
	if k.tree == nil {
		r, err := Verify(ctx, VerifyOptions{Log: k.Log, Checkpoints: k.Checkpoints, Found: found, Workers: 1})
		if err == nil && r.Problems == 0 {
			k.tree, k.Checkpoints = r.Tree, nil
		}
		return problems, more, err
	}
	err = k.follow(ctx, func(seq int64, what string) { found(Problem{Seq: seq, What: what}) })
	return problems, more, err
}

// follow appends what is new to a copy of the tree and keeps that if it leads to the log's head.
func (k *Keeper) follow(ctx context.Context, found func(int64, string)) error {
	head, err := k.Log.Head(ctx)
	if err != nil {
		return err
	}
	if head.Missing || head.Size < k.tree.Size() {
		found(-1, fmt.Sprintf("The log was cut or rolled back: it has %d entries, and had %d.", head.Size, k.tree.Size()))
		return nil
	}
	for _, p := range head.Problems {
		found(-1, p)
	}
	if head.Next != head.Size || head.First != 0 {
		found(-1, fmt.Sprintf("The log's head says %d entries from 0 on, and there are entries from %d to %d.", head.Size, head.First, head.Next-1))
	}
	tree, right := k.tree.Clone(), true
	wrong := func(seq int64, what string) { right = false; found(seq, what) }
	err = k.Log.Entries(ctx, tree.Size(), head.Size, func(s *Stored) error {
		leaf := s.Entry.Leaf()
		switch node := tree.Append(leaf); {
		case s.Seq != tree.Size()-1:
			wrong(tree.Size()-1, fmt.Sprintf("Entry %d is missing.", tree.Size()-1))
			return errStop
		case leaf.String() != s.Leaf || node.String() != s.Node:
			wrong(s.Seq, fmt.Sprintf("Entry %d was changed: what it says is not what its hash was made of.", s.Seq))
		case s.Problem != "":
			wrong(s.Seq, fmt.Sprintf("Entry %d: %s", s.Seq, s.Problem))
		}
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, errStop):
		return err
	case right && (tree.Size() != head.Size || tree.Edge() != head.Edge):
		wrong(-1, "The log's head is not what its entries lead to.")
	case right:
		k.tree = tree
	}
	return nil
}

var errStop = errors.New("enough was read")

// publish signs what was found right for each sink that has an older checkpoint.
func (k *Keeper) publish(ctx context.Context) {
	if k.Signer == nil || k.tree.Size() == 0 {
		return
	}
	var signed []byte
	behind := int64(0)
	for i, sink := range k.Sinks {
		if k.sent[i] >= k.tree.Size() {
			continue
		}
		if signed == nil {
			var err error
			if signed, err = Sign(k.tree, k.Signer); err != nil {
				k.Logger.Error("no checkpoint was published", "error", err)
				return
			}
		}
		if err := sink.Publish(ctx, k.tree, signed); err != nil {
			k.Logger.Error("a checkpoint was not published", "place", sink.String(), "error", err)
			behind++
			continue
		}
		k.sent[i] = k.tree.Size()
	}
	k.behind.Store(behind)
}
