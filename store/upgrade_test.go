package store

import (
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"handrail/audit"
)

// A file of an older version is opened, brought up to date and keeps what it holds.
func TestOlderSchemaIsMigrated(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "handrail.db")
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	old := &DB{Options: Options{Log: slog.New(slog.DiscardHandler)}, dialect: dialect{goose: "sqlite3"}, pool: raw, readers: raw}
	p, err := old.provider()
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.UpTo(t.Context(), 1)
	if err == nil {
		_, err = raw.ExecContext(t.Context(), `INSERT INTO records VALUES
			('d-old', 1, '', 'command', 'run', 'U012ANA', 'T1', 'C1', 'restart-web', '', '', 1, 'granted', 'web', 'yes', '', 'abc')`)
	}
	if err := errors.Join(err, raw.Close()); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), Options{URL: "sqlite:" + path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r, err := db.Record(t.Context(), "d-old")
	if err != nil || r.Rule != "web" {
		t.Errorf("the record is %+v (%v)", r, err)
	}
	look, err := audit.Verify(t.Context(), audit.VerifyOptions{Log: db.Audit(), Found: func(p audit.Problem) { t.Error(p.What) }})
	if err != nil || look.Tree.Size() != 1 {
		t.Errorf("the old record is not in the audit log: %+v (%v)", look, err)
	}
	if have, want, err := db.Version(t.Context()); have != want || err != nil {
		t.Errorf("the schema has version %d of %d (%v)", have, want, err)
	}
}
