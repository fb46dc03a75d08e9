package policy_test

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handrail/policy"
)

func TestParseReportsEveryMistake(t *testing.T) {
	t.Parallel()
	data := read(t, "testdata/mistakes.yaml")
	p, err := policy.Parse("policy.yaml", data)
	var all policy.Errors
	if p != nil || !errors.As(err, &all) {
		t.Fatalf("got %v, %T", p, err)
	}
	golden(t, "testdata/mistakes.golden", err.Error()+"\n")
	for _, e := range all {
		if e.Line < 1 || e.Column < 1 || e.File != "policy.yaml" {
			t.Errorf("no place: %v", e)
		}
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// golden compares with a file; `go test ./policy -update` rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if f := flag.Lookup("update"); f != nil && f.Value.String() == "true" {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(read(t, name)), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// An edit makes another file of the example.
type edit struct {
	name     string
	old, new string // "" for old replaces all
	want     string // of the first error, without the file's name; "" for a good file
	byName   bool   // only Parse can see it, because it is about names, places or bytes
	full     bool   // edits the policy with every key, not the example
}

func edits() []edit {
	long := strings.Repeat("x", 513)
	return append(keyEdits(), []edit{
		{name: "the example", old: "version: 1\n", new: "version: 1\n"},
		{name: "the least there can be", new: "version: 1\nservice_role: " + serviceRole + "\n"},
		{name: "every key", new: full},
		{name: "a version as text", old: `version: "1"`, new: `version: "12"`},
		{name: "an unpinned number", old: "version: latest", new: "version: 3"},
		{name: "any named channel", old: `"#inc-*"]`, new: `"#*"]`},
		{name: "a role with a path", old: "role/Amazon", new: "role/ops/Amazon"},
		{name: "an ARN of the same account", old: "document: Drifting", new: "document: arn:aws:ssm:eu-west-1:123456789012:document/Drifting"},
		{name: "an ARN of Amazon", old: "document: Drifting", new: "document: arn:aws:ssm:eu-west-1::document/AWS-Drifting"},
		{name: "a byte order mark", old: "version: 1\n", new: "\uFEFFversion: 1\n"},

		{name: "nothing", new: "# nothing\n", want: "policy.yaml: The policy is empty", byName: true},
		{name: "an empty mapping", new: "{}\n", want: "1:1: The policy is empty."},
		{name: "a list", new: "[]\n", want: "1:1: The policy must be a mapping"},
		{name: "not YAML", new: "a: [1,\nb: 2\n", want: "3:1: This is not YAML", byName: true},
		{name: "a second document", old: "grants:", new: "---\ngrants:", want: "29:1: The policy goes on after its end", byName: true},
		{name: "not UTF-8", old: "Restarts", new: "Re\xffstarts", want: `16:20: "\xff" is not allowed.`, byName: true},
		{name: "a control character", old: "Restarts", new: "\x00", want: `16:18: "\x00" is not allowed.`, byName: true},
		{name: "a line that begins in a comment", old: "identities:", new: "# a\u2028identities:", want: `3:4: "\u2028" is not allowed.`, byName: true},
		{name: "a line turned around", old: "identities:", new: "# \u202e\nidentities:", want: `3:3: "\u202e" is not allowed.`, byName: true},
		{name: "an anchor", old: "[ana, ben]", new: "&all [ana, ben]", want: "8:18: Anchors", byName: true},
		{name: "an alias", old: "{members: [ana, ben]}", new: "{members: &a [ana]}\n  xyz: {members: *a}", want: "8:18: Anchors", byName: true},
		{name: "a tag", old: "document: AWS-R", new: "document: !!str AWS-R", want: "12:15: Tags", byName: true},
		{name: "a key twice", old: "  ana: {", new: "  ana: {slack: U012ANNA}\n  ana: {", want: `5:3: identities has the key "ana" twice; the first is in line 4.`, byName: true},

		{name: "the next version", old: "version: 1\n", new: "version: 2\n", want: "1:10: version must be"},
		{name: "no version", old: "version: 1\n", new: "", want: "1:1: The policy lacks the key version."},
		{name: "no role", old: "service_role: " + serviceRole + "\n", new: "", want: "1:1: The policy lacks the key service_role."},
		{name: "the ARN of a user", old: ":role/", new: ":user/", want: "2:15: service_role"},
		{name: "a role as a number", old: serviceRole, new: "12", want: "2:15: service_role must be text, and is a number. Put it in quotes."},
		{name: "a typo in a key", old: "grants:", new: "grant:", want: `29:1: The policy has no key "grant". Did you mean grants?`},
		{name: "a control of a later version", old: `channels: ["#ops", "#inc-*"]`, new: `channels: ["#ops"], unless: 'true'`, want: `30:82: A grant has no key "unless".`},
		{name: "empty grants", old: "grants:", new: "grants: []\nx:", want: "29:9: grants is empty"},
		{name: "groups without content", old: "groups:", new: "groups:\nx:", want: "7:8: groups must be a mapping"},

		{name: "a name in capitals", old: "  dora:", new: "  Dora:", want: `6:3: "Dora" in identities is not a name.`},
		{name: "a look-alike name", old: "  dora:", new: "  d\u043era:", want: `6:3: "d\u043era" in identities is not a name.`},
		{name: "an empty name", old: "  dora:", new: `  "":`, want: `6:3: "" in identities is not a name.`},
		{name: "a name of 64 characters", old: "  dora:", new: "  " + strings.Repeat("d", 64) + ":", want: "6:3: "},
		{name: "a channel ID for a person", old: "U012DORA", new: "C012DORA", want: `6:17: "C012DORA" is not a Slack user ID.`},
		{name: "an account twice", old: "U012DORA", new: "U012ANA", want: "6:17: The account U012ANA belongs to ana already.", byName: true},
		{name: "an account in its other form", old: "U012DORA", new: "W012ANA", want: "6:17: The account W012ANA belongs to ana already.", byName: true},

		{name: "an unknown member", old: "[ana, ben]", new: "[ana, bem]", want: `8:24: There is no identity "bem". Did you mean ben?`, byName: true},
		{name: "a member twice", old: "[ana, ben]", new: "[ana, ana]", want: `8:24: members lists "ana" twice.`},
		{name: "no members", old: "[ana, ben]", new: "[]", want: "8:18: members is empty"},
		{name: "members as text", old: "[ana, ben]", new: "ana", want: "8:18: members must be a list, and is text. Write [one]"},
		{name: "a member as a number", old: "[ana, ben]", new: "[ana, 1]", want: "8:24: An item of members must be text"},
		{name: "members and a user group", old: "[ana, ben]", new: "[ana], usergroup: S0WEB", want: "8:8: The group web has members and a usergroup."},
		{name: "a user group by name", old: "S0LEADS", new: "leads", want: `9:22: "leads" is not the ID of a Slack user group.`},
		{name: "a group named like a person", old: "  web:", new: "  ben: {members: [ana]}\n  web:", want: "8:3: ben is an identity as well.", byName: true},

		{name: "a document with a space", old: "AWS-RestartEC2Instance", new: "AWS Restart", want: `12:15: document "AWS Restart"`},
		{name: "a document of another account", old: "document: Drifting", new: "document: arn:aws:ssm:eu-west-1:999999999999:document/Drifting", want: "26:15: document belongs to the account 999999999999", byName: true},
		{name: "version zero", old: `version: "1"`, new: "version: 0", want: `13:14: version "0" is not a number`},
		{name: "version latest where pinned", old: `version: "1"`, new: "version: latest", want: "13:14: version latest moves"},
		{name: "version $LATEST", old: "version: latest", new: "version: $LATEST", want: `27:14: version "$LATEST" is not a number`},
		{name: "no version of the document", old: `    version: "1"` + "\n", new: "", want: "12:5: The runbook restart-web lacks the key version."},
		{name: "no hash", old: "    sha256: " + hash + "\n    region", new: "    region", want: "12:5: The runbook restart-web lacks the key sha256"},
		{name: "a hash in capitals", old: hash, new: strings.ToUpper(hash), want: "14:13: sha256"},
		{name: "a short hash", old: hash, new: "4c1f", want: `14:13: sha256 "4c1f" is not 64 characters`},
		{name: "unpinned by a word", old: "allow_unpinned: true", new: "allow_unpinned: sure", want: "26:5: The runbook drift lacks the key sha256"},
		{name: "pinned, and still latest", old: "allow_unpinned: true", new: "allow_unpinned: false", want: "26:5: The runbook drift lacks the key sha256"},
		{name: "a region that is none", old: "eu-west-1", new: "eu-west", want: `15:13: region "eu-west" is not an AWS Region`},
		{name: "an empty description", old: "Restarts one web server", new: `""`, want: "16:18: description must be one line"},
		{name: "a long description", old: "Restarts one web server", new: long, want: "16:18: description must be one line"},

		{name: "no parameters", old: "{allow: [i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2], max_items: 1}", new: "{}", want: "18:19: The parameter InstanceId is empty."},
		{name: "the role as a parameter", old: "InstanceId: {", new: "AutomationAssumeRole: {", want: "18:7: AutomationAssumeRole cannot be listed."},
		{name: "the role in lower case", old: "InstanceId: {", new: "automationassumerole: {", want: "18:7: automationassumerole cannot be listed."},
		{name: "a parameter with a space", old: "InstanceId: {", new: "Instance Id: {", want: `18:7: "Instance Id" is not a parameter's name.`},
		{name: "no values", old: "[i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2], max_items: 1", new: "[]", want: "18:27: allow is empty"},
		{name: "a wildcard for a value", old: "[i-0aaaaaaaaaaaaaaa1, i-0aaaaaaaaaaaaaaa2], max_items: 1", new: `["*"]`, want: `18:28: allow lists exact values; "*" would allow only the value *.`},
		{name: "an empty value", old: "i-0aaaaaaaaaaaaaaa2], max_items: 1", new: `""]`, want: "18:49: allow has an empty value."},
		{name: "a long value", old: "i-0aaaaaaaaaaaaaaa2], max_items: 1", new: long + "]", want: "18:49: allow has a value of over 512"},
		{name: "a template", old: "i-0aaaaaaaaaaaaaaa2], max_items: 1", new: `"{{ x }}"]`, want: "18:49: allow has a value with {{"},
		{name: "a hidden character", old: "i-0aaaaaaaaaaaaaaa2], max_items: 1", new: `"a\u202e"]`, want: "18:49: allow has a value with characters that cannot be seen"},
		{name: "a number for a value", old: "i-0aaaaaaaaaaaaaaa2], max_items: 1", new: "3]", want: "18:49: An item of allow must be text, and is a number. Put it in quotes."},
		{name: "max_items of 0", old: "max_items: 1", new: "max_items: 0", want: "18:82: max_items must be a number from 1 to 50."},
		{name: "max_items of 51", old: "max_items: 1", new: "max_items: 51", want: "18:82: max_items must be"},
		{name: "max_items as text", old: "max_items: 1", new: `max_items: "1"`, want: "18:82: max_items must be"},

		{name: "an unknown group", old: "to: [web]", new: "to: [wed]", want: `30:31: There is no group or identity "wed". Did you mean web?`, byName: true},
		{name: "an unknown runbook", old: "runbooks: [restart-web], channels: [\"#ops\", ", new: "runbooks: [restart-wbe], channels: [\"#ops\", ", want: `30:48: There is no runbook "restart-wbe". Did you mean restart-web?`, byName: true},
		{name: "a grant name twice", old: "name: watchers", new: "name: web-restarts", want: `31:12: There is a grant "web-restarts" in line 30 already.`, byName: true},
		{name: "* with others", old: `runbooks: ["*"]`, new: `runbooks: ["*", drift]`, want: `32:46: runbooks has "*"`},
		{name: "no channels", old: `, channels: ["#ops", "#inc-*"]`, new: "", want: "30:5: A grant lacks the key channels."},
		{name: "empty channels", old: `["#ops", "#inc-*"]`, new: "[]", want: "30:72: channels is empty"},
		{name: "a channel without #", old: `"#inc-*"`, new: "inc", want: `30:81: "inc" is not a channel.`},
		{name: "a channel in capitals", old: `"#inc-*"`, new: `"#Inc"`, want: `30:81: "#Inc" is not a channel name.`},
		{name: "a channel pattern of another kind", old: `"#inc-*"`, new: `"#inc-[0-9]"`, want: `30:81: "#inc-[0-9]" is not a channel name.`},
		{name: "an unknown action", old: "may: [cancel]", new: "may: [stop]", want: `31:85: There is no action "stop".`},
	}...)
}

func (e edit) apply(t *testing.T) string {
	t.Helper()
	if e.old == "" {
		return e.new
	}
	text := example
	if e.full {
		text = full
	}
	if !strings.Contains(text, e.old) {
		t.Fatalf("the policy has no %q", e.old)
	}
	return strings.Replace(text, e.old, e.new, 1)
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, e := range edits() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			p, err := policy.Parse("policy.yaml", []byte(e.apply(t)))
			if e.want == "" {
				if err != nil || p == nil {
					t.Fatalf("got %v, want a policy", err)
				}
				return
			}
			if p != nil || err == nil {
				t.Fatal("it was accepted")
			}
			if got := strings.TrimPrefix(err.Error(), "policy.yaml:"); !strings.HasPrefix(got, e.want) && !strings.HasPrefix(err.Error(), e.want) {
				t.Errorf("got  %s\nwant %s…", got, e.want)
			}
		})
	}
}

func TestParseRefusesWhatYAMLHides(t *testing.T) {
	t.Parallel()
	_, err := policy.Parse("p", []byte("a: &x {b: c}\nd: *x\ne: {<<: {f: g}}\nh: !!binary aa\n"))
	want := `p:1:4: Anchors such as &x are not allowed. Write the value out where it is needed.
p:2:4: Aliases such as *x are not allowed. Write the value out.
p:3:5: Merge keys (<<) are not allowed. Write the keys out.
p:4:4: Tags such as !!binary are not allowed. Remove it.`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v", err)
	}
}

func TestParseRefusesLargeFiles(t *testing.T) {
	t.Parallel()
	padded := example + strings.Repeat("#", policy.MaxSize-len(example))
	if _, err := policy.Parse("p", []byte(padded)); err != nil {
		t.Errorf("a file of the largest size: %v", err)
	}
	if _, err := policy.Parse("p", []byte(padded+"#")); err == nil {
		t.Error("a larger file was accepted")
	}
}
