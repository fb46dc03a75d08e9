package audit

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// memory is a log in memory that can be tampered with.
type memory struct {
	beside []string // problems of the head
	rows   []Stored // by Seq
	size   int64
	edge   string
	gone   bool // the head is
}

// filled is a log with n entries, and its tree.
func filled(n int) (*memory, *Tree) {
	m, t := &memory{}, &Tree{}
	m.grow(t, n)
	return m, t
}

// grow appends n entries as a store does.
func (m *memory) grow(t *Tree, n int) {
	for range n {
		e := Entry{Seq: t.Size(), At: time.UnixMilli(1_763_910_000_000 + t.Size()).UTC(), Kind: Decision, Subject: fmt.Sprintf("d-%06d", t.Size()),
			Body: fmt.Appendf(nil, `{"id":"d-%06d","actor":"U012ANA","runbook":"restart-web","allowed":%t}`, t.Size(), t.Size()%3 == 0)}
		leaf := e.Leaf()
		node := t.Append(leaf)
		m.rows = append(m.rows, Stored{Entry: e, Leaf: leaf.String(), Node: node.String()})
	}
	m.size, m.edge = t.Size(), t.Edge()
}

// rebuilt writes all hashes anew, as somebody does who knows how.
func (m *memory) rebuilt() *memory {
	t := &Tree{}
	for i := range m.rows {
		r := &m.rows[i]
		r.Seq = int64(i)
		leaf := r.Entry.Leaf()
		r.Leaf, r.Node = leaf.String(), t.Append(leaf).String()
	}
	m.size, m.edge = t.Size(), t.Edge()
	return m
}

func (m *memory) Head(context.Context) (Head, error) {
	h := Head{Size: m.size, Edge: m.edge, Missing: m.gone, Problems: m.beside}
	if len(m.rows) > 0 {
		h.First, h.Next = m.rows[0].Seq, m.rows[len(m.rows)-1].Seq+1
	}
	return h, nil
}

func (m *memory) Entries(_ context.Context, from, to int64, f func(*Stored) error) error {
	at, _ := m.find(from)
	for _, row := range m.rows[at:] {
		if row.Seq >= to {
			return nil
		}
		if err := f(&row); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) find(seq int64) (int, bool) {
	return slices.BinarySearchFunc(m.rows, seq, func(s Stored, seq int64) int { return int(s.Seq - seq) })
}

func (m *memory) Node(_ context.Context, seq int64) (leaf, node string, err error) {
	at, found := m.find(seq)
	if !found {
		return "", "", nil
	}
	return m.rows[at].Leaf, m.rows[at].Node, nil
}

// key is a signer with its verifier key.
func key(tb testing.TB, name string) (note.Signer, note.Verifiers) {
	tb.Helper()
	private, verifier, err := note.GenerateKey(rand.Reader, name)
	ok(tb, err)
	again, err := VerifierOf(private)
	ok(tb, err)
	if again != verifier {
		tb.Fatalf("the verifier of the private key is %s, not %s", again, verifier)
	}
	signer, err := note.NewSigner(private)
	ok(tb, err)
	known, err := Verifiers(verifier)
	ok(tb, err)
	return signer, known
}

// signed is the checkpoint of a tree, as it comes out of a file.
func signed(tb testing.TB, t *Tree, s note.Signer, known note.Verifiers) Signed {
	tb.Helper()
	text, err := Sign(t, s)
	ok(tb, err)
	c, err := OpenCheckpoint(text, known)
	ok(tb, err)
	return Signed{Checkpoint: c, Where: "the checkpoint"}
}

// problems are what Verify finds.
func problems(tb testing.TB, m Log, checkpoints ...Signed) ([]Problem, *Report) {
	tb.Helper()
	var all []Problem
	r, err := Verify(tb.Context(), VerifyOptions{Log: m, Checkpoints: checkpoints, Found: func(p Problem) { all = append(all, p) }})
	ok(tb, err)
	if r.Problems != len(all) {
		tb.Fatalf("told of %d of %d problems", len(all), r.Problems)
	}
	return all, r
}

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
