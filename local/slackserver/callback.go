package slackserver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	formMedia = "application/x-www-form-urlencoded"
	jsonMedia = "application/json"
)

// Sign returns the X-Slack-Signature of a request body sent at timestamp, in
// Unix seconds: docs.slack.dev/authentication/verifying-requests-from-slack.
func Sign(signingSecret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(signingSecret))
	mac.Write([]byte("v0:" + timestamp + ":"))
	mac.Write(body)
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

// seal gives d the HTTP body and time that every attempt of it shares.
func (s *Server) seal(d delivery) delivery {
	d.stamp = strconv.FormatInt(s.now().Unix(), 10)
	switch d.kind {
	case kindEvent:
		d.body, d.media = d.payload, jsonMedia
	case kindCommand:
		d.body, d.media = commandForm(d.payload), formMedia
	default:
		d.body, d.media = []byte(url.Values{"payload": {string(d.payload)}}.Encode()), formMedia
	}
	return d
}

func commandForm(payload []byte) []byte {
	v, err := decode(payload)
	if err != nil {
		return nil
	}
	form := url.Values{}
	for key, value := range object(v) {
		form.Set(key, text(value))
	}
	return []byte(form.Encode())
}

// deliverHTTP posts the signed body. Redirects are not followed.
func (s *Server) deliverHTTP(ctx context.Context, d delivery, attempt int, reason string) (outcome, int) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(d.body))
	if err != nil {
		return outcome{code: "dispatch_failed"}, 0
	}
	r.Header.Set("Content-Type", d.media)
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	r.Header.Set("X-Slack-Request-Timestamp", d.stamp)
	r.Header.Set("X-Slack-Signature", Sign(s.opt.SigningSecret, d.stamp, d.body))
	if d.kind == kindEvent && attempt > 0 {
		r.Header.Set("X-Slack-Retry-Num", strconv.Itoa(attempt))
		r.Header.Set("X-Slack-Retry-Reason", reason)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return outcome{code: "operation_timeout"}, 0
		}
		return outcome{code: "dispatch_failed"}, 0
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return outcome{code: "operation_timeout"}, resp.StatusCode
	}
	return answered(resp, body), resp.StatusCode
}

func answered(resp *http.Response, body []byte) outcome {
	final := resp.Header.Get("X-Slack-No-Retry") == "1"
	switch {
	case resp.StatusCode >= 500:
		return outcome{code: "http_service_error", final: final}
	case resp.StatusCode >= 300:
		return outcome{code: "http_client_error", final: final}
	}
	trimmed := bytes.TrimSpace(body)
	if strings.HasPrefix(resp.Header.Get("Content-Type"), jsonMedia) || bytes.HasPrefix(trimmed, []byte("{")) {
		return acknowledged(trimmed)
	}
	return outcome{ack: []byte("{}"), plain: string(trimmed)}
}
