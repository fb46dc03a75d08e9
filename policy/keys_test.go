package policy_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"handrail/policy"
	"handrail/runbook"
)

// keyEdits are edits of the policy with every key.
func keyEdits() []edit {
	return []edit{
		{name: "two accounts in a list", full: true, old: "[U012EVE, W012EVE, U034EVE]", new: "[U012EVE]"},
		{name: "a window by day", full: true, old: `from: "22:00", until: "05:00"`, new: `from: "09:00", until: "17:30"`},
		{name: "a window around the clock", full: true, old: `until: "05:00"`, new: `until: "22:00"`},
		{name: "a window in UTC", full: true, old: "Europe/Oslo", new: "UTC"},
		{name: "a window in a zone of three parts", full: true, old: "Europe/Oslo", new: "America/Argentina/Ushuaia"},
		{name: "only the least", full: true, old: "{min: 1, max: 10}", new: "{min: -5}"},
		{name: "only the largest", full: true, old: "{min: 1, max: 10}", new: "{max: 9223372036854775807}"},
		{name: "all constraints at once", full: true, old: `{pattern: "[a-z]{1,10}"}`, new: `{allow: ["3", "7"], pattern: "[0-9]", min: 3, max: 7, secret: false}`},
		{name: "a flag in a pattern", full: true, old: `"[a-z]{1,10}"`, new: `"(?i)[a-z]+|x"`},
		{name: "a document of Amazon as a child", full: true, old: "document: Child", new: "document: arn:aws:ssm:eu-west-1::document/AWS-Child"},
		{name: "two versions of a child", full: true, old: "children: [", new: "children: [{document: Child, version: 3, sha256: " + hash + "}, "},
		{name: "a denial for everybody", full: true, old: `to: [web], channels: ["#random"], may: [run], when: size(targets) > 1, `, new: ""},
		{name: "a denial of everything", full: true, old: "may: [run], when", new: "may: [run, ask, cancel, lock], when"},
		{name: "a freeze with nobody", full: true, old: ", reason: Holidays, owner: leads, override: [leads]", new: ""},
		{name: "a day of waiting", full: true, old: "expires: 30m", new: "expires: 24h"},
		{name: "a day of waiting in minutes", full: true, old: "expires: 30m", new: "expires: 1440m"},
		{name: "limits of one kind", full: true, old: "{at_once: 2, per_hour: 10, targets: 3}", new: "{per_hour: 1}"},
		{name: "a grant to lock", full: true, old: "may: [run, lock], when: incident.open, break_glass: {notify: C0SECURITY}", new: "may: [lock], when: incident.open"},
		{name: "no accounts", full: true, old: "[U012EVE, W012EVE, U034EVE]", new: "[]", want: "5:16: slack is empty"},
		{name: "an account twice in a list", full: true, old: "[U012EVE, W012EVE, U034EVE]", new: "[U012EVE, U012EVE]", want: `5:26: slack lists "U012EVE" twice.`},
		{name: "a list with a channel", full: true, old: "[U012EVE, W012EVE, U034EVE]", new: "[U012EVE, C034EVE]", want: `5:26: "C034EVE" is not a Slack user ID.`},
		{name: "too many accounts", full: true, old: "[U012EVE, W012EVE, U034EVE]", new: "[U010X, U011X, U012X, U013X, U014X, U015X, U016X, U017X, U018X, U019X, U020X, U021X, U022X, U023X, U024X, U025X, U026X, U027X, U028X, U029X, U030X]", want: "5:16: slack has 21 accounts, and may have 20."},
		{name: "one of several accounts is another's", full: true, old: "U034EVE]", new: "W012ANA]", want: "5:35: The account W012ANA belongs to ana already.", byName: true},
		{name: "accounts as a mapping", full: true, old: "[U012EVE, W012EVE, U034EVE]", new: "{id: U012EVE}", want: "5:16: slack must be text, and is a mapping."},
		{name: "no windows", full: true, old: "windows:\n  nights: {days: [mon, tue], from: \"22:00\", until: \"05:00\", timezone: Europe/Oslo}", new: "windows: {}", want: "9:10: windows is empty."},
		{name: "a window without a zone", full: true, old: ", timezone: Europe/Oslo", new: "", want: "10:11: The window nights lacks the key timezone."},
		{name: "a day in full", full: true, old: "[mon, tue]", new: "[monday]", want: `10:19: "monday" is not a day. Days are mon, tue, wed, thu, fri, sat and sun.`},
		{name: "no days", full: true, old: "[mon, tue]", new: "[]", want: "10:18: days is empty"},
		{name: "a time without quotes as a number", full: true, old: `"22:00"`, new: "22", want: "10:36: from must be text, and is a number. Put it in quotes."},
		{name: "half past 25", full: true, old: `"22:00"`, new: `"25:30"`, want: `10:36: from "25:30" is not a time of the day`},
		{name: "a time of one digit", full: true, old: `"05:00"`, new: `"5:00"`, want: `10:52: until "5:00" is not a time of the day`},
		{name: "midnight at the end", full: true, old: `"05:00"`, new: `"24:00"`, want: `10:52: until "24:00" is not`},
		{name: "a zone that is none", full: true, old: "Europe/Oslo", new: "Europe/Olso", want: `10:71: There is no time zone "Europe/Olso".`, byName: true},
		{name: "a zone in lower case", full: true, old: "Europe/Oslo", new: "europe/oslo", want: `10:71: timezone "europe/oslo" is not a time zone`},
		{name: "the zone of the machine", full: true, old: "Europe/Oslo", new: "Local", want: `10:71: There is no time zone "Local".`, byName: true},
		{name: "a file for a zone", full: true, old: "Europe/Oslo", new: "../../etc/passwd", want: `10:71: timezone "../../etc/passwd" is not`},
		{name: "an unknown window", full: true, old: "windows: [nights]", new: "windows: [night]", want: `32:15: There is no window "night". Did you mean nights?`, byName: true},
		{name: "a key of a window that is none", full: true, old: "timezone:", new: "zone: x, timezone:", want: `10:61: The window nights has no key "zone".`},
		{name: "targets that are no parameter", full: true, old: "targets: DBClusterIdentifier", new: "targets: DBClusteridentifier", want: `16:14: targets must be one of the runbook's parameters, and there is no "DBClusteridentifier". Did you mean DBClusterIdentifier?`, byName: true},
		{name: "the role as targets", full: true, old: "targets: DBClusterIdentifier", new: "targets: AutomationAssumeRole", want: "16:14: targets must be one of"},
		{name: "a child without a hash", full: true, old: ", sha256: " + otherHash + "}]\n    attachments", new: "}]\n    attachments", want: "22:16: A child lacks the key sha256."},
		{name: "a child that moves", full: true, old: "version: 2, ", new: "version: latest, ", want: "22:43: version latest moves"},
		{name: "a child twice", full: true, old: "children: [", new: "children: [{document: Child, version: 2, sha256: " + hash + "}, ", want: "22:121: children lists version 2 of Child twice.", byName: true},
		{name: "a child of another account", full: true, old: "document: Child", new: "document: arn:aws:ssm:eu-west-1:999999999999:document/Child", want: "22:27: document belongs to the account 999999999999", byName: true},
		{name: "an attachment of a bad name", full: true, old: "script.zip", new: "a/b.zip", want: `23:26: name "a/b.zip" is not the name of an attachment`},
		{name: "an attachment twice", full: true, old: "attachments: [", new: "attachments: [{name: script.zip, sha256: " + hash + "}, ", want: "23:113: attachments lists script.zip twice.", byName: true},
		{name: "the ARN of a role in a location", full: true, old: "execution_role: Runner", new: "execution_role: arn:aws:iam::123456789012:role/Runner", want: `24:102: execution_role "arn:aws:iam::123456789012:role/Runner" is not the name of a role`},
		{name: "a role with a path in a location", full: true, old: "execution_role: Runner", new: "execution_role: ops/Runner", want: `24:102: execution_role "ops/Runner" is not the name`},
		{name: "an account without quotes", full: true, old: `"123456789012", ou`, new: "123456789012, ou", want: "24:29: An item of accounts must be text, and is a number. Put it in quotes."},
		{name: "an account of 11 digits", full: true, old: `"123456789012", ou`, new: `"12345678901", ou`, want: `24:29: An item of accounts "12345678901" is not an account of 12 digits`},
		{name: "a root for an account", full: true, old: "ou-ab12-cdefghij", new: "r-ab12", want: `24:45: An item of accounts "r-ab12" is not an account`},
		{name: "no Regions", full: true, old: "regions: [eu-west-1]", new: "regions: []", want: "24:73: regions is empty"},
		{name: "a Region that is none in a location", full: true, old: "regions: [eu-west-1]", new: "regions: [Europe]", want: `24:74: An item of regions "Europe" is not an AWS Region`},
		{name: "a location without a role", full: true, old: ", execution_role: Runner", new: "", want: "24:17: A location lacks the key execution_role."},
		{name: "no role accepted", full: true, old: "accept: [passes-role]", new: "accept: [role-absent]", want: "25:14: role-absent cannot be accepted"},
		{name: "an unclear role accepted", full: true, old: "accept: [passes-role]", new: "accept: [passes-role, role-unclear]", want: "25:27: role-unclear cannot be accepted"},
		{name: "an unknown way out", full: true, old: "accept: [passes-role]", new: "accept: [pass-role]", want: `25:14: There is no way out of the role "pass-role". Did you mean passes-role?`},
		{name: "a step without anybody", full: true, old: "steps: [{step: Confirm, from: [leads], ", new: "steps: [{step: Confirm, ", want: "26:13: A step lacks the key from."},
		{name: "a step of a bad name", full: true, old: "step: Confirm", new: "step: Con-firm", want: `26:20: step "Con-firm" is not the name of a step`},
		{name: "a step twice", full: true, old: "steps: [", new: "steps: [{step: Confirm, from: [web]}, ", want: "26:43: steps lists Confirm twice.", byName: true},
		{name: "nobody of that name for a step", full: true, old: "from: [leads], count: 2", new: "from: [lead], count: 2", want: `26:36: There is no group or identity "lead". Did you mean leads?`, byName: true},
		{name: "a step with an expiry", full: true, old: "count: 2, ", new: "expires: 5m, ", want: `26:44: A step has no key "expires".`},
		{name: "a parameter that may be anything", full: true, old: `{pattern: "[a-z]{1,10}"}`, new: "{max_items: 2}", want: "19:15: The parameter Reason says nothing about its values."},
		{name: "a secret that is none", full: true, old: "{secret: true}", new: "{secret: false}", want: "21:17: The parameter Password says nothing about its values."},
		{name: "a secret by a word", full: true, old: "{secret: true}", new: "{secret: sure}", want: "21:26: secret must be true or false, and is text."},
		{name: "a pattern that is open", full: true, old: `"[a-z]{1,10}"`, new: `"[a-z"`, want: "19:25: pattern is not a regular expression in RE2: missing closing ]", byName: true},
		{name: "a pattern that leaves its brackets", full: true, old: `"[a-z]{1,10}"`, new: `"a)|(b"`, want: "19:25: pattern is not a regular expression in RE2: unexpected )", byName: true},
		{name: "a pattern of another kind", full: true, old: `"[a-z]{1,10}"`, new: `"(?=a)b"`, want: "19:25: pattern is not a regular expression in RE2: invalid or unsupported Perl syntax", byName: true},
		{name: "a pattern that quotes the end", full: true, old: `"[a-z]{1,10}"`, new: `'\Qa'`, want: "19:25: pattern is not a regular expression", byName: true},
		{name: "an empty pattern", full: true, old: `"[a-z]{1,10}"`, new: `""`, want: "19:25: pattern must have 1 to 500 characters"},
		{name: "a long pattern", full: true, old: `"[a-z]{1,10}"`, new: strings.Repeat("a", 501), want: "19:25: pattern must have 1 to 500 characters"},
		{name: "a hidden pattern", full: true, old: `"[a-z]{1,10}"`, new: `"a\u202e"`, want: "19:25: pattern must have 1 to 500 characters that can be seen"},
		{name: "a pattern that repeats too much", full: true, old: `"[a-z]{1,10}"`, new: `"((a{100}){10}){10}b{1000}"`, want: "19:25: pattern is", byName: true},
		{name: "a large pattern", full: true, old: `"[a-z]{1,10}"`, new: `"` + strings.Repeat("a{999}", 11) + `"`, want: "19:25: pattern is too large.", byName: true},
		{name: "a pattern as a list", full: true, old: `"[a-z]{1,10}"`, new: "[a-z]", want: "19:25: pattern must be text, and is a list."},
		{name: "the least above the largest", full: true, old: "{min: 1, max: 10}", new: "{min: 11, max: 10}", want: "20:22: min is above max", byName: true},
		{name: "half a number", full: true, old: "{min: 1, max: 10}", new: "{min: 1.5}", want: "20:22: min must be a whole number"},
		{name: "a number as text", full: true, old: "{min: 1, max: 10}", new: `{max: "10"}`, want: "20:22: max must be a whole number"},
		{name: "a number beyond all", full: true, old: "{min: 1, max: 10}", new: "{max: 9223372036854775808}", want: "20:22: max must be a whole number"},
		{name: "a listed value against the pattern", full: true, old: `{pattern: "[a-z]{1,10}"}`, new: `{allow: [abc, Abc], pattern: "[a-z]+"}`, want: "19:29: allow has Abc, and this parameter has to be text that matches [a-z]+ as a whole.", byName: true},
		{name: "a listed value that is no number", full: true, old: "{min: 1, max: 10}", new: `{allow: ["5", "05"], min: 1, max: 10}`, want: "20:30: allow has 05, and this parameter has to be a whole number from 1 to 10.", byName: true},
		{name: "a listed secret", full: true, old: "{secret: true}", new: "{allow: [hunter2], secret: true}", want: "21:26: allow has a value, and this parameter has to be the name of an SSM parameter", byName: true},
		{name: "a parameter of an unknown kind", full: true, old: "{min: 1, max: 10}", new: "{minimum: 1}", want: `20:17: The parameter Retries has no key "minimum". It takes allow, pattern, min, max, secret and max_items.`},
		{name: "ask with run", full: true, old: "may: [ask, cancel]", new: "may: [ask, run]", want: "35:81: may has ask, which stands alone or with cancel."},
		{name: "ask with lock", full: true, old: "may: [ask, cancel]", new: "may: [ask, lock]", want: "35:81: may has ask, which stands alone or with cancel."},
		{name: "ask without an approval", full: true, old: ", approval: {from: [leads]}}", new: "}", want: "35:5: A grant that lets people ask needs an approval."},
		{name: "an approval for emergencies", full: true, old: "break_glass: {notify: C0SECURITY}", new: "break_glass: {notify: C0SECURITY}, approval: {from: [leads]}", want: "36:127: A grant has break_glass or an approval, not both."},
		{name: "ask in emergencies", full: true, old: "may: [ask, cancel], approval: {from: [leads]}", new: "may: [ask, cancel], approval: {from: [leads]}, break_glass: {notify: C0}", want: "35:136: A grant has break_glass or an approval"},
		{name: "an approval to cancel", full: true, old: "may: [ask, cancel], approval", new: "may: [cancel], approval", want: "35:101: approval is about running, which this grant does not give."},
		{name: "limits to cancel", full: true, old: "windows: [nights]", new: "windows: [nights]\n    may: [cancel]", want: "32:14: windows is about running"},
		{name: "emergencies to lock", full: true, old: "may: [run, lock], when: incident.open, break", new: "may: [lock], when: incident.open, break", want: "36:122: break_glass is about running"},
		{name: "a channel pattern to notify", full: true, old: "notify: C0SECURITY", new: `notify: "#sec-*"`, want: `36:136: notify "#sec-*" is not one channel.`},
		{name: "nobody to notify", full: true, old: "break_glass: {notify: C0SECURITY}", new: "break_glass: {}", want: "36:127: break_glass is empty"},
		{name: "empty limits", full: true, old: "{at_once: 2, per_hour: 10, targets: 3}", new: "{}", want: "33:13: limits is empty"},
		{name: "a limit of nothing", full: true, old: "at_once: 2", new: "at_once: 0", want: "33:23: at_once must be a number from 1 to 500."},
		{name: "a limit beyond AWS", full: true, old: "at_once: 2", new: "at_once: 501", want: "33:23: at_once must be a number from 1 to 500."},
		{name: "too many an hour", full: true, old: "per_hour: 10", new: "per_hour: 3601", want: "33:36: per_hour must be a number from 1 to 3600."},
		{name: "a limit as text", full: true, old: "targets: 3", new: `targets: "3"`, want: "33:49: targets must be a number from 1 to 50."},
		{name: "a limit of targets that nobody knows", full: true, old: "    targets: DBClusterIdentifier\n", new: "", want: "32:13: limits is about targets, and the runbook failover-db does not say which parameter has them.", byName: true},
		{name: "eleven approvers", full: true, old: "count: 1, expires", new: "count: 11, expires", want: "34:43: count must be a number from 1 to 10."},
		{name: "no approvers", full: true, old: "from: [leads, eve], count: 1", new: "from: [], count: 1", want: "34:22: from is empty"},
		{name: "an approval from nobody", full: true, old: "from: [leads, eve], count: 1, ", new: "count: 1, ", want: "34:15: approval lacks the key from."},
		{name: "an approver who is not there", full: true, old: "[leads, eve]", new: "[leads, evi]", want: `34:30: There is no group or identity "evi". Did you mean eve?`, byName: true},
		{name: "59 seconds", full: true, old: "30m", new: "59s", want: `34:55: expires "59s" is not from 1m to 24h`},
		{name: "more than a day", full: true, old: "30m", new: "25h", want: `34:55: expires "25h" is not from 1m to 24h`},
		{name: "more than a day in minutes", full: true, old: "30m", new: "1441m", want: `34:55: expires "1441m" is not`},
		{name: "an hour and a half in two words", full: true, old: "30m", new: "1h30m", want: `34:55: expires "1h30m" is not from 1m to 24h in whole minutes or hours`},
		{name: "a time below none", full: true, old: "30m", new: "-5m", want: `34:55: expires "-5m" is not`},
		{name: "minutes without a word", full: true, old: "30m", new: "30", want: "34:55: expires must be text, and is a number."},
		{name: "any channel to ask in", full: true, old: `"#approvals"`, new: `"*"`, want: `34:69: channel "*" is not one channel.`},
		{name: "a condition of the wrong kind", full: true, old: "when: incident.open", new: "when: true", want: "36:99: when must be text, and is true or false. Put it in quotes."},
		{name: "an empty condition", full: true, old: "when: incident.open", new: `when: ""`, want: "36:100: when"},
		{name: "a condition that is no answer", full: true, old: "when: incident.open", new: "when: incident.id", want: "36:99: when must be true or false, and is string.", byName: true},
		{name: "a condition about nothing", full: true, old: "when: incident.open", new: "when: incidents.open", want: "36:99: when is wrong: undeclared reference to 'incidents'. Did you mean incident.id? It knows actor.groups, ", byName: true},
		{name: "a long condition", full: true, old: "when: incident.open", new: "when: incident.open || " + strings.Repeat("!", 1000) + "true", want: "36:99: when has 1021 characters, and may have 1000."},
		{name: "a condition about targets that nobody knows", full: true, old: "  failover-db:\n", new: "  other: {document: Abc, version: 1, sha256: " + hash + "}\n  failover-db:\n", want: "39:92: when is about targets, and the runbook other does not say which parameter has them.", byName: true},
		{name: "empty denials", full: true, old: "denials:", new: "denials: []\nx:", want: "37:10: denials is empty"},
		{name: "a denial without a reason", full: true, old: ", reason: Not where everybody reads", new: "", want: "38:5: A denial lacks the key reason."},
		{name: "a denial with an empty reason", full: true, old: "reason: Not where everybody reads", new: `reason: ""`, want: "38:119: reason must be one line of 1 to 300 characters"},
		{name: "a denial without runbooks", full: true, old: `not-there, runbooks: ["*"], `, new: "not-there, ", want: "38:5: A denial lacks the key runbooks."},
		{name: "a denial named like a grant", full: true, old: "name: not-there", new: "name: failovers", want: `38:12: There is a grant "failovers" in line 28 already.`, byName: true},
		{name: "a denial of nothing", full: true, old: "may: [run], when", new: "may: [], when", want: "38:79: may is empty"},
		{name: "a denial with an approval", full: true, old: "may: [run], when", new: "approval: {from: [leads]}, when", want: `38:74: A denial has no key "approval".`},
		{name: "a denial for a stranger", full: true, old: `to: [web], channels: ["#random"]`, new: `to: [wob], channels: ["#random"]`, want: `38:45: There is no group or identity "wob". Did you mean web?`, byName: true},
		{name: "a freeze named like a denial", full: true, old: "name: year-end", new: "name: not-there", want: `40:12: There is a denial "not-there" in line 38 already.`, byName: true},
		{name: "a freeze that ends before it begins", full: true, old: "2027-01-02T01:00:00+01:00", new: "2026-12-23T01:00:00+01:00", want: "40:57: until must be after from", byName: true},
		{name: "a freeze of no time", full: true, old: "2027-01-02T01:00:00+01:00", new: "2026-12-24T01:00:00+01:00", want: "40:57: until must be after from", byName: true},
		{name: "a freeze without an end", full: true, old: `until: "2027-01-02T01:00:00+01:00", `, new: "", want: "40:5: A freeze lacks the key until."},
		{name: "a day for a time", full: true, old: "from: 2026-12-24T00:00:00Z", new: "from: 2026-12-24", want: "40:28: from must be a time with its zone"},
		{name: "a time without its zone", full: true, old: "from: 2026-12-24T00:00:00Z", new: "from: 2026-12-24T00:00:00", want: "40:28: from must be a time with its zone"},
		{name: "a time with spaces", full: true, old: "from: 2026-12-24T00:00:00Z", new: "from: 2026-12-24 00:00:00 Z", want: "40:28: from must be a time with its zone"},
		{name: "the 31st of November", full: true, old: "from: 2026-12-24T00:00:00Z", new: "from: 2026-11-31T00:00:00Z", want: "40:28: from must be a time with its zone", byName: true},
		{name: "a time as a list", full: true, old: "from: 2026-12-24T00:00:00Z", new: "from: [2026-12-24T00:00:00Z]", want: "40:28: from must be a time with its zone"},
		{name: "a freeze of an unknown runbook", full: true, old: `+01:00", runbooks: ["*"]`, new: `+01:00", runbooks: [failover]`, want: `40:97: There is no runbook "failover". Did you mean failover-db?`, byName: true},
		{name: "an unknown owner", full: true, old: "owner: leads", new: "owner: lead", want: `40:128: There is no group or identity "lead". Did you mean leads?`, byName: true},
		{name: "owners as a list", full: true, old: "owner: leads", new: "owner: [leads]", want: "40:128: owner must be text, and is a list."},
		{name: "nobody for the override", full: true, old: "override: [leads]", new: "override: []", want: "40:145: override is empty"},
		{name: "a freeze of some people", full: true, old: "reason: Holidays", new: "to: [web]", want: `40:103: A freeze has no key "to".`},
	}
}

// Every way out of the role that Analyse can find is known to Parse and to the schema, and all but two can be accepted.
func TestEveryEscapeKindIsKnown(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "../runbook/escape.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	schema := compileSchema(t)
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "EscapeKind" {
			return true
		}
		found++
		kind, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(full, "accept: [passes-role]", "accept: ["+kind+"]", 1)
		_, bad := policy.Parse("p", []byte(text))
		value, err := plainYAML(text)
		if err != nil {
			t.Fatal(err)
		}
		never := kind == string(runbook.RoleIsAbsent) || kind == string(runbook.RoleIsUnclear)
		if wrong := schema.Validate(value); (bad != nil) != never || (wrong != nil) != never {
			t.Errorf("%s: Parse says %v, the schema says %v", kind, bad, wrong)
		}
		return true
	})
	if found < 15 {
		t.Errorf("only %d kinds were found", found)
	}
}
