package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"handrail/automation"
	"handrail/bot"
	"handrail/commands"
	"handrail/local/slackserver"
	"handrail/local/ssmserver"
	"handrail/policy"
	"handrail/store"
)

const benchSecret = "0123456789abcdef0123456789abcdef"

// rig is the program in this process, over HTTP, with nothing between it and the benchmark but the handler.
type rig struct {
	parts
	serial     atomic.Int64
	handler    http.Handler
	announcing atomic.Bool        // whether the bot runs
	last       atomic.Int64       // when the newest command was handed in, in Unix nanoseconds
	wire       chan time.Duration // from then to the start on the wire
}

// alone lets one caller at a time into the store, so that every command has a commit of its own.
type alone struct {
	*store.DB
	mu *sync.Mutex
}

func (a alone) Update(ctx context.Context, f func(automation.Tx) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.DB.Update(ctx, f)
}

// newRig puts the program together over db. The engine does not run yet.
func newRig(tb testing.TB, db *store.DB, s automation.Store) *rig {
	tb.Helper()
	r := &rig{wire: make(chan time.Duration, 1<<16)}
	slack, err := slackserver.New(slackserver.Options{BotToken: "xoxb-bench", SigningSecret: benchSecret})
	check(tb, err)
	slackHTTP := httptest.NewServer(slack.Handler())
	ssm, err := ssmserver.New(ssmserver.Options{StopTime: time.Millisecond, StartTime: time.Millisecond, CheckTime: time.Millisecond})
	check(tb, err)
	ssmHTTP := httptest.NewServer(r.clock(ssm))
	tb.Cleanup(func() { _ = slack.Close(); slackHTTP.Close(); ssm.Close(); ssmHTTP.Close() })
	p, err := policy.Parse("policy.yaml", []byte(pinLocal(demoPolicy)))
	check(tb, err)
	workspace, err := bot.NewWorkspace(bot.WorkspaceOptions{APIURL: slackHTTP.URL + "/api/", BotToken: "xoxb-bench"})
	check(tb, err)
	r.db, r.gate, r.log = db, policy.NewGate(p), slog.New(slog.DiscardHandler)
	cfg := aws.Config{Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("bench", "bench", "")}
	r.client = automation.NewClient(automation.ClientOptions{Config: cfg, EndpointURL: ssmHTTP.URL,
		Quotas: automation.Quotas{Start: 1e6, Stop: 1e6, Describe: 1e6, Document: 1e6}})
	catalogue := automation.NewCatalogue(r.client, "eu-west-1")
	r.engine = automation.New(automation.Options{Store: s, Gate: r.gate, Directory: workspace, AWS: r.client, Catalogue: catalogue,
		Owner: "bench", Lease: time.Minute, OnChange: func(x *automation.Execution) {
			if r.announcing.Load() { // hints that nobody takes would only pile up
				r.bot.Wake(x)
			}
		}})
	asks := commands.New(commands.Options{Engine: r.engine, Memory: db, Documents: catalogue, Directory: workspace, Policy: r.gate.Policy})
	r.bot, err = bot.New(bot.Options{Workspace: workspace, Commander: asks, Store: db, Owner: "bench", Mode: bot.HTTP,
		SigningSecrets: []string{benchSecret}, Limits: bot.Limits{PerUser: 1e9, Concurrent: 256}})
	check(tb, err)
	r.handler = r.bot.Handler()
	r.command(tb) // the first one asks Slack and AWS who and what
	return r
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// clock notes when a start reaches AWS.
func (r *rig) clock(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasSuffix(req.Header.Get("X-Amz-Target"), ".StartAutomationExecution") {
			r.wire <- time.Since(time.Unix(0, r.last.Load()))
		}
		next.ServeHTTP(w, req)
	})
}

const (
	longRun  = "run restart-web InstanceId=i-0aaaaaaaaaaaaaaa1"
	shortRun = "run drain-and-restart InstanceId=i-0aaaaaaaaaaaaaaa1 FailAt=drain"
)

// request makes a signed slash command with a trigger ID of its own.
func (r *rig) request(text string) *http.Request {
	form := url.Values{"command": {"/runbook"}, "text": {text}, "team_id": {"T012LOCAL"},
		"api_app_id": {"A012HANDRAIL"}, "user_id": {"U012ANA"}, "channel_id": {"C012OPS"},
		"trigger_id": {strconv.FormatInt(r.serial.Add(1), 10) + ".1.bench"}}.Encode()
	at := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(benchSecret))
	fmt.Fprintf(mac, "v0:%s:%s", at, form)
	req := httptest.NewRequest(http.MethodPost, "/slack/commands", strings.NewReader(form))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Slack-Request-Timestamp", at)
	req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return req
}

// command hands in one signed slash command and waits for its acknowledgement.
func (r *rig) command(tb testing.TB) {
	req := r.request(longRun)
	r.last.Store(time.Now().UnixNano())
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	if w.Code != http.StatusOK || w.Body.Len() > 0 {
		tb.Errorf("the bot answers %d %s", w.Code, w.Body)
	}
}

func benchDB(tb testing.TB) *store.DB {
	tb.Helper()
	db, err := store.Open(tb.Context(), store.Options{URL: "sqlite:" + filepath.Join(tb.TempDir(), "handrail.db")})
	check(tb, err)
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// BenchmarkCommand1 is one sender: a signed command verified, decided, recorded durably and acknowledged, in turn with
// the durable commit of one record in the same database.
func BenchmarkCommand1(b *testing.B) {
	db := benchDB(b)
	r := newRig(b, db, db)
	var ours, theirs time.Duration
	n := 0
	for b.Loop() {
		start := time.Now()
		r.command(b)
		middle := time.Now()
		n++
		check(b, db.Update(b.Context(), func(tx automation.Tx) error {
			return tx.Record(b.Context(), policy.Record{ID: "bare-" + strconv.Itoa(n), At: middle})
		}))
		ours, theirs = ours+middle.Sub(start), theirs+time.Since(middle)
	}
	b.ReportMetric(float64(ours.Microseconds())/float64(n), "µs/command")
	b.ReportMetric(float64(theirs.Microseconds())/float64(n), "µs/bare-commit")
	b.ReportMetric(float64(ours)/float64(theirs), "x-bare")
}

// BenchmarkCommand16 is 16 senders whose commits are grouped, and then the same with one commit for each command.
func BenchmarkCommand16(b *testing.B) {
	const senders = 16
	db, lonely := benchDB(b), benchDB(b)
	grouped, apart := newRig(b, db, db), newRig(b, lonely, alone{lonely, &sync.Mutex{}})
	var ours, theirs, cpu time.Duration
	var acks []time.Duration
	n := 0
	for b.Loop() {
		before := processorTime(b)
		took, all := round(b, grouped, senders, 60)
		cpu += processorTime(b) - before
		ours, acks = ours+took, append(acks, all...)
		took, _ = round(b, apart, senders, 15)
		theirs += took
		n++
	}
	calls := float64(n * senders * 60)
	slices.Sort(acks)
	b.ReportMetric(calls/ours.Seconds(), "grouped/s")
	b.ReportMetric(calls/4/theirs.Seconds(), "single/s")
	b.ReportMetric(4*theirs.Seconds()/ours.Seconds(), "x-single")
	b.ReportMetric(float64(cpu.Microseconds())/calls, "cpu-µs/command")
	b.ReportMetric(float64(acks[len(acks)*99/100].Microseconds())/1000, "p99-ack-ms")
}

func round(b *testing.B, r *rig, senders, each int) (time.Duration, []time.Duration) {
	all := make([][]time.Duration, senders)
	var wg sync.WaitGroup
	start := time.Now()
	for s := range senders {
		wg.Go(func() {
			for range each {
				began := time.Now()
				r.command(b)
				all[s] = append(all[s], time.Since(began))
			}
		})
	}
	wg.Wait()
	return time.Since(start), slices.Concat(all...)
}

func processorTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	check(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCommandToStart is the time from a slash command to StartAutomationExecution on the wire at 20 commands a
// second, with the engine and the announcer at work, beside that of its acknowledgement.
func BenchmarkCommandToStart(b *testing.B) {
	db := benchDB(b)
	r := newRig(b, db, db)
	r.announcing.Store(true)
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = r.engine.Run(ctx) })
	wg.Go(func() { _ = r.bot.Run(ctx) })
	defer wg.Wait()
	defer cancel()
	<-r.wire // the first command, which waited for Run
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var wires, acks []time.Duration
	for b.Loop() {
		<-tick.C
		began := time.Now()
		r.command(b)
		acks = append(acks, time.Since(began))
		wires = append(wires, <-r.wire)
	}
	slices.Sort(wires)
	slices.Sort(acks)
	ms := func(ds []time.Duration, percent int) float64 {
		return float64(ds[(len(ds)-1)*percent/100].Microseconds()) / 1000
	}
	b.ReportMetric(ms(wires, 50), "p50-start-ms")
	b.ReportMetric(ms(wires, 99), "p99-start-ms")
	b.ReportMetric(ms(acks, 50), "p50-ack-ms")
}
