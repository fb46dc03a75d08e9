package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"handrail/local/ssmserver"
	"handrail/runbook"
)

type runbookRunCmd struct {
	File        string   `arg:"" help:"The runbook, in JSON or YAML."`
	Parameters  []string `arg:"" optional:"" name:"key=value" help:"Its parameters; a list takes commas, or the key again."`
	Documents   string   `help:"A folder of runbooks that this one may start." type:"existingdir" placeholder:"DIR"`
	Stubs       string   `help:"A YAML file of answers to AWS operations, such as ec2.DescribeInstances." type:"existingfile" placeholder:"FILE"`
	AWSEndpoint string   `help:"Pass every AWS call of the runbook on to this address, such as that of moto_server." name:"aws-endpoint" placeholder:"URL"`
	Region      string   `help:"The Region of {{ global:REGION }}, of ARNs and of AWS calls." default:"eu-west-1"`
	Approve     bool     `help:"Approve what waits for an approval, and resume what is paused."`
	Output      string   `short:"o" help:"text, or json for the execution as the API has it." enum:"text,json" default:"text"`
}

// Run runs one document on a local SSM of its own. An interrupt cancels the execution.
func (c *runbookRunCmd) Run(ctx context.Context, io streams) error {
	content, err := os.ReadFile(c.File)
	if err != nil {
		return usage("reading the runbook: %w", err)
	}
	document, err := runbook.Parse(content)
	if err != nil {
		return usageError{inFile(c.File, err)}
	}
	parameters, err := givenParameters(document, c.Parameters, ssmserver.DefaultRole(ssmserver.DefaultAccount, c.Region))
	if err != nil {
		return err
	}
	stubs, err := readStubs(c.Stubs)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening on loopback: %w", err)
	}
	p := &printer{out: io.out, began: time.Now(), depth: map[string]int{}, begun: map[string]bool{}}
	if c.Output == "json" {
		p.out = io.err
	}
	r := &localRun{url: "http://" + l.Addr().String(), approve: c.Approve, printer: p, changes: make(chan ssmserver.Change, 1024), ended: make(chan struct{})}
	srv, err := ssmserver.New(ssmserver.Options{Region: c.Region, Documents: c.Documents, URL: r.url, Stubs: stubs, AWSEndpoint: c.AWSEndpoint, Observe: r.observe,
		Log: logConfig{Level: "info"}.open(io.err)})
	if err != nil {
		return errors.Join(usageError{err}, l.Close())
	}
	name := documentName(c.File)
	if err := srv.Load(name, string(content)); err != nil {
		return errors.Join(usageError{inFile(c.File, err)}, l.Close())
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var g errgroup.Group
	g.Go(func() error { return serveSSM(serving, l, srv) })
	e, err := r.run(ctx, srv, name, parameters, document)
	stop()
	if err := errors.Join(err, g.Wait()); err != nil {
		return err
	}
	return c.report(io, e)
}

// report says how it ended; anything but Success is an error.
func (c *runbookRunCmd) report(io streams, e localExecution) error {
	if c.Output == "json" {
		if err := writeJSON(io.out, json.RawMessage(e.raw)); err != nil {
			return err
		}
	}
	if e.AutomationExecutionStatus != "Success" {
		return fmt.Errorf("the runbook ended as %s", e.AutomationExecutionStatus)
	}
	return nil
}

// inFile puts the file's name in front of each problem, as compilers do.
func inFile(file string, err error) error {
	var lines []error
	for _, p := range runbook.Problems(err) {
		place := file + ":"
		if p.Line == 0 {
			place += " "
		}
		lines = append(lines, fmt.Errorf("%s%s", place, p))
	}
	if lines == nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return errors.Join(lines...)
}

var notInNames = regexp.MustCompile(`[^a-zA-Z0-9_.-]+`)

// documentName makes a document's name, which has 3 to 128 characters, of a file's.
func documentName(file string) string {
	name := filepath.Base(file)
	name = notInNames.ReplaceAllString(strings.TrimSuffix(name, filepath.Ext(name)), "-")
	if len(name) < 3 {
		name = "runbook-" + name
	}
	return name[:min(len(name), 128)]
}

// givenParameters reads key=value as the API has it. A role parameter that nobody gives is the local account's role.
func givenParameters(d *runbook.Document, given []string, localRole string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, text := range given {
		key, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, usage("%q is no parameter; write it as key=value", text)
		}
		p, known := d.Parameter(key)
		switch {
		case !known:
			return nil, usage("the runbook has no parameter %q; it has %s", key, parameterNames(d))
		case p.List() && !strings.HasPrefix(value, "[") && !strings.HasPrefix(value, "{"):
			out[key] = append(out[key], strings.Split(value, ",")...)
		case out[key] != nil && !p.List():
			return nil, usage("%s is given twice, and takes one value", key)
		default:
			out[key] = append(out[key], value)
		}
	}
	if role := d.Role(); role.Kind == runbook.RoleParameter && out[role.Parameter] == nil {
		out[role.Parameter] = []string{localRole}
	}
	if _, err := d.Bind(out); err != nil {
		return nil, usageError{err}
	}
	return out, nil
}

func parameterNames(d *runbook.Document) string {
	var names []string
	for _, p := range d.Parameters {
		names = append(names, p.Name)
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}

// localExecution is what a run looks at in GetAutomationExecution's answer.
type localExecution struct {
	AutomationExecutionStatus string
	FailureMessage            string
	Outputs                   map[string][]string
	StepExecutions            []struct{ StepName, Action, StepStatus string }
	raw                       json.RawMessage
}

// localRun follows one execution on a local SSM.
type localRun struct {
	url     string
	approve bool
	printer *printer
	changes chan ssmserver.Change
	ended   chan struct{}
}

// observe hands a change over. Once nobody reads any more, it is dropped.
func (r *localRun) observe(c ssmserver.Change) {
	select {
	case r.changes <- c:
	case <-r.ended:
	}
}

func (r *localRun) run(ctx context.Context, srv *ssmserver.Server, name string, parameters map[string][]string, d *runbook.Document) (localExecution, error) {
	defer close(r.ended)
	r.printer.title(name, d, r.url, parameters)
	in := map[string]any{"DocumentName": name}
	if len(parameters) > 0 { // the API refuses an empty map
		in["Parameters"] = parameters
	}
	var started struct {
		ID string `json:"AutomationExecutionId"`
	}
	if err := r.call("StartAutomationExecution", in, &started); err != nil {
		return localExecution{}, err
	}
	id := started.ID
	if err := r.follow(ctx, srv, id); err != nil {
		return localExecution{}, err
	}
	var got struct{ AutomationExecution json.RawMessage }
	if err := r.call("GetAutomationExecution", map[string]any{"AutomationExecutionId": id}, &got); err != nil {
		return localExecution{}, err
	}
	e := localExecution{raw: got.AutomationExecution}
	if err := json.Unmarshal(e.raw, &e); err != nil {
		return e, fmt.Errorf("reading the execution: %w", err)
	}
	r.printer.end(e)
	return e, nil
}

// follow prints every change until the execution has ended.
func (r *localRun) follow(ctx context.Context, srv *ssmserver.Server, id string) error {
	interrupted := ctx.Done()
	for {
		select {
		case <-interrupted:
			interrupted = nil
			r.printer.say("cancelling, for at most two minutes")
			if err := r.call("StopAutomationExecution", map[string]any{"AutomationExecutionId": id, "Type": "Cancel"}, nil); err != nil {
				return err
			}
		case c := <-r.changes:
			r.printer.change(c)
			if c.Step != "" && c.StepStatus == "Waiting" {
				if err := r.waiting(srv, c); err != nil {
					return err
				}
			}
			if c.Step == "" && c.ExecutionID == id && !c.Ended.IsZero() {
				return nil
			}
		}
	}
}

// call does one operation over the wire.
func (r *localRun) call(operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("writing the request: %w", err)
	}
	request, err := http.NewRequest(http.MethodPost, r.url+"/", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "AmazonSSM."+operation)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=local/20060102/eu-west-1/ssm/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("calling %s: %w", operation, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		var refused struct{ Message string }
		if err := json.NewDecoder(response.Body).Decode(&refused); err != nil {
			return fmt.Errorf("%s: status %d", operation, response.StatusCode)
		}
		return fmt.Errorf("%s: %s", operation, refused.Message)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", operation, err)
	}
	return nil
}
