package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"handrail/automation"
	"handrail/policy"
	"handrail/store"
)

type runsCmd struct {
	List runsListCmd `cmd:"" help:"List executions, newest first."`
	Show runsShowCmd `cmd:"" help:"Show one execution with its steps and its decision."`
}

type runsListCmd struct {
	Config     string        `help:"The configuration file." default:"handrail.yaml" type:"path" placeholder:"FILE"`
	Runbook    string        `help:"Only this runbook." placeholder:"NAME"`
	By         string        `help:"Only what this Slack user asked for." placeholder:"USER-ID"`
	Open       bool          `help:"Only what is not over."`
	Parked     bool          `help:"Only what was set aside for an operator."`
	BreakGlass bool          `help:"Only what ran under a rule for emergencies."`
	Since      time.Duration `help:"Only what was asked for since then, such as 24h." placeholder:"DURATION"`
	Limit      int           `help:"At most this many." default:"50"`
	Output     string        `short:"o" help:"table, json or csv." enum:"table,json,csv" default:"table"`
}

// Run prints executions. It may run beside a serving bot.
func (c *runsListCmd) Run(ctx context.Context, io streams) (err error) {
	if c.Limit < 1 || c.Limit > 10_000 {
		return usage("--limit is %d; use 1 to 10000", c.Limit)
	}
	db, _, err := openToRead(ctx, c.Config, "", io)
	if err != nil {
		return err
	}
	defer closing(db, &err)
	q := automation.Query{Runbook: c.Runbook, Requester: c.By, Open: c.Open, Parked: c.Parked, BreakGlass: c.BreakGlass, Limit: c.Limit}
	if c.Since > 0 {
		q.Since = time.Now().Add(-c.Since)
	}
	xs, err := db.Executions(ctx, q)
	if err != nil {
		return err
	}
	switch c.Output {
	case "json":
		runs := make([]runView, 0, len(xs))
		for _, x := range xs {
			runs = append(runs, view(x))
		}
		return writeJSON(io.out, map[string]any{"runs": runs})
	case "csv":
		return writeCSV(io.out, xs)
	}
	return writeTable(io.out, xs)
}

// openToRead opens the store at url for reading, or that of a configuration if url is "", and returns the configuration as
// well, nil if it was not asked. It may run beside a serving bot.
func openToRead(ctx context.Context, path, url string, io streams) (*store.DB, *config, error) {
	if url != "" {
		if !storeURL(url) {
			return nil, nil, usage("--store must begin with sqlite: or postgres://, such as sqlite:handrail.db")
		}
		db, err := store.Open(ctx, store.Options{URL: url, ReadOnly: true})
		return db, nil, err
	}
	cfg, err := storeOf(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	db, err := store.Open(ctx, store.Options{URL: string(cfg.Store.URL), ReadOnly: true, Log: cfg.Log.open(io.err)})
	return db, cfg, err
}

type runsShowCmd struct {
	ID     string `arg:"" help:"The execution's ID, such as r-7f3k2ab."`
	Config string `help:"The configuration file." default:"handrail.yaml" type:"path" placeholder:"FILE"`
	Output string `short:"o" help:"table or json." enum:"table,json" default:"table"`
}

// Run prints one execution.
func (c *runsShowCmd) Run(ctx context.Context, io streams) (err error) {
	db, _, err := openToRead(ctx, c.Config, "", io)
	if err != nil {
		return err
	}
	defer closing(db, &err)
	x, err := db.Execution(ctx, c.ID)
	if errors.Is(err, automation.ErrNotFound) {
		return fmt.Errorf("there is no execution %q; bot runs list shows the latest", c.ID)
	}
	if err != nil {
		return err
	}
	rs, err := db.Records(ctx, store.RecordQuery{Execution: x.ID})
	if err != nil {
		return err
	}
	if c.Output == "json" {
		return writeJSON(io.out, map[string]any{"run": view(x), "steps": x.Steps, "request": x.Request, "decisions": recordViews(rs)})
	}
	return writeRun(io.out, x, rs)
}

// runView is an execution as scripts read it: JSON keys are a contract.
type runView struct {
	ID         string              `json:"id"`
	Ref        string              `json:"ref"`
	State      automation.State    `json:"state"`
	Runbook    string              `json:"runbook"`
	Parameters map[string][]string `json:"parameters,omitempty"`
	Reason     string              `json:"reason,omitempty"`
	Requester  string              `json:"requester"`
	Channel    string              `json:"channel"`
	Document   string              `json:"document"`
	Version    string              `json:"document_version"`
	SHA256     string              `json:"sha256"`
	Role       string              `json:"role"`
	Region     string              `json:"region"`
	AWSID      string              `json:"aws_execution_id,omitempty"`
	AWSStatus  string              `json:"aws_status,omitempty"`
	Rule       string              `json:"rule"`
	Decision   string              `json:"decision"`
	Note       string              `json:"note,omitempty"`
	Failure    string              `json:"failure,omitempty"`
	Parked     string              `json:"parked,omitempty"`
	CancelBy   string              `json:"cancel_by,omitempty"`
	CreatedAt  time.Time           `json:"created_at"`
	StartedAt  time.Time           `json:"started_at,omitzero"`
	EndedAt    time.Time           `json:"ended_at,omitzero"`
}

func view(x *automation.Execution) runView {
	return runView{ID: x.ID, Ref: x.Ref, State: x.State, Runbook: x.Runbook, Parameters: x.Parameters, Reason: x.Reason, Requester: x.Requester,
		Channel: x.Channel, Document: x.Request.DocumentName, Version: x.Request.DocumentVersion, SHA256: x.SHA256, Role: x.Role,
		Region: x.Region, AWSID: x.AWSID, AWSStatus: x.AWSStatus, Rule: x.Rule, Decision: x.Decision, Note: x.Note, Failure: x.Failure,
		Parked: x.Parked, CancelBy: x.CancelBy, CreatedAt: x.CreatedAt.UTC(), StartedAt: x.StartedAt.UTC(), EndedAt: x.EndedAt.UTC()}
}

func recordViews(rs []policy.Record) []map[string]any {
	views := make([]map[string]any, 0, len(rs))
	for _, r := range rs {
		views = append(views, map[string]any{"id": r.ID, "at": r.At.UTC(), "action": r.Action, "entry": r.Entry, "actor": r.Actor,
			"channel": r.Channel, "allowed": r.Allowed, "code": r.Code, "rule": r.Rule, "sentence": r.Sentence, "policy": r.Policy})
	}
	return views
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func writeTable(w io.Writer, xs []*automation.Execution) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tSTATE\tRUNBOOK\tASKED BY\tAT\tTOOK\tPARAMETERS")
	for _, x := range xs {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.Ref, x.State, x.Runbook, x.Requester,
			x.CreatedAt.UTC().Format(time.RFC3339), took(x.StartedAt, x.EndedAt), flat(x.Parameters))
	}
	return t.Flush()
}

func took(from, to time.Time) string {
	if from.IsZero() || to.IsZero() {
		return "-"
	}
	return to.Sub(from).Round(100 * time.Millisecond).String()
}

// flat shows parameters on one line, with anything that could upset a terminal quoted.
func flat(ps map[string][]string) string {
	var out []string
	for name, values := range ps {
		out = append(out, fmt.Sprintf("%s=%s", name, printable(strings.Join(values, ","))))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// printable quotes text that holds control characters, so that it cannot steer a terminal.
func printable(s string) string {
	q := fmt.Sprintf("%q", s)
	if q[1:len(q)-1] == s {
		return s
	}
	return q
}

// writeCSV writes one row an execution, with cells that a spreadsheet would take for a formula made plain.
func writeCSV(w io.Writer, xs []*automation.Execution) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"id", "ref", "state", "runbook", "parameters", "requester", "channel", "aws_execution_id", "created_at", "started_at", "ended_at"}}
	for _, x := range xs {
		rows = append(rows, []string{x.ID, x.Ref, string(x.State), x.Runbook, neutral(flat(x.Parameters)), x.Requester, x.Channel, x.AWSID,
			stamp(x.CreatedAt), stamp(x.StartedAt), stamp(x.EndedAt)})
	}
	return c.WriteAll(rows)
}

func neutral(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func writeRun(w io.Writer, x *automation.Execution, rs []policy.Record) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, value)
		}
	}
	row("ID", x.Ref+"  "+x.ID)
	row("state", string(x.State))
	row("note", x.Note)
	row("runbook", fmt.Sprintf("%s (%s version %s, sha256 %s)", x.Runbook, x.Request.DocumentName, x.Request.DocumentVersion, x.SHA256))
	row("parameters", flat(x.Parameters))
	row("role", x.Role)
	row("asked by", fmt.Sprintf("%s in %s at %s", x.Requester, x.Channel, stamp(x.CreatedAt)))
	row("reason", printable(x.Reason))
	row("AWS", strings.TrimSpace(x.AWSID+" "+x.AWSStatus+" in "+x.Region))
	row("took", took(x.StartedAt, x.EndedAt))
	row("failure", printable(x.Failure))
	row("parked", x.Parked)
	for _, s := range x.Steps {
		row("step", fmt.Sprintf("%s (%s) %s %s %s", s.Name, s.Action, s.Status, took(s.StartedAt, s.EndedAt), printable(s.Failure)))
	}
	for _, r := range slices.Backward(rs) {
		row("decision", fmt.Sprintf("%s %s %s: %s", stamp(r.At), r.ID, r.Code, r.Sentence))
	}
	return t.Flush()
}
