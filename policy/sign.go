package policy

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// SignatureSuffix is what the name of a policy's signature file ends with, after the name of the policy.
const SignatureSuffix = ".sig"

// Signature is what the keeper of a policy vouches for.
type Signature struct {
	Hash   string // SHA-256 of the policy file in lower-case hex
	Serial int64  // from 1; each policy has a higher one than those before
	Key    string // name of the key
}

const signatureTitle = "handrail policy"

// text is what is signed.
func (s Signature) text() string {
	return fmt.Sprintf("%s\nsha256 %s\nserial %d\n", signatureTitle, s.Hash, s.Serial)
}

// Sign returns the signature file of a policy: a signed note that names the policy's hash and the serial.
func Sign(data []byte, serial int64, key note.Signer) ([]byte, error) {
	if serial < 1 {
		return nil, fmt.Errorf("signing the policy: the serial is %d, and begins with 1", serial)
	}
	signed, err := note.Sign(&note.Note{Text: Signature{Hash: sumOf(data), Serial: serial}.text()}, key)
	if err != nil {
		return nil, fmt.Errorf("signing the policy: %w", err)
	}
	return signed, nil
}

// Errors that VerifySignature returns for what people do by mistake; all others mean a file that somebody changed.
var (
	ErrUnsigned = errors.New("the policy is not signed")
	ErrOtherKey = errors.New("the policy is signed with another key")
)

// VerifySignature says whether signed is the signature file that the key's owner made for exactly these bytes. It takes
// one spelling only: the bytes that Sign writes.
func VerifySignature(data, signed []byte, key note.Verifier) (Signature, error) {
	if len(signed) == 0 {
		return Signature{}, ErrUnsigned
	}
	n, err := note.Open(signed, note.VerifierList(key))
	var unknown *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unknown):
		return Signature{}, ErrOtherKey
	case err != nil:
		return Signature{}, fmt.Errorf("the signature of the policy is wrong: %w", err)
	case len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0:
		return Signature{}, errors.New("the signature file has more than the one signature")
	}
	s, err := readSignature(n.Text)
	if err != nil {
		return Signature{}, err
	}
	s.Key = key.Name()
	raw, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64)
	if err != nil || s.text()+"\n— "+s.Key+" "+base64.StdEncoding.EncodeToString(raw)+"\n" != string(signed) {
		return Signature{}, errors.New("the signature file is not as it was written")
	}
	if s.Hash != sumOf(data) {
		return Signature{}, fmt.Errorf("the policy is not the one that was signed: its sha256 is %s, and %s was signed", sumOf(data), s.Hash)
	}
	return s, nil
}

// readSignature reads the text of a signature file.
func readSignature(text string) (Signature, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != signatureTitle {
		return Signature{}, errors.New("the signature is not one of a policy")
	}
	hash, hashed := strings.CutPrefix(lines[1], "sha256 ")
	number, numbered := strings.CutPrefix(lines[2], "serial ")
	serial, err := strconv.ParseInt(number, 10, 64)
	if !hashed || !numbered || err != nil || serial < 1 {
		return Signature{}, errors.New("the signature is not one of a policy")
	}
	return Signature{Hash: hash, Serial: serial}, nil
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
