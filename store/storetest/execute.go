package storetest

import (
	"database/sql"
	"errors"
	"strings"
)

// Execute runs statements on the database of a store, beside it, as somebody with the file or the password can.
func Execute(url, statements string) error {
	driver, source := "pgx", url
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+file+"?_pragma=busy_timeout(5000)" // a serving bot may write just now
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return err
	}
	_, err = db.Exec(statements)
	return errors.Join(err, db.Close())
}
