package store_test

import (
	"path/filepath"
	"testing"

	"handrail/store"
	"handrail/store/storetest"
)

func open(t *testing.T, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Exercise(t, func(t *testing.T) *store.DB {
		return open(t, "sqlite:"+filepath.Join(t.TempDir(), "handrail.db"))
	})
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Postgres(t) // skips once, not for each case
	storetest.Exercise(t, func(t *testing.T) *store.DB { return open(t, storetest.Postgres(t)) })
}
