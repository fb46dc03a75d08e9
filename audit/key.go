package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

var errNoPrivateKey = errors.New("it is no private key that bot keygen wrote")

// VerifierOf returns the verifier key that belongs to a private key. Its errors do not quote the key.
func VerifierOf(private string) (string, error) {
	if _, err := note.NewSigner(private); err != nil {
		return "", errNoPrivateKey
	}
	parts := strings.SplitN(private, "+", 5) // PRIVATE+KEY+name+hash+base64; the base64 may hold a plus sign
	if len(parts) != 5 {
		return "", errNoPrivateKey
	}
	key, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(key) != 1+ed25519.SeedSize {
		return "", errNoPrivateKey
	}
	public, ok := ed25519.NewKeyFromSeed(key[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", errNoPrivateKey
	}
	return note.NewEd25519VerifierKey(parts[2], public)
}

// Verifiers reads verifier keys.
func Verifiers(keys ...string) (note.Verifiers, error) {
	var all []note.Verifier
	for _, key := range keys {
		v, err := note.NewVerifier(strings.TrimSpace(key))
		if err != nil {
			return nil, fmt.Errorf("%q is no verifier key: it looks like NAME+HASH+KEY, as bot keygen prints it", key)
		}
		all = append(all, v)
	}
	return note.VerifierList(all...), nil
}
