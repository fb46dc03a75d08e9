package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"handrail/automation"
	"handrail/policy"
)

// WorkspaceOptions say how to reach Slack. BotToken is required, AppToken for Socket Mode.
type WorkspaceOptions struct {
	APIURL     string // https://slack.com/api/ if ""; a missing slash at the end is added
	BotToken   string
	AppToken   string
	UserGroups func() []string // IDs of the user groups that decisions depend on today; nil means none
	HTTPClient *http.Client    // nil: 10 s timeout, no redirects
	Log        *slog.Logger    // nil discards
}

// Workspace is the Slack workspace that the bot is installed in. It is the automation.Directory:
// what it says about people and channels is at most 60 seconds old.
type Workspace struct {
	opt      WorkspaceOptions
	api      *slack.Client
	home     atomic.Pointer[installation]
	asking   chan struct{} // holds the one who asks Slack who we are
	actors   *cache[policy.Actor]
	channels *cache[policy.Channel]
	groups   *cache[map[string]struct{}] // members of user groups

	// Whoever holds asking has these.
	trouble error         // why the last attempt failed
	pause   time.Duration // after it
	next    time.Time     // not before this
}

var _ automation.Directory = (*Workspace)(nil)

// installation is who we are in Slack. Payloads must name the same app and team.
type installation struct {
	team       string
	enterprise string // "" outside of an Enterprise Grid
	app        string
	user       string // our bot user
	bot        string // our bot ID
	name       string
}

// NewWorkspace returns the workspace without asking Slack anything yet.
func NewWorkspace(o WorkspaceOptions) (*Workspace, error) {
	if o.BotToken == "" {
		return nil, errors.New("slack needs a bot token (xoxb-…)")
	}
	if o.APIURL == "" {
		o.APIURL = slack.APIURL
	}
	if !strings.HasSuffix(o.APIURL, "/") {
		o.APIURL += "/"
	}
	if o.HTTPClient == nil {
		o.HTTPClient = defaultHTTPClient()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	w := &Workspace{opt: o, asking: make(chan struct{}, 1), actors: newCache[policy.Actor](), channels: newCache[policy.Channel](), groups: newCache[map[string]struct{}]()}
	w.api = slack.New(o.BotToken, slack.OptionHTTPClient(o.HTTPClient), slack.OptionAPIURL(o.APIURL))
	return w, nil
}

// defaultHTTPClient never follows a redirect, which would carry the token along, and never hangs.
func defaultHTTPClient() *http.Client {
	return &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// installation returns who we are, or nil if Slack has not said so yet.
func (w *Workspace) installation() *installation { return w.home.Load() }

// known returns who we are. It asks Slack if need be, and again until ctx ends.
func (w *Workspace) known(ctx context.Context) (*installation, error) {
	for {
		if home := w.home.Load(); home != nil {
			return home, nil
		}
		select {
		case w.asking <- struct{}{}:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting to learn who we are in slack: %w", ctx.Err())
		}
		err := w.attempt(ctx)
		<-w.asking
		if err != nil && ctx.Err() != nil {
			return nil, fmt.Errorf("learning who we are in slack: %w", err)
		}
	}
}

// The waits between two questions who we are, unless Slack names one.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 5 * time.Second
)

// attempt asks once, when it is time to. The caller holds asking.
func (w *Workspace) attempt(ctx context.Context) error {
	if w.home.Load() != nil {
		return nil
	}
	if !sleep(ctx, time.Until(w.next)) {
		return cmp.Or(w.trouble, ctx.Err())
	}
	err := w.identify(ctx)
	if w.trouble = err; err == nil {
		return nil
	}
	w.pause = min(max(2*w.pause, firstPause), lastPause)
	wait := w.pause
	if classify(err) == limited {
		wait = retryAfter(err)
	}
	w.next = time.Now().Add(wait)
	return err
}

func (w *Workspace) identify(ctx context.Context) error {
	who, err := w.api.AuthTestContext(ctx)
	if err != nil {
		return redacted(err)
	}
	bot, err := w.api.GetBotInfoContext(ctx, slack.GetBotInfoParameters{Bot: who.BotID})
	if err != nil {
		return redacted(err)
	}
	if who.TeamID == "" || who.UserID == "" || who.BotID == "" || bot.AppID == "" {
		return errors.New("slack's answer lacks the team, the user, the bot or the app")
	}
	w.home.Store(&installation{team: who.TeamID, enterprise: who.EnterpriseID, app: bot.AppID, user: who.UserID, bot: who.BotID, name: mentionName(who.User)})
	w.opt.Log.Info("installed in slack", "team", who.TeamID, "app", bot.AppID)
	return nil
}

// mentionName is how people call us. auth.test gives the name in lower case.
func mentionName(user string) string {
	if user == "" || strings.EqualFold(user, "handrail") {
		return "@Handrail"
	}
	return "@" + clean(user)
}

// watch learns who we are as soon as Slack can be asked, and complains while it cannot.
func (w *Workspace) watch(ctx context.Context) {
	for ctx.Err() == nil {
		try, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err := w.known(try)
		cancel()
		if err == nil || ctx.Err() != nil {
			return
		}
		w.opt.Log.Error("asking slack who we are", "error", err)
		sleep(ctx, 20*time.Second)
	}
}

// admits says whether a payload of this team and app is meant for us.
func (h *installation) admits(team, enterprise, app string) bool {
	if app == "" || app != h.app {
		return false
	}
	return team != "" && team == h.team || team == "" && enterprise != "" && enterprise == h.enterprise
}
