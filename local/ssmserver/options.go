package ssmserver

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"time"

	"handrail/local/ssmserver/cloud"
)

// Options say what account the server plays. The zero value is a complete one.
type Options struct {
	// Account is the 12-digit account; "" means 123456789012.
	Account string
	// Region is the one of {{ global:REGION }}, of ARNs and of AWS calls, whichever clients sign for; "" means eu-west-1.
	Region string
	// Fleet are the EC2 instances; nil means cloud.DefaultFleet.
	Fleet []cloud.Instance
	// StopTime, StartTime and CheckTime are how long an instance takes to stop or terminate, to start, and to pass its
	// status checks after that. 0 means 2.5 s, 2 s and 500 ms.
	StopTime, StartTime, CheckTime time.Duration
	// Documents is a folder whose .json, .yml and .yaml files become documents of the account, named after the files;
	// "" means none.
	Documents string
	// Callers are the access keys that may call. Nil means that any key may and is
	// arn:aws:sts::ACCOUNT:assumed-role/handrail/local; otherwise keys that are not listed are refused.
	Callers map[string]Identity
	// VerifySignatures refuses calls whose Signature Version 4 is not right. It needs Callers, each with its secret.
	VerifySignatures bool
	// Roles are the roles of the account; nil means DefaultRole alone, which trusts ssm.amazonaws.com.
	Roles []Role
	// Stubs are answers to AWS operations, which come before those of the cloud and of this server itself.
	Stubs Stubs
	// Quotas throttles calls as AWS does, 1 or 3 a second for each operation and Region, and lets 100 executions run at
	// once. Without it nothing waits and nothing is refused.
	Quotas bool
	// URL is this server's own address, such as http://127.0.0.1:8081, where scripts find AWS; "" means that they are told of
	// none.
	URL string
	// AWSEndpoint is the address of a service that speaks AWS's protocols and takes any credentials, such as moto_server.
	// Every AWS operation of a runbook goes there, those of its scripts included; "" means that this server answers them.
	AWSEndpoint string
	// Python is the interpreter of scripts and of AWSEndpoint, a path or a name on the PATH; "" means python3.
	Python string
	// MaxExecutions is how many executions are kept; then the oldest finished ones are forgotten. 0 means 10,000.
	MaxExecutions int
	// Observe is told every new status of executions and steps, in order. It must return at once and must not call the
	// server. Nil means that nobody listens.
	Observe func(Change)
	// Log gets what a developer should notice, such as unknown operations; nil means none.
	Log *slog.Logger
}

// DefaultAccount is the account of the zero Options.
const DefaultAccount = "123456789012"

// DefaultRole is the ARN of the role that an account has if Options.Roles says nothing.
func DefaultRole(account, region string) string {
	return "arn:" + cloud.Partition(region) + ":iam::" + account + ":role/AmazonSSMAutomationRole"
}

var accountPattern = regexp.MustCompile(`^[0-9]{12}$`)

func (o Options) withDefaults() (Options, error) {
	o.Account = cmp.Or(o.Account, DefaultAccount)
	o.Region = cmp.Or(o.Region, "eu-west-1")
	o.StopTime = cmp.Or(o.StopTime, 2500*time.Millisecond)
	o.StartTime = cmp.Or(o.StartTime, 2*time.Second)
	o.CheckTime = cmp.Or(o.CheckTime, 500*time.Millisecond)
	o.MaxExecutions = cmp.Or(o.MaxExecutions, 10_000)
	if o.Roles == nil {
		o.Roles = []Role{{ARN: DefaultRole(o.Account, o.Region)}}
	}
	o.Roles, o.Callers = slices.Clone(o.Roles), maps.Clone(o.Callers)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if !accountPattern.MatchString(o.Account) {
		return o, fmt.Errorf("account %q: an account has 12 digits", o.Account)
	}
	if !regionPattern.MatchString(o.Region) {
		return o, fmt.Errorf("region %q: a Region looks like eu-west-1", o.Region)
	}
	if min(o.StopTime, o.StartTime, o.CheckTime) < 0 || o.MaxExecutions < 0 {
		return o, fmt.Errorf("times and limits must not be negative")
	}
	if err := errors.Join(checkAddress("URL", o.URL), checkAddress("AWS endpoint", o.AWSEndpoint)); err != nil {
		return o, err
	}
	return o, o.checkIdentities()
}

func checkAddress(name, address string) error {
	u, err := url.Parse(address)
	if address == "" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return nil
	}
	return fmt.Errorf("%s %q: an address looks like http://127.0.0.1:5000", name, address)
}
