package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"handrail/audit"
	"handrail/automation"
	"handrail/policy"
	"handrail/store"
	"handrail/store/storetest"
)

// database is a store with a way to it beside the store.
type database struct{ *store.DB }

func (d *database) sql(t *testing.T, statement string) {
	t.Helper()
	if err := storetest.Execute(d.URL, statement); err != nil {
		t.Fatal(err)
	}
}

// onBoth runs f on each kind of database.
func onBoth(t *testing.T, f func(t *testing.T, d *database)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		f(t, &database{open(t, "sqlite:"+filepath.Join(t.TempDir(), "handrail.db"))})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		f(t, &database{open(t, storetest.Postgres(t))})
	})
}

func decision(n int) policy.Record {
	return policy.Record{ID: fmt.Sprintf("d-%04d", n), At: time.Now(), Key: fmt.Sprint("key-", n), Entry: policy.ByCommand, Action: policy.Approve,
		Actor: "U012ANA", Channel: "C0OPS", Runbook: "restart-web", Parameters: map[string][]string{"InstanceId": {"i-1", "i-2"}}, Execution: "e-1",
		Allowed: true, Code: "granted", Sentence: "web lets you", Policy: "abc", Facts: policy.Facts{Standing: policy.StandingMember, Digest: "d"}}
}

// record stores decisions from n on, each with a note beside it.
func (d *database) record(t *testing.T, n, count int) {
	t.Helper()
	for i := range count {
		err := d.Update(t.Context(), func(tx automation.Tx) error {
			if err := tx.Record(t.Context(), decision(n+i)); err != nil {
				return err
			}
			return tx.Note(t.Context(), audit.Entry{At: time.Now(), Kind: audit.Execution, Subject: "e-1", Body: []byte(`{"state":"queued"}`)})
		})
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// save keeps a copy of what is there, and restore puts it back as an older backup would.
func (d *database) save(t *testing.T) {
	t.Helper()
	d.sql(t, "CREATE TABLE copy_entries AS SELECT * FROM audit_entries; CREATE TABLE copy_records AS SELECT * FROM records; CREATE TABLE copy_head AS SELECT * FROM audit_head")
}

func (d *database) restore(t *testing.T) {
	t.Helper()
	d.sql(t, `DELETE FROM audit_entries; DELETE FROM records; DELETE FROM audit_head; INSERT INTO audit_entries SELECT * FROM copy_entries;
		INSERT INTO records SELECT * FROM copy_records; INSERT INTO audit_head SELECT * FROM copy_head`)
}

// verified is what a look at the log finds.
func (d *database) verified(t *testing.T, checkpoints ...audit.Signed) (string, *audit.Report) {
	t.Helper()
	var all []string
	r, err := audit.Verify(t.Context(), audit.VerifyOptions{Log: d.Audit(), Checkpoints: checkpoints, Found: func(p audit.Problem) { all = append(all, p.What) }})
	if err != nil {
		return err.Error(), &audit.Report{Problems: 1}
	}
	return strings.Join(all, "\n"), r
}

// checkpoint is what was signed for the log as it is.
func (d *database) checkpoint(t *testing.T) audit.Signed {
	t.Helper()
	found, r := d.verified(t)
	if r.Problems > 0 {
		t.Fatal(found)
	}
	return audit.Signed{Checkpoint: audit.Checkpoint{Size: r.Tree.Size(), Root: r.Tree.Root()}, Where: "the checkpoint"}
}

// The log of each has 20 entries: a decision at even places, a note at odd ones.
var tamperings = map[string]struct{ statement, found string }{
	"an entry's body":               {`UPDATE audit_entries SET body = '{"id":"d-0003"}' WHERE seq = 6`, `Entry 6 ("d-0003") was changed`},
	"a note's body":                 {"UPDATE audit_entries SET body = '{}' WHERE seq = 7", `Entry 7 ("e-1") was changed`},
	"an entry's time":               {"UPDATE audit_entries SET at = at + 1 WHERE seq = 7", "Entry 7"},
	"an entry's kind":               {"UPDATE audit_entries SET kind = 'alarm' WHERE seq = 7", "Entry 7"},
	"an entry's subject":            {"UPDATE audit_entries SET subject = 'e-2' WHERE seq = 7", "Entry 7"},
	"an entry's hash":               {"UPDATE audit_entries SET leaf = node WHERE seq = 7", "Entry 7"},
	"an entry's node":               {"UPDATE audit_entries SET node = leaf WHERE seq = 7", "Entry 7"},
	"an entry's place":              {"UPDATE audit_entries SET seq = 99 WHERE seq = 7", "Entry 7 is missing"},
	"an entry before the first":     {"UPDATE audit_entries SET seq = -1 WHERE seq = 7", "There is an entry at -1"},
	"an entry removed":              {"DELETE FROM audit_entries WHERE seq = 7", "Entry 7 is missing"},
	"the newest removed":            {"DELETE FROM audit_entries WHERE seq = 19", "Entries 19 to 19 are missing"},
	"an entry added":                {"INSERT INTO audit_entries SELECT 20, at, kind, subject, leaf, node, body FROM audit_entries WHERE seq = 7", "there are entries up to 20"},
	"all entries removed":           {"DELETE FROM audit_entries", "Entries 0 to 19 are missing"},
	"the head's size":               {"UPDATE audit_head SET size = 19", "The log's head says 19 entries"},
	"the head's edge":               {"UPDATE audit_head SET edge = ''", "The log's head cannot be read"},
	"the head's edge, well formed":  {"UPDATE audit_head SET edge = (SELECT e.leaf || ' ' || e.leaf FROM audit_entries e WHERE seq = 3)", "The log's head is not what its entries lead to"},
	"the head removed":              {"DELETE FROM audit_head", "The log's head is missing"},
	"a second head":                 {"INSERT INTO audit_head SELECT 2, size, edge FROM audit_head", "more than one head"},
	"a vote's person":               {"UPDATE records SET actor = 'U666' WHERE id = 'd-0003'", "Entry 6 (\"d-0003\"): Its record was changed"},
	"a vote's facts":                {`UPDATE records SET facts = '{"digest":"e"}' WHERE id = 'd-0003'`, "Its record was changed"},
	"a vote's parameters":           {`UPDATE records SET parameters = '{' WHERE id = 'd-0003'`, "Its record was changed"},
	"a vote's time":                 {"UPDATE records SET at = at - 1 WHERE id = 'd-0003'", "Its record was changed"},
	"a vote removed":                {"DELETE FROM records WHERE id = 'd-0003'", "Entry 6 (\"d-0003\"): Its record is gone"},
	"a vote for no entry":           {"UPDATE records SET seq = -1 WHERE id = 'd-0003'", `The record "d-0003" of a decision stands in no place`},
	"a vote beyond the end":         {"UPDATE records SET seq = 20 WHERE id = 'd-0003'", "records of decisions beyond the end"},
	"a vote in the place of a note": {"UPDATE records SET seq = 7 WHERE id = 'd-0003'", "claims the place of another entry"},
	"a vote written by hand": {"INSERT INTO records SELECT 'd-forged', at, 'k', entry, action, 'U666', team, channel, runbook, parameters, execution, allowed," +
		" code, rule, sentence, near, policy, facts, -1 FROM records WHERE id = 'd-0003'", `The record "d-forged" of a decision stands in no place`},
}

func TestEveryTamperingWithTheDatabaseIsFound(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		d.record(t, 0, 10)
		d.save(t)
		for name, c := range tamperings {
			d.restore(t)
			if found, r := d.verified(t); r.Problems > 0 {
				t.Fatalf("a clean log: %s", found)
			}
			d.sql(t, c.statement)
			if found, _ := d.verified(t); !strings.Contains(found, c.found) {
				t.Errorf("%s: found %q, not %q", name, found, c.found)
			}
		}
	})
}

func TestAVoteThatWasTamperedWithCountsForNothing(t *testing.T) {
	t.Parallel()
	statements := map[string]string{
		"the record":          "UPDATE records SET actor = 'U666' WHERE id = 'd-0003'",
		"the entry":           "UPDATE audit_entries SET body = replace(body, 'U012ANA', 'U666') WHERE seq = 6",
		"both":                "UPDATE audit_entries SET body = replace(body, 'U012ANA', 'U666'); UPDATE records SET actor = 'U666'",
		"the entry removed":   "DELETE FROM audit_entries WHERE seq = 6",
		"a no became a yes":   "UPDATE records SET allowed = 1 WHERE id = 'd-0100'",
		"a vote for another":  "UPDATE records SET execution = 'e-1' WHERE id = 'd-0101'",
		"a vote without":      "UPDATE records SET seq = -1 WHERE id = 'd-0003'",
		"a vote with another": "UPDATE records SET seq = 100 WHERE id = 'd-0004'; UPDATE records SET seq = 8 WHERE id = 'd-0003'",
	}
	onBoth(t, func(t *testing.T, d *database) {
		d.record(t, 0, 10)
		no, other := decision(100), decision(101)
		no.Allowed, other.Execution = false, "e-2"
		err := d.Update(t.Context(), func(tx automation.Tx) error {
			return errors.Join(tx.Record(t.Context(), no), tx.Record(t.Context(), other))
		})
		if err != nil {
			t.Fatal(err)
		}
		d.save(t)
		for name, statement := range statements {
			d.restore(t)
			if rs, err := agreed(t, d.DB); err != nil || len(rs) != 10 || rs[0].ID != "d-0000" {
				t.Fatalf("%d votes: %v", len(rs), err)
			}
			d.sql(t, statement)
			if rs, err := agreed(t, d.DB); !errors.Is(err, store.ErrTampered) {
				t.Errorf("%s: %d votes counted: %v", name, len(rs), err)
			}
		}
	})
}

func agreed(t *testing.T, db *store.DB) (rs []policy.Record, err error) {
	t.Helper()
	err = db.Update(t.Context(), func(tx automation.Tx) error {
		rs, err = tx.Agreed(t.Context(), "e-1")
		return err
	})
	return rs, err
}

// An older copy of the database goes on from where it was; the checkpoint says that there was more, or something else.
func TestAnOlderBackupIsSeen(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		d.record(t, 0, 10)
		d.save(t)
		old := d.checkpoint(t)
		d.record(t, 10, 10)
		newest := d.checkpoint(t)
		for _, c := range []audit.Signed{old, newest} {
			if err := audit.CheckHead(t.Context(), d.Audit(), c.Checkpoint); err != nil {
				t.Fatal(err)
			}
		}
		d.restore(t)
		for round, n := range []int{0, 20, 40} { // it grows beyond what it was
			d.record(t, 100+n, n)
			found, _ := d.verified(t, old, newest)
			if err := audit.CheckHead(t.Context(), d.Audit(), newest.Checkpoint); !errors.Is(err, audit.ErrRewritten) || found == "" {
				t.Errorf("round %d: %v, %q", round, err, found)
			}
			if err := audit.CheckHead(t.Context(), d.Audit(), old.Checkpoint); err != nil {
				t.Errorf("round %d, the older checkpoint: %v", round, err)
			}
		}
		d.sql(t, "DELETE FROM audit_entries; DELETE FROM records; UPDATE audit_head SET size = 0, edge = ''") // stripped, and tidied up
		found, _ := d.verified(t, newest)
		if err := audit.CheckHead(t.Context(), d.Audit(), newest.Checkpoint); !errors.Is(err, audit.ErrRewritten) || !strings.Contains(found, "The log was cut or rolled back") {
			t.Errorf("stripped: %v, %q", err, found)
		}
	})
}

func TestNothingIsDecidedWithoutTheLog(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]map[string]string{
		"the log refuses": {
			"sqlite": "CREATE TRIGGER no BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'no'); END",
			"postgres": "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';" +
				" CREATE TRIGGER no BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION no()",
		},
		"no head":             {"": "DELETE FROM audit_head"},
		"a head that is none": {"": "UPDATE audit_head SET edge = 'x'"},
		"a head rolled back":  {"": "UPDATE audit_head SET size = 0, edge = ''"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, d *database) {
				d.record(t, 0, 2)
				d.sql(t, statement[strings.SplitN(d.URL, ":", 2)[0]]+statement[""])
				err := d.Update(t.Context(), func(tx automation.Tx) error {
					_ = tx.Record(t.Context(), decision(7)) // whoever goes on all the same stores nothing
					return tx.Insert(t.Context(), &automation.Execution{ID: "e", Ref: "e", Key: "e", State: automation.Queued})
				})
				if err == nil {
					t.Error("stored")
				}
				if _, err := d.Record(t.Context(), "d-0007"); !errors.Is(err, automation.ErrNotFound) {
					t.Errorf("the record: %v", err)
				}
				if _, err := d.Execution(t.Context(), "e"); !errors.Is(err, automation.ErrNotFound) {
					t.Errorf("the execution: %v", err)
				}
			})
		})
	}
}

func TestReplicasWriteOneLog(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	dbs := []*store.DB{open(t, url), open(t, url), open(t, url)}
	var wg sync.WaitGroup
	for i, db := range dbs {
		for j := range 4 {
			wg.Go(func() {
				for n := range 10 {
					err := db.Update(context.Background(), func(tx automation.Tx) error {
						if _, err := tx.Usage(context.Background(), "web", time.Now()); err != nil {
							return err
						}
						return tx.Record(context.Background(), decision(i*1000+j*100+n))
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	d := &database{dbs[0]}
	if found, r := d.verified(t); r.Problems > 0 || r.Tree.Size() != 120 {
		t.Errorf("%d entries: %s", r.Tree.Size(), found)
	}
}

// A look at a log that grows meanwhile finds nothing.
func TestALogIsVerifiedWhileItGrows(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, d *database) {
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					d.record(t, n, 1)
				}
			}
		}()
		seen := int64(0)
		for n := 0; n < 40 || seen < 10 && !t.Failed(); n++ {
			found, r := d.verified(t)
			if r.Problems > 0 {
				t.Errorf("of %d entries: %s", r.Tree.Size(), found)
				break
			}
			seen = r.Tree.Size()
		}
		close(stop)
		<-done
		if seen == 0 {
			t.Error("nothing grew")
		}
	})
}
