package commands

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"handrail/policy"
)

var updateDocs = flag.Bool("update", false, "write the answers in docs/commands.md anew")

var (
	prompt = regexp.MustCompile(`^(ana|ben|kim|mallory) in #(ops|random): /runbook (.*)$`)
	anyID  = regexp.MustCompile(`\b([drl])-([a-z2-7]{12}|[a-z2-7]{7})\b`)
)

// The answers in docs/commands.md are the real ones: each block that begins with who types what is played, in order, to
// the real engine. With -update the answers are written anew.
func TestTheAnswersInTheDocumentation(t *testing.T) {
	const path = "../docs/commands.md"
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/docs.yaml")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 23, 10, 14, 0, 0, time.UTC))) // a Monday morning
		w := newWorld(t, string(text))
		w.places["C012RND"] = policy.Channel{ID: "C012RND", Name: "random", Known: true}
		blocks := strings.Split(string(doc), "```")
		played, n := 0, 0
		for i := 1; i < len(blocks); i += 2 {
			lines := strings.Split(strings.Trim(blocks[i], "\n"), "\n")
			if !prompt.MatchString(lines[0]) {
				continue
			}
			var now []string
			for _, line := range lines {
				if m := prompt.FindStringSubmatch(line); m != nil {
					n++
					time.Sleep(time.Minute)
					text := anyID.ReplaceAllStringFunc(m[3], w.newest)
					now = append(append(now, strings.Replace(line, m[3], text, 1)), w.told(t, n, m[1], m[2], text)...)
				}
			}
			if diff := cmp.Diff(blank(lines), blank(now)); diff != "" && !*updateDocs {
				t.Errorf("%s differs from what is answered (+):\n%s", lines[0], diff)
			}
			blocks[i] = "\n" + strings.Join(now, "\n") + "\n"
			played++
		}
		if played < 12 {
			t.Errorf("only %d blocks are played", played)
		}
		if *updateDocs {
			if err := os.WriteFile(path, []byte(strings.Join(blocks, "```")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// blank makes IDs, which are random, alike.
func blank(lines []string) []string {
	var blanked []string
	for _, l := range lines {
		blanked = append(blanked, strings.TrimRight(anyID.ReplaceAllString(l, "$1-?"), " "))
	}
	return blanked
}

// newest is the ID that a line of the documentation means: of the first decision, the newest lock, the only execution.
func (w *world) newest(id string) string {
	switch id[0] {
	case 'd':
		return w.records[0].ID
	case 'l':
		return w.shelf.locks[len(w.shelf.locks)-1].ID
	}
	for name, x := range w.rows {
		if name == x.Ref {
			return name
		}
	}
	return id
}

// told plays one line.
func (w *world) told(t *testing.T, n int, who, where, text string) []string {
	channel := map[string]string{"ops": "C012OPS", "random": "C012RND"}[where]
	a := w.Do(t.Context(), Invocation{Key: fmt.Sprint("k", n), Entry: policy.ByCommand, Team: "T1", User: "U012" + strings.ToUpper(who),
		Channel: channel, Text: text, Command: "/runbook", At: time.Now()})
	if len(a.Lines) == 0 {
		return nil
	}
	return strings.Split(strings.TrimRight(w.plain(a), "\n"), "\n")
}

// plain is an answer as it looks in Slack, without its styles.
func (w *world) plain(a Answer) string {
	var b strings.Builder
	for _, l := range a.Lines {
		for _, s := range l {
			switch s.Style {
			case Person:
				b.WriteString("@" + strings.ToLower(strings.TrimPrefix(s.Text, "U012")))
			case Place:
				b.WriteString("#" + w.places[s.Text].Name)
			case Moment:
				seconds, _ := strconv.ParseInt(s.Text, 10, 64)
				b.WriteString(time.Unix(seconds, 0).UTC().Format("Mon 15:04"))
			default:
				b.WriteString(s.Text)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
