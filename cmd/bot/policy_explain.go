package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"handrail/automation"
	"handrail/commands"
	"handrail/policy"
)

type policyExplainCmd struct {
	File       string    `help:"The policy file." default:"policy.yaml" placeholder:"FILE"`
	Config     string    `help:"A configuration, to ask AWS for the document. Without it the document is taken to be as the policy pins it." placeholder:"FILE"`
	User       string    `help:"An identity of the policy, or a Slack user ID." required:""`
	Channel    string    `help:"A channel: its name, with or without #, or its ID." required:""`
	Runbook    string    `help:"The runbook." required:""`
	At         time.Time `help:"When; now if not given." placeholder:"2026-12-24T10:00:00Z"`
	UserGroup  []string  `help:"A Slack user group that the person is in: its ID, or the group's name in the policy. Repeat it for several." placeholder:"GROUP"`
	Shared     bool      `help:"The channel is shared with another organisation."`
	Ask        bool      `help:"Ask about a one-time approval instead of running."`
	Cancel     bool      `help:"Ask about cancelling what somebody else runs instead of running."`
	Lock       bool      `help:"Ask about locking instead of running."`
	BreakGlass bool      `help:"Use a grant for emergencies."`
	Reason     string    `help:"The reason that the person gives." placeholder:"TEXT"`
	Incident   int       `help:"An incident of this severity, 1 to 5, is open in the channel." placeholder:"SEVERITY"`
	ApprovedBy []string  `help:"Who has agreed: an identity or a Slack user ID. Repeat it for several." placeholder:"USER"`
	Output     string    `short:"o" help:"table or json." enum:"table,json" default:"table"`
	Values     []string  `arg:"" optional:"" help:"Parameters, as in Slack: key=value." name:"key=value"`
}

// Run prints the decision. It ends with 3 if that is a no.
func (c *policyExplainCmd) Run(ctx context.Context, io streams) error {
	p, err := readPolicy(c.File)
	if err != nil {
		return err
	}
	asked, err := c.asked(p, io)
	if err != nil {
		return err
	}
	if rb, ok := p.Runbook(c.Runbook); ok && c.Config != "" && c.runs() {
		if asked.Document, err = c.document(ctx, rb); err != nil {
			return err
		}
	}
	d, err := asked.Decide(p, time.Now())
	if err != nil {
		return usageError{err}
	}
	if err := c.print(io, d); err != nil {
		return err
	}
	if !d.Allowed() && !d.Pending() {
		return errDenied
	}
	return nil
}

func (c *policyExplainCmd) runs() bool { return !c.Cancel && !c.Lock }

// channelID tells an ID from a name: names have no capitals.
var channelID = regexp.MustCompile(`^[CGD][A-Z0-9]{5,}$`)

var userID = regexp.MustCompile(`^[UW][A-Z0-9]{2,20}$`)

// unknownUser stands for a person whom the policy does not name.
const unknownUser = "U0UNKNOWN"

func (c *policyExplainCmd) asked(p *policy.Policy, io streams) (*policy.Case, error) {
	asked := &policy.Case{User: policy.Asker{User: c.User, UserGroups: c.UserGroup, Standing: policy.StandingMember}, Channel: c.Channel, Shared: c.Shared,
		Runbook: c.Runbook, Parameters: map[string][]string{}, Action: policy.Run, At: c.At, Reason: c.Reason, BreakGlass: c.BreakGlass}
	if _, ok := p.Person(c.User); !ok && !userID.MatchString(c.User) {
		asked.User.User = unknownUser
		fmt.Fprintf(io.err, "The policy has no identity %s: this is what it says to anybody whom it does not name.\n", printable(c.User))
	}
	if !channelID.MatchString(c.Channel) {
		asked.Channel = "#" + strings.TrimPrefix(c.Channel, "#")
	}
	if c.Incident != 0 {
		asked.Incident = &policy.Incident{ID: "an incident", Severity: c.Incident, Open: true}
	}
	for _, a := range c.ApprovedBy {
		asked.ApprovedBy = append(asked.ApprovedBy, policy.Asker{User: a, Standing: policy.StandingMember})
	}
	for flag, action := range map[policy.Action]bool{policy.Ask: c.Ask, policy.Cancel: c.Cancel, policy.Locking: c.Lock} {
		switch {
		case action && asked.Action != policy.Run:
			return nil, usage("use one of --ask, --cancel and --lock")
		case action:
			asked.Action = flag
		}
	}
	for _, arg := range c.Values {
		words, err := commands.Split(arg)
		if err != nil || len(words) != 1 || words[0].Key == "" {
			return nil, usage("%q is no key=value", arg)
		}
		asked.Parameters[words[0].Key] = append(asked.Parameters[words[0].Key], words[0].Value)
	}
	return asked, nil
}

// document asks AWS.
func (c *policyExplainCmd) document(ctx context.Context, rb *policy.Runbook) (*policy.Document, error) {
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

// verdict is yes, no or approval.
func verdict(d policy.Decision) string {
	return map[string]string{policy.ExpectAllow: "yes", policy.ExpectDeny: "no", policy.ExpectApproval: "approval"}[policy.Verdict(d)]
}

// asks says whether the person may ask for a one-time approval.
func asks(e policy.Explanation) string {
	if !e.Ask {
		return ""
	}
	return e.AskRule + " lets the person ask for a one-time approval."
}

// lookView is a rule that was looked at, as scripts read it: JSON keys are a contract.
type lookView struct {
	Rule    string          `json:"rule"`
	Kind    policy.LookKind `json:"kind"`
	Applies bool            `json:"applies"`
	Why     string          `json:"why"`
}

func looks(e policy.Explanation) []lookView {
	views := []lookView{}
	for _, l := range e.Looked {
		views = append(views, lookView(l))
	}
	return views
}

func printLooked(io streams, e policy.Explanation) error {
	for _, l := range e.Looked {
		sign := "✗"
		if l.Applies {
			sign = "✓"
		}
		if _, err := fmt.Fprintf(io.out, "%s %s %s: %s\n", sign, l.Kind, printable(l.Rule), printable(l.Why)); err != nil {
			return err
		}
	}
	return nil
}

func (c *policyExplainCmd) print(io streams, d policy.Decision) error {
	e := d.ExplainToKeeper()
	assumed := c.Config == "" && c.runs()
	if c.Output == "json" {
		return writeJSON(io.out, map[string]any{"allowed": d.Allowed(), "verdict": verdict(d), "code": d.Code(), "rule": e.Rule, "sentence": e.Sentence,
			"decided": e.Decided, "near_rule": e.NearRule, "near": e.Near, "missing": e.Missing, "fix": e.Fix, "who": e.Who, "suggestions": e.Suggestions,
			"approvers": e.Approvers, "needs": d.Needs(), "may_ask": e.Ask, "ask_rule": e.AskRule, "looked_at": looks(e), "policy": d.PolicyHash(), "document_assumed": assumed})
	}
	rows := [][2]string{{verdict(d), e.Sentence}, {"why", e.Decided}, {"code", string(d.Code())}, {"near", e.Near},
		{"missing", e.Missing}, {"fix", e.Fix}, {"who", strings.Join(e.Who, ", ")}, {"agree", strings.Join(e.Approvers, ", ")}, {"ask", asks(e)}}
	for _, row := range rows {
		if strings.TrimSpace(row[1]) == "" {
			continue
		}
		if _, err := fmt.Fprintf(io.out, "%-8s %s\n", row[0], printable(row[1])); err != nil {
			return err
		}
	}
	if err := printLooked(io, e); err != nil {
		return err
	}
	if assumed {
		_, err := fmt.Fprintln(io.err, "AWS was not asked: the document is taken to be as the policy pins it. --config FILE asks.")
		return err
	}
	return nil
}
