package slackserver

// tokenKind is the token that a method accepts.
type tokenKind int

const (
	noToken tokenKind = iota
	anyToken
	botToken
	appToken
)

// method is one row of the Web API's table; coverage is generated from it.
type method struct {
	name  string
	token tokenKind
	tier  tier
	gaps  string // what the real one does and this one does not
	run   func(*call) (reply, error)
}

// methodTable lists every Web API method that is answered.
func methodTable() []method {
	return []method{
		{"api.test", noToken, tier4, "", apiTest},
		{"apps.connections.open", appToken, tier3, "", connectionsOpen},
		{"auth.test", anyToken, tierSpecial, "", authTest},
		{"bots.info", botToken, tier3, "only the app's own bot", botsInfo},
		{"chat.delete", botToken, tier3, "", chatDelete},
		{"chat.getPermalink", botToken, tierSpecial, "", chatGetPermalink},
		{"chat.postEphemeral", botToken, tier4, "parse and link_names are ignored", chatPostEphemeral},
		{"chat.postMessage", botToken, tierPost, "parse and link_names are ignored; links are never unfurled", chatPostMessage},
		{"chat.update", botToken, tier3, "parse, link_names and file_ids are ignored", chatUpdate},
		{"conversations.history", botToken, tier3, "", conversationsHistory},
		{"conversations.info", botToken, tier3, "include_locale is ignored", conversationsInfo},
		{"conversations.join", botToken, tier3, "", conversationsJoin},
		{"conversations.list", botToken, tier2, "", conversationsList},
		{"conversations.members", botToken, tier4, "", conversationsMembers},
		{"conversations.open", botToken, tier3, "direct conversations with one person only", conversationsOpen},
		{"conversations.replies", botToken, tier3, "", conversationsReplies},
		{"reactions.add", botToken, tier3, "any emoji name is accepted", reactionsAdd},
		{"team.info", botToken, tier3, "", teamInfo},
		{"usergroups.list", botToken, tier2, "", usergroupsList},
		{"usergroups.users.list", botToken, tier2, "", usergroupsUsersList},
		{"users.info", botToken, tier4, "include_locale is ignored", usersInfo},
		{"users.list", botToken, tier2, "", usersList},
		{"views.open", botToken, tier4, "interactivity_pointer is refused", viewsOpen},
		{"views.publish", botToken, tier4, "", viewsPublish},
		{"views.push", botToken, tier4, "", viewsPush},
		{"views.update", botToken, tier4, "", viewsUpdate},
	}
}

func methodsByName() map[string]method {
	out := map[string]method{}
	for _, m := range methodTable() {
		out[m.name] = m
	}
	return out
}
