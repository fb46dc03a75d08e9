package bot

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"handrail/automation"
	"handrail/commands"
)

// wire is a Slack without a network, for tests in which time stands still until everybody waits.
type wire struct {
	mu    sync.Mutex
	calls []sent
	reply func(method string, form url.Values) (status int, header http.Header, body string)
}

type sent struct {
	at     time.Time
	method string
	form   url.Values
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, err
	}
	method := path.Base(r.URL.Path)
	w.mu.Lock()
	w.calls = append(w.calls, sent{time.Now(), method, form})
	n, reply := len(w.calls), w.reply
	w.mu.Unlock()
	status, header, body := http.StatusOK, http.Header{}, ""
	if reply != nil {
		status, header, body = reply(method, form)
	}
	if body == "" && status == http.StatusOK {
		body = fmt.Sprintf(`{"ok":true,"channel":%q,"ts":"1700000000.%06d"}`, form.Get("channel"), n)
	}
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (w *wire) answer(f func(method string, form url.Values) (int, http.Header, string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reply = f
}

func (w *wire) of(method string) []sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []sent
	for _, c := range w.calls {
		if c.method == method {
			out = append(out, c)
		}
	}
	return out
}

// newBot returns a bot on a wire that shares m with others.
func newBot(t *testing.T, w *wire, m *memory, owner string) *Bot {
	t.Helper()
	space, err := NewWorkspace(WorkspaceOptions{BotToken: "xoxb-test", HTTPClient: &http.Client{Transport: w, Timeout: 10 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	space.home.Store(&installation{team: "T012LOCAL", app: "A012HANDRAIL", user: "U012HANDRAIL", bot: "B012HANDRAIL"})
	b, err := New(Options{Workspace: space, Store: m, Owner: owner, Mode: HTTP, SigningSecrets: []string{testSecret},
		Commander: commander(func(context.Context, commands.Invocation) commands.Answer { return commands.Answer{} })})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// onWire runs f with an announcer on a wire, in a bubble.
func onWire(t *testing.T, f func(t *testing.T, w *wire, m *memory, a *announcer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, m := &wire{}, newMemory()
		b := newBot(t, w, m, "one")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.announce.run(ctx) }()
		f(t, w, m, b.announce)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func nth(n int) string { return fmt.Sprintf("01981f3e-7b00-7c55-9f00-%012d", n) }

// run moves an execution along by one visible change.
func progress(e *automation.Execution) {
	e.State, e.StartedAt = automation.Running, time.Now()
	e.Steps = append(e.Steps, automation.Step{Name: fmt.Sprintf("step%d", len(e.Steps)), Status: "InProgress"})
}

func TestQuickStepsBecomeOneUpdate(t *testing.T) {
	t.Parallel()
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		a.wake(m.insert(accepted(theID)))
		synctest.Wait()
		if n := len(w.of("chat.postMessage")); n != 1 {
			t.Fatalf("%d posts at once after the acceptance", n)
		}
		for range 20 {
			time.Sleep(40 * time.Millisecond)
			a.wake(m.change(theID, progress))
		}
		time.Sleep(3 * time.Second)
		updates := w.of("chat.update")
		if len(updates) != 1 && len(updates) != 2 || !strings.Contains(updates[len(updates)-1].form.Get("text"), "step 20 of 20 step19") {
			t.Errorf("%d updates, the last is %q", len(updates), updates[len(updates)-1].form.Get("text"))
		}
		began := time.Now()
		a.wake(m.change(theID, progress))
		synctest.Wait()
		a.wake(m.change(theID, succeed))
		synctest.Wait()
		if !m.told(theID) || time.Since(began) > 0 {
			t.Error("the end had to wait")
		}
	})
}

func TestAChangeDuringACallIsToldAtOnce(t *testing.T) {
	t.Parallel()
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		var once sync.Once
		w.answer(func(method string, _ url.Values) (int, http.Header, string) {
			if method == "chat.postMessage" {
				once.Do(func() { a.wake(m.change(theID, succeed)) })
			}
			return http.StatusOK, nil, ""
		})
		began := time.Now()
		a.wake(m.insert(accepted(theID)))
		synctest.Wait()
		if !m.told(theID) || time.Since(began) > 0 {
			t.Error("the end had to wait for the next look")
		}
	})
}

func TestUpdatesKeepToSlacksLimitAndEndsGoFirst(t *testing.T) {
	t.Parallel()
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		const n = 100
		for i := range n {
			e := accepted(nth(i))
			e.Channel = fmt.Sprintf("C0%03d", i) // the limit of a channel is another test's business
			a.wake(m.insert(e))
		}
		time.Sleep(time.Minute)
		for second := range 120 {
			for i := range n {
				if second == 60 && i%10 == 0 {
					a.wake(m.change(nth(i), succeed))
				} else if second < 60 || i%10 != 0 {
					a.wake(m.change(nth(i), progress))
				}
			}
			if second == 75 {
				for i := 0; i < n; i += 10 {
					if e := m.row(nth(i)); e.Announcement.Replies[replyEnded] == "" {
						t.Errorf("execution %d ended 15 s ago and nobody was told", i)
					}
				}
			}
			time.Sleep(time.Second)
		}
		atMost(t, w.of("chat.update"), time.Minute, 50+15)
		shownOnce := map[string]bool{}
		for _, c := range w.of("chat.update") {
			shownOnce[c.form.Get("channel")] = true
		}
		if len(shownOnce) < n*9/10 {
			t.Errorf("only %d of %d cards were ever updated", len(shownOnce), n)
		}
	})
}

// atMost checks every window.
func atMost(t *testing.T, calls []sent, window time.Duration, n int) {
	t.Helper()
	for i := range calls {
		if i+n < len(calls) && calls[i+n].at.Sub(calls[i].at) < window {
			t.Fatalf("more than %d calls within %s", n, window)
		}
	}
}

func TestAChannelGetsAboutOneMessageASecond(t *testing.T) {
	t.Parallel()
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		for i := range 20 {
			a.wake(m.insert(accepted(nth(i))))
		}
		time.Sleep(time.Minute)
		posts := w.of("chat.postMessage")
		if len(posts) != 20 {
			t.Errorf("%d posts", len(posts))
		}
		atMost(t, posts, 10*time.Second, 15)
	})
}

func TestRetryAfterClosesItsMethodOnly(t *testing.T) {
	t.Parallel()
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		a.wake(m.insert(accepted(theID)))
		synctest.Wait()
		w.answer(func(method string, _ url.Values) (int, http.Header, string) {
			if method == "chat.update" && len(w.of(method)) == 1 {
				return http.StatusTooManyRequests, http.Header{"Retry-After": {"30"}}, ""
			}
			return http.StatusOK, nil, ""
		})
		a.wake(m.change(theID, progress))
		time.Sleep(5 * time.Second)
		a.wake(m.change(theID, succeed))
		a.wake(m.insert(accepted(nth(1))))
		time.Sleep(20 * time.Second)
		if n := len(w.of("chat.update")); n != 1 {
			t.Errorf("%d updates while Slack wanted none", n)
		}
		if n := len(w.of("chat.postMessage")); n != 2 {
			t.Errorf("%d posts: another method had to wait", n)
		}
		time.Sleep(20 * time.Second)
		if updates := w.of("chat.update"); len(updates) != 2 || !strings.Contains(updates[1].form.Get("text"), "succeeded") || !m.told(theID) {
			t.Errorf("after the wait: %d updates", len(updates))
		}
	})
}

func TestATokenThatIsNoLongerGoodKeepsTheRows(t *testing.T) {
	t.Parallel()
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		var good atomic.Bool
		w.answer(func(string, url.Values) (int, http.Header, string) {
			if good.Load() {
				return http.StatusOK, nil, ""
			}
			return http.StatusOK, nil, `{"ok":false,"error":"token_revoked"}`
		})
		a.wake(m.insert(accepted(theID)))
		time.Sleep(10 * time.Minute)
		if n := len(w.of("chat.postMessage")); n < 5 || n > 40 {
			t.Errorf("%d calls with a bad token in ten minutes", n)
		}
		good.Store(true)
		time.Sleep(2 * time.Minute)
		if !m.told(theID) {
			t.Error("nobody was told after the token was replaced")
		}
	})
}

func TestHalfAnHourOfHTML(t *testing.T) {
	t.Parallel()
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		for i := range 20 {
			a.wake(m.insert(accepted(nth(i))))
		}
		time.Sleep(time.Minute)
		var down atomic.Bool
		down.Store(true)
		w.answer(func(method string, _ url.Values) (int, http.Header, string) {
			switch {
			case !down.Load():
				return http.StatusOK, nil, ""
			case method == "chat.update":
				return http.StatusOK, nil, "<html>We'll be right back</html>"
			}
			return http.StatusBadGateway, nil, "<html>"
		})
		for i := range 20 {
			a.wake(m.change(nth(i), succeed))
		}
		time.Sleep(30 * time.Minute)
		if n := len(w.of("chat.update")); n > 50*30+15 {
			t.Errorf("%d calls to a Slack that is down", n)
		}
		down.Store(false)
		time.Sleep(2 * time.Minute)
		for i := range 20 {
			if e := m.row(nth(i)); e.Announcement.Version != e.Version || e.Announcement.Replies[replyEnded] == "" {
				t.Errorf("execution %d: %+v", i, e.Announcement)
			}
		}
	})
}

func TestIdleAnnouncerAsksTheStoreRarely(t *testing.T) {
	t.Parallel()
	onWire(t, func(t *testing.T, _ *wire, m *memory, _ *announcer) {
		time.Sleep(time.Minute)
		if n := m.claimed(); n < 20 || n > 40 {
			t.Errorf("%d claims in an idle minute", n)
		}
	})
}

func TestTwoReplicasPostOneCard(t *testing.T) {
	t.Parallel()
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		other := newAnnouncer(Options{Workspace: &Workspace{api: a.api}, Store: m, Owner: "two", Log: a.log, Limits: Limits{}.withDefaults()})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- other.run(ctx) }()
		for i := range 5 {
			e := m.insert(accepted(nth(i)))
			a.wake(e)
			other.wake(e)
		}
		time.Sleep(10 * time.Second)
		for i := range 5 {
			e := m.change(nth(i), succeed)
			other.wake(e)
			a.wake(e)
		}
		time.Sleep(time.Minute)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if n := len(w.of("chat.postMessage")); n != 15 {
			t.Errorf("%d messages were posted, want 5 cards with 2 replies each", n)
		}
	})
}

func TestStepBackoffIsJittered(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 50 {
		d := jittered(time.Second)
		if d < 750*time.Millisecond || d > 1250*time.Millisecond {
			t.Fatalf("jittered to %s", d)
		}
		seen[strconv.FormatInt(int64(d), 10)] = true
	}
	if len(seen) < 10 {
		t.Error("hardly any jitter")
	}
}

func TestAFloodOfHintsCostsFewClaims(t *testing.T) {
	t.Parallel()
	onWire(t, func(t *testing.T, _ *wire, m *memory, a *announcer) {
		for i := range 5_000 {
			a.wake(m.insert(accepted(nth(i))))
			time.Sleep(200 * time.Microsecond)
		}
		if n := m.claimed(); n > 150 {
			t.Errorf("%d claims in a second of 5,000 hints", n)
		}
	})
}
