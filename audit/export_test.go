package audit

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// The secrets are put together here, so that no scanner takes this file for a leak.
var canaries = []string{
	"xoxb-" + "1234567890-abcdefghij", "xoxe.xoxp-" + "1-Mi0yLTEyMzQ1Njc4", "xapp-" + "1-A0123-456-abcdef0123",
	"https://hooks.slack" + ".com/commands/T1/2/abcDEF", "AKIA" + "ABCDEFGHIJKLMNOP", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
	"-----BEGIN RSA PRIVATE " + "KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----", "PRIVATE+KEY+" + "handrail+0a1b2c3d+AAAA",
	"eyJhbGciOiJI." + "eyJzdWIiOiIx.abc-def", "ghp_" + "0123456789abcdefghijABCDEFGHIJ", "Bearer " + "abcdefghijklmnop1234",
}

func TestSecretsAreNotExported(t *testing.T) {
	t.Parallel()
	log := &memory{}
	tree := &Tree{}
	log.grow(tree, len(canaries)+1)
	for i, c := range canaries {
		body, err := json.Marshal(map[string]any{"reason": "it is " + c + ", keep it", "list": []any{c, 17, 1e30}, "deep": map[string]any{c: "x"}})
		ok(t, err)
		log.rows[i].Body, log.rows[i].Subject = body, c
	}
	url := "postgres://ana:" + "hunter22@db/x"
	log.rows[len(canaries)].Subject = url
	log.rebuilt()
	for _, asCSV := range []bool{false, true} {
		var out bytes.Buffer
		if damaged, err := Export(t.Context(), &out, ExportOptions{Log: log, CSV: asCSV}); err != nil || damaged > 0 {
			t.Fatal(damaged, err)
		}
		for _, c := range append(canaries, "hunter22", "MIIabc") {
			if strings.Contains(out.String(), c) || strings.Contains(out.String(), strings.ReplaceAll(c, "\n", `\n`)) {
				t.Errorf("%s is exported (csv %t)", c, asCSV)
			}
		}
		if strings.Count(out.String(), "keep it") != len(canaries) || !strings.Contains(out.String(), "postgres://ana:[redacted]@db/x") {
			t.Errorf("more than the secret is gone:\n%s", out.String())
		}
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"i-0aaaaaaaaaaaaaaa1", "4c1f9ed4ad3b8e6f0f5e1f0f4c1f9ed4ad3b8e6f0f5e1f0f4c1f9ed4ad3b8e6f", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
		"arn:aws:iam::123456789012:role/AmazonSSMAutomationRole", "/handrail/app-token", "https://example.com/a:b@c", "0193a2d4-7b1e-7c3a-9d41-0f2a6c9be123", "d-abcdefgh2345",
		"xox", "Restart the basic web servers"} {
		if got := redacted(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	body := []byte(`{ "b":1.50, "a":"\u003cx\u003e" }`)
	if got := redactedBody(body); !bytes.Equal(got, body) {
		t.Errorf("a body without secrets became %s", got)
	}
}

func TestExportForms(t *testing.T) {
	t.Parallel()
	log, _ := filled(4)
	log.rows[0].Subject, log.rows[1].Subject, log.rows[2].Subject = "=1+1", "\t@x", `a "quoted", one`
	log.rebuilt()
	log.rows[3].Leaf = log.rows[2].Leaf
	var out bytes.Buffer
	damaged, err := Export(t.Context(), &out, ExportOptions{Log: log, CSV: true})
	ok(t, err)
	cells, err := csv.NewReader(bytes.NewReader(out.Bytes())).ReadAll()
	ok(t, err)
	if damaged != 1 || len(cells) != 5 || cells[1][3] != "'=1+1" || cells[2][3] != "'\t@x" || cells[3][3] != `a "quoted", one` || cells[4][5] != "true" {
		t.Errorf("%d damaged: %q", damaged, cells)
	}
	if strings.Count(out.String(), "\r\n") != 5 {
		t.Error("lines do not end as RFC 4180 has it")
	}
	for n, since := range []time.Time{{}, log.rows[2].At, log.rows[3].At.Add(time.Hour)} {
		out.Reset()
		_, err := Export(t.Context(), &out, ExportOptions{Log: log, Since: since})
		ok(t, err)
		var got struct{ Entries []exported }
		ok(t, json.Unmarshal(out.Bytes(), &got))
		if want := []int{4, 2, 0}[n]; len(got.Entries) != want {
			t.Errorf("%d entries since %v, not %d", len(got.Entries), since, want)
		}
	}
}
