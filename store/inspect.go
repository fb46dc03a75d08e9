package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// inspect refuses a file that is not a whole SQLite database, before SQLite would make a new one of
// it. It creates an empty file, for its owner alone, if there is none. It must come before SQLite opens
// the file: closing a file takes away all locks that its process has on it (fcntl(2)).
func inspect(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("opening the database file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("opening the database file: %w", err)
	}
	logged := false
	if wal, err := os.Stat(path + "-wal"); err == nil {
		logged = wal.Size() > 0
	}
	switch {
	case info.IsDir():
		return fmt.Errorf("%s is a directory: name a file", path)
	case info.Size() == 0 && logged:
		return fmt.Errorf("%s is missing or empty, but %s-wal belongs to it: restore the file, or move that one away", path, path)
	case info.Size() == 0:
		return nil
	}
	return header(f, info.Size(), logged)
}

// header checks the first bytes against https://sqlite.org/fileformat.html#the_database_header.
func header(f io.Reader, size int64, logged bool) error {
	var h [100]byte
	if _, err := io.ReadFull(f, h[:]); err != nil || !bytes.HasPrefix(h[:], []byte("SQLite format 3\x00")) {
		return errors.New("the file is not a SQLite database: name another file, or restore a backup")
	}
	page := int64(binary.BigEndian.Uint16(h[16:]))
	if page == 1 {
		page = 65536
	}
	pages := int64(binary.BigEndian.Uint32(h[28:]))
	if fresh := bytes.Equal(h[24:28], h[92:96]); fresh && !logged && size < page*pages {
		return fmt.Errorf("the file is cut short, %d of %d bytes are there: restore a backup", size, page*pages)
	}
	return nil
}

// own refuses a database of another program and one whose tables cannot be reached. It reads one path
// through each tree, so it takes the same time for any size; Check reads everything.
func (db *DB) own(ctx context.Context) error {
	var tables, ours int
	err := db.readers.QueryRowContext(ctx, "SELECT COUNT(*), COALESCE(SUM(name = '"+versionTable+"'), 0) FROM sqlite_schema").Scan(&tables, &ours)
	switch {
	case err != nil:
		return explain(err)
	case tables > 0 && ours == 0:
		return errors.New("it is the database of another program: name another file")
	case ours == 0:
		return nil
	}
	if have, want, err := db.Version(ctx); err != nil || have < want {
		return err // an older schema lacks what is probed; the migration reads it
	}
	return db.probe(ctx)
}
