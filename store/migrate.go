package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionTable has a name of its own: a PostgreSQL database may be shared with other programs.
const versionTable = "handrail_migrations"

// Migrate brings the schema up to date, as Open does. It refuses a schema that is newer than the
// program. On PostgreSQL one replica migrates while the others wait.
func (db *DB) Migrate(ctx context.Context) error {
	have, want, err := db.Version(ctx)
	if err != nil || have == want {
		return err
	}
	if db.ReadOnly {
		return fmt.Errorf("migrating: %w", errReadOnly)
	}
	p, err := db.provider()
	if err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrating: %w", explain(err))
	}
	return nil
}

// Version returns the schema's version, 0 for an empty database, and the version that this program
// works with. It returns an error if the schema is the newer one. It asks without goose, which takes
// longer over it than the rest of a start.
func (db *DB) Version(ctx context.Context) (have, want int64, err error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err == nil {
		want, err = goose.NumericComponent(files[len(files)-1])
		want = max(want, oldRecords)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("reading the migrations: %w", err)
	}
	if have, err = db.version(ctx); err != nil {
		return 0, 0, fmt.Errorf("reading the schema's version: %w", explain(err))
	}
	if have > want {
		return have, want, fmt.Errorf("the database has schema version %d and this program knows only %d: run the newer program", have, want)
	}
	return have, want, nil
}

func (db *DB) version(ctx context.Context) (have int64, err error) {
	var tables int
	err = db.readers.QueryRowContext(ctx, db.countTables, versionTable).Scan(&tables)
	if err != nil || tables == 0 {
		return 0, err
	}
	err = db.readers.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM "+versionTable).Scan(&have)
	return have, err
}

func (db *DB) provider() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	old := goose.NewGoMigration(oldRecords, &goose.GoFunc{RunTx: db.logOldRecords}, nil)
	options := []goose.ProviderOption{goose.WithGoMigrations(old), goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true), goose.WithSlog(db.Log)}
	if db.goose == goose.DialectPostgres {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // a try a second, for five minutes
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(db.goose, db.pool, files, options...)
}
