package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"handrail/local/slackserver"
	"handrail/local/ssmserver"
)

type worldKey struct{}

// patience is how long a script waits for something to appear: long, for CI runs it with the race detector beside much else.
const patience = 60 * time.Second

// world is what a script plays in: a Slack and an AWS in this process, and bots as processes of their own.
type world struct {
	ctx      context.Context
	dir      string
	store    string // URL; "" means a SQLite file in dir
	slack    *slackserver.Server
	slackURL string
	ssm      *ssmserver.Server
	aws      *httptest.Server // nil while AWS is down
	ssmURL   string
	listen   string // the bot's HTTP address, in mode http
	secret   string
	mu       sync.Mutex
	bots     map[string]*process
}

// process is one bot.
type process struct {
	cmd     *exec.Cmd
	metrics string
	log     *transcript
	done    chan error
}

// transcript is what a bot wrote.
type transcript struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

func of(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// worldCommand opens the world: world socket|http [stop=TIME] [quotas]. stop is how long an instance takes to stop; with
// quotas AWS refuses calls beyond those of an account.
func worldCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := of(ts)
	w.bots = map[string]*process{}
	mode := "socket"
	if len(args) > 0 {
		mode = args[0]
	}
	stopTime, quotas := 150*time.Millisecond, false
	for _, arg := range args[min(1, len(args)):] {
		if arg == "quotas" {
			quotas = true
			continue
		}
		value, ok := strings.CutPrefix(arg, "stop=")
		if !ok {
			ts.Fatalf("world has no option %s", arg)
		}
		var err error
		stopTime, err = time.ParseDuration(value)
		ts.Check(err)
	}
	w.listen = freePort(ts)
	w.secret = strings.Repeat("5", 32)
	o := slackserver.Options{BotToken: "xoxb-script", AppToken: "xapp-script", SigningSecret: w.secret, Commands: slashCommands()}
	if mode == "http" {
		base := "http://" + w.listen + "/slack/"
		o.CommandURL, o.InteractivityURL, o.EventsURL = base+"commands", base+"interactions", base+"events"
	}
	var err error
	w.slack, err = slackserver.New(o)
	ts.Check(err)
	slack := httptest.NewServer(w.slack.Handler())
	w.slackURL = slack.URL
	w.ssm, err = ssmserver.New(ssmserver.Options{StopTime: stopTime, StartTime: 150 * time.Millisecond, CheckTime: 20 * time.Millisecond, Quotas: quotas})
	ts.Check(err)
	w.aws = httptest.NewServer(w.ssm)
	w.ssmURL = w.aws.URL
	ts.Defer(func() {
		w.killAll()
		_ = w.slack.Close()
		slack.CloseClientConnections()
		slack.Close()
		w.ssm.Close()
		w.awsDown()
	})
	if _, err := os.Stat(filepath.Join(w.dir, "policy.yaml")); err != nil {
		_, err := writeDemoPolicy(w.dir)
		ts.Check(err)
	}
	w.writeConfig(ts, mode)
	ts.Setenv("SLACK_URL", w.slackURL)
	ts.Setenv("SSM_URL", w.ssmURL)
	ts.Setenv("BOT_URL", "http://"+w.listen)
}

func (w *world) writeConfig(ts *testscript.TestScript, mode string) {
	store := cmp.Or(w.store, "sqlite:handrail.db")
	text := fmt.Sprintf(`slack:
  mode: %s
  app_token: ${env:SLACK_APP_TOKEN}
  bot_token: ${env:SLACK_BOT_TOKEN}
  signing_secret: ${env:SLACK_SIGNING_SECRET}
  api_url: %s/api/
  listen: %s
aws: {region: eu-west-1, endpoint_url: %s, quotas: {start: 50, stop: 50, describe: 50, document: 50}}
store: {url: "%s"}
policy: policy.yaml
metrics: {listen: METRICS}
log: {level: debug}
`, mode, w.slackURL, w.listen, w.ssmURL, store)
	ts.Check(os.WriteFile(filepath.Join(w.dir, "handrail.yaml.in"), []byte(text), 0o600))
	ts.Check(os.WriteFile(filepath.Join(w.dir, "handrail.yaml"), []byte(strings.Replace(text, "METRICS", freePort(ts), 1)), 0o600))
	for k, v := range map[string]string{"SLACK_APP_TOKEN": "xapp-script", "SLACK_BOT_TOKEN": "xoxb-script", "SLACK_SIGNING_SECRET": w.secret,
		"AWS_ACCESS_KEY_ID": "script", "AWS_SECRET_ACCESS_KEY": "script", "AWS_EC2_METADATA_DISABLED": "true"} {
		ts.Setenv(k, v)
	}
}

func freePort(ts *testscript.TestScript) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer l.Close()
	return l.Addr().String()
}

// serveCommand starts a bot and waits until it is ready: serve [NAME].
func serveCommand(ts *testscript.TestScript, neg bool, args []string) {
	w, name := of(ts), "bot"
	if len(args) > 0 {
		name = args[0]
	}
	text, err := os.ReadFile(filepath.Join(w.dir, "handrail.yaml.in"))
	ts.Check(err)
	p := &process{metrics: freePort(ts), log: &transcript{}, done: make(chan error, 1)}
	file := filepath.Join(w.dir, "handrail-"+name+".yaml")
	ts.Check(os.WriteFile(file, []byte(strings.Replace(string(text), "METRICS", p.metrics, 1)), 0o600))
	p.cmd = exec.Command("bot", "serve", "--config", file) // TestMain put it on the PATH
	p.cmd.Env = append(os.Environ(), "SLACK_APP_TOKEN=xapp-script", "SLACK_BOT_TOKEN=xoxb-script", "SLACK_SIGNING_SECRET="+w.secret,
		"AWS_ACCESS_KEY_ID=script", "AWS_SECRET_ACCESS_KEY=script", "AWS_EC2_METADATA_DISABLED=true")
	p.cmd.Dir, p.cmd.Stderr, p.cmd.Stdout = w.dir, p.log, p.log
	ts.Check(p.cmd.Start())
	go func() { p.done <- p.cmd.Wait() }()
	w.mu.Lock()
	w.bots[name] = p
	w.mu.Unlock()
	wait(ts, "the bot is ready", func() error {
		select {
		case err := <-p.done:
			p.done <- err
			return fatal{fmt.Errorf("it ended: %s\n%s", p.cmd.ProcessState, p.log)}
		default:
		}
		res, err := http.Get("http://" + p.metrics + "/readyz")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return errors.New(res.Status)
		}
		return nil
	})
}

// fatal ends a wait at once.
type fatal struct{ error }

// wait tries f until it is content or patience ends.
func wait(ts *testscript.TestScript, what string, f func() error) { waitFor(ts, patience, what, f) }

func waitFor(ts *testscript.TestScript, limit time.Duration, what string, f func() error) {
	deadline := time.Now().Add(limit)
	for {
		err := f()
		var end fatal
		switch {
		case err == nil:
			return
		case errors.As(err, &end), time.Now().After(deadline):
			of(ts).logs(ts)
			ts.Fatalf("waiting until %s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (w *world) logs(ts *testscript.TestScript) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, p := range w.bots {
		ts.Logf("log of %s:\n%s", name, p.log)
	}
}

func (w *world) bot(ts *testscript.TestScript, args []string) *process {
	name := "bot"
	if len(args) > 0 {
		name = args[0]
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.bots[name]
	if p == nil {
		ts.Fatalf("there is no bot %s", name)
	}
	return p
}

func (w *world) killAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.bots {
		_ = p.cmd.Process.Kill()
		p.done <- <-p.done
	}
}

// kill9Command ends a bot as a power cut would: kill9 [NAME].
func kill9Command(ts *testscript.TestScript, _ bool, args []string) {
	p := of(ts).bot(ts, args)
	ts.Check(p.cmd.Process.Kill())
	err := <-p.done
	p.done <- err
}

// sigtermCommand ends a bot gracefully: it must be gone within ten seconds, with exit code 0.
func sigtermCommand(ts *testscript.TestScript, _ bool, args []string) {
	p := of(ts).bot(ts, args)
	began := time.Now()
	ts.Check(p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-p.done:
		p.done <- err
		if err != nil {
			ts.Fatalf("after SIGTERM: %v\n%s", err, p.log)
		}
	case <-time.After(10 * time.Second):
		ts.Fatalf("not gone ten seconds after SIGTERM\n%s", p.log)
	}
	ts.Logf("gone after %s", time.Since(began).Round(time.Millisecond))
}

func sighupCommand(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(of(ts).bot(ts, args).cmd.Process.Signal(syscall.SIGHUP))
}

// logCommand waits until a bot has written something: log PATTERN [NAME [DURATION]].
func logCommand(ts *testscript.TestScript, _ bool, args []string) {
	pattern, began := regexp.MustCompile(args[0]), time.Now()
	p := of(ts).bot(ts, args[1:])
	wait(ts, "the bot writes "+args[0], func() error {
		if !pattern.MatchString(p.log.String()) {
			return errors.New("it has not")
		}
		return nil
	})
	if len(args) > 2 {
		limit, err := time.ParseDuration(args[2])
		ts.Check(err)
		if took := time.Since(began); took > limit {
			ts.Fatalf("the bot wrote it after %s, want %s at most", took, limit)
		}
	}
}

// call asks a control route and decodes the answer.
func (w *world) call(method, target string, body any) (map[string]any, int, error) {
	var r io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, 0, err
		}
		r = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(w.ctx, method, target, r)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, 0, err
	}
	answer := map[string]any{}
	if len(data) > 0 && json.Unmarshal(data, &answer) != nil {
		answer["text"] = string(data)
	}
	return answer, res.StatusCode, nil
}
