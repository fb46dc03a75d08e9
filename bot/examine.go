package bot

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// scopes are the bot scopes without which something does not work: deploy/slack/manifest.yaml says what for.
var scopes = []string{"app_mentions:read", "channels:read", "chat:write", "commands", "groups:read", "im:write", "usergroups:read", "users:read"}

// Findings is what Slack says of our installation.
type Findings struct {
	Team          string        // team ID
	App           string        // app ID
	MissingScopes []string      // nil also if Slack did not list the scopes
	Skew          time.Duration // our clock minus Slack's, to the second
}

// Examine asks Slack who we are, and in Socket Mode for a connection that it does not use. It changes nothing.
func (w *Workspace) Examine(ctx context.Context, mode Mode) (Findings, error) {
	who, err := w.api.AuthTestContext(ctx)
	if err != nil {
		return Findings{}, fmt.Errorf("testing the bot token: %w", redacted(err))
	}
	if err := w.identify(ctx); err != nil {
		return Findings{}, fmt.Errorf("learning who we are in slack: %w", err)
	}
	if mode == Socket {
		api := slack.New(w.opt.BotToken, slack.OptionHTTPClient(w.opt.HTTPClient), slack.OptionAPIURL(w.opt.APIURL), slack.OptionAppLevelToken(w.opt.AppToken))
		if _, _, err := api.StartSocketModeContext(ctx); err != nil {
			return Findings{}, fmt.Errorf("testing the app-level token: %w", redacted(err))
		}
	}
	f := Findings{Team: who.TeamID, App: w.installation().app}
	if at, err := http.ParseTime(who.Header.Get("Date")); err == nil {
		f.Skew = time.Since(at).Truncate(time.Second)
	}
	granted := strings.FieldsFunc(who.Header.Get("X-OAuth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' })
	for _, s := range scopes {
		if len(granted) > 0 && !slices.Contains(granted, s) {
			f.MissingScopes = append(f.MissingScopes, s)
		}
	}
	return f, nil
}
