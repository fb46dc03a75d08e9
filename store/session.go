package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"unicode/utf8"
)

// session runs statements, in a transaction or outside of one.
type session interface {
	exec(ctx context.Context, query string, args []any) (int64, error)
	query(ctx context.Context, query string, args []any) (*sql.Rows, error)
}

// plain sends statements as text; pgx prepares and caches them itself.
type plain struct {
	db interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
}

func (p plain) exec(ctx context.Context, query string, args []any) (int64, error) {
	res, err := p.db.ExecContext(ctx, query, clean(args)...)
	if err != nil {
		return 0, explain(err)
	}
	return res.RowsAffected()
}

func (p plain) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	rows, err := p.db.QueryContext(ctx, query, clean(args)...)
	return rows, explain(err)
}

// prepared keeps each statement it has met. This package has a few dozen.
type prepared struct {
	db interface {
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	mu    sync.Mutex
	stmts map[string]*sql.Stmt
}

func (p *prepared) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.stmts[query]; ok {
		return s, nil
	}
	s, err := p.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, explain(err)
	}
	if p.stmts == nil {
		p.stmts = map[string]*sql.Stmt{}
	}
	p.stmts[query] = s
	return s, nil
}

// close closes the statements. Those of a single connection would otherwise keep its file open.
func (p *prepared) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, s := range p.stmts {
		errs = append(errs, s.Close())
	}
	p.stmts = nil
	return errors.Join(errs...)
}

func (p *prepared) exec(ctx context.Context, query string, args []any) (int64, error) {
	s, err := p.stmt(ctx, query)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(ctx, clean(args)...)
	if err != nil {
		return 0, explain(err)
	}
	return res.RowsAffected()
}

func (p *prepared) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	s, err := p.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, clean(args)...)
	return rows, explain(err)
}

// uncancelled keeps a caller's context from interrupting a statement: SQLite would undo the whole
// transaction, which belongs to others too. An ended context stops the next statement instead.
type uncancelled struct{ session }

func (u uncancelled) exec(ctx context.Context, query string, args []any) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return u.session.exec(context.WithoutCancel(ctx), query, args)
}

func (u uncancelled) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return u.session.query(context.WithoutCancel(ctx), query, args)
}

// clean makes untrusted text storable: PostgreSQL takes neither NUL nor broken UTF-8.
func clean(args []any) []any {
	for i, a := range args {
		if s, ok := a.(string); ok && !storable(s) {
			args[i] = cleaned(s)
		}
	}
	return args
}

func storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

func cleaned(s string) string {
	if storable(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
