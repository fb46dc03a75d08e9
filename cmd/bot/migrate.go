package main

import (
	"context"
	"fmt"

	"handrail/store"
)

type migrateCmd struct {
	Config string `help:"The configuration file." default:"handrail.yaml" type:"path" placeholder:"FILE"`
}

// Run brings the schema up to date. Serve does so too when it starts.
func (c *migrateCmd) Run(ctx context.Context, io streams) (err error) {
	cfg, err := storeOf(ctx, c.Config)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, store.Options{URL: string(cfg.Store.URL), Log: cfg.Log.open(io.err)})
	if err != nil {
		return err
	}
	defer closing(db, &err)
	have, _, err := db.Version(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "schema version %d\n", have)
	return err
}

// storeOf reads a configuration for a command that needs the store and nothing else.
func storeOf(ctx context.Context, path string) (*config, error) {
	cfg, err := loadConfig(path)
	if err != nil {
		return nil, err
	}
	return cfg, cfg.resolveStore(ctx)
}

// closing closes db and keeps the first error.
func closing(db *store.DB, err *error) {
	if e := db.Close(); *err == nil {
		*err = e
	}
}
