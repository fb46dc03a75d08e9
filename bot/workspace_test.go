package bot

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"
)

// nameless asks who we are for five minutes, of a Slack that answers with reply, and returns the questions.
func nameless(t *testing.T, reply func() (int, http.Header, string)) (asked []sent) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		w.answer(func(string, url.Values) (int, http.Header, string) { return reply() })
		space, err := NewWorkspace(WorkspaceOptions{BotToken: "xoxb-test", HTTPClient: &http.Client{Transport: w}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		for ctx.Err() == nil { // impatient callers, one after the other
			one, done := context.WithTimeout(ctx, 2500*time.Millisecond)
			if _, err := space.known(one); err == nil {
				t.Error("known without an answer")
			}
			done()
		}
		asked = w.of("auth.test")
	})
	return asked
}

func TestWhoWeAreIsAskedMoreAndMoreSlowly(t *testing.T) {
	t.Parallel()
	asked := nameless(t, func() (int, http.Header, string) { return http.StatusBadGateway, nil, "<html>" })
	if n := len(asked); n < 50 || n > 65 {
		t.Errorf("asked %d times in five minutes", n)
	}
	if quick := asked[1].at.Sub(asked[0].at); quick > firstPause {
		t.Errorf("the second question came after %s", quick)
	}
}

func TestWhoWeAreIsAskedWhenSlackSaysSo(t *testing.T) {
	t.Parallel()
	asked := nameless(t, func() (int, http.Header, string) {
		return http.StatusTooManyRequests, http.Header{"Retry-After": {"60"}}, ""
	})
	if n := len(asked); n < 5 || n > 6 {
		t.Errorf("asked %d times in five minutes, want once a minute", n)
	}
}
