package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"handrail/automation"
	"handrail/commands"
	"handrail/policy"
	"handrail/runbook"
)

type policyCmd struct {
	Check   policyCheckCmd   `cmd:"" help:"Check a policy file; every mistake with its line and column."`
	Schema  policySchemaCmd  `cmd:"" help:"Print the JSON Schema of policy files, for editors."`
	Sign    policySignCmd    `cmd:"" help:"Sign a policy, for bots whose configuration has a policy_key."`
	Test    policyTestCmd    `cmd:"" help:"Ask a policy the questions beside it, or those of the past, and compare the answers."`
	Explain policyExplainCmd `cmd:"" help:"Say what the policy decides for a person, a channel and a runbook, and why."`
}

type policyCheckCmd struct {
	File string `arg:"" optional:"" help:"The policy file." default:"policy.yaml"`
}

// Run prints what the policy holds, or its mistakes.
func (c *policyCheckCmd) Run(io streams) error {
	p, err := readPolicy(c.File)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(io.out, "%s is right: %s, %s, %s, %s; sha256 %s\n", c.File, count(len(p.Identities()), "identity", "identities"),
		count(len(p.Groups()), "group", "groups"), count(len(p.Runbooks()), "runbook", "runbooks"), count(len(p.Grants()), "grant", "grants"), p.Hash())
	return err
}

type policySchemaCmd struct{}

// Run prints the schema.
func (policySchemaCmd) Run(io streams) error {
	_, err := io.out.Write(policy.Schema())
	return err
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

type policyExplainCmd struct {
	File    string   `help:"The policy file." default:"policy.yaml" placeholder:"FILE"`
	Config  string   `help:"A configuration, to ask AWS for the document. Without it the document is taken to be as the policy pins it." placeholder:"FILE"`
	User    string   `help:"An identity of the policy, or a Slack user ID." required:""`
	Channel string   `help:"A channel: its name, with or without #, or its ID." required:""`
	Runbook string   `help:"The runbook." required:""`
	Cancel  bool     `help:"Ask about cancelling instead of running."`
	Output  string   `short:"o" help:"table or json." enum:"table,json" default:"table"`
	Values  []string `arg:"" optional:"" help:"Parameters, as in Slack: key=value." name:"key=value"`
}

// Run prints the decision. It ends with 3 if that is a no.
func (c *policyExplainCmd) Run(ctx context.Context, io streams) error {
	p, err := readPolicy(c.File)
	if err != nil {
		return err
	}
	r, err := c.request(p)
	if err != nil {
		return err
	}
	if rb, ok := p.Runbook(c.Runbook); ok && !c.Cancel {
		if r.Document, err = c.document(ctx, rb); err != nil {
			return err
		}
	}
	d := policy.Decide(p, r)
	if err := c.print(io, d); err != nil {
		return err
	}
	if !d.Allowed() {
		return errDenied
	}
	return nil
}

// channelID tells an ID from a name: names have no capitals.
var channelID = regexp.MustCompile(`^[CGD][A-Z0-9]{5,}$`)

func (c *policyExplainCmd) request(p *policy.Policy) (*policy.Request, error) {
	id := c.User
	if slack, ok := p.Person(c.User); ok {
		id = slack
	}
	r := &policy.Request{Action: policy.Run, Entry: policy.ByCommand, Runbook: c.Runbook, Parameters: map[string][]string{}, At: time.Now(),
		Actor: policy.Actor{ID: id, Standing: policy.StandingMember}, Channel: policy.Channel{ID: c.Channel, Known: true}}
	if !channelID.MatchString(c.Channel) {
		r.Channel = policy.Channel{ID: "C00000000", Name: strings.TrimPrefix(c.Channel, "#"), Known: true}
	}
	if c.Cancel {
		r.Action, r.Execution = policy.Cancel, "an execution"
	}
	for _, arg := range c.Values {
		words, err := commands.Split(arg)
		if err != nil || len(words) != 1 || words[0].Key == "" {
			return nil, usage("%q is no key=value", arg)
		}
		r.Parameters[words[0].Key] = append(r.Parameters[words[0].Key], words[0].Value)
	}
	return r, nil
}

// document asks AWS if there is a configuration, and otherwise makes what the policy pins.
func (c *policyExplainCmd) document(ctx context.Context, rb *policy.Runbook) (*policy.Document, error) {
	if c.Config == "" {
		return pinned(rb)
	}
	cfg, err := loadConfig(c.Config)
	if err != nil {
		return nil, err
	}
	aws, err := cfg.AWS.load(ctx)
	if err != nil {
		return nil, err
	}
	client := automation.NewClient(automation.ClientOptions{Config: aws, EndpointURL: cfg.AWS.EndpointURL})
	return automation.NewCatalogue(client, cfg.AWS.Region).Look(ctx, rb), nil
}

func (c *policyExplainCmd) print(io streams, d policy.Decision) error {
	e := d.ExplainToKeeper()
	if c.Output == "json" {
		return writeJSON(io.out, map[string]any{"allowed": d.Allowed(), "code": d.Code(), "rule": e.Rule, "sentence": e.Sentence, "decided": e.Decided,
			"near_rule": e.NearRule, "near": e.Near, "missing": e.Missing, "fix": e.Fix, "who": e.Who, "suggestions": e.Suggestions,
			"policy": d.PolicyHash(), "document_assumed": c.Config == "" && !c.Cancel})
	}
	verdict := "no"
	if d.Allowed() {
		verdict = "yes"
	}
	rows := [][2]string{{verdict, e.Sentence}, {"why", e.Decided}, {"code", string(d.Code())}, {"near", e.Near},
		{"missing", e.Missing}, {"fix", e.Fix}, {"who", strings.Join(e.Who, ", ")}}
	for _, row := range rows {
		if strings.TrimSpace(row[1]) == "" {
			continue
		}
		if _, err := fmt.Fprintf(io.out, "%-8s %s\n", row[0], printable(row[1])); err != nil {
			return err
		}
	}
	if c.Config == "" && !c.Cancel {
		_, err := fmt.Fprintln(io.err, "AWS was not asked: the document is taken to be as the policy pins it. --config FILE asks.")
		return err
	}
	return nil
}
