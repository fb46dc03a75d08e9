package bot

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"handrail/local/slackserver"
	"handrail/policy"
)

func TestStandings(t *testing.T) {
	t.Parallel()
	person := func(id string, f func(*slackserver.User)) slackserver.User {
		u := slackserver.User{ID: id, Name: id}
		if f != nil {
			f(&u)
		}
		return u
	}
	cases := map[string]struct {
		user slackserver.User
		team string
		want policy.Standing
	}{
		"a member":                {person("U01", nil), "T012LOCAL", policy.StandingMember},
		"an admin":                {person("U02", func(u *slackserver.User) { u.IsAdmin = true }), "T012LOCAL", policy.StandingMember},
		"no team in the payload":  {person("U03", nil), "", policy.StandingMember},
		"deactivated":             {person("U04", func(u *slackserver.User) { u.Deleted = true }), "T012LOCAL", policy.StandingDeactivated},
		"a bot":                   {person("U05", func(u *slackserver.User) { u.IsBot = true }), "T012LOCAL", policy.StandingBot},
		"a workflow":              {person("U06", func(u *slackserver.User) { u.IsWorkflowBot = true }), "T012LOCAL", policy.StandingBot},
		"a guest":                 {person("U07", func(u *slackserver.User) { u.IsRestricted = true }), "T012LOCAL", policy.StandingGuest},
		"a single-channel guest":  {person("U08", func(u *slackserver.User) { u.IsUltraRestricted = true }), "T012LOCAL", policy.StandingGuest},
		"an outsider":             {person("U09", func(u *slackserver.User) { u.TeamID = "T0OTHER" }), "T0OTHER", policy.StandingExternal},
		"an outsider who lies":    {person("U10", func(u *slackserver.User) { u.TeamID = "T0OTHER" }), "T012LOCAL", policy.StandingExternal},
		"a member elsewhere":      {person("U11", nil), "T0OTHER", policy.StandingExternal},
		"ourselves":               {slackserver.User{ID: "U012HANDRAIL"}, "T012LOCAL", policy.StandingBot},
		"a deactivated bot guest": {person("U12", func(u *slackserver.User) { u.Deleted, u.IsBot, u.IsRestricted = true, true, true }), "T012LOCAL", policy.StandingDeactivated},
	}
	var o slackserver.Options
	for _, c := range cases {
		if c.user.Name != "" {
			o.Users = append(o.Users, c.user)
		}
	}
	o.Users = append(o.Users, person("U90", func(u *slackserver.User) { u.IsStranger = true; u.TeamID = "T0OTHER" }))
	l := serve(t, o, nil)
	w := l.bot.opt.Workspace
	for name, c := range cases {
		got, err := w.Actor(t.Context(), c.team, c.user.ID)
		if err != nil || got.Standing != c.want || got.ID != c.user.ID || got.Team != c.team {
			t.Errorf("%s is %+v, %v; want %s", name, got, err, c.want)
		}
	}
	for _, id := range []string{"U90", "U404", "", "ana", "U1 OR 1", "C012OPS"} {
		if got, err := w.Actor(t.Context(), "T012LOCAL", id); err == nil || got.Standing != policy.StandingUnknown {
			t.Errorf("%q is %+v, %v", id, got, err)
		}
	}
}

func TestChannels(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{Channels: []slackserver.Channel{
		{ID: "C01", Name: "ops", BotMember: true}, {ID: "C02", Name: "partners", IsExtShared: true, BotMember: true},
		{ID: "C03", Name: "soon", IsPendingExtShared: true, BotMember: true}, {ID: "C04", Name: "org", IsOrgShared: true, BotMember: true},
	}}, nil)
	w := l.bot.opt.Workspace
	for id, want := range map[string]policy.Channel{
		"C01":     {ID: "C01", Name: "ops", Known: true},
		"C02":     {ID: "C02", Name: "partners", Shared: true, Known: true},
		"C03":     {ID: "C03", Name: "soon", Shared: true, Known: true},
		"C04":     {ID: "C04", Name: "org", Shared: true, Known: true},
		"D012ANA": {ID: "D012ANA", Known: true},
	} {
		if got, err := w.Channel(t.Context(), id); err != nil || got != want {
			t.Errorf("%s is %+v, %v", id, got, err)
		}
	}
	for _, id := range []string{"C404", "", "ops", "#ops", "U012ANA"} {
		if got, err := w.Channel(t.Context(), id); err == nil || got.Known {
			t.Errorf("%q is %+v, %v", id, got, err)
		}
	}
}

func TestFailuresAreNotKeptAndAnswersAre(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil)
	w := l.bot.opt.Workspace
	l.fault(object{"match": "users.info", "times": 1, "status": 500})
	if got, err := w.Actor(t.Context(), "T012LOCAL", "U012ANA"); err == nil || got.Standing != "" {
		t.Errorf("a failure is %+v, %v", got, err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got, err := w.Actor(t.Context(), "T012LOCAL", "U012ANA"); err != nil || got.Standing != policy.StandingMember {
				t.Errorf("ana is %+v, %v", got, err)
			}
		})
	}
	all.Wait()
	if n := len(l.calls("users.info")); n != 2 {
		t.Errorf("users.info was called %d times, want the failure and one more", n)
	}
}

func TestUserChangeIsLearnedAtOnce(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{}, nil)
	w := l.bot.opt.Workspace
	if got, err := w.Actor(t.Context(), "T012LOCAL", "U012ANA"); err != nil || got.Standing != policy.StandingMember {
		t.Fatalf("ana is %+v, %v", got, err)
	}
	if r := l.post("/control/users", object{"user": "ana", "deleted": true}); r["ok"] != true {
		t.Fatalf("the change answered %v", r)
	}
	eventually(t, "ana is known to be deactivated", func() bool {
		got, err := w.Actor(context.Background(), "T012LOCAL", "U012ANA")
		return err == nil && got.Standing == policy.StandingDeactivated
	})
}

func TestCacheForgetsAfterAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCache[int]()
		var asked atomic.Int64
		load := func(context.Context) (int, error) {
			time.Sleep(time.Second)
			return int(asked.Add(1)), nil
		}
		get := func() int {
			v, err := c.get(t.Context(), "k", load)
			if err != nil {
				t.Error(err)
			}
			return v
		}
		if first, second := get(), get(); first != 1 || second != 1 {
			t.Error("an answer was not kept")
		}
		time.Sleep(59 * time.Second)
		if get() != 2 {
			t.Error("an answer was kept for more than a minute since it was asked for")
		}
		go get()
		c.forget("k")
		time.Sleep(2 * time.Second)
		if get() != 3 {
			t.Error("an answer was kept that had been invalidated")
		}
	})
}

func TestCacheAsksOnBehalfOfAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCache[int]()
		slow := func(ctx context.Context) (int, error) {
			select {
			case <-time.After(3 * time.Second):
				return 7, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		go func() {
			if _, err := c.get(impatient, "k", slow); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the impatient one got %v", err)
			}
		}()
		synctest.Wait()
		if v, err := c.get(t.Context(), "k", slow); v != 7 || err != nil {
			t.Errorf("the patient one got %d, %v", v, err)
		}
	})
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := newCache[int]()
	for i := range cacheSize + 100 {
		if _, err := c.get(t.Context(), nth(i), func(context.Context) (int, error) { return i, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.entries); n > cacheSize {
		t.Errorf("%d entries", n)
	}
}

func TestAnActorHasTheAddressThatSlackGives(t *testing.T) {
	t.Parallel()
	l := serve(t, slackserver.Options{Users: []slackserver.User{{ID: "U012ANA", Name: "ana", Email: "ana@example.com"}, {ID: "U012BEN", Name: "ben"}, {ID: "U012EVE", Name: "eve", Email: "eve\u202e@example.com"}}}, nil)
	for user, want := range map[string]string{"U012ANA": "ana@example.com", "U012BEN": "", "U012EVE": ""} {
		if got, err := l.bot.opt.Workspace.Actor(t.Context(), "T012LOCAL", user); err != nil || got.Mail != want {
			t.Errorf("%s is %+v, %v", user, got, err)
		}
	}
}
