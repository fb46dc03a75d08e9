package audit

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"
)

// leaf is what a worker found out about one entry alone.
type leaf struct {
	seq     int64
	made    Hash // from what the entry says
	leaf    Hash // as it is kept
	node    Hash
	bad     uint8  // what of it cannot be
	problem string // the store's own
	subject string // the entry's
}

const (
	badBody = 1 << iota // the entry is not what was hashed
	badLeaf             // the kept hash of the entry is none
	badNode
)

// leaves reads entries and hashes them.
func leaves(ctx context.Context, log Log, from, to int64) ([]leaf, error) {
	all := make([]leaf, 0, to-from)
	var buf []byte
	err := log.Entries(ctx, from, to, func(s *Stored) error {
		buf = s.Append(buf[:0])
		l := leaf{seq: s.Seq, made: tlog.RecordHash(buf), problem: s.Problem}
		if !same(&l.leaf, s.Leaf) {
			l.bad |= badLeaf
		}
		if !same(&l.node, s.Node) {
			l.bad |= badNode
		}
		if l.bad&badLeaf != 0 || l.made != l.leaf {
			l.bad |= badBody
		}
		l.subject = s.Subject
		all = append(all, l)
		return nil
	})
	return all, err
}

// same reads a hash into h. There is one way to write each.
func same(h *Hash, text string) bool {
	var err error
	*h, err = tlog.ParseHash(text)
	return err == nil && h.String() == text
}

// take goes on with entries that were read.
func (v *verifier) take(leaves []leaf) {
	for i := range leaves {
		l := &leaves[i]
		v.missing(l.seq)
		v.judge(l)
		v.compare()
	}
}

// missing notes that the entries before seq are not there.
func (v *verifier) missing(seq int64) {
	from := v.tree.size
	if from >= seq {
		return
	}
	for v.tree.size < seq {
		v.tree.append(doubt{}, doubt{})
		v.compare()
	}
	if from == seq-1 {
		v.found(from, "Entry %d is missing.", from)
		return
	}
	v.found(from, "Entries %d to %d are missing.", from, seq-1)
}

// judge says what is wrong with one entry and goes on with the hashes that it should have, so that what comes after is judged
// for itself. Where nothing tells what they should be, it goes on without.
func (v *verifier) judge(l *leaf) {
	if l.problem != "" {
		v.found(l.seq, "Entry %d (%q): %s", l.seq, l.subject, l.problem)
	}
	node := doubt{l.node, l.bad&badNode == 0}
	if l.bad&badBody != 0 {
		v.found(l.seq, "Entry %d (%q) was changed: what it says is not what its hash was made of.", l.seq, l.subject)
		v.tree.append(doubt{}, v.witness(l, node))
		return
	}
	want := v.tree.next(doubt{l.leaf, true})
	if !node.sure || want.sure && want != node {
		v.found(l.seq, "Entry %d (%q) has a wrong hash of what ends with it: it, or something before it, was changed.", l.seq, l.subject)
		node = want
	}
	v.tree.append(doubt{l.leaf, true}, node)
}

// witness returns the node of an entry that was changed if it speaks for what the entry was: the entry as it is now leads to
// it, so that its hash alone was changed; or its hash leads to it together with entries before.
func (v *verifier) witness(l *leaf, node doubt) doubt {
	made, kept := v.tree.next(doubt{l.made, true}), v.tree.next(doubt{l.leaf, l.bad&badLeaf == 0})
	if node.sure && (made == node || l.seq%2 == 1 && kept == node) {
		return node
	}
	return doubt{}
}

// compare looks at the checkpoints whose size is reached.
func (v *verifier) compare() {
	for len(v.checkpoints) > 0 {
		s := v.checkpoints[0]
		if s.Problem == "" && s.Checkpoint.Size > v.tree.size {
			return
		}
		v.checkpoints = v.checkpoints[1:]
		root := v.tree.root()
		switch {
		case s.Problem != "":
			v.found(-1, "%s is forged or damaged: %s.", s.Where, s.Problem)
		case !root.sure:
			v.found(-1, "%s cannot be compared: too much of the first %d entries is missing or changed.", s.Where, s.Checkpoint.Size)
		case root.hash != s.Checkpoint.Root:
			v.found(-1, "The first %d entries are not those that %s was signed for: the log was rewritten.", s.Checkpoint.Size, s.Where)
		default:
			v.report.Compared++
			v.report.Last = &s.Checkpoint
		}
	}
}
