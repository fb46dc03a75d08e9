package bot

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"handrail/automation"
	"handrail/policy"
)

const approversID = "C012APPROVALS"

// askedThere is an execution that is asked in a channel of its own.
func askedThere(id string) *automation.Execution {
	e := accepted(id)
	e.State = automation.AwaitingApproval
	e.Approval = &automation.Approval{Needs: []policy.Need{{Rule: "failovers", From: []string{"leads"}, Count: 1, Channel: approversID}}, By: time.Now().Add(time.Hour)}
	return e
}

// An approvers' channel that fails, for a while or for good, does not keep the card from what happens.
func TestTheApproversChannelHoldsUpNoCard(t *testing.T) {
	for name, fails := range map[string]int{"for a while": 2, "for good": 1_000} {
		t.Run(name, func(t *testing.T) {
			onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
				w.answer(func(_ string, form url.Values) (int, http.Header, string) {
					if form.Get("channel") == approversID && fails > 0 {
						fails--
						return http.StatusBadGateway, nil, ""
					}
					return http.StatusOK, nil, ""
				})
				a.wake(m.insert(askedThere("one")))
				time.Sleep(1500 * time.Millisecond)
				if row := m.row("one").Announcement; row.Card == "" || row.AskCard != "" || row.Replies[replyAsk] == "" {
					t.Fatalf("after a second and a half slack was told %+v", row)
				}
				began := time.Now()
				a.wake(m.change("one", func(e *automation.Execution) { e.Note = "somebody agreed" }))
				time.Sleep(3 * time.Second)
				found := false
				for _, c := range w.of("chat.update") {
					found = found || strings.Contains(c.form.Get("blocks"), "somebody agreed") && c.at.Sub(began) < 2*time.Second
				}
				if !found {
					t.Error("the card waited for the approvers' channel")
				}
				time.Sleep(2 * time.Minute)
				row := m.row("one")
				if lost := row.Announcement.Replies[besideLost] != ""; !m.told("one") || lost != (name == "for good") || lost != (row.Announcement.AskCard == "") {
					t.Errorf("after two minutes slack was told %+v", row.Announcement)
				}
				if name == "for good" && len(w.of("chat.postMessage")) > 2+besideTries {
					t.Errorf("it was tried %d times", len(w.of("chat.postMessage")))
				}
			})
		})
	}
}

// Another replica raises the version while the card rests here: it is shown all the same, in time.
func TestANewVersionFromAnotherReplicaIsShownWhileTheCardRests(t *testing.T) {
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		w.answer(func(_ string, form url.Values) (int, http.Header, string) {
			if form.Get("channel") == approversID {
				return http.StatusBadGateway, nil, ""
			}
			return http.StatusOK, nil, ""
		})
		a.wake(m.insert(askedThere("one")))
		time.Sleep(4 * time.Second)
		m.change("one", func(e *automation.Execution) { e.Note = "told elsewhere" })
		time.Sleep(3 * time.Second)
		updates := w.of("chat.update")
		if len(updates) == 0 || !strings.Contains(updates[len(updates)-1].form.Get("blocks"), "told elsewhere") {
			t.Errorf("%d updates, the newest without the news", len(updates))
		}
	})
}

// Slack wants us to wait long before we post again: what can be updated meanwhile is.
func TestTheCardDoesNotWaitForTheRateLimitOfAnotherMessage(t *testing.T) {
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		w.answer(func(_ string, form url.Values) (int, http.Header, string) {
			if form.Get("channel") == approversID {
				return http.StatusTooManyRequests, http.Header{"Retry-After": {"300"}}, ""
			}
			return http.StatusOK, nil, ""
		})
		a.wake(m.insert(askedThere("one")))
		time.Sleep(4 * time.Second)
		a.wake(m.change("one", func(e *automation.Execution) { e.Note = "somebody agreed" }))
		time.Sleep(2 * time.Second)
		updates := w.of("chat.update")
		if len(updates) == 0 || !strings.Contains(updates[len(updates)-1].form.Get("blocks"), "somebody agreed") {
			t.Errorf("%d updates, the newest without the news", len(updates))
		}
	})
}

// A message whose fate is unclear is looked for before it is sent again.
func TestTheApproversMessageIsNotDoubledAfterALostAnswer(t *testing.T) {
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		lost := true
		w.answer(func(method string, form url.Values) (int, http.Header, string) {
			switch {
			case method == "chat.postMessage" && form.Get("channel") == approversID && lost:
				lost = false
				return http.StatusGatewayTimeout, nil, "" // it was posted all the same
			case method == "conversations.history":
				return http.StatusOK, nil, `{"ok":true,"messages":[{"ts":"1700000000.000777","bot_id":"B012HANDRAIL",
					"metadata":{"event_type":"` + metadataType + `","event_payload":{"execution":"one","kind":"` + kindAsk + `"}}}]}`
			}
			return http.StatusOK, nil, ""
		})
		a.wake(m.insert(askedThere("one")))
		time.Sleep(time.Minute)
		posts := 0
		for _, c := range w.of("chat.postMessage") {
			if c.form.Get("channel") == approversID {
				posts++
			}
		}
		if row := m.row("one").Announcement; posts != 1 || row.AskCard != "1700000000.000777" || row.Asked != 1 {
			t.Errorf("%d posts, noted as %+v", posts, row)
		}
	})
}

// What is told beside the card stays told when the card has to move.
func TestMovingTheCardTellsNothingTwice(t *testing.T) {
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		a.look.emergency = func(string) string { return "#security" }
		gone := false
		w.answer(func(method string, form url.Values) (int, http.Header, string) {
			if method == "chat.update" && gone && form.Get("channel") != approversID {
				gone = false
				return http.StatusOK, nil, `{"ok":false,"error":"message_not_found"}`
			}
			return http.StatusOK, nil, ""
		})
		e := askedThere("one")
		e.BreakGlass = true
		a.wake(m.insert(e))
		time.Sleep(10 * time.Second)
		gone = true
		a.wake(m.change("one", func(e *automation.Execution) { e.Note = "again" }))
		time.Sleep(time.Minute)
		count := map[string]int{}
		for _, c := range w.of("chat.postMessage") {
			count[c.form.Get("channel")]++
		}
		if count[approversID] != 1 || count["#security"] != 1 || gone {
			t.Errorf("posts by channel: %v, the card is gone: %v", count, gone)
		}
	})
}

// A run by an emergency rule that has left the policy is not passed over in silence.
func TestAnEmergencyWhoseRuleIsGone(t *testing.T) {
	onWire(t, func(t *testing.T, w *wire, m *memory, a *announcer) {
		a.look.emergency = func(string) string { return "" }
		e := accepted("one")
		e.BreakGlass, e.Rule, e.AWSID = true, "emergency-restarts", theAWS
		a.wake(m.insert(e))
		time.Sleep(time.Minute)
		if row := m.row("one").Announcement; row.Replies[emergency] != notTold || row.Version != m.row("one").Version {
			t.Errorf("noted as %+v", row)
		}
		last := w.of("chat.update")
		if len(last) == 0 || !strings.Contains(last[len(last)-1].form.Get("blocks"), "could not tell the channel") {
			t.Errorf("the card says nothing: %d updates", len(last))
		}
	})
}
