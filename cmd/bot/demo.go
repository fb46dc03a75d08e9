package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"handrail/audit"
	"handrail/bot"
	"handrail/local/slackserver"
	"handrail/local/ssmserver"
)

//go:embed demo/policy.yaml
var demoPolicy string

type demoCmd struct {
	Listen    string `help:"Address of the local Slack and its page." default:"127.0.0.1:8080"`
	SSMListen string `help:"Address of the local SSM." default:"127.0.0.1:8081" name:"ssm-listen"`
	Data      string `help:"Folder for the database and the policy; a temporary one if not given." type:"path" placeholder:"DIR"`
	NoBrowser bool   `help:"Do not open the page in a browser."`
	Verbose   bool   `short:"v" help:"Show the bot's log."`
}

// Run serves the demo: the real bot, a local Slack and a local SSM, in one process.
func (c *demoCmd) Run(ctx context.Context, io streams) error {
	dir, done, err := c.folder()
	if err != nil {
		return err
	}
	defer done()
	slackListener, err := listen(c.Listen)
	if err != nil {
		return err
	}
	ssmListener, err := listen(c.SSMListen)
	if err != nil {
		return errors.Join(err, slackListener.Close())
	}
	d, err := newDemo(ctx, dir, slackListener, ssmListener, c.log(io))
	if err != nil {
		return errors.Join(err, slackListener.Close(), ssmListener.Close())
	}
	d.greet(io.out)
	if !c.NoBrowser {
		openBrowser(d.page())
	}
	return d.run(ctx)
}

func (c *demoCmd) log(io streams) *slog.Logger {
	if c.Verbose {
		return logConfig{Level: "debug", Format: "text"}.open(io.err)
	}
	return logConfig{Level: "error", Format: "text"}.open(io.err)
}

func (c *demoCmd) folder() (dir string, done func(), err error) {
	if c.Data != "" {
		if err := os.MkdirAll(c.Data, 0o700); err != nil {
			return "", nil, usage("making --data: %w", err)
		}
		return c.Data, func() {}, nil
	}
	dir, err = os.MkdirTemp("", "handrail-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil // nothing is lost if the system keeps it
}

// demo is the three servers of the demo.
type demo struct {
	slack         *slackserver.Server
	ssm           *ssmserver.Server
	slackListener net.Listener
	ssmListener   net.Listener
	parts         *parts
	audit         string // how to verify the audit log
	log           *slog.Logger
}

func newDemo(ctx context.Context, dir string, slackListener, ssmListener net.Listener, log *slog.Logger) (*demo, error) {
	d := &demo{slackListener: slackListener, ssmListener: ssmListener, log: log}
	var err error
	if d.slack, err = slackserver.New(slackserver.Options{BaseURL: "http://" + slackListener.Addr().String(), Commands: slashCommands(), Log: log}); err != nil {
		return nil, err
	}
	if d.ssm, err = ssmserver.New(ssmserver.Options{URL: "http://" + ssmListener.Addr().String(), Log: log}); err != nil {
		return nil, err
	}
	policyFile, err := writeDemoPolicy(dir)
	if err != nil {
		return nil, err
	}
	private, public, err := demoKey(dir)
	if err != nil {
		return nil, err
	}
	const region = "eu-west-1"
	store, checkpoints := "sqlite:"+filepath.Join(dir, "handrail.db"), filepath.Join(dir, "checkpoints.txt")
	d.audit = fmt.Sprintf("bot audit verify --store %s --checkpoints %s --key %s", store, checkpoints, public)
	c := &config{path: filepath.Join(dir, "handrail.yaml"), Policy: policyFile,
		Slack: slackConfig{Mode: bot.Socket, BotToken: secret(d.slack.BotToken()), AppToken: secret(d.slack.AppToken()), APIURL: d.page() + "api/"},
		AWS:   awsConfig{Region: region, EndpointURL: "http://" + ssmListener.Addr().String()},
		Store: storeConfig{URL: secret(store)}, Audit: auditConfig{Key: private, File: checkpoints, Every: "5s"}}
	cfg := aws.Config{Region: region, Credentials: credentials.NewStaticCredentialsProvider("demo", "demo", "")}
	d.parts, err = assemble(ctx, c, cfg, log)
	return d, err
}

// demoKey returns the key that signs the checkpoints of the demo's audit log, and its public half. A folder keeps its key.
func demoKey(dir string) (private secret, public string, err error) {
	file := filepath.Join(dir, "audit.key")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		var made string
		if made, _, err = note.GenerateKey(rand.Reader, "handrail.demo"); err == nil {
			text, err = []byte(made), os.WriteFile(file, []byte(made), 0o600)
		}
	}
	if err == nil {
		public, err = audit.VerifierOf(strings.TrimSpace(string(text)))
	}
	if err != nil {
		return "", "", fmt.Errorf("making the key of the audit log: %w", err)
	}
	return secret(strings.TrimSpace(string(text))), public, nil
}

var demoHash = regexp.MustCompile(`\{\{([A-Za-z0-9-]+)\}\}`)

// writeDemoPolicy pins the local documents as they are in this build.
func writeDemoPolicy(dir string) (string, error) {
	file := filepath.Join(dir, "policy.yaml")
	if err := os.WriteFile(file, []byte(pinLocal(demoPolicy)), 0o600); err != nil {
		return "", fmt.Errorf("writing the demo's policy: %w", err)
	}
	return file, nil
}

// pinLocal puts the hashes of the local documents in place of {{their names}}.
func pinLocal(text string) string {
	return demoHash.ReplaceAllStringFunc(text, func(m string) string {
		sum, _ := ssmserver.DocumentHash(demoHash.FindStringSubmatch(m)[1]) // a missing one fails the policy's check
		return sum
	})
}

func (d *demo) page() string { return "http://" + d.slackListener.Addr().String() + "/" }

// run serves until ctx ends. The bot stops before the servers it talks to.
func (d *demo) run(ctx context.Context) error {
	servers, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var g errgroup.Group
	g.Go(func() error { return d.slack.Serve(servers, d.slackListener) })
	g.Go(func() error { return serveSSM(servers, d.ssmListener, d.ssm) })
	if err := d.walkThrough(ctx); err != nil {
		d.log.Warn("posting the walk-through", "error", err)
	}
	err := d.parts.run(ctx)
	stop()
	return errors.Join(err, g.Wait())
}

func (d *demo) greet(w io.Writer) {
	fmt.Fprintf(w, `Handrail demo

  Slack page   %s
  Slack API    %sapi/
  SSM          http://%s

  ana      may run runbooks in #ops and #inc-204
  ben      may approve, stop and lock, and skip the approval in an emergency
  mallory  may do nothing but ask

Choose who you are on the page, and try in #ops:

  /runbook help
  /runbook run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1
  /runbook run drain-and-restart InstanceId=i-0aaaaaaaaaaaaaaa2 FailAt=restart
  /runbook run failover-db ClusterId=shop-cluster reason="the writer is slow"
  /runbook status all
  /runbook why restart-web InstanceId=i-0bbbbbbbbbbbbbbb1

In another terminal, while it runs:

  %s

Ctrl-C ends it.
`, d.page(), d.page(), d.ssmListener.Addr(), d.audit)
}

const walkThrough = `*Welcome.* This is a Slack on your own machine, with the real bot and a local AWS behind it. Three people are in it: *ana* may run runbooks here, *ben* may approve, stop and lock what others run, and *mallory* may do nothing but ask. The switch at the top left says who you are.
1. As *ana*, run a runbook: ` + "`/runbook run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1`" + `
2. Let one fail: ` + "`/runbook run drain-and-restart InstanceId=i-0aaaaaaaaaaaaaaa2 FailAt=restart`" + `
3. As *mallory*, try the first one again: the refusal names the rule, and lets you ask for a one-time approval.
4. As *ana*, ask for what takes two: ` + "`/runbook run failover-db ClusterId=shop-cluster reason=\"the writer is slow\"`" + `. You cannot approve it yourself; as *ben*, you can.
5. Start one as *ana*, and cancel it as *ben*.
6. As *ben*, lock one: ` + "`/runbook lock restart-web for=1h looking at it`" + `. In #inc-204, an emergency needs nobody but is told here: ` + "`/runbook run failover-db ClusterId=shop-cluster --break-glass reason=\"the writer is down\"`" + `, and ` + "`/runbook history --break-glass`" + ` lists it.`

// walkThrough posts the first message in #ops, as any program with the bot's token could.
func (d *demo) walkThrough(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	form := url.Values{"token": {d.slack.BotToken()}, "channel": {"ops"}, "text": {walkThrough}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.page()+"api/chat.postMessage", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct {
		OK    bool
		Error string
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || !answer.OK {
		return errors.Join(err, errors.New(answer.Error))
	}
	return nil
}

// openBrowser tries to show the page; whoever has no browser has the address on the terminal.
func openBrowser(page string) {
	name := "xdg-open"
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name = "explorer"
	}
	_ = exec.Command(name, page).Start() // the address is printed anyway
}
