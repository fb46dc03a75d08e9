package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/note"
)

// Signed is a checkpoint that was read somewhere.
type Signed struct {
	Checkpoint Checkpoint
	Where      string // "the checkpoint at checkpoints.txt:12"
	Problem    string // why it is not to be trusted; "" if it is
	Torn       bool   // the problem is that the file ends in its middle, as after a crash
}

// bySize puts the ones that cannot be trusted first.
func bySize(all []Signed) []Signed {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Signed) int {
		return cmp.Or(cmp.Compare(flag(a.Problem == ""), flag(b.Problem == "")), cmp.Compare(a.Checkpoint.Size, b.Checkpoint.Size))
	})
	return all
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// maxNote is the longest checkpoint in bytes, and the longest line of a file of them.
const maxNote = 16 << 10

// ReadCheckpoints reads a file of checkpoints, each followed by an empty line, as the bot appends to it. The name is for Where.
// What is no checkpoint that a known key has signed stands among them with its Problem.
func ReadCheckpoints(r io.Reader, name string, known note.Verifiers) ([]Signed, error) {
	var all []Signed
	f := noteFile{lines: bufio.NewReaderSize(r, maxNote)}
	for {
		line, text, err := f.next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, fmt.Errorf("reading %s: %w", name, err)
		}
		s := Signed{Where: fmt.Sprintf("the checkpoint at %s:%d", name, line)}
		c, bad := OpenCheckpoint(bytes.TrimSuffix(text, []byte("\n")), known)
		switch {
		case !bytes.HasSuffix(text, []byte("\n\n")):
			s.Torn = true
			s.Problem = "it is cut short; if the machine stopped while it was written, take its lines out"
		case bad != nil:
			s.Problem = bad.Error()
		}
		s.Checkpoint = c
		all = append(all, s)
	}
}

// tail is how much of a file NewestCheckpoints reads.
const tail = 64 << 10

// NewestCheckpoints reads the last few hundred checkpoints of a file. A file that is not there has none.
func NewestCheckpoints(path string, known note.Verifiers) ([]Signed, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the checkpoints: %w", err)
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	begin := max(0, end-tail)
	all, err := ReadCheckpoints(io.NewSectionReader(f, begin, tail), filepath.Base(path), known)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Where = fmt.Sprintf("a checkpoint at the end of %s", filepath.Base(path)) // its line is not known
	}
	if begin > 0 && len(all) > 0 {
		all = all[1:] // cut in its middle here
	}
	return all, nil
}

// noteFile takes a file of notes apart.
type noteFile struct {
	lines *bufio.Reader
	line  int // of the last line that was read, from 1
}

// next returns a note up to the empty line after its signatures, and the line it begins at.
func (f *noteFile) next() (int, []byte, error) {
	begin := f.line + 1
	var text []byte
	for signed := false; ; {
		line, err := f.lines.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(text)+len(line) > 0 {
			return begin, append(text, line...), nil
		}
		if err != nil {
			return begin, nil, err
		}
		f.line++
		if text = append(text, line...); len(text) > maxNote {
			return begin, nil, fmt.Errorf("a checkpoint of more than %d bytes at line %d", maxNote, begin)
		}
		if signed && len(line) == 1 {
			return begin, text, nil
		}
		signed = bytes.HasPrefix(line, []byte("— "))
	}
}
