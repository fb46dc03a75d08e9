package slackserver

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func FuzzWebAPIArguments(f *testing.F) {
	s, err := New(Options{BotToken: "xoxb-1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	for _, m := range methodTable() {
		f.Add(m.name, "application/json", `{"token":"xoxb-1","channel":"C012OPS","text":"a","blocks":[{"type":"divider"}],"ts":"1.1","limit":1}`)
	}
	f.Add("chat.postMessage", "application/x-www-form-urlencoded", "token=xoxb-1&channel=C012OPS&text=a&metadata={}&blocks=[null]")
	f.Add("views.publish", "application/json", `{"token":"xoxb-1","user_id":"U012ANA","view":{"type":"home","blocks":[{"type":"section","text":{}}]}}`)
	f.Add("chat.postMessage", "multipart/form-data; boundary=b", "--b\r\n\r\n--b--")
	f.Fuzz(func(t *testing.T, method, media, body string) {
		if strings.ContainsAny(method, " ?#%/\x00\n\r\t\x7f") || !isPrintable(method) {
			t.Skip("no path of a URL")
		}
		r := httptest.NewRequest(http.MethodPost, "/api/x", strings.NewReader(body))
		r.URL.Path = "/api/" + method
		r.Header.Set("Content-Type", media)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		v, err := decode(w.Body.Bytes())
		if w.Code == http.StatusOK && (err != nil || object(v)["ok"] == nil) {
			t.Errorf("answered %q", w.Body)
		}
		if text(object(v)["error"]) == "internal_error" {
			t.Errorf("%s broke on %q", method, body)
		}
	})
}

func isPrintable(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0xfffd {
			return false
		}
	}
	return true
}

// passed are mentions of those who are there, as a script may write them.
var passed = regexp.MustCompile(`<(@U012(ANA|BEN|MALLORY|HANDRAIL)|#C012(OPS|RANDOM|INC204))(\|[^<>|]*)?>`)

func FuzzEscapeTyped(f *testing.F) {
	w := newWorkspace(Options{}.withDefaults())
	for _, s := range []string{"@ana <b> & #ops", "@@ana", "mail ana@ana", "@", "#", "https://x.example/?a=b&c", "“@ben”", "@here"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		got := w.escapeTyped(typed, true)
		for _, known := range []string{"<@U012ANA|ana>", "<@U012BEN|ben>", "<@U012MALLORY|mallory>", "<@U012HANDRAIL|handrail>",
			"<#C012OPS|ops>", "<#C012RANDOM|random>", "<#C012INC204|inc-204>", "<!here>", "<!channel>", "<!everyone>"} {
			got = strings.ReplaceAll(got, known, "")
		}
		got = passed.ReplaceAllString(got, "")
		if strings.Contains(got, "<") && !strings.Contains(got, "<http") {
			t.Errorf("%q became %q", typed, got)
		}
	})
}

func TestTypedText(t *testing.T) {
	t.Parallel()
	w := newWorkspace(Options{Usergroups: []Usergroup{{ID: "S012LEADS", Handle: "leads"}}}.withDefaults())
	for typed, want := range map[string]string{
		"@ana and @BEN.":                 "<@U012ANA|ana> and <@U012BEN|ben>.",
		"ask @leads in #inc-204":         "ask <!subteam^S012LEADS|@leads> in <#C012INC204|inc-204>",
		"@nobody #nowhere ana@ana.com":   "@nobody #nowhere ana@ana.com",
		"a < b & c > d":                  "a &lt; b &amp; c &gt; d",
		"<@U012ANA> <!channel>":          "<@U012ANA> &lt;!channel&gt;",
		"<@U012ANA|x> in <#C012OPS|y>":   "<@U012ANA|x> in <#C012OPS|y>",
		"x<@U012HANDRAIL>y <#C012OPS>":   "x<@U012HANDRAIL>y <#C012OPS>",
		"<@U0NOBODY> <#C0NOWHERE|ops>":   "&lt;@U0NOBODY&gt; &lt;#C0NOWHERE|ops&gt;",
		"<@C012OPS> <#U012ANA>":          "&lt;@C012OPS&gt; &lt;#U012ANA&gt;",
		"<@U012ANA|<b>":                  "&lt;@U012ANA|&lt;b&gt;",
		"see https://x.example/?a=1&b=2": "see <https://x.example/?a=1&amp;b=2>",
		"(@ana) by=@ben":                 "(<@U012ANA|ana>) by=<@U012BEN|ben>",
		"@here":                          "<!here>",
	} {
		if got := w.escapeTyped(typed, true); got != want {
			t.Errorf("%q became %q, want %q", typed, got, want)
		}
	}
}
