package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"handrail/local/slackserver"
	"handrail/local/ssmserver"
)

// BenchmarkServe is the real program with an existing SQLite file: from the start of the process to its first durable
// acknowledgement, beside the start of a process that does nothing (bot version); and then what it costs when idle.
func BenchmarkServe(b *testing.B) {
	dir := b.TempDir()
	program := filepath.Join(dir, "bot")
	build := exec.Command("go", "build", "-trimpath", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	f := newFloor(b, dir)
	f.serve(b, program, false) // makes the database
	var ours, theirs time.Duration
	n := 0
	for b.Loop() {
		ours += f.serve(b, program, false)
		began := time.Now()
		check(b, exec.Command(program, "version").Run())
		theirs += time.Since(began)
		n++
	}
	b.ReportMetric(float64(ours.Microseconds())/1000/float64(n), "ms/first-ack")
	b.ReportMetric(float64(theirs.Microseconds())/1000/float64(n), "ms/bare-process")
	f = newFloor(b, b.TempDir()) // the other one still has much to tell Slack
	f.serve(b, program, true)
	b.ReportMetric(f.resident, "idle-MB")
	b.ReportMetric(f.busy, "idle-%cpu")
}

// floor is a Slack and an AWS for a bot in HTTP mode.
type floor struct {
	dir, slackURL, ssmURL, listen string
	serial                        int
	resident, busy                float64
}

func newFloor(b *testing.B, dir string) *floor {
	f := &floor{dir: dir, listen: "127.0.0.1:39187"}
	slack, err := slackserver.New(slackserver.Options{BotToken: "xoxb-bench", SigningSecret: benchSecret,
		CommandURL: "http://" + f.listen + "/slack/commands"})
	check(b, err)
	slackHTTP := httptest.NewServer(slack.Handler())
	ssm, err := ssmserver.New(ssmserver.Options{})
	check(b, err)
	ssmHTTP := httptest.NewServer(ssm)
	b.Cleanup(func() { _ = slack.Close(); slackHTTP.Close(); ssm.Close(); ssmHTTP.Close() })
	f.slackURL, f.ssmURL = slackHTTP.URL, ssmHTTP.URL
	_, err = writeDemoPolicy(dir)
	check(b, err)
	check(b, os.WriteFile(filepath.Join(dir, "handrail.yaml"), []byte(fmt.Sprintf(`slack: {mode: http, bot_token: "${env:T}", signing_secret: "${env:S}", api_url: %s/api/, listen: %s}
aws: {region: eu-west-1, endpoint_url: %s}
metrics: {listen: 127.0.0.1:39188}
`, f.slackURL, f.listen, f.ssmURL)), 0o600))
	return f
}

// serve starts the program, sends a command as soon as somebody listens, and ends it. It returns the time to the
// acknowledgement. With idle it first watches the program do nothing for ten seconds.
func (f *floor) serve(b *testing.B, program string, idle bool) time.Duration {
	cmd := exec.Command(program, "serve", "--config", filepath.Join(f.dir, "handrail.yaml"))
	cmd.Env = append(os.Environ(), "T=xoxb-bench", "S="+benchSecret, "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x")
	began := time.Now()
	check(b, cmd.Start())
	r := &rig{}
	f.serial++
	r.serial.Store(int64(f.serial) * 1000)
	for {
		req := r.request(shortRun)
		target := "http://" + f.listen + req.URL.Path
		out, err := http.NewRequest(http.MethodPost, target, req.Body)
		check(b, err)
		out.Header = req.Header
		res, err := http.DefaultClient.Do(out)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode != http.StatusOK {
				b.Fatal(res.Status)
			}
			break
		}
		if time.Since(began) > 10*time.Second {
			b.Fatal(err)
		}
		time.Sleep(500 * time.Microsecond)
	}
	took := time.Since(began)
	if idle {
		f.watch(b, cmd.Process.Pid)
	}
	check(b, cmd.Process.Signal(syscall.SIGTERM))
	check(b, cmd.Wait())
	return took
}

// watch waits until the run is over, and then reads memory and processor time of ten idle seconds from /proc.
func (f *floor) watch(b *testing.B, pid int) {
	time.Sleep(5 * time.Second)
	before := onProcessor(b, pid)
	time.Sleep(10 * time.Second)
	f.busy = (onProcessor(b, pid) - before).Seconds() / 10 * 100
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	check(b, err)
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.Fields(kb)[0])
			check(b, err)
			f.resident = float64(n) / 1024
		}
	}
}

// onProcessor is the time that all threads have run: the first number of /proc/PID/task/*/schedstat, in nanoseconds.
func onProcessor(b *testing.B, pid int) time.Duration {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	check(b, err)
	var sum time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(b, err)
		n, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		check(b, err)
		sum += time.Duration(n)
	}
	return sum
}
