package slackserver

import (
	"net/http"
)

// listCoverage answers what is covered and what is known to be missing.
func (s *Server) listCoverage(w http.ResponseWriter, _ *http.Request) {
	methods := []reply{}
	for _, m := range methodTable() {
		row := reply{"method": m.name}
		if m.gaps != "" {
			row["gaps"] = m.gaps
		}
		methods = append(methods, row)
	}
	answer{status: http.StatusOK, body: toJSON(reply{"ok": true, "methods": methods, "gaps": knownGaps()})}.write(w)
}

// knownGaps says what the wire of the real Slack has and this one lacks, beside
// the methods that the table does not list.
func knownGaps() []string {
	return []string{
		"scopes are not checked: no call answers missing_scope",
		"one workspace, one app, no user tokens and no Enterprise Grid",
		"files, canvases, bookmarks, pins, search, streams and user group changes are not served",
		"conversations cannot be created, archived or renamed by the app, and nobody is invited",
		"of events only app_mention, message.im, app_home_opened and user_change are sent",
		"a reply to an unknown thread is refused; Slack posts it to the channel",
		"people of other organisations can use slash commands, which Slack does not let them",
		"message and global shortcuts, link unfurling and Workflow Builder steps are not played",
		"envelopes that are not acknowledged because their connection ended are not sent again, except events",
	}
}
