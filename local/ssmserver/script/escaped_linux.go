package script

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// killEscaped ends the processes that left their group and still have the environment of the script in this folder.
func killEscaped(folder string) {
	mark := []byte("\x00" + home + folder + "\x00")
	for range 3 { // what they start meanwhile
		if !killMarked(mark) {
			return
		}
	}
}

func killMarked(mark []byte) (found bool) {
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return false
	}
	for _, file := range files {
		if !bytes.Contains(environ(file), mark) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			found = syscall.Kill(pid, syscall.SIGKILL) == nil || found
		}
	}
	return found
}

// environ reads an environment as \0KEY=value\0…, nil if it is not to be had.
func environ(path string) []byte {
	file, err := os.Open(path) //nolint:gosec // of /proc
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }() // nothing was written
	text, err := io.ReadAll(io.LimitReader(file, 256<<10))
	if err != nil {
		return nil
	}
	return append([]byte{0}, text...)
}
