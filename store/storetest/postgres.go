package storetest

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"testing"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// PostgresVariable names the environment variable with the URL of a PostgreSQL server for tests.
const PostgresVariable = "HANDRAIL_TEST_POSTGRES"

// Postgres returns the URL of an empty schema that is dropped when t ends. It skips t without a server.
func Postgres(t *testing.T) string {
	t.Helper()
	server := os.Getenv(PostgresVariable)
	if server == "" {
		t.Skip(PostgresVariable + " names no PostgreSQL server")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(PostgresVariable + " is not a URL")
	}
	admin, err := sql.Open("pgx", server)
	ok(t, err)
	schema := "handrail_" + uuid.NewString()[:8]
	_, err = admin.ExecContext(t.Context(), "CREATE SCHEMA "+schema)
	ok(t, err)
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			t.Error(err)
		}
		ok(t, admin.Close())
	})
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	return u.String()
}
