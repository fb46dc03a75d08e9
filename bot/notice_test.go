package bot

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"handrail/local/slackserver"
)

func TestANoticeIsLiteral(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		b := newBot(t, w, newMemory(), "one")
		for _, text := range append(hostile, strings.Repeat("<", 100_000)) {
			if err := b.Post(t.Context(), "C012OPS", text); err != nil {
				t.Fatal(err)
			}
			calls := w.of("chat.postMessage")
			form := calls[len(calls)-1].form
			if len([]rune(form.Get("blocks"))) > 7*maxText || form.Get("link_names") == "1" {
				t.Errorf("%q is sent as %v", limit(text, 50), form)
			}
			if len(text) < 50_000 {
				checkMarkdownText(t, text, form.Get("text"))
				inspect(t, text, decodedText(t, form.Get("blocks")))
			}
		}
	})
}

func TestANoticeGoesToAChannelOnly(t *testing.T) {
	t.Parallel()
	w := &wire{}
	b := newBot(t, w, newMemory(), "one")
	for _, channel := range []string{"", "ops", "U012ANA", "#", "#a b", "#<!channel>", "C012OPS,C012RANDOM", "@ana", "#" + strings.Repeat("x", 81)} {
		if err := b.Post(t.Context(), channel, "x"); err == nil {
			t.Errorf("%q is taken for a channel", channel)
		}
	}
	if n := len(w.of("chat.postMessage")); n > 0 {
		t.Errorf("%d messages were sent", n)
	}
	l := serve(t, slackserver.Options{}, nil)
	for _, channel := range []string{"#random", "C012RANDOM"} {
		if err := l.bot.Post(t.Context(), channel, "The policy changed."); err != nil {
			t.Error(err)
		}
	}
	if got := texts(l.sees("ben", "random", "")); got != "The policy changed.\nThe policy changed." {
		t.Errorf("ben sees %q", got)
	}
	if err := l.bot.Post(t.Context(), "#nowhere", "x"); err == nil {
		t.Error("a channel that is not there was told")
	}
}

func TestAFloodOfNoticesIsPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		b := newBot(t, w, newMemory(), "one")
		began := time.Now()
		for range 20 {
			if err := b.Post(t.Context(), "C012OPS", "x"); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took < 14*time.Second {
			t.Errorf("20 notices in one channel took %s", took)
		}
		w.answer(func(string, url.Values) (int, http.Header, string) {
			return http.StatusTooManyRequests, http.Header{"Retry-After": {"300"}}, ""
		})
		if err := b.Post(t.Context(), "C012OPS", "x"); err == nil {
			t.Error("a refused notice counts as said")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began = time.Now()
		if err := b.Post(ctx, "C012OPS", "x"); err == nil || time.Since(began) > postWithin {
			t.Errorf("a notice waited %s: %v", time.Since(began), err)
		}
	})
}
