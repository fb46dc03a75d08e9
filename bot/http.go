package bot

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// maxBody is more than Slack ever sends.
const maxBody = 1 << 20

// Handler serves what Slack calls in HTTP mode, four routes and no other. Every request must carry
// Slack's signature; the answer to one that does not says nothing. Timeouts for reading are the
// server's business. In Socket Mode every request is refused.
func (b *Bot) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /slack/commands", b.signed(formType, func(body []byte) (received, bool) {
		form, err := url.ParseQuery(string(body))
		return received{kind: kindCommand, form: form}, err == nil
	}))
	interactive := b.signed(formType, func(body []byte) (received, bool) {
		form, err := url.ParseQuery(string(body))
		return received{kind: kindInteractive, payload: []byte(form.Get("payload"))}, err == nil && len(form["payload"]) == 1
	})
	mux.Handle("POST /slack/interactions", interactive)
	mux.Handle("POST /slack/options", interactive)
	mux.Handle("POST /slack/events", b.signed("application/json", func(body []byte) (received, bool) {
		return received{kind: kindEvent, payload: body}, true
	}))
	return mux
}

const formType = "application/x-www-form-urlencoded"

// received is one payload, by whichever way it came.
type received struct {
	kind    kind
	form    url.Values      // a slash command over HTTP
	payload json.RawMessage // everything else
	at      time.Time
}

// signed checks a request before anything of it is looked at, and answers what accept says.
func (b *Bot) signed(contentType string, read func(body []byte) (received, bool)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := time.Now()
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			refuse(w, http.StatusRequestEntityTooLarge)
			return
		case err != nil:
			refuse(w, http.StatusBadRequest)
			return
		case b.verifier == nil || !b.verifier.verify(r.Header, body):
			refuse(w, http.StatusUnauthorized)
			return
		}
		if given, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || given != contentType {
			refuse(w, http.StatusUnsupportedMediaType)
			return
		}
		in, ok := read(body)
		if !ok {
			refuse(w, http.StatusBadRequest)
			return
		}
		in.at = at
		b.respond(w, b.accept(r.Context(), in))
	})
}

// refuse answers with the status alone.
func refuse(w http.ResponseWriter, status int) {
	http.Error(w, http.StatusText(status), status)
}

// respond acknowledges, then lets the rest of the answer go its own way.
func (b *Bot) respond(w http.ResponseWriter, a acknowledgement) {
	if a.status != http.StatusOK {
		refuse(w, a.status)
		return
	}
	if a.payload != nil {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(a.payload) // nobody is left to tell
	}
	b.afterwards(a.after)
}
