package store

import (
	"crypto/sha256"
	"os"
	"strconv"
	"testing"
	"time"

	"handrail/audit"
)

// entriesVariable says how many entries BenchmarkAuditVerify reads. A million takes a minute to write.
const entriesVariable = "HANDRAIL_BENCH_ENTRIES"

// BenchmarkAuditVerify looks at a log of decisions, each with its record, and beside it hashes the same bytes once, without a tree
// or a database.
func BenchmarkAuditVerify(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv(entriesVariable))
	if err != nil {
		n = 100_000
	}
	db := open(b)
	decide(b, db, n)
	var plain []byte
	err = db.Audit().Entries(b.Context(), 0, int64(n), func(s *audit.Stored) error {
		plain = s.Append(plain)
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	var look, cpu, hash time.Duration
	for b.Loop() {
		start, before := time.Now(), processor(b)
		r, err := audit.Verify(b.Context(), audit.VerifyOptions{Log: db.Audit(), Found: func(p audit.Problem) { b.Error(p.What) }})
		if err != nil || r.Tree.Size() != int64(n) {
			b.Fatal(r, err)
		}
		middle := time.Now()
		cpu += processor(b) - before
		_ = sha256.Sum256(plain)
		look, hash = look+middle.Sub(start), hash+time.Since(middle)
	}
	million := func(d time.Duration) float64 { return d.Seconds() / float64(b.N) / float64(n) * 1e6 }
	b.ReportMetric(million(look), "s/million")
	b.ReportMetric(million(cpu), "cpu-s/million")
	b.ReportMetric(million(hash), "s/million-sha256")
	b.ReportMetric(float64(len(plain))/float64(n), "bytes/entry")
}

// decide stores n decisions.
func decide(tb testing.TB, db *DB, n int) {
	tb.Helper()
	for done := 0; done < n; {
		err := db.update(tb.Context(), func(t *tx) error {
			for range min(10_000, n-done) {
				_, r := submission()
				if err := t.Record(tb.Context(), r); err != nil {
					return err
				}
				done++
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
}
