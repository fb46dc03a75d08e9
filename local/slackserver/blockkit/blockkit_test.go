package blockkit_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"handrail/local/slackserver/blockkit"
)

func many(n int, one string) string {
	return strings.TrimSuffix(strings.Repeat(one+",", n), ",")
}

// numbered repeats one n times with %d replaced by a number.
func numbered(n int, one string) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(one, i))
	}
	return strings.Join(out, ",")
}

func x(n int) string { return strings.Repeat("é", n) }

const (
	plainText = `{"type":"plain_text","text":"ok"}`
	section   = `{"type":"section","text":{"type":"mrkdwn","text":"ok"}}`
	rich      = `{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"ok"}]}]}`
	button    = `{"type":"button","action_id":"a","text":` + plainText + `}`
	opt       = `{"text":` + plainText + `,"value":"v"}`
	confirm   = `{"title":` + plainText + `,"text":` + plainText + `,"confirm":` + plainText + `,"deny":` + plainText + `}`
)

func text(kind string, n int) string { return `{"type":"` + kind + `","text":"` + x(n) + `"}` }

// row is blocks of a message and the pointer of the problem that they have; no
// pointer means that Slack takes them.
type row struct{ name, blocks, pointer string }

func check(t *testing.T, surface blockkit.Surface, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			got := blockkit.Validate(surface, json.RawMessage("["+r.blocks+"]"))
			var pointers []string
			for _, p := range got {
				pointers = append(pointers, p.Pointer)
				if p.Message == "" || p.Code == "" {
					t.Errorf("an empty problem: %+v", p)
				}
			}
			switch {
			case r.pointer == "" && len(got) > 0:
				t.Errorf("refused: %+v", got)
			case r.pointer != "" && (len(got) == 0 || got[0].Pointer != r.pointer):
				t.Errorf("problems at %v, want %s", pointers, r.pointer)
			}
		})
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	check(t, blockkit.Message, []row{
		{"a section", section, ""},
		{"50 blocks", many(50, `{"type":"divider"}`), ""},
		{"51 blocks", many(51, `{"type":"divider"}`), "/blocks"},
		{"no blocks", "", "/blocks"},
		{"a block that is text", `"hello"`, "/blocks/0"},
		{"unknown block", `{"type":"sparkle"}`, "/blocks/0/type"},
		{"no type", `{"text":1}`, "/blocks/0"},
		{"unknown field", `{"type":"divider","color":"red"}`, "/blocks/0/color"},
		{"a pointer with a slash", `{"type":"divider","a/b~":"red"}`, "/blocks/0/a~1b~0"},
		{"null field", `{"type":"section","text":` + plainText + `,"fields":null}`, "/blocks/0/fields"},
		{"block_id of 255", `{"type":"divider","block_id":"` + x(255) + `"}`, ""},
		{"block_id of 256", `{"type":"divider","block_id":"` + x(256) + `"}`, "/blocks/0/block_id"},
		{"block_id twice", many(2, `{"type":"divider","block_id":"a"}`), "/blocks/1/block_id"},
		{"section of 3000", `{"type":"section","text":` + text("mrkdwn", 3000) + `}`, ""},
		{"section of 3001", `{"type":"section","text":` + text("mrkdwn", 3001) + `}`, "/blocks/0/text/text"},
		{"empty section text", `{"type":"section","text":` + text("mrkdwn", 0) + `}`, "/blocks/0/text/text"},
		{"section with nothing", `{"type":"section"}`, "/blocks/0"},
		{"10 fields of 2000 are too long together", `{"type":"section","fields":[` + many(10, text("mrkdwn", 2000)) + `]}`, "/blocks"},
		{"11 fields", `{"type":"section","fields":[` + many(11, plainText) + `]}`, "/blocks/0/fields"},
		{"field of 2001", `{"type":"section","fields":[` + text("mrkdwn", 2001) + `]}`, "/blocks/0/fields/0/text"},
		{"emoji in mrkdwn", `{"type":"section","text":{"type":"mrkdwn","text":"a","emoji":true}}`, "/blocks/0/text/emoji"},
		{"an accessory", `{"type":"section","text":` + plainText + `,"accessory":` + button + `}`, ""},
		{"an accessory that is an input", `{"type":"section","text":` + plainText + `,"accessory":{"type":"plain_text_input"}}`, "/blocks/0/accessory/type"},
		{"header of 150", `{"type":"header","text":` + text("plain_text", 150) + `}`, ""},
		{"header of 151", `{"type":"header","text":` + text("plain_text", 151) + `}`, "/blocks/0/text/text"},
		{"header in mrkdwn", `{"type":"header","text":{"type":"mrkdwn","text":"a"}}`, "/blocks/0/text/type"},
		{"header of level 5", `{"type":"header","text":` + plainText + `,"level":5}`, "/blocks/0/level"},
		{"context of 10", `{"type":"context","elements":[` + many(10, plainText) + `]}`, ""},
		{"context of 11", `{"type":"context","elements":[` + many(11, plainText) + `]}`, "/blocks/0/elements"},
		{"context with a button", `{"type":"context","elements":[` + button + `]}`, "/blocks/0/elements/0/type"},
		{"image", `{"type":"image","image_url":"https://example.com/a.png","alt_text":"a"}`, ""},
		{"image without alt", `{"type":"image","image_url":"https://example.com/a.png"}`, "/blocks/0"},
		{"image without picture", `{"type":"image","alt_text":"a"}`, "/blocks/0"},
		{"markdown of 12000", `{"type":"markdown","text":"` + x(12000) + `"}`, ""},
		{"markdown of 12001 in two", `{"type":"markdown","text":"` + x(6000) + `"},{"type":"markdown","text":"` + x(6001) + `"}`, "/blocks"},
		{"an alert", `{"type":"alert","text":` + plainText + `}`, "/blocks/0/type"},
		{"a container", `{"type":"container","title":` + plainText + `,"child_blocks":[` + section + `]}`, ""},
		{"a container with a plan", `{"type":"container","title":` + plainText + `,"child_blocks":[{"type":"plan","title":"a"}]}`, "/blocks/0/child_blocks/0/type"},
	})
}

func TestElements(t *testing.T) {
	t.Parallel()
	actions := func(e string) string { return `{"type":"actions","elements":[` + e + `]}` }
	at := "/blocks/0/elements/0"
	selectOf := func(options string) string {
		return actions(`{"type":"static_select","options":[` + options + `]}`)
	}
	check(t, blockkit.Message, []row{
		{"25 buttons", actions(numbered(25, `{"type":"button","action_id":"a%d","text":`+plainText+`}`)), ""},
		{"26 buttons", actions(numbered(26, `{"type":"button","action_id":"a%d","text":`+plainText+`}`)), "/blocks/0/elements"},
		{"action_id twice", actions(many(2, button)), "/blocks/0/elements/1/action_id"},
		{"no elements", actions(""), "/blocks/0/elements"},
		{"button text of 75", actions(`{"type":"button","text":` + text("plain_text", 75) + `}`), ""},
		{"button text of 76", actions(`{"type":"button","text":` + text("plain_text", 76) + `}`), at + "/text/text"},
		{"button text in mrkdwn", actions(`{"type":"button","text":{"type":"mrkdwn","text":"a"}}`), at + "/text/type"},
		{"button value of 2001", actions(`{"type":"button","text":` + plainText + `,"value":"` + x(2001) + `"}`), at + "/value"},
		{"button style", actions(`{"type":"button","text":` + plainText + `,"style":"default"}`), at + "/style"},
		{"button url", actions(`{"type":"button","text":` + plainText + `,"url":"nowhere"}`), at + "/url"},
		{"button for two people", actions(`{"type":"button","text":` + plainText + `,"visible_to_user_ids":["U1","U2"]}`), ""},
		{"action_id of 256", actions(`{"type":"button","text":` + plainText + `,"action_id":"` + x(256) + `"}`), at + "/action_id"},
		{"confirm", actions(`{"type":"button","text":` + plainText + `,"confirm":` + confirm + `}`), ""},
		{"confirm without deny", actions(`{"type":"button","text":` + plainText + `,"confirm":{"title":` + plainText + `,"text":` + plainText + `,"confirm":` + plainText + `}}`), at + "/confirm"},
		{"confirm title of 101", actions(`{"type":"button","text":` + plainText + `,"confirm":{"title":` + text("plain_text", 101) + `,"text":` + plainText + `,"confirm":` + plainText + `,"deny":` + plainText + `}}`), at + "/confirm/title/text"},
		{"confirm text of 301", actions(`{"type":"button","text":` + plainText + `,"confirm":{"title":` + plainText + `,"text":` + text("mrkdwn", 301) + `,"confirm":` + plainText + `,"deny":` + plainText + `}}`), at + "/confirm/text/text"},
		{"overflow of 5", actions(`{"type":"overflow","options":[` + many(5, opt) + `]}`), ""},
		{"overflow of 6", actions(`{"type":"overflow","options":[` + many(6, opt) + `]}`), at + "/options"},
		{"select of 100", selectOf(many(100, opt)), ""},
		{"select of 101", selectOf(many(101, opt)), at + "/options"},
		{"select without options", actions(`{"type":"static_select"}`), at},
		{"option text of 76", selectOf(`{"text":` + text("plain_text", 76) + `,"value":"v"}`), at + "/options/0/text/text"},
		{"option without value", selectOf(`{"text":` + plainText + `}`), at + "/options/0"},
		{"groups", actions(`{"type":"static_select","option_groups":[{"label":` + plainText + `,"options":[` + opt + `]}]}`), ""},
		{"placeholder of 151", actions(`{"type":"users_select","placeholder":` + text("plain_text", 151) + `}`), at + "/placeholder/text"},
		{"radio of 11", actions(`{"type":"radio_buttons","options":[` + many(11, opt) + `]}`), at + "/options"},
		{"a date", actions(`{"type":"datepicker","initial_date":"2026-01-31"}`), ""},
		{"no date", actions(`{"type":"datepicker","initial_date":"soon"}`), at + "/initial_date"},
		{"external select that lists at once", actions(`{"type":"external_select","min_query_length":0}`), ""},
	})
}

func TestProgressAndRichText(t *testing.T) {
	t.Parallel()
	task := func(more string) string {
		return `{"type":"plan","title":"2 of 4 steps","tasks":[{"type":"task_card","task_id":"1","title":"Drain"` + more + `}]}`
	}
	at := "/blocks/0/tasks/0"
	inline := func(leaf string) string {
		return `{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[` + leaf + `]}]}`
	}
	leafAt := "/blocks/0/elements/0/elements/0"
	check(t, blockkit.Message, []row{
		{"a plan", task(`,"status":"in_progress","details":` + rich + `,"output":` + rich), ""},
		{"two plans", many(2, `{"type":"plan","title":"a"}`), "/blocks"},
		{"a plan beside a card", `{"type":"plan","title":"a"},{"type":"task_card","task_id":"1","title":"a"}`, "/blocks"},
		{"two cards", `{"type":"task_card","task_id":"1","title":"a"},{"type":"task_card","task_id":"2","title":"a"}`, ""},
		{"completed", task(`,"status":"completed"`), at + "/status"},
		{"output is text", task(`,"output":"done"`), at + "/output"},
		{"output is a section", task(`,"output":` + section), at + "/output/type"},
		{"a plan without title", `{"type":"plan"}`, "/blocks/0"},
		{"a task without id", `{"type":"plan","title":"a","tasks":[{"type":"task_card","title":"a"}]}`, at},
		{"the same task twice", `{"type":"plan","title":"a","tasks":[` + many(2, `{"type":"task_card","task_id":"1","title":"a"}`) + `]}`, "/blocks/0/tasks/1/task_id"},
		{"a source", task(`,"sources":[{"type":"url","url":"https://example.com","text":"log"}]`), ""},
		{"styles", inline(`{"type":"text","text":"a","style":{"bold":true}}`), ""},
		{"unknown style", inline(`{"type":"text","text":"a","style":{"loud":true}}`), leafAt + "/style/loud"},
		{"empty text", inline(`{"type":"text","text":""}`), leafAt + "/text"},
		{"unknown leaf", inline(`{"type":"sparkle"}`), leafAt + "/type"},
		{"a date leaf", inline(`{"type":"date","timestamp":1700000000,"format":"{time}"}`), ""},
		{"a list", `{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","indent":0,"elements":[{"type":"rich_text_section","elements":[{"type":"user","user_id":"U1"}]}]}]}`, ""},
		{"a list of text", `{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","elements":[{"type":"text","text":"a"}]}]}`, leafAt + "/type"},
		{"a mention in preformatted", `{"type":"rich_text","elements":[{"type":"rich_text_preformatted","elements":[{"type":"user","user_id":"U1"}]}]}`, leafAt + "/type"},
		{"a table", `{"type":"table","rows":[[{"type":"raw_text","text":"a"},null]]}`, ""},
		{"two tables", many(2, `{"type":"table","rows":[[{"type":"raw_text","text":"a"}]]}`), "/blocks"},
		{"a table of 21 columns", `{"type":"table","rows":[[` + many(21, `{"type":"raw_text","text":"a"}`) + `]]}`, "/blocks/0/rows/0"},
		{"a table of 101 rows", `{"type":"table","rows":[` + many(101, `[{"type":"raw_text","text":"a"}]`) + `]}`, "/blocks/0/rows"},
		{"a table of 10001 characters", `{"type":"table","rows":[[{"type":"raw_text","text":"` + x(10001) + `"}]]}`, "/blocks"},
	})
}

func TestTotalSizeHasItsOwnCode(t *testing.T) {
	t.Parallel()
	raw := "[" + many(5, `{"type":"section","text":`+text("mrkdwn", 2700)+`}`) + "]"
	got := blockkit.Validate(blockkit.Message, json.RawMessage(raw))
	if blockkit.Code(got) != blockkit.CodeTooLong {
		t.Errorf("got %+v", got)
	}
	if blockkit.Code(nil) != "" {
		t.Error("no problems have a code")
	}
}

func TestModals(t *testing.T) {
	t.Parallel()
	input := `{"type":"input","label":` + plainText + `,"element":{"type":"plain_text_input"}}`
	modal := func(more, blocks string) string {
		return `{"type":"modal","title":` + plainText + more + `,"blocks":[` + blocks + `]}`
	}
	submit := `,"submit":` + plainText
	rows := []row{
		{"a form", modal(submit, input), ""},
		{"a form without submit", modal("", input), ""},
		{"title of 25", `{"type":"modal","title":` + text("plain_text", 25) + `,"blocks":[` + section + `]}`, "/title/text"},
		{"no title", `{"type":"modal","blocks":[` + section + `]}`, ""},
		{"private_metadata of 3001", modal(`,"private_metadata":"`+x(3001)+`"`, section), "/private_metadata"},
		{"100 blocks", modal("", many(100, `{"type":"divider"}`)), ""},
		{"101 blocks", modal("", many(101, `{"type":"divider"}`)), "/blocks"},
		{"a plan", modal("", `{"type":"plan","title":"a"}`), "/blocks/0/type"},
		{"an alert", modal("", `{"type":"alert","text":`+plainText+`}`), ""},
		{"two focused", modal(submit, many(2, `{"type":"input","label":`+plainText+`,"element":{"type":"plain_text_input","focus_on_load":true}}`)), "/blocks/1/element/focus_on_load"},
		{"number without is_decimal_allowed", modal(submit, `{"type":"input","label":`+plainText+`,"element":{"type":"number_input"}}`), "/blocks/0/element"},
		{"max_length of 3001", modal(submit, `{"type":"input","label":`+plainText+`,"element":{"type":"plain_text_input","max_length":3001}}`), "/blocks/0/element/max_length"},
		{"a button as input", modal(submit, `{"type":"input","label":`+plainText+`,"element":`+button+`}`), "/blocks/0/element/type"},
		{"unknown field", modal(`,"color":"red"`, section), "/color"},
	}
	refused := map[string]bool{"a form without submit": true, "no title": true}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			got := blockkit.Validate(blockkit.Modal, json.RawMessage(r.blocks))
			if bad := r.pointer != "" || refused[r.name]; bad != (len(got) > 0) || bad && got[0].Pointer != r.pointer {
				t.Errorf("problems %+v, want one at %q", got, r.pointer)
			}
		})
	}
}

// What slack-go builds must pass, with every zero field that it sends along.
func TestWhatSlackGoBuildsPasses(t *testing.T) {
	t.Parallel()
	output := slack.NewRichTextBlock("", slack.NewRichTextSection(slack.NewRichTextSectionTextElement("3 targets", nil)),
		&slack.RichTextPreformatted{Type: slack.RTEPreformatted, Elements: []slack.RichTextSectionElement{slack.NewRichTextSectionTextElement("log", nil)}},
		slack.NewRichTextList(slack.RTEListBullet, 0, slack.NewRichTextSection(slack.NewRichTextSectionUserElement("U1", nil))))
	say := func(s string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
	}
	cancel := slack.NewButtonBlockElement("cancel", "r-1", say("Cancel")).WithStyle(slack.StyleDanger).
		WithConfirm(slack.NewConfirmationBlockObject(say("Cancel?"), say("It stops."), say("Cancel"), say("Keep")))
	blocks := []slack.Block{
		slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, "*run*", false, false), nil, nil),
		slack.NewPlanBlock("1 of 2").WithTasks(
			slack.NewTaskCardBlock("1", "Drain").WithStatus(slack.TaskCardStatusInProgress).WithOutput(output),
			slack.NewTaskCardBlock("2", "Restart").WithStatus(slack.TaskCardStatusPending)),
		slack.NewContextBlock("", slack.NewTextBlockObject(slack.MarkdownType, "<@U1> asked", false, false)),
		slack.NewActionBlock("", cancel),
		slack.NewHeaderBlock(say("Head")),
		slack.NewDividerBlock(),
	}
	raw, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	if got := blockkit.Validate(blockkit.Message, raw); len(got) > 0 {
		t.Errorf("refused: %+v\n%s", got, raw)
	}
}

func FuzzValidate(f *testing.F) {
	f.Add([]byte("["+section+","+rich+"]"), 0)
	f.Add([]byte(`{"type":"modal","title":`+plainText+`,"blocks":[]}`), 1)
	f.Add([]byte(`[{"type":"plan","title":"a","tasks":[null,{}]}]`), 0)
	f.Add([]byte(`[{"type":"actions","elements":[{"type":"number_input","min_value":1}]}]`), 2)
	f.Fuzz(func(t *testing.T, raw []byte, surface int) {
		got := blockkit.Validate(blockkit.Surface(uint(surface)%3), raw)
		if len(got) > 100 {
			t.Errorf("%d problems", len(got))
		}
		if !json.Valid(raw) && len(got) == 0 {
			t.Error("bad JSON passes")
		}
	})
}
