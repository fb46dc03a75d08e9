package policy_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"handrail/policy"
)

type keyPair struct {
	signer   note.Signer
	verifier note.Verifier
}

func newKeys(t *testing.T, name string) keyPair {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{signer, verifier}
}

func sign(t *testing.T, data []byte, serial int64, key note.Signer) []byte {
	t.Helper()
	signed, err := policy.Sign(data, serial, key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// padded is a policy of 4,096 bytes.
func padded(t *testing.T) []byte {
	t.Helper()
	data := []byte(example + "# ")
	data = append(data, bytes.Repeat([]byte("x"), 4096-len(data))...)
	if _, err := policy.Parse("policy.yaml", data); err != nil || len(data) != 4096 {
		t.Fatal(len(data), err)
	}
	return data
}

func TestSignedPolicyIsTaken(t *testing.T) {
	t.Parallel()
	keys, data := newKeys(t, "policy.example.org"), padded(t)
	s, err := policy.VerifySignature(data, sign(t, data, 7, keys.signer), keys.verifier)
	if err != nil || s.Serial != 7 || s.Key != "policy.example.org" || s.Hash != parse(t, string(data)).Hash() {
		t.Errorf("%+v %v", s, err)
	}
}

// One bit of every byte of the policy, and every bit of the signature file.
func TestEveryFlippedByteIsRefused(t *testing.T) {
	t.Parallel()
	keys, data := newKeys(t, "policy.example.org"), padded(t)
	signed := sign(t, data, 7, keys.signer)
	refused := func(what string, text []byte, at, bits int, check func() error) {
		t.Helper()
		for bit := range bits {
			text[at] ^= 1 << bit
			if check() == nil {
				t.Errorf("bit %d of byte %d of %s was flipped, and nobody saw", bit, at, what)
			}
			text[at] ^= 1 << bit
		}
	}
	check := func() error { _, err := policy.VerifySignature(data, signed, keys.verifier); return err }
	for at := range data {
		refused("the policy", data, at, 1, check)
	}
	for at := range signed {
		refused("the signature", signed, at, 8, check)
	}
	if err := check(); err != nil {
		t.Error("nothing is flipped any more:", err)
	}
}

func TestWhatIsNotTheSignatureIsRefused(t *testing.T) {
	t.Parallel()
	keys, other, data := newKeys(t, "policy.example.org"), newKeys(t, "policy.example.org"), padded(t)
	signed := sign(t, data, 7, keys.signer)
	raw := func(text string) []byte {
		n, err := note.Sign(&note.Note{Text: text}, keys.signer)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	both, err := note.Sign(&note.Note{Text: string(signed[:bytes.Index(signed, []byte("\n\n"))+1])}, keys.signer, newKeys(t, "second.example.org").signer)
	if err != nil {
		t.Fatal(err)
	}
	hash := parse(t, string(data)).Hash()
	for name, bad := range map[string][]byte{
		"nothing":             nil,
		"half of it":          signed[:len(signed)/2],
		"an end cut off":      signed[:len(signed)-1],
		"a byte more":         append(bytes.Clone(signed), '\n'),
		"CRLF":                bytes.ReplaceAll(signed, []byte("\n"), []byte("\r\n")),
		"another key":         sign(t, data, 7, other.signer),
		"two signatures":      both,
		"of another policy":   sign(t, []byte(example), 7, keys.signer),
		"another note":        raw("handrail checkpoint\nsha256 " + hash + "\nserial 7\n"),
		"a serial of zero":    raw("handrail policy\nsha256 " + hash + "\nserial 0\n"),
		"a serial with zeros": raw("handrail policy\nsha256 " + hash + "\nserial 007\n"),
		"a plus":              raw("handrail policy\nsha256 " + hash + "\nserial +7\n"),
		"more lines":          raw("handrail policy\nsha256 " + hash + "\nserial 7\nserial 8\n"),
		"capitals":            raw("handrail policy\nsha256 " + strings.ToUpper(hash) + "\nserial 7\n"),
	} {
		if _, err := policy.VerifySignature(data, bad, keys.verifier); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := policy.VerifySignature(data, nil, keys.verifier); !errors.Is(err, policy.ErrUnsigned) {
		t.Error(err)
	}
	if _, err := policy.VerifySignature(data, sign(t, data, 7, newKeys(t, "else.example.org").signer), keys.verifier); !errors.Is(err, policy.ErrOtherKey) {
		t.Error(err)
	}
	if _, err := policy.Sign(data, 0, keys.signer); err == nil {
		t.Error("a serial of 0 is signed")
	}
}
