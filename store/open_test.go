package store

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// says checks that an error is there and names each part.
func says(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error that says %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func refuse(t *testing.T, url string, parts ...string) {
	t.Helper()
	db, err := Open(t.Context(), Options{URL: url})
	if err == nil {
		err = db.Close()
		t.Errorf("opened %s (%v)", url, err)
		return
	}
	says(t, err, parts...)
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows the password: %v", err)
	}
}

func TestOpenRefusesURLs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for url, part := range map[string]string{
		"":                                      "must begin with sqlite:",
		"handrail.db":                           "must begin with sqlite:",
		"mysql://ana:hunter2@127.0.0.1/x":       "must begin with sqlite:",
		"sqlite:":                               "needs a file",
		"sqlite::memory:":                       "needs a file",
		"sqlite:" + dir:                         "directory",
		"sqlite:" + dir + "/no/such/file.db":    "no such file or directory",
		"postgres://ana:hunter2@127.0.0.1:1/x":  "refused",
		"postgres://ana:hunter2@127.0.0.1:x/x":  "port",
		"postgres://ana:hunter2@[/x?sslmode=no": "URL",
	} {
		refuse(t, url, part)
	}
}

func TestReadOnlyMakesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := Open(t.Context(), Options{URL: "sqlite:" + dir + "/handrail.db", ReadOnly: true})
	if err == nil {
		err = errors.Join(errors.New("opened it"), db.Close())
	}
	says(t, err, "no such file")
	if left, err := os.ReadDir(dir); len(left) > 0 || err != nil {
		t.Error(left, err)
	}
}

func TestOddFileName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b%20?mode=memory&x#é.db")
	for range 2 {
		db, err := Open(t.Context(), Options{URL: "sqlite:" + path})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	db := open(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		var got string
		if err := db.pool.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, not %q (%v)", pragma, got, want, err)
		}
	}
}

// closed returns the path of a database with n executions that nobody has open.
func closed(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "handrail.db")
	db, err := Open(t.Context(), Options{URL: "sqlite:" + path})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, db, n)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func rewrite(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, change(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func([]byte) []byte
		says   string
	}{
		"other format": {func([]byte) []byte { return []byte(strings.Repeat("name,value\n", 100)) }, "not a SQLite database"},
		"few bytes":    {func(b []byte) []byte { return b[:50] }, "not a SQLite database"},
		"cut short":    {func(b []byte) []byte { return b[:len(b)-4096] }, "cut short"},
		"cut in half":  {func(b []byte) []byte { return b[:len(b)/2] }, "cut short"},
		"bad pages":    {func(b []byte) []byte { clear(b[4096:]); return b }, "damaged"},
		"bad schema":   {func(b []byte) []byte { clear(b[100:4096]); return b }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := closed(t, 200)
			rewrite(t, path, c.change)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			refuse(t, "sqlite:"+path, c.says)
			after, err := os.ReadFile(path)
			if err != nil || string(after) != string(before) {
				t.Errorf("the damaged file was changed (%v)", err)
			}
		})
	}
}

func TestDamagedIndexes(t *testing.T) {
	t.Parallel()
	path := closed(t, 200)
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := raw.QueryContext(t.Context(), "SELECT name, rootpage FROM sqlite_schema WHERE tbl_name IN ('executions', 'records')")
	if err != nil {
		t.Fatal(err)
	}
	roots := map[string]int{}
	for rows.Next() {
		var name string
		var page int
		if err := rows.Scan(&name, &page); err != nil {
			t.Fatal(err)
		}
		roots[name] = page
	}
	if err := errors.Join(rows.Err(), rows.Close(), raw.Close()); err != nil || len(roots) < 10 {
		t.Fatal(len(roots), err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range roots {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			damaged := filepath.Join(t.TempDir(), "handrail.db")
			bytes := slices.Clone(whole)
			clear(bytes[(page-1)*4096:][:4096])
			if err := os.WriteFile(damaged, bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			refuse(t, "sqlite:"+damaged, "damaged")
		})
	}
}

func TestMissingFileBesideItsLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "handrail.db")
	if err := os.WriteFile(path+"-wal", []byte("acknowledged work"), 0o600); err != nil {
		t.Fatal(err)
	}
	refuse(t, "sqlite:"+path, "-wal")
}

func TestCheckFindsDamage(t *testing.T) {
	t.Parallel()
	path := closed(t, 500)
	rewrite(t, path, func(b []byte) []byte { // one page in the middle, which no start reads
		clear(b[len(b)/8192*4096:][:4096])
		return b
	})
	db, err := Open(t.Context(), Options{URL: "sqlite:" + path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Check(t.Context()); err == nil {
		t.Error("a cleared page was not found")
	}
}

func TestForeignAndNewerDatabases(t *testing.T) {
	t.Parallel()
	for statement, part := range map[string]string{
		"CREATE TABLE addresses (name TEXT)":                                            "another program",
		"UPDATE handrail_migrations SET version_id = 99 WHERE version_id > 0":           "schema version 99",
		"DROP TABLE executions":                                                         "no such table",
		"CREATE TABLE " + versionTable + "_x (a TEXT); DROP TABLE handrail_migrations;": "another program",
	} {
		path := filepath.Join(t.TempDir(), "other.db")
		if !strings.HasPrefix(statement, "CREATE TABLE addresses") {
			path = closed(t, 1)
		}
		raw, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := raw.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		if err := raw.Close(); err != nil {
			t.Fatal(err)
		}
		refuse(t, "sqlite:"+path, part)
	}
}
