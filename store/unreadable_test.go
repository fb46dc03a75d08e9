package store_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"handrail/automation"
	"handrail/store"
	"handrail/store/storetest"
)

func TestAnUnreadableRowDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "handrail.db")
		unreadable(t, open(t, "sqlite:"+path), "sqlite", path)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		url := storetest.Postgres(t)
		unreadable(t, open(t, url), "pgx", url)
	})
}

func unreadable(t *testing.T, db *store.DB, driver, source string) {
	for _, id := range []string{"a", "b", "c"} {
		if err := insert(t.Context(), db, id); err != nil {
			t.Fatal(err)
		}
	}
	executeOn(t, driver, source, "UPDATE executions SET steps = '{' WHERE id = 'b'")
	now := time.Now()
	c := automation.Claim{Owner: "me", Now: now, Until: now.Add(time.Minute), Limit: 9}
	for what, claim := range map[string]func() ([]*automation.Execution, error){
		"executions":    func() ([]*automation.Execution, error) { return db.Claim(t.Context(), c) },
		"announcements": func() ([]*automation.Execution, error) { return db.ClaimAnnouncements(t.Context(), c) },
		"a list":        func() ([]*automation.Execution, error) { return db.Executions(t.Context(), automation.Query{}) },
	} {
		if es, err := claim(); err != nil || len(es) != 2 || es[0].ID == "b" || es[1].ID == "b" {
			t.Errorf("%s: %d and %v", what, len(es), err)
		}
	}
	if _, err := db.Execution(t.Context(), "b"); err == nil || !strings.Contains(err.Error(), "execution b: its stored data cannot be read") {
		t.Errorf("reading it: %v", err)
	}
	b, err := db.Backlog(t.Context(), now.Add(time.Hour))
	if err != nil || b.Parked != 1 || b.Announce != 2 {
		t.Errorf("it does not wait for an operator alone: %+v %v", b, err)
	}
	executeOn(t, driver, source, "UPDATE executions SET steps = '', parked = '' WHERE id = 'b'")
	if es, err := db.Claim(t.Context(), c); err != nil || len(es) != 1 || es[0].ID != "b" {
		t.Errorf("after a repair: %d and %v", len(es), err)
	}
}
