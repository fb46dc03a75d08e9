package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// errLocked says that another process holds the lock.
var errLocked = errors.New("locked")

// lock makes this process the only one that has the file at path open for writing. The lock is the
// kernel's and ends with the process however that ends; the lock file stays.
func (db *DB) lock(path string) error {
	f, err := openLocked(path + ".lock")
	switch {
	case errors.Is(err, errLocked):
		return fmt.Errorf("%s is in use by another process%s: stop that one, or use PostgreSQL for several", path, holder(path+".lock"))
	case err != nil:
		return fmt.Errorf("locking %s: %w", path, err)
	}
	db.onClose(f.Close)
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("locking %s: %w", path, err)
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return fmt.Errorf("locking %s: %w", path, err)
	}
	return nil
}

// holder names the process that wrote the lock file, if it can be read.
func holder(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 20))
	if pid, bad := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && bad == nil {
		return fmt.Sprintf(" (%d)", pid)
	}
	return ""
}
