package audit

import (
	"errors"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// TestTreeIsThatOfTlog makes the same trees with the library, which keeps every hash.
func TestTreeIsThatOfTlog(t *testing.T) {
	t.Parallel()
	const n = 300
	m, tree := &memory{}, &Tree{}
	var kept []Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) {
		var found []Hash
		for _, i := range indexes {
			found = append(found, kept[i])
		}
		return found, nil
	})
	var roots []Hash
	for i := int64(0); i <= n; i++ {
		want, err := tlog.TreeHash(i, reader)
		ok(t, err)
		if tree.Root() != want {
			t.Fatalf("the root of %d entries is %v, not %v", i, tree.Root(), want)
		}
		again, err := ReadTree(tree.Size(), tree.Edge())
		ok(t, err)
		if again.Root() != want {
			t.Fatalf("the tree of %d entries comes back with another root", i)
		}
		roots = append(roots, want)
		m.grow(tree, 1)
		more, err := tlog.StoredHashesForRecordHash(i, m.rows[i].Entry.Leaf(), reader)
		ok(t, err)
		kept = append(kept, more...)
	}
	reads := (&nodes{log: m, read: map[int64]pair{}}).reader(t.Context())
	for i := range tlog.StoredHashCount(n) {
		got, err := reads.ReadHashes([]int64{i})
		ok(t, err)
		if got[0] != kept[i] {
			t.Fatalf("the stored hash %d is not the library's", i)
		}
	}
	for size := int64(1); size <= n; size++ {
		ok(t, CheckHead(t.Context(), m, Checkpoint{Size: size, Root: roots[size]}))
		if err := CheckHead(t.Context(), m, Checkpoint{Size: size, Root: roots[size-1]}); !errors.Is(err, ErrRewritten) {
			t.Fatalf("took the root of %d entries for that of %d: %v", size-1, size, err)
		}
	}
}

func TestEntriesThatDifferHaveOtherBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		entry := rapid.Custom(func(t *rapid.T) Entry {
			text := rapid.StringOfN(rapid.SampledFrom([]rune("1:\n{}a")), 0, 6, -1)
			return Entry{Seq: rapid.Int64Range(0, 30).Draw(t, "seq"), Kind: Kind(text.Draw(t, "kind")), Subject: text.Draw(t, "subject"),
				Body: []byte(text.Draw(t, "body"))}
		})
		a, b := entry.Draw(t, "a"), entry.Draw(t, "b")
		same := a.Seq == b.Seq && a.Kind == b.Kind && a.Subject == b.Subject && string(a.Body) == string(b.Body)
		if same != (string(a.Append(nil)) == string(b.Append(nil))) {
			t.Errorf("%+v and %+v", a, b)
		}
	})
}

func TestEntriesThatCannotComeBackAreRefused(t *testing.T) {
	t.Parallel()
	good := Entry{Kind: Alarm, Subject: "x", Body: []byte(`{}`)}
	ok(t, good.Check())
	for name, change := range map[string]func(*Entry){
		"an unknown kind":    func(e *Entry) { e.Kind = "other" },
		"no kind":            func(e *Entry) { e.Kind = "" },
		"NUL in the subject": func(e *Entry) { e.Subject = "a\x00" },
		"a broken subject":   func(e *Entry) { e.Subject = "\xff" },
		"a long subject":     func(e *Entry) { e.Subject = string(make([]byte, MaxSubject+1)) },
		"no JSON":            func(e *Entry) { e.Body = []byte(`{`) },
		"broken text":        func(e *Entry) { e.Body = []byte("\"\xff\"") },
		"no body":            func(e *Entry) { e.Body = nil },
		"a long body":        func(e *Entry) { e.Body = make([]byte, MaxBody+1) },
	} {
		e := good
		change(&e)
		if e.Check() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
