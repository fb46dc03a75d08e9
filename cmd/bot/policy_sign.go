package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"handrail/policy"
)

type policySignCmd struct {
	File   string `arg:"" optional:"" help:"The policy file." default:"policy.yaml"`
	Key    string `help:"The private key that bot keygen wrote." required:"" placeholder:"FILE"`
	Serial int64  `help:"Number of this policy, higher than any before; one more than that of the signature file that is there if not given." placeholder:"N"`
}

// Run signs a policy that has no mistakes, into the file beside it.
func (c *policySignCmd) Run(io streams) error {
	f, err := policySource{path: c.File}.read()
	if err != nil {
		return err
	}
	key, err := readSigner(c.Key)
	if err != nil {
		return err
	}
	target := c.File + policy.SignatureSuffix
	if c.Serial == 0 {
		if c.Serial, err = nextSerial(target); err != nil {
			return err
		}
	}
	if c.Serial < 1 {
		return usage("--serial is %d, and begins with 1", c.Serial)
	}
	signed, err := policy.Sign(f.content, c.Serial, key)
	if err != nil {
		return err
	}
	if err := replaceFile(target, signed); err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "%s is signed by %s in %s: serial %d, sha256 %s\n", c.File, key.Name(), target, c.Serial, f.policy.Hash())
	return err
}

var serialLine = regexp.MustCompile(`(?m)^serial ([1-9][0-9]{0,17})$`)

// nextSerial is one more than the signature file has. The file is not verified: the serial that is wrong here is refused
// by the bot that remembers the newest.
func nextSerial(path string) (int64, error) {
	text, err := readBounded(path, maxSignature)
	if errors.Is(err, os.ErrNotExist) {
		return 1, nil
	}
	if err != nil {
		return 0, usage("reading the last signature: %w", err)
	}
	m := serialLine.FindSubmatch(text)
	if m == nil {
		return 0, usage("%s has no serial that could be counted on; give --serial", path)
	}
	n, err := strconv.ParseInt(string(m[1]), 10, 64)
	return n + 1, err
}

// replaceFile writes a file in one step, so that nobody reads half of it.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
