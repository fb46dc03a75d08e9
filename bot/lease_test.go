package bot

import (
	"net/http"
	"net/url"
	"testing"
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
