package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/sumdb/note"

	"handrail/policy"
)

// policySource is where the policy is, and who must have signed it.
type policySource struct {
	path string
	key  string // verifier key; "" takes a policy without a signature
}

// policyFile is a policy as it was read.
type policyFile struct {
	policy  *policy.Policy
	content []byte
	signed  []byte // the signature file, nil without a key
	serial  int64  // of the signature, 0 without a key
}

// policySource is the configured one.
func (c *config) policySource() policySource { return policySource{c.Policy, c.PolicyKey} }

// bytes reads the policy and, where it must be signed, its signature; one that is not there is empty.
func (s policySource) bytes() (content, signed []byte, err error) {
	if content, err = readBounded(s.path, policy.MaxSize); err != nil {
		return nil, nil, usage("reading the policy: %w", err)
	}
	if s.key == "" {
		return content, nil, nil
	}
	signed, err = readBounded(s.path+policy.SignatureSuffix, maxSignature)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, usage("reading the signature of the policy: %w", err)
	}
	return content, signed, nil
}

const maxSignature = 64 << 10

// readBounded reads a file and at most one byte more than it may have, which is enough to refuse it.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// read reads the policy whole: nothing of it counts unless all of it is right. Its mistakes are usage errors.
func (s policySource) read() (policyFile, error) {
	content, signed, err := s.bytes()
	if err != nil {
		return policyFile{}, err
	}
	return s.check(content, signed)
}

// check looks at the signature before anything else of the file.
func (s policySource) check(content, signed []byte) (policyFile, error) {
	f := policyFile{content: content, signed: signed}
	if s.key != "" {
		key, err := note.NewVerifier(s.key)
		if err != nil {
			return f, usage("policy_key is not a verifier key: %w", err)
		}
		vouched, err := policy.VerifySignature(content, signed, key)
		if err != nil {
			return f, usageError{fmt.Errorf("%s: %w. Sign it with bot policy sign", s.path, err)}
		}
		f.serial = vouched.Serial
	}
	var err error
	if f.policy, err = policy.Parse(s.path, content); err != nil {
		return f, usageError{err}
	}
	return f, nil
}

// readPolicy reads a policy file, signed or not. Its mistakes are usage errors with file, line and column.
func readPolicy(path string) (*policy.Policy, error) {
	f, err := policySource{path: path}.read()
	return f.policy, err
}
