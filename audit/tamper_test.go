package audit

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// What the tests of this file show together: in a log of 10,000 entries, 200,000 flips of one byte each, anywhere in any field,
// are all found and the entry is named, because Verify judges each entry for itself, and each look at the log holds flips
// in one field of many entries at once; no other entry is named with them. That Verify also says no to each flip alone, whatever
// its field, is shown with 20,000 logs of a few entries.

const (
	tall  = 10_000
	flips = 200_000
)

// flipped changes one byte of text at random.
func flipped(r *rand.Rand, text string) string {
	b := []byte(text)
	b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
	return string(b)
}

// fields change one byte of one field of a row.
var fields = []struct {
	name string
	flip func(r *rand.Rand, s *Stored)
}{
	{"body", func(r *rand.Rand, s *Stored) { s.Body = []byte(flipped(r, string(s.Body))) }},
	{"subject", func(r *rand.Rand, s *Stored) { s.Subject = flipped(r, s.Subject) }},
	{"kind", func(r *rand.Rand, s *Stored) { s.Kind = Kind(flipped(r, string(s.Kind))) }},
	{"at", func(r *rand.Rand, s *Stored) { s.At = s.At.Add(1_000_000 << r.IntN(30)) }},
	{"leaf", func(r *rand.Rand, s *Stored) { s.Leaf = flipped(r, s.Leaf) }},
	{"node", func(r *rand.Rand, s *Stored) { s.Node = flipped(r, s.Node) }},
}

func TestEveryFlipInATallLogIsNamed(t *testing.T) {
	t.Parallel()
	log, _ := filled(tall)
	const atOnce = tall / 3
	for done, seed := 0, uint64(1); done < flips; done, seed = done+atOnce, seed+1 {
		r := rand.New(rand.NewPCG(seed, 0))
		field := fields[int(seed)%len(fields)]
		m := *log
		m.rows = slices.Clone(log.rows)
		hit := map[int64]bool{}
		for _, i := range r.Perm(tall)[:atOnce] {
			field.flip(r, &m.rows[i])
			hit[int64(i)] = true
		}
		found, _ := problems(t, &m)
		for _, p := range found {
			if !hit[p.Seq] {
				t.Fatalf("a clean entry is named when the %s of others was changed: %+v", field.name, p)
			}
		}
		for _, p := range found {
			delete(hit, p.Seq)
		}
		if len(hit) > 0 {
			t.Fatalf("of %d changes to the %s, %d were not found", atOnce, field.name, len(hit))
		}
	}
}

func TestEveryFlipAloneIsFound(t *testing.T) {
	t.Parallel()
	signer, known := key(t, "handrail.test")
	r := rand.New(rand.NewPCG(7, 7))
	for n := range 20_000 {
		log, tree := filled(1 + n%9)
		i := r.IntN(len(log.rows))
		where := n % (len(fields) + 3)
		var checkpoints []Signed
		switch {
		case where < len(fields):
			fields[where].flip(r, &log.rows[i])
		case where == len(fields): // the place of an entry; a store gives them in order
			log.rows[i].Seq ^= 1 << r.IntN(12)
			slices.SortStableFunc(log.rows, func(a, b Stored) int { return int(a.Seq - b.Seq) })
		case where == len(fields)+1:
			log.edge = flipped(r, log.edge)
		default:
			log.size ^= 1 << r.IntN(40)
		}
		if n%100 == 0 { // signing takes longer than the rest
			checkpoints = append(checkpoints, signed(t, tree, signer, known))
		}
		if _, report := problems(t, log, checkpoints...); report.Problems == 0 {
			t.Fatalf("a flip in place %d of entry %d of %d was not found", where, i, len(log.rows))
		}
	}
}

// shapes are the ways to change which entries there are.
var shapes = map[string]func(r *rand.Rand, m *memory){
	"deletion": func(r *rand.Rand, m *memory) {
		i := r.IntN(len(m.rows))
		m.rows = slices.Delete(m.rows, i, i+1)
	},
	"insertion": func(r *rand.Rand, m *memory) {
		i := r.IntN(len(m.rows)) // behind the last it would be an entry like any other
		m.rows = slices.Insert(m.rows, i, m.rows[r.IntN(len(m.rows))])
		for j := i; j < len(m.rows); j++ {
			m.rows[j].Seq = int64(j)
		}
	},
	"swap": func(r *rand.Rand, m *memory) {
		i := r.IntN(len(m.rows))
		j := (i + 1 + r.IntN(len(m.rows)-1)) % len(m.rows)
		m.rows[i], m.rows[j] = m.rows[j], m.rows[i]
		m.rows[i].Seq, m.rows[j].Seq = m.rows[j].Seq, m.rows[i].Seq
	},
	"truncation": func(r *rand.Rand, m *memory) { m.rows = m.rows[:r.IntN(len(m.rows))] },
	"rollback": func(r *rand.Rand, m *memory) { // to an older backup, which may have grown again
		m.rows = m.rows[:r.IntN(len(m.rows))]
		for range r.IntN(3) {
			m.rows = append(m.rows, Stored{Entry: Entry{Kind: Alarm, Subject: "another", Body: []byte(`{}`)}})
		}
		m.rebuilt()
	},
}

// fullVariable makes the tests try each shape a thousand times on the tall log, which takes minutes, instead of a few times.
const fullVariable = "HANDRAIL_TEST_AUDIT_FULL"

// TestShapes tries each shape a thousand times on short logs and some times on the tall one, with the checkpoint that was signed
// before: clumsily, and cleverly, with all hashes and the head made anew.
func TestShapes(t *testing.T) {
	t.Parallel()
	signer, known := key(t, "handrail.test")
	tries := 5
	if os.Getenv(fullVariable) != "" {
		tries = 1000
	}
	for name, tamper := range shapes {
		for _, size := range []struct{ entries, times int }{{60, 1000}, {tall, tries}} {
			t.Run(fmt.Sprintf("%s among %d", name, size.entries), func(t *testing.T) {
				t.Parallel()
				log, tree := filled(size.entries)
				checkpoint := signed(t, tree, signer, known)
				r := rand.New(rand.NewPCG(3, 3))
				for n := range size.times {
					m := *log
					m.rows = slices.Clone(log.rows)
					tamper(r, &m)
					if n%2 == 1 {
						m.rebuilt()
					}
					if _, report := problems(t, &m, checkpoint); report.Problems == 0 {
						t.Fatalf("try %d was not found", n)
					}
				}
			})
		}
	}
}

// TestManyDeletionsAndSwapsAreNamed has a thousand of each in the tall log at once.
func TestManyDeletionsAndSwapsAreNamed(t *testing.T) {
	t.Parallel()
	log, _ := filled(tall)
	order := rand.New(rand.NewPCG(5, 5)).Perm(tall)
	hit := map[int64]bool{}
	for n := range 1000 {
		i, j := order[2*n], order[2*n+1]
		a, b := &log.rows[i], &log.rows[j]
		*a, *b = *b, *a
		a.Seq, b.Seq = b.Seq, a.Seq
		hit[a.Seq], hit[b.Seq] = true, true
	}
	gone := slices.Sorted(slices.Values(order[2000:3000]))
	for _, i := range slices.Backward(gone) {
		log.rows = slices.Delete(log.rows, i, i+1)
	}
	missing := 0
	found, _ := problems(t, log)
	for _, p := range found {
		var from, to int
		switch n, _ := fmt.Sscanf(p.What, "Entries %d to %d are missing.", &from, &to); {
		case n == 2:
			missing += to - from + 1
		case strings.HasSuffix(p.What, "is missing."):
			missing++
		case !hit[p.Seq]:
			t.Fatalf("a clean entry is named: %+v", p)
		default:
			delete(hit, p.Seq)
			hit[p.Seq] = true
		}
	}
	if missing != 1000 {
		t.Errorf("%d of 1000 missing entries are named", missing)
	}
}

// TestKeySwaps has logs written anew whole, with a checkpoint that another key of the same name signed.
func TestKeySwaps(t *testing.T) {
	t.Parallel()
	_, known := key(t, "handrail.test")
	log, _ := filled(60)
	for range 1000 {
		other, _ := key(t, "handrail.test")
		log.rows[3].Subject += "x"
		tree := &Tree{}
		for _, row := range log.rebuilt().rows {
			tree.Append(row.Entry.Leaf())
		}
		text, err := Sign(tree, other)
		ok(t, err)
		all, err := ReadCheckpoints(bytes.NewReader(append(text, '\n')), "file", known)
		ok(t, err)
		if _, report := problems(t, log, all...); len(all) != 1 || report.Problems == 0 {
			t.Fatal("a checkpoint of another key was taken")
		}
	}
}

// TestFlipsInACheckpointFile changes every byte of a file of checkpoints, one at a time.
func TestFlipsInACheckpointFile(t *testing.T) {
	t.Parallel()
	signer, known := key(t, "handrail.test")
	log, tree := &memory{}, &Tree{}
	var file []byte
	for range 3 {
		log.grow(tree, 2)
		text, err := Sign(tree, signer)
		ok(t, err)
		file = append(append(file, text...), '\n')
	}
	look := func(file []byte) int {
		all, err := ReadCheckpoints(bytes.NewReader(file), "file", known)
		if err != nil {
			return 1
		}
		_, report := problems(t, log, all...)
		return report.Problems
	}
	if n := look(file); n > 0 {
		t.Fatalf("a clean file has %d problems", n)
	}
	for i := range file {
		for _, mask := range []byte{1, 2, 8, 0x20, 0x80} {
			file[i] ^= mask
			if look(file) == 0 {
				t.Errorf("byte %d changed by %#x was not found", i, mask)
			}
			file[i] ^= mask
		}
		if cut := file[:i]; bytes.Count(cut, []byte("\n\n")) != bytes.Count(file[:max(0, i-1)], []byte("\n\n")) {
			continue // cut between two checkpoints, which leaves a file that could be an older one
		} else if i > 0 && look(cut) == 0 {
			t.Errorf("cut after byte %d: %q", i, cut)
		}
	}
}

// TestCleanLogs looks at logs of every size up to a thousand, each with checkpoints of a few sizes.
func TestCleanLogs(t *testing.T) {
	t.Parallel()
	signer, known := key(t, "handrail.test")
	log, tree := &memory{}, &Tree{}
	var checkpoints []Signed
	for n := range 1000 {
		if n%97 == 0 {
			checkpoints = append(checkpoints, signed(t, tree, signer, known))
		}
		found, report := problems(t, log, checkpoints...)
		if len(found) > 0 || report.Compared != len(checkpoints) || report.Tree.Root() != tree.Root() {
			t.Fatalf("a clean log of %d: %+v, %d of %d checkpoints", n, found, report.Compared, len(checkpoints))
		}
		log.grow(tree, 1)
	}
}
