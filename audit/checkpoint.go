package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint says what the log was: once signed and kept elsewhere, the log cannot become another one without being seen.
type Checkpoint struct {
	Origin string // name of the key that signs it
	Size   int64
	Root   Hash
}

// Text is the checkpoint as c2sp.org/tlog-checkpoint has it, without a signature.
func (c Checkpoint) Text() string { return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root) }

// Sign returns the checkpoint of t as a note with s's signature (c2sp.org/signed-note).
func Sign(t *Tree, s note.Signer) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: Checkpoint{Origin: s.Name(), Size: t.Size(), Root: t.Root()}.Text()}, s)
	if err != nil {
		return nil, fmt.Errorf("signing a checkpoint: %w", err)
	}
	return signed, nil
}

// OpenCheckpoint reads a signed checkpoint. It refuses one that none of the known keys has signed, one whose origin is another
// name than the key's, and every way of writing it but one.
func OpenCheckpoint(signed []byte, known note.Verifiers) (Checkpoint, error) {
	n, err := note.Open(signed, known)
	var unknown *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unknown):
		return Checkpoint{}, errors.New("none of the keys that are trusted here has signed it")
	case errors.As(err, &invalid):
		return Checkpoint{}, errors.New("its signature is wrong")
	case err != nil:
		return Checkpoint{}, errors.New("it is not a signed note")
	}
	for _, s := range append(n.Sigs, n.UnverifiedSigs...) {
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return Checkpoint{}, errors.New("its signature is written in a way that nobody writes it")
		}
	}
	c, err := readCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	for _, s := range n.Sigs {
		if s.Name == c.Origin {
			return c, nil
		}
	}
	return Checkpoint{}, fmt.Errorf("its origin is %s, and another key has signed it", c.Origin)
}

func readCheckpoint(text string) (Checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 {
		return Checkpoint{}, errors.New("it is signed and no checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	root, bad := tlog.ParseHash(lines[2])
	c := Checkpoint{Origin: lines[0], Size: size, Root: root}
	if err != nil || bad != nil || size < 0 || c.Text() != text {
		return Checkpoint{}, errors.New("it is signed and no checkpoint")
	}
	return c, nil
}
