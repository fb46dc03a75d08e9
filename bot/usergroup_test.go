package bot

import (
	"slices"
	"testing"

	"handrail/local/slackserver"
	"handrail/policy"
)

func TestUserGroupsAreLookedUpAndNeverWidened(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{Usergroups: []slackserver.Usergroup{{ID: "S012LEADS", Handle: "leads", Users: []string{"U012BEN"}}}}, nil)
	w, err := NewWorkspace(WorkspaceOptions{APIURL: l.url + "/api", BotToken: l.slack.BotToken(),
		UserGroups: func() []string { return []string{"S012LEADS", "S0GONE"} }})
	if err != nil {
		t.Fatal(err)
	}
	for user, want := range map[string][]string{"U012BEN": {"S012LEADS"}, "U012ANA": nil} {
		actor, err := w.Actor(t.Context(), "T012LOCAL", user)
		if err != nil || actor.Standing != policy.StandingMember || !slices.Equal(actor.UserGroups, want) {
			t.Errorf("%s is in %v (%s, %v), want %v", user, actor.UserGroups, actor.Standing, err, want)
		}
	}
}
