package ssmserver

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"handrail/local/ssmserver/cloud"
	"handrail/runbook"
)

// Identity is whom an access key stands for.
type Identity struct {
	// ARN is the identity as STS spells it: of a user, of an assumed role's session, of a federated user, or of root.
	ARN string
	// Secret is the key's secret. Only the verification of signatures looks at it, and then every key needs one.
	Secret string
	// Token is the session token that calls must bring along, "" for a key that lasts.
	Token string
}

// Role is an IAM role of the local account.
type Role struct {
	// ARN is such as arn:aws:iam::123456789012:role/AmazonSSMAutomationRole.
	ARN string
	// Trusts are the service principals of its trust policy; nil means ssm.amazonaws.com alone.
	Trusts []string
}

const ssmPrincipal = "ssm.amazonaws.com"

func (r Role) trusts(service string) bool {
	return r.Trusts == nil && service == ssmPrincipal || slices.Contains(r.Trusts, service)
}

// assumable says whether SSM may run as a role: one of the account's own that trusts it.
func (s *Server) assumable(role string) bool {
	return slices.ContainsFunc(s.options.Roles, func(r Role) bool {
		return r.ARN == role && r.trusts(ssmPrincipal) && strings.HasPrefix(role[strings.Index(role, "::")+2:], s.options.Account+":")
	})
}

var (
	identityPattern = regexp.MustCompile(`^arn:aws[a-z-]*:(iam::[0-9]{12}:(root|user/[\w+=,.@/-]{1,575})|` +
		`sts::[0-9]{12}:(assumed-role/[\w+=,.@-]{1,64}/[\w+=,.@-]{2,64}|federated-user/[\w+=,.@-]{2,32}))$`)
	accessKeyPattern = regexp.MustCompile(`^\w{1,128}$`)
)

func (i Identity) check(key string, verify bool) error {
	switch {
	case !accessKeyPattern.MatchString(key):
		return fmt.Errorf("access key %q: one has 1 to 128 letters, digits and underscores", key)
	case !identityPattern.MatchString(i.ARN):
		return fmt.Errorf("access key %s: %q is no ARN of a user, an assumed role's session, a federated user or root", key, i.ARN)
	case verify && i.Secret == "":
		return fmt.Errorf("access key %s: its signatures cannot be verified without its secret", key)
	}
	return nil
}

// checkIdentities looks over the tables of who may call and what can be assumed.
func (o Options) checkIdentities() error {
	var problems []error
	if o.VerifySignatures && o.Callers == nil {
		problems = append(problems, errors.New("signatures can be verified only for callers that are listed with their secrets"))
	}
	for _, key := range slices.Sorted(maps.Keys(o.Callers)) {
		problems = append(problems, o.Callers[key].check(key, o.VerifySignatures))
	}
	for _, r := range o.Roles {
		if !runbook.IsRoleARN(r.ARN) {
			problems = append(problems, fmt.Errorf("role %q: that is no ARN of a role", r.ARN))
		}
	}
	return errors.Join(problems...)
}

// caller is who signed a request.
type caller struct {
	arn string
	// region is the one in the signature's scope.
	region string
	// execution is the one whose step calls, nil for a client. run is set, too, for a script that calls with the key of its step.
	execution *execution
	run       *stepRun
}

// sessionKey are the temporary credentials of a step that runs a script.
type sessionKey struct{ access, secret, token string }

// keyring knows whom each access key stands for.
type keyring struct {
	// others is the ARN of every key that is not listed, "" if those are refused.
	others string
	verify bool

	mu   sync.Mutex
	keys map[string]ringKey
}

type ringKey struct {
	caller
	secret, token string
	// minted keys must always come with their token.
	minted bool
}

func newKeyring(o Options) *keyring {
	k := &keyring{verify: o.VerifySignatures, keys: map[string]ringKey{}}
	if o.Callers == nil {
		k.others = "arn:" + cloud.Partition(o.Region) + ":sts::" + o.Account + ":assumed-role/handrail/local"
	}
	for key, i := range o.Callers {
		k.keys[key] = ringKey{caller: caller{arn: i.ARN}, secret: i.Secret, token: i.Token}
	}
	return k
}

// mint makes credentials whose calls count as e's, and are written to its ledger under the step of run. They are good
// until they are revoked.
func (k *keyring) mint(e *execution, run *stepRun) sessionKey {
	out := sessionKey{access: "ASIA" + rand.Text()[:16], secret: rand.Text() + rand.Text()[:14], token: rand.Text() + rand.Text()}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[out.access] = ringKey{caller: caller{arn: e.identity, execution: e, run: run}, secret: out.secret, token: out.token, minted: true}
	return out
}

// revoke makes a minted key one that nobody knows.
func (k *keyring) revoke(access string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, access)
}

// find gives whom a key stands for. ok is false for a key that is refused.
func (k *keyring) find(access, token string) (ringKey, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, listed := k.keys[access]
	if !listed {
		return ringKey{caller: caller{arn: k.others}}, k.others != ""
	}
	if (k.verify || found.minted) && subtle.ConstantTimeCompare([]byte(found.token), []byte(token)) == 0 {
		return ringKey{}, false
	}
	return found, true
}
