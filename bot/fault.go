package bot

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/slack-go/slack"
)

// class says what a failed call to Slack means.
type class int

const (
	fine     class = iota
	limited        // wait as long as Slack says
	broken         // Slack or the way to it; try again. It may have been done
	unheard        // the same, but it cannot have been done: nothing was sent
	blocked        // we may not write there
	vanished       // the message or the thread is gone
	unfit          // the blocks are refused
	locked         // our token is no longer good
	strange        // anything else Slack says no for
)

// codes maps Slack's error codes: docs.slack.dev/reference/methods.
var codes = map[class][]string{
	limited: {"ratelimited", "rate_limited", "message_limit_exceeded"},
	broken:  {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "external_channel_migrating", "access_limited"},
	blocked: {"not_in_channel", "channel_not_found", "is_archived", "is_inactive", "restricted_action", "restricted_action_read_only_channel",
		"restricted_action_thread_only_channel", "restricted_action_non_threadable_channel", "restricted_action_thread_locked", "user_not_in_channel", "messages_tab_disabled",
		"team_access_not_granted", "cannot_dm_bot", "user_not_found", "user_disabled", "no_dual_broadcast_content_update"},
	vanished: {"message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed", "cannot_reply_to_message", "invalid_thread_ts", "root_already_unfurled_message"},
	unfit: {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "invalid_attachments", "block_mismatch",
		"unsupported_block_type", "metadata_too_large", "invalid_metadata_format", "invalid_metadata_schema"},
	locked: {"invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_authed", "no_permission", "missing_scope", "not_allowed_token_type",
		"org_login_required", "ekm_access_denied", "accesslimited"},
}

// classify reads an error of slack-go. nil is fine.
func classify(err error) class {
	if err == nil {
		return fine
	}
	var limit *slack.RateLimitedError
	if errors.As(err, &limit) {
		return limited
	}
	var status slack.StatusCodeError
	if errors.As(err, &status) {
		if status.Code == http.StatusTooManyRequests {
			return limited
		}
		return broken
	}
	var no slack.SlackErrorResponse
	if !errors.As(err, &no) {
		if unsent(err) {
			return unheard
		}
		return broken // a timeout, a cut connection, or an answer that is no JSON
	}
	for c, list := range codes {
		if slices.Contains(list, no.Err) {
			return c
		}
	}
	return strange
}

// unsent says whether the connection was never made.
func unsent(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	var dns *net.DNSError
	return errors.As(err, &dns)
}

// retryAfter is how long Slack wants us to wait. Without a word from it that is half a minute.
func retryAfter(err error) time.Duration {
	var limit *slack.RateLimitedError
	if errors.As(err, &limit) {
		return min(max(limit.RetryAfter, time.Second), 10*time.Minute)
	}
	return 30 * time.Second
}

// redacted takes the address out of an error: a Socket Mode address is a ticket, and a response_url
// is a right to write.
func redacted(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
