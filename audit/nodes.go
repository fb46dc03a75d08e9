package audit

import (
	"context"
	"errors"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// nodes reads any hash of a log's tree from the nodes of single entries. It remembers what it read.
type nodes struct {
	log  Log
	read map[int64]pair
}

type pair struct{ leaf, node Hash }

// reader reads by the places of tlog's storage.
func (n *nodes) reader(ctx context.Context) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) {
		hashes := make([]Hash, len(indexes))
		for i, index := range indexes {
			h, err := n.hash(ctx, index)
			if err != nil {
				return nil, err
			}
			hashes[i] = h
		}
		return hashes, nil
	})
}

// hash returns the hash of one whole subtree. An entry keeps the hash of the largest subtree that it ends; a smaller one is
// made of it and of the largest ones that end within.
func (n *nodes) hash(ctx context.Context, index int64) (Hash, error) {
	level, at := tlog.SplitStoredHashIndex(index)
	last := (at+1)<<level - 1
	p, err := n.pair(ctx, last)
	if err != nil || bits.TrailingZeros64(^uint64(last)) == level {
		return p.node, err
	}
	h := p.leaf
	for l := range level {
		left, err := n.pair(ctx, last-1<<l)
		if err != nil {
			return h, err
		}
		h = tlog.NodeHash(left.node, h)
	}
	return h, nil
}

func (n *nodes) pair(ctx context.Context, seq int64) (pair, error) {
	if p, ok := n.read[seq]; ok {
		return p, nil
	}
	leaf, node, err := n.log.Node(ctx, seq)
	if err != nil {
		return pair{}, fmt.Errorf("reading the hashes of entry %d: %w", seq, err)
	}
	var p pair
	if p.leaf, err = tlog.ParseHash(leaf); err == nil {
		p.node, err = tlog.ParseHash(node)
	}
	if err != nil {
		return pair{}, rewritten("entry %d is missing, or its hashes are none", seq)
	}
	n.read[seq] = p
	return p, nil
}

// ErrRewritten says that a log is not the one whose checkpoint was signed.
var ErrRewritten = errors.New("the audit log is not the one that was signed")

func rewritten(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRewritten, fmt.Sprintf(format, args...))
}

// CheckHead proves from a few dozen hashes that the log still begins with what c was signed for, and returns ErrRewritten, with
// what is wrong, if it was rolled back, cut or replaced. It reads no bodies: an edited one is found by Verify.
func CheckHead(ctx context.Context, log Log, c Checkpoint) error {
	h, err := log.Head(ctx)
	if err != nil {
		return fmt.Errorf("reading the audit log: %w", err)
	}
	switch {
	case h.Missing:
		return rewritten("its head is missing")
	case h.Size < c.Size:
		return rewritten("it has %d entries, and a checkpoint of %d was signed", h.Size, c.Size)
	case h.Next != h.Size || h.First != 0:
		return rewritten("its head says %d entries, and they go from %d to %d", h.Size, h.First, h.Next-1)
	}
	tree, err := ReadTree(h.Size, h.Edge)
	if err != nil {
		return rewritten("its head cannot be read: %v", err)
	}
	if c.Size == 0 {
		return nil
	}
	return consistent(ctx, log, tree, c)
}

// consistent proves that tree, of at least c's size, is the log's and continues c.
func consistent(ctx context.Context, log Log, tree *Tree, c Checkpoint) error {
	reader := (&nodes{log: log, read: map[int64]pair{}}).reader(ctx)
	root, err := tlog.TreeHash(tree.Size(), reader)
	switch {
	case err != nil:
		return err
	case root != tree.Root():
		return rewritten("its entries do not lead to its head")
	}
	proof, err := tlog.ProveTree(tree.Size(), c.Size, reader)
	if err != nil {
		return err
	}
	if tlog.CheckTree(proof, tree.Size(), tree.Root(), c.Size, c.Root) != nil {
		return rewritten("its first %d entries are not those of the checkpoint", c.Size)
	}
	return nil
}
