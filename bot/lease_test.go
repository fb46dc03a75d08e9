package bot

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"handrail/automation"
)

// Another replica may take over three seconds after the last sign of life, and not while a slow call is under way.
func TestALeaseIsKeptWhileSlackThinks(t *testing.T) {
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		w.answer(func(string, url.Values) (int, http.Header, string) {
			time.Sleep(9 * time.Second)
			return http.StatusOK, nil, ""
		})
		a.wake(m.insert(accepted("one")))
		for range 8 {
			time.Sleep(time.Second)
			m.mu.Lock()
			left := time.Until(m.until["one"])
			m.mu.Unlock()
			if left <= 0 || left > 3*time.Second {
				t.Fatalf("the lease has %s left", left)
			}
		}
	})
}

// A row that was told and changes again is claimed, perhaps before the call that told it has landed. It must not be
// forgotten with the lease still on it.
func TestARowThatIsClaimedBeforeItsCallLands(t *testing.T) {
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		m.saved = func() {
			a.wake(nil) // as the store does after a change
			time.Sleep(10 * time.Millisecond)
		}
		e := m.insert(accepted("one"))
		w.answer(func(method string, _ url.Values) (int, http.Header, string) {
			if method == "chat.postMessage" && m.row("one").State == automation.Queued {
				m.change("one", succeed) // between the rendering and the save
			}
			return http.StatusOK, nil, ""
		})
		a.wake(e)
		time.Sleep(2500 * time.Millisecond) // less than a lease
		if !m.told("one") {
			t.Error("the change was never told")
		}
	})
}

// A post under way when the program is told to stop is somebody else's business only once its card is noted.
func TestAPostUnderWayAtTheEndMakesOneCard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, m := &wire{}, newMemory()
		w.answer(func(string, url.Values) (int, http.Header, string) {
			time.Sleep(3900 * time.Millisecond) // longer than a lease, not longer than the drain
			return http.StatusOK, nil, ""
		})
		one, two := newBot(t, w, m, "one"), newBot(t, w, m, "two")
		one.announce.wake(m.insert(accepted("one")))
		stop := start(t, one.announce)
		time.Sleep(100 * time.Millisecond)
		stopTwo := start(t, two.announce)
		stop()
		time.Sleep(time.Minute)
		stopTwo()
		if posts := w.of("chat.postMessage"); len(posts) != 1 || m.row("one").Announcement.Card == "" {
			t.Errorf("%d cards were posted, the one noted is %q", len(posts), m.row("one").Announcement.Card)
		}
		if m.releases != 2 {
			t.Errorf("leases were given back in %d statements", m.releases)
		}
	})
}

// start runs an announcer; the returned function ends it and waits for that.
func start(t *testing.T, a *announcer) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.run(ctx) }()
	synctest.Wait()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// The store may tell of a row before its birth is heard of, and a quick run may be over before the card is there.
func TestTheFirstCardShowsWhatWasAccepted(t *testing.T) {
	t.Parallel()
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		e := m.insert(accepted("one"))
		done := m.change("one", succeed)
		a.wake(e)
		a.wake(done)
		synctest.Wait()
		posts, updates := w.of("chat.postMessage"), w.of("chat.update")
		if len(posts) == 0 || !strings.Contains(posts[0].form.Get("text"), "queued") {
			t.Fatalf("the first card is %v", posts)
		}
		if len(updates) != 1 || !strings.Contains(updates[0].form.Get("text"), "succeeded") || !m.told("one") {
			t.Errorf("the updates are %v", updates)
		}
		late := accepted("two")
		m.insert(late)
		m.change("two", succeed)
		time.Sleep(3 * time.Second)
		a.wake(late)
		a.wake(m.row("two"))
		synctest.Wait()
		if n := len(w.of("chat.update")); n != 1 || !m.told("two") {
			t.Errorf("%d updates; a late card shows what is true when it is sent", n)
		}
	})
}

func TestAStoreThatHangsHoldsNobodyUpForLong(t *testing.T) {
	t.Parallel()
	onWire(t, func(t *testing.T, _ *wire, m *memory, a *announcer) {
		m.hangs.Store(true)
		a.wake(m.insert(accepted("one")))
		time.Sleep(storeWithin + 3*time.Second)
		if !m.told("one") {
			t.Error("nobody was told after one call to the store had hung")
		}
	})
}

func TestTheEndHasADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, m := &wire{}, newMemory()
		w.answer(func(string, url.Values) (int, http.Header, string) {
			time.Sleep(time.Hour) // deaf to everything
			return http.StatusOK, nil, ""
		})
		b := newBot(t, w, m, "one")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx) }()
		b.Wake(m.insert(accepted("one")))
		synctest.Wait()
		cancel()
		began := time.Now()
		if err := <-done; err != nil || time.Since(began) > stopWithin {
			t.Errorf("it ended after %s with %v", time.Since(began), err)
		}
		time.Sleep(2 * time.Hour) // what was left behind ends, too
	})
}
