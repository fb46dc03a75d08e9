package slackserver_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"handrail/local/slackserver"
)

func TestMessageLifeWithSlackGo(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	meta := slack.SlackMetadata{EventType: "run", EventPayload: map[string]any{"id": "r-1"}}
	section := slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, "*queued*", false, false), nil, nil)
	channel, ts, err := l.api.PostMessage("#ops", slack.MsgOptionText("queued", false), slack.MsgOptionBlocks(section), slack.MsgOptionMetadata(meta))
	if err != nil || channel != "C012OPS" {
		t.Fatalf("posting: %v in %q", err, channel)
	}
	if _, _, err = l.api.PostMessage("C012OPS", slack.MsgOptionText("started", false), slack.MsgOptionTS(ts)); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err = l.api.UpdateMessage("C012OPS", ts, slack.MsgOptionText("done", false)); err != nil {
		t.Fatal(err)
	}
	replies, _, _, err := l.api.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: "C012OPS", Timestamp: ts, IncludeAllMetadata: true})
	if err != nil || len(replies) != 2 {
		t.Fatalf("replies: %v, %v", replies, err)
	}
	root := replies[0]
	if root.Text != "done" || len(root.Blocks.BlockSet) != 0 || root.Edited == nil || root.ReplyCount != 1 || root.BotID != "B012HANDRAIL" {
		t.Errorf("root is %+v", root.Msg)
	}
	if diff := cmp.Diff(meta.EventPayload, root.Metadata.EventPayload); diff != "" {
		t.Error("metadata was not kept: " + diff)
	}
	if err := l.api.AddReaction("eyes", slack.NewRefToMessage("C012OPS", ts)); err != nil {
		t.Error(err)
	}
	link, err := l.api.GetPermalink(&slack.PermalinkParameters{Channel: "C012OPS", Ts: ts})
	if err != nil || !strings.HasPrefix(link, l.web.URL+"/archives/C012OPS/p") {
		t.Errorf("permalink %q, %v", link, err)
	}
	if _, _, err = l.api.DeleteMessage("C012OPS", ts); err != nil {
		t.Error(err)
	}
	if left := l.messages("ops", "ana", ""); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestEphemeralIsSeenByOnePersonOnly(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	ts, err := l.api.PostEphemeral("C012OPS", "U012MALLORY", slack.MsgOptionText("no", false))
	if err != nil {
		t.Fatal(err)
	}
	if got := l.messages("ops", "mallory", ""); len(got) != 1 || got[0]["ephemeral"] != true {
		t.Errorf("mallory sees %v", got)
	}
	if got := l.messages("ops", "ana", ""); len(got) != 0 {
		t.Errorf("ana sees %v", got)
	}
	if _, _, _, err := l.api.UpdateMessage("C012OPS", ts, slack.MsgOptionText("yes", false)); err == nil || err.Error() != "message_not_found" {
		t.Errorf("updating an ephemeral message: %v", err)
	}
	history, err := l.api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: "C012OPS"})
	if err != nil || len(history.Messages) != 0 {
		t.Errorf("history holds it: %v, %v", history, err)
	}
}

func TestPeopleAndPlacesWithSlackGo(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{Usergroups: []slackserver.Usergroup{{ID: "S012LEADS", Handle: "leads", Users: []string{"U012BEN"}}}})
	who, err := l.api.AuthTest()
	if err != nil || who.UserID != "U012HANDRAIL" || who.TeamID != "T012LOCAL" || who.BotID != "B012HANDRAIL" {
		t.Errorf("auth.test %+v, %v", who, err)
	}
	bot, err := l.api.GetBotInfo(slack.GetBotInfoParameters{Bot: who.BotID})
	if err != nil || bot.AppID != "A012HANDRAIL" {
		t.Errorf("bots.info %+v, %v", bot, err)
	}
	l.post("/control/users", object{"user": "ana", "is_restricted": true})
	ana, err := l.api.GetUserInfo("U012ANA")
	if err != nil || !ana.IsRestricted || ana.Deleted || ana.Name != "ana" || ana.TZ != "Europe/Oslo" {
		t.Errorf("users.info %+v, %v", ana, err)
	}
	users, err := l.api.GetUsers()
	if err != nil || len(users) != 4 {
		t.Errorf("users.list %d, %v", len(users), err)
	}
	l.post("/control/channels", object{"channel": "ops", "is_ext_shared": true})
	ops, err := l.api.GetConversationInfo(&slack.GetConversationInfoInput{ChannelID: "C012OPS"})
	if err != nil || !ops.IsExtShared || !ops.IsMember || ops.Name != "ops" {
		t.Errorf("conversations.info %+v, %v", ops, err)
	}
	first, cursor, err := l.api.GetConversations(&slack.GetConversationsParameters{Limit: 2})
	if err != nil || len(first) != 2 || cursor == "" {
		t.Fatalf("conversations.list %v %q %v", first, cursor, err)
	}
	rest, cursor, err := l.api.GetConversations(&slack.GetConversationsParameters{Limit: 2, Cursor: cursor})
	if err != nil || len(rest) != 1 || cursor != "" {
		t.Errorf("second page %v %q %v", rest, cursor, err)
	}
	members, _, err := l.api.GetUsersInConversation(&slack.GetUsersInConversationParameters{ChannelID: "C012OPS"})
	if err != nil || !slices.Contains(members, "U012BEN") || !slices.Contains(members, "U012HANDRAIL") {
		t.Errorf("members %v, %v", members, err)
	}
	groups, err := l.api.GetUserGroups()
	if err != nil || len(groups) != 1 || groups[0].Handle != "leads" {
		t.Errorf("usergroups.list %v, %v", groups, err)
	}
	leads, err := l.api.GetUserGroupMembers("S012LEADS")
	if err != nil || len(leads) != 1 || leads[0] != "U012BEN" {
		t.Errorf("usergroups.users.list %v, %v", leads, err)
	}
	dm, _, _, err := l.api.OpenConversation(&slack.OpenConversationParameters{Users: []string{"U012BEN"}})
	if err != nil || dm.ID == "" {
		t.Fatalf("conversations.open %v, %v", dm, err)
	}
	if _, _, err := l.api.PostMessage(dm.ID, slack.MsgOptionText("psst", false)); err != nil {
		t.Error(err)
	}
	if team, err := l.api.GetTeamInfo(); err != nil || team.ID != "T012LOCAL" {
		t.Errorf("team.info %v, %v", team, err)
	}
}

func TestJoiningBeforePosting(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	l.post("/control/channels", object{"channel": "new", "id": "C012NEW"})
	if _, _, err := l.api.PostMessage("C012NEW", slack.MsgOptionText("a", false)); err == nil || err.Error() != "not_in_channel" {
		t.Errorf("before joining: %v", err)
	}
	if _, _, _, err := l.api.JoinConversation("C012NEW"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.api.PostMessage("C012NEW", slack.MsgOptionText("a", false)); err != nil {
		t.Errorf("after joining: %v", err)
	}
}

func TestRefusalsInSlacksSpelling(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	l.post("/control/channels", object{"channel": "old", "id": "C012OLD", "is_archived": true, "bot_member": true})
	l.post("/control/users", object{"user": "mallory", "deleted": true})
	said := l.post("/control/message", object{"user": "ana", "channel": "ops", "text": "mine"})["ts"].(string)
	long := strings.Repeat("é", 4001)
	rows := []struct{ name, method, form, want string }{
		{"unknown method", "chat.shout", "", "unknown_method"},
		{"no channel", "chat.postMessage", "text=a", "channel_not_found"},
		{"unknown channel", "chat.postMessage", "channel=C0NONE&text=a", "channel_not_found"},
		{"archived", "chat.postMessage", "channel=C012OLD&text=a", "is_archived"},
		{"nothing to say", "chat.postMessage", "channel=C012OPS", "no_text"},
		{"blocks that are no list", "chat.postMessage", "channel=C012OPS&blocks=hello", "invalid_blocks_format"},
		{"bad blocks", "chat.postMessage", `channel=C012OPS&blocks=[{"type":"sparkle"}]`, "invalid_blocks"},
		{"bad metadata", "chat.postMessage", "channel=C012OPS&text=a&metadata=hello", "invalid_metadata_format"},
		{"half metadata", "chat.postMessage", `channel=C012OPS&text=a&metadata={"event_type":"a"}`, "invalid_metadata_schema"},
		{"no such thread", "chat.postMessage", "channel=C012OPS&text=a&thread_ts=1.1", "cannot_reply_to_message"},
		{"two texts", "chat.postMessage", "channel=C012OPS&text=a&markdown_text=b", "markdown_text_conflict"},
		{"update of nothing", "chat.update", "channel=C012OPS&ts=1.1&text=a", "message_not_found"},
		{"update of a person's message", "chat.update", "channel=C012OPS&text=a&ts=" + said, "cant_update_message"},
		{"update that is too long", "chat.update", "channel=C012OPS&ts=1.1&text=" + long, "msg_too_long"},
		{"delete of a person's message", "chat.delete", "channel=C012OPS&ts=" + said, "cant_delete_message"},
		{"ephemeral for nobody", "chat.postEphemeral", "channel=C012OPS&user=U0NONE&text=a", "user_not_in_channel"},
		{"ephemeral for the deactivated", "chat.postEphemeral", "channel=C012OPS&user=U012MALLORY&text=a", "user_not_in_channel"},
		{"unknown user", "users.info", "user=U0NONE", "user_not_found"},
		{"user by name", "users.info", "user=ana", "user_not_found"},
		{"unknown bot", "bots.info", "bot=B0NONE", "bot_not_found"},
		{"DM with nobody", "conversations.open", "", "users_list_not_supplied"},
		{"DM with the deactivated", "conversations.open", "users=U012MALLORY", "user_disabled"},
		{"bad cursor", "conversations.list", "cursor=zzz", "invalid_cursor"},
		{"bad type", "conversations.list", "types=secret", "invalid_types"},
		{"replies of nothing", "conversations.replies", "channel=C012OPS&ts=1.1", "thread_not_found"},
		{"bad oldest", "conversations.history", "channel=C012OPS&oldest=soon", "invalid_ts_oldest"},
		{"unknown group", "usergroups.users.list", "usergroup=S0NONE", "no_such_subteam"},
		{"no trigger", "views.open", "view={}", "invalid_arguments"},
		{"reaction to nothing", "reactions.add", "channel=C012OPS&name=eyes&timestamp=1.1", "message_not_found"},
		{"app method with bot token", "apps.connections.open", "", "not_allowed_token_type"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			form, err := url.ParseQuery(r.form)
			if err != nil {
				t.Fatal(err)
			}
			form.Set("token", l.srv.BotToken())
			resp, err := http.PostForm(l.web.URL+"/api/"+r.method, form)
			if err != nil {
				t.Fatal(err)
			}
			if got := l.read(resp); got["ok"] != false || got["error"] != r.want || resp.StatusCode != http.StatusOK {
				t.Errorf("answered %v with %d, want %s", got, resp.StatusCode, r.want)
			}
		})
	}
}

func TestBadBlocksAreExplained(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{})
	long := slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, strings.Repeat("a", 3001), false, false), nil, nil)
	_, _, err := l.api.PostMessage("C012OPS", slack.MsgOptionBlocks(long))
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) || refused.Err != "invalid_blocks" {
		t.Fatalf("posting: %v", err)
	}
	want := []string{"[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"}
	if diff := cmp.Diff(want, refused.ResponseMetadata.Messages); diff != "" {
		t.Error(diff)
	}
}

func TestTokensInEveryPlace(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{BotToken: "xoxb-1"})
	rows := []struct{ name, media, body, header, want string }{
		{"form", "application/x-www-form-urlencoded", "token=xoxb-1&channel=C012OPS&text=a", "", ""},
		{"header", "application/x-www-form-urlencoded", "channel=C012OPS&text=a", "Bearer xoxb-1", ""},
		{"JSON and header", "application/json; charset=utf-8", `{"channel":"C012OPS","text":"a","blocks":null}`, "Bearer xoxb-1", ""},
		{"JSON field", "application/json", `{"channel":"C012OPS","text":"a","token":"xoxb-1"}`, "", ""},
		{"blocks as text in JSON", "application/json", `{"channel":"C012OPS","blocks":"[{\"type\":\"divider\"}]","token":"xoxb-1"}`, "", ""},
		{"multipart", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nxoxb-1\r\n--b\r\nContent-Disposition: form-data; name=\"channel\"\r\n\r\nC012OPS\r\n--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\na\r\n--b--\r\n", "", ""},
		{"none", "application/x-www-form-urlencoded", "channel=C012OPS&text=a", "", "not_authed"},
		{"wrong", "application/x-www-form-urlencoded", "token=xoxb-2&channel=C012OPS&text=a", "", "invalid_auth"},
		{"bad JSON", "application/json", `{"channel":`, "Bearer xoxb-1", "invalid_json"},
		{"JSON list", "application/json", `[]`, "Bearer xoxb-1", "json_not_object"},
		{"text body", "text/plain", "hello", "Bearer xoxb-1", "invalid_post_type"},
		{"huge", "application/json", `{"text":"` + strings.Repeat("a", 1<<20) + `"}`, "Bearer xoxb-1", "request_too_large"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequest(http.MethodPost, l.web.URL+"/api/chat.postMessage", strings.NewReader(r.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", r.media)
			if r.header != "" {
				req.Header.Set("Authorization", r.header)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			got := l.read(resp)
			if r.want == "" && got["ok"] != true || r.want != "" && got["error"] != r.want {
				t.Errorf("answered %v, want %q", got, r.want)
			}
		})
	}
}

func TestRateLimitTiers(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{RateLimits: true, Now: func() time.Time { return time.Unix(1_700_000_000, 0) }})
	var limited *slack.RateLimitedError
	for i := range 50 {
		if _, _, err := l.api.PostMessage("C012OPS", slack.MsgOptionText("a", false)); err != nil {
			if !errors.As(err, &limited) || limited.RetryAfter < time.Second || i == 0 {
				t.Fatalf("call %d: %v", i, err)
			}
			break
		}
	}
	if limited == nil {
		t.Fatal("50 messages at once were taken")
	}
	if _, _, err := l.api.PostMessage("C012RANDOM", slack.MsgOptionText("a", false)); err != nil {
		t.Errorf("another channel has a bucket of its own: %v", err)
	}
}

func TestOldestMessagesAreForgotten(t *testing.T) {
	t.Parallel()
	l := start(t, slackserver.Options{MaxMessages: 10})
	for range 25 {
		if _, _, err := l.api.PostMessage("C012OPS", slack.MsgOptionText("a", false)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(l.messages("ops", "ana", "")); n > 10 || n < 5 {
		t.Errorf("%d messages are kept", n)
	}
}
