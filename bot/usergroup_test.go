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

func TestAFailureIsNotTakenForAbsence(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{Usergroups: []slackserver.Usergroup{{ID: "S012LEADS", Handle: "leads", Users: []string{"U012BEN"}}}}, nil)
	groups := []string{"S012LEADS", "S0GONE"}
	w, err := NewWorkspace(WorkspaceOptions{APIURL: l.url + "/api", BotToken: l.slack.BotToken(), UserGroups: func() []string { return groups }})
	if err != nil {
		t.Fatal(err)
	}
	l.fault(object{"match": "usergroups.users.list", "times": 1, "status": 503})
	if actor, err := w.Actor(t.Context(), "T012LOCAL", "U012BEN"); err == nil || actor.Standing != policy.StandingUnknown {
		t.Errorf("ben is %+v, %v although nobody knows his groups", actor, err)
	}
	if actor, err := w.Actor(t.Context(), "T012LOCAL", "U012BEN"); err != nil || !slices.Equal(actor.UserGroups, groups[:1]) {
		t.Errorf("ben is %+v, %v", actor, err)
	}
	groups = []string{"S012LEADS", "S0NEW"} // the first is known by now
	l.fault(object{"match": "usergroups.users.list", "times": 2, "status": 503})
	if actor, err := w.Actor(t.Context(), "T012LOCAL", "U012BEN"); err != nil || !slices.Equal(actor.UserGroups, groups[:1]) {
		t.Errorf("ben is %+v, %v; one group is enough", actor, err)
	}
	if actor, err := w.Actor(t.Context(), "T012LOCAL", "U012ANA"); err == nil {
		t.Errorf("ana is %+v although one group could not be read", actor)
	}
}
