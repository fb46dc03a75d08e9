package slackserver

import (
	"io"
	"log/slog"
	"strings"
	"time"
)

// Options says which workspace to serve. Every zero value has a default, so
// New(Options{}) gives the demo workspace with random tokens and Socket Mode.
type Options struct {
	BotToken      string // xoxb-…; empty: a random one
	AppToken      string // xapp-…, for apps.connections.open; empty: a random one
	SigningSecret string // signs HTTP callbacks; empty: a random one

	// Where to deliver by signed HTTP. What has no URL goes by Socket Mode,
	// except that options requests fall back to InteractivityURL.
	CommandURL       string
	InteractivityURL string
	OptionsURL       string
	EventsURL        string

	// BaseURL is how the app reaches this server, such as http://127.0.0.1:8080.
	// Empty: taken from the Host of each request. Its host name is the one
	// beside loopback under which the control routes and the page answer.
	BaseURL string

	TeamID     string // empty: T012LOCAL
	TeamName   string // empty: Local
	TeamDomain string // empty: local
	AppID      string // empty: A012HANDRAIL
	BotID      string // empty: B012HANDRAIL
	BotUserID  string // empty: U012HANDRAIL
	BotName    string // empty: Handrail

	Users      []User      // nil: ana, ben and mallory
	Channels   []Channel   // nil: ops, random and inc-204
	Usergroups []Usergroup // nil: none
	Commands   []Command   // nil: /runbook and /incident

	// Events lists the subscribed bot events.
	// Nil: app_mention, message.im, app_home_opened, user_change.
	Events []string

	// RateLimits enforces Slack's published tiers with 429 and Retry-After.
	RateLimits bool

	// AckWait is how long the app has to acknowledge. Zero: Slack's 3 seconds;
	// tests of slow apps want less.
	AckWait time.Duration

	// RetryDelays are the waits before each further attempt to deliver an
	// event. Nil: at once, 1 minute, 5 minutes, as Slack does.
	RetryDelays []time.Duration

	// MaxMessages bounds the messages kept in one channel; the oldest go
	// first. Zero: 10,000.
	MaxMessages int

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: discarded
}

// User is a person, or a bot, of the workspace or from outside.
type User struct {
	ID       string // such as U012ANA
	Name     string // what follows @; lower case
	RealName string // empty: Name
	Title    string // shown on the page, such as "may run runbooks"
	Email    string
	TZ       string // empty: Etc/UTC
	TeamID   string // empty: the workspace's; another one is an external person

	Deleted           bool // deactivated
	IsBot             bool
	IsWorkflowBot     bool
	IsRestricted      bool // multi-channel guest
	IsUltraRestricted bool // single-channel guest
	IsStranger        bool // external, sharing no channel
	IsAdmin           bool
}

// Channel is a conversation that people see in the left rail.
type Channel struct {
	ID      string // such as C012OPS
	Name    string // without #
	Topic   string
	Purpose string

	IsPrivate          bool
	IsArchived         bool
	IsExtShared        bool
	IsPendingExtShared bool
	IsOrgShared        bool

	BotMember bool     // whether the app may post without conversations.join
	Members   []string // user IDs; nil: everyone
}

// Usergroup is what @team mentions name.
type Usergroup struct {
	ID       string // such as S012LEADS
	Handle   string // what follows @
	Name     string // empty: Handle
	Users    []string
	Disabled bool
}

// Command is a registered slash command.
type Command struct {
	Name        string // with the slash
	Description string
	UsageHint   string
}

func (o Options) withDefaults() Options {
	text := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	text(&o.BotToken, "xoxb-"+randomToken(24))
	text(&o.AppToken, "xapp-1-"+randomToken(24))
	text(&o.SigningSecret, randomHex(16))
	text(&o.TeamID, "T012LOCAL")
	text(&o.TeamName, "Local")
	text(&o.TeamDomain, "local")
	text(&o.AppID, "A012HANDRAIL")
	text(&o.BotID, "B012HANDRAIL")
	text(&o.BotUserID, "U012HANDRAIL")
	text(&o.BotName, "Handrail")
	text(&o.OptionsURL, o.InteractivityURL)
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.Users == nil {
		o.Users = demoUsers()
	}
	if o.Channels == nil {
		o.Channels = demoChannels()
	}
	if o.Commands == nil {
		o.Commands = demoCommands()
	}
	if o.Events == nil {
		o.Events = []string{"app_mention", "message.im", "app_home_opened", "user_change"}
	}
	if o.AckWait <= 0 {
		o.AckWait = 3 * time.Second
	}
	if o.RetryDelays == nil {
		o.RetryDelays = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	if o.MaxMessages <= 0 {
		o.MaxMessages = 10_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return o
}
