package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/mod/sumdb/note"

	"handrail/audit"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Read the whole audit log and say whether anybody changed it."`
	Export auditExportCmd `cmd:"" help:"Write the audit log as JSON or CSV, without secrets."`
}

// auditSource is the store whose log is read.
type auditSource struct {
	Config string `help:"The configuration file." default:"handrail.yaml" type:"path" placeholder:"FILE"`
	Store  string `help:"The store, such as sqlite:handrail.db, instead of a configuration." placeholder:"URL"`
}

type auditVerifyCmd struct {
	auditSource
	Key         []string `help:"A verifier key that checkpoints may be signed with, instead of the configuration's; may be given more than once." sep:"none" placeholder:"VERIFIER"`
	Checkpoints []string `help:"A file of checkpoints, beside the configuration's; may be given more than once." type:"path" sep:"none" placeholder:"FILE"`
}

// errDamaged ends the program with 1: what is wrong was printed.
var errDamaged = errors.New("the audit log is damaged; docs/audit.md says what to do")

// Run prints everything that is wrong with the log, and ends with 1 if anything is.
func (c *auditVerifyCmd) Run(ctx context.Context, io streams) (err error) {
	db, cfg, err := openToRead(ctx, c.Config, c.Store, io)
	if err != nil {
		return err
	}
	defer closing(db, &err)
	checkpoints, err := c.read(ctx, cfg)
	if err != nil {
		return err
	}
	r, err := audit.Verify(ctx, audit.VerifyOptions{Log: db.Audit(), Checkpoints: checkpoints,
		Found: func(p audit.Problem) { fmt.Fprintln(io.out, printable(p.What)) }})
	if err != nil {
		return err
	}
	if r.Problems > 0 {
		return fmt.Errorf("%s: %w", count(r.Problems, "problem", "problems"), errDamaged)
	}
	last := "no checkpoint to compare with, so a log that was cut or written anew would look like this too"
	if r.Last != nil {
		last = fmt.Sprintf("last checkpoint at %s", count(int(r.Last.Size), "entry", "entries"))
	}
	_, err = fmt.Fprintf(io.out, "%s, root %s, %s\n", count(int(r.Tree.Size()), "entry", "entries"), r.Tree.Root(), last)
	return err
}

// read reads the files of checkpoints.
func (c *auditVerifyCmd) read(ctx context.Context, cfg *config) ([]audit.Signed, error) {
	files := c.Checkpoints
	if cfg != nil && cfg.Audit.File != "" {
		if _, err := os.Stat(cfg.Audit.File); err == nil || !errors.Is(err, os.ErrNotExist) {
			files = append(files, cfg.Audit.File)
		}
	}
	if len(files) == 0 {
		return nil, nil
	}
	known, err := c.verifiers(ctx, cfg)
	if err != nil {
		return nil, err
	}
	var all []audit.Signed
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, usage("opening the checkpoints: %w", err)
		}
		some, err := audit.ReadCheckpoints(f, name, known)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func (c *auditVerifyCmd) verifiers(ctx context.Context, cfg *config) (note.Verifiers, error) {
	if len(c.Key) > 0 {
		known, err := audit.Verifiers(c.Key...)
		if err != nil {
			return nil, usageError{err}
		}
		return known, nil
	}
	if cfg == nil || cfg.Audit.Key == "" {
		return nil, usage("checkpoints are compared with the key that signs them: give --key VERIFIER, as bot keygen printed it")
	}
	if err := cfg.resolveSome(ctx, []namedSecret{{"audit.key", &cfg.Audit.Key}}); err != nil {
		return nil, err
	}
	return cfg.Audit.verifiers()
}

type auditExportCmd struct {
	auditSource
	Output string `short:"o" help:"json or csv." enum:"json,csv" default:"json"`
	Since  string `help:"Only entries from then on: a time such as 2026-11-24T00:00:00Z, or how long ago, such as 24h." placeholder:"TIME"`
}

// Run writes the log to standard output.
func (c *auditExportCmd) Run(ctx context.Context, io streams) (err error) {
	since, err := moment(c.Since, time.Now())
	if err != nil {
		return err
	}
	db, _, err := openToRead(ctx, c.Config, c.Store, io)
	if err != nil {
		return err
	}
	defer closing(db, &err)
	damaged, err := audit.Export(ctx, io.out, audit.ExportOptions{Log: db.Audit(), CSV: c.Output == "csv", Since: since})
	if err == nil && damaged > 0 {
		err = fmt.Errorf("%s marked as damaged: %w", count(damaged, "entry", "entries"), errDamaged)
	}
	return err
}

// moment reads a time, or how long before now it was. The empty text is the zero time.
func moment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago > 0 {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, usage("--since is %q; write a time such as 2026-11-24T00:00:00Z, or how long ago, such as 24h", text)
	}
	return at, nil
}
