package commands

import (
	"time"

	"handrail/policy"
)

// Invocation is one thing a person asked, after the edge has verified it. No Slack type goes further in than this.
type Invocation struct {
	Key     string // idempotency key: the same delivery twice has the same key
	Entry   policy.Entry
	Team    string // verified team ID
	User    string // verified user ID
	Channel string // verified channel ID
	Thread  string // ts of the thread, "" if none
	Text    string // as typed, with Slack's escapes (&amp; <@U…|name> <#C…|name>)
	Command string // how the person called us, for hints: "/runbook" or "@Handrail"
	At      time.Time
}
