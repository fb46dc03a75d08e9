package audit

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// VerifyOptions say what to look at.
type VerifyOptions struct {
	Log         Log
	Checkpoints []Signed      // what the log must agree with
	Found       func(Problem) // is told of everything that is wrong, in the order of the log; nil means nobody is
	Workers     int           // readers at once; 0 means one for each processor, at most 4
}

// Problem is one thing that is wrong.
type Problem struct {
	Seq  int64  // of the entry, -1 if it is about no single entry
	What string // a sentence
}

// Report is what a look at the whole log found.
type Report struct {
	Tree     *Tree // of the log as it was when the look began
	Problems int
	Compared int         // checkpoints that the log agrees with
	Last     *Checkpoint // the one of them with the most entries, nil if there is none
}

// Verify reads the whole log, makes its tree again from the entries and compares it with all hashes that are kept, with
// its head and with the checkpoints. The error says that it could not look; what is wrong with the log is in the report.
// Without checkpoints it cannot see that whoever can write to the store wrote the whole log anew, or cut its end off.
func Verify(ctx context.Context, o VerifyOptions) (*Report, error) {
	head, err := o.Log.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the audit log: %w", err)
	}
	if o.Workers <= 0 {
		o.Workers = min(runtime.GOMAXPROCS(0), 4)
	}
	v := &verifier{VerifyOptions: o, head: head, checkpoints: bySize(o.Checkpoints), tree: &doubtful{}}
	v.opening()
	if err := v.read(ctx); err != nil {
		return nil, fmt.Errorf("reading the audit log: %w", err)
	}
	v.closing()
	return &v.report, nil
}

// verifier is one look at a log.
type verifier struct {
	VerifyOptions
	head        Head
	checkpoints []Signed // by size, those still to come
	tree        *doubtful
	report      Report
}

func (v *verifier) found(seq int64, format string, args ...any) {
	v.report.Problems++
	if v.Found != nil {
		v.Found(Problem{Seq: seq, What: fmt.Sprintf(format, args...)})
	}
}

// opening looks at the head alone.
func (v *verifier) opening() {
	if v.head.Missing {
		v.found(-1, "The log's head is missing.")
	}
	if v.head.First < 0 {
		v.found(v.head.First, "There is an entry at %d, and the first place is 0.", v.head.First)
	}
	if !v.head.Missing && v.head.Next > v.head.Size {
		v.found(v.head.Size, "The log's head says %d entries, and there are entries up to %d.", v.head.Size, v.head.Next-1)
	}
	for _, p := range v.head.Problems {
		v.found(-1, "%s", p)
	}
	v.compare()
}

// chunk is how many entries a worker reads at once.
const chunk = 2048

// read looks at the entries from 0 on, in their order; workers read ahead.
func (v *verifier) read(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	chunks := make(chan chan []leaf, v.Workers)
	turns := make(chan struct{}, v.Workers)
	g.Go(func() error {
		defer close(chunks)
		for from := int64(0); from < v.head.Next; from += chunk {
			result := make(chan []leaf, 1)
			select {
			case turns <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			g.Go(func() error {
				defer func() { <-turns }()
				leaves, err := leaves(ctx, v.Log, from, min(from+chunk, v.head.Next))
				if err == nil { // what is there of a chunk that was not read to its end would look cut
					result <- leaves
				}
				return err
			})
			select {
			case chunks <- result:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	g.Go(func() error {
		for result := range chunks {
			select {
			case leaves := <-result:
				v.take(leaves)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return ctx.Err()
	})
	return g.Wait()
}

// closing compares where the entries led with the head, and says what is missing.
func (v *verifier) closing() {
	v.missing(v.head.Next)
	if size := v.head.Size; !v.head.Missing && size > v.head.Next {
		v.found(v.head.Next, "Entries %d to %d are missing: the log's head says %d entries.", v.head.Next, size-1, size)
	}
	v.closeHead()
	for _, s := range v.checkpoints {
		if s.Problem == "" {
			v.found(-1, "The log was cut or rolled back: it has %d entries, and %s was signed when it had %d.", v.tree.size, s.Where, s.Checkpoint.Size)
		}
	}
	v.report.Tree = v.tree.known()
}

func (v *verifier) closeHead() {
	if v.head.Missing || v.head.Size != v.tree.size {
		return
	}
	kept, err := ReadTree(v.head.Size, v.head.Edge)
	if err == nil && kept.Edge() != v.head.Edge {
		err = errors.New("its edge is written in a way that nobody writes it")
	}
	switch {
	case err != nil:
		v.found(-1, "The log's head cannot be read: %v.", err)
	case !v.tree.fits(kept):
		v.found(-1, "The log's head is not what its entries lead to.")
	}
}
