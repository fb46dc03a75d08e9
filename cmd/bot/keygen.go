package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

type keygenCmd struct {
	Name string `arg:"" help:"What the key is called in signatures, such as policy.example.org; no spaces and no +."`
	Key  string `help:"The file to write the private key to. It must not exist." required:"" placeholder:"FILE"`
}

// Run makes a key for signing policies or checkpoints, and prints its public half.
func (c *keygenCmd) Run(io streams) error {
	if c.Name == "" || strings.ContainsAny(c.Name, "+ \t\r\n") || printable(c.Name) != c.Name {
		return usage("%q is no name for a key: it must have no spaces and no +", c.Name)
	}
	private, public, err := note.GenerateKey(rand.Reader, c.Name)
	if err != nil {
		return fmt.Errorf("making a key: %w", err)
	}
	f, err := os.OpenFile(c.Key, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return usage("writing the private key: %w", err)
	}
	if _, err = fmt.Fprintln(f, private); err == nil {
		err = f.Sync()
	}
	if last := f.Close(); err == nil {
		err = last
	}
	if err != nil {
		return fmt.Errorf("writing the private key: %w", err)
	}
	_, err = fmt.Fprintln(io.out, public)
	return err
}

// readSigner reads a private key that bot keygen wrote.
func readSigner(path string) (note.Signer, error) {
	text, err := readBounded(path, 4<<10)
	if err != nil {
		return nil, usage("reading the key: %w", err)
	}
	key, err := note.NewSigner(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, usage("%s is not a private key that bot keygen wrote", path) // its words could hold a part of the key
	}
	return key, nil
}
