package bot

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// isChannelName says whether s has the form of "#name" in Slack. An expression for it would take 400 KB of memory.
func isChannelName(s string) bool {
	name, ok := strings.CutPrefix(s, "#")
	return ok && name != "" && utf8.RuneCountInString(name) <= 80 && !strings.ContainsAny(name, "<>&|#@") && !strings.ContainsFunc(name, unicode.IsSpace)
}

// postWithin bounds a notice with its wait for Slack's rate limits.
const postWithin = 30 * time.Second

// Post says text in a channel, given as its ID or as "#name": an alarm, a change of the policy, a checkpoint. Nothing in text
// mentions, links or formats; of a long text the first 3,000 characters are said. It waits for Slack's rate limits until
// ctx ends, half a minute at most, does not retry, and returns why it was not said, or perhaps not.
func (b *Bot) Post(ctx context.Context, channel, text string) error {
	if !isChannel(channel) && !isChannelName(channel) {
		return fmt.Errorf("posting a notice: %q is neither a channel ID nor #name", limit(clean(channel), 100))
	}
	ctx, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	text = limit(cleanLines(text), maxText)
	m := message{text: limit(escaper.Replace(text), maxText), blocks: []slack.Block{slack.NewRichTextBlock("", slack.NewRichTextSection(words(firstOf(text, " "))))}}
	err := b.announce.limits.wait(ctx, methodPost, channel)
	if err == nil {
		_, _, err = b.opt.Workspace.api.PostMessageContext(ctx, channel, options(m)...)
		b.announce.limits.learn(methodPost, err)
	}
	if err != nil {
		return fmt.Errorf("posting a notice: %w", redacted(err))
	}
	return nil
}
