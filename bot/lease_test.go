package bot

import (
	"net/http"
	"net/url"
	"testing"
	"time"
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
