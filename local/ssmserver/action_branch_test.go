package ssmserver

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestConditions(t *testing.T) {
	t.Parallel()
	for choice, want := range map[string]bool{
		`{"Variable":"abc","StringEquals":"abc"}`:                                                      true,
		`{"Variable":"abc","StringEquals":"ABC"}`:                                                      false,
		`{"Variable":1,"StringEquals":"1"}`:                                                            true,
		`{"Variable":["a"],"StringEquals":"[\"a\"]"}`:                                                  true,
		`{"Variable":"abc","EqualsIgnoreCase":"ABC"}`:                                                  true,
		`{"Variable":"abc","StartsWith":"ab"}`:                                                         true,
		`{"Variable":"abc","StartsWith":"bc"}`:                                                         false,
		`{"Variable":"abc","EndsWith":"bc"}`:                                                           true,
		`{"Variable":"abc","EndsWith":"ab"}`:                                                           false,
		`{"Variable":"abc","Contains":"b"}`:                                                            true,
		`{"Variable":["ab","c"],"Contains":"c"}`:                                                       true,
		`{"Variable":["ab","c"],"Contains":"a"}`:                                                       false,
		`{"Variable":"10","NumericEquals":10.0}`:                                                       true,
		`{"Variable":10,"NumericGreater":9}`:                                                           true,
		`{"Variable":10,"NumericGreater":10}`:                                                          false,
		`{"Variable":9007199254740993,"NumericLesser":"9007199254740992"}`:                             false,
		`{"Variable":-1,"NumericLesser":0}`:                                                            true,
		`{"Variable":10,"NumericGreaterOrEquals":10}`:                                                  true,
		`{"Variable":9,"NumericGreaterOrEquals":10}`:                                                   false,
		`{"Variable":10,"NumericLesserOrEquals":10}`:                                                   true,
		`{"Variable":11,"NumericLesserOrEquals":10}`:                                                   false,
		`{"Variable":true,"BooleanEquals":"True"}`:                                                     true,
		`{"Variable":"false","BooleanEquals":true}`:                                                    false,
		`{"And":[{"Variable":1,"NumericEquals":1},{"Variable":"a","StringEquals":"a"}]}`:               true,
		`{"And":[{"Variable":1,"NumericEquals":1},{"Variable":"a","StringEquals":"b"}]}`:               false,
		`{"Or":[{"Variable":1,"NumericEquals":2},{"Variable":"a","StringEquals":"a"}]}`:                true,
		`{"Or":[{"Variable":1,"NumericEquals":2},{"Variable":"a","StringEquals":"b"}]}`:                false,
		`{"Not":{"Variable":"a","StringEquals":"a"}}`:                                                  false,
		`{"Not":[{"Variable":"a","StringEquals":"b"}]}`:                                                true,
		`{"And":[{"Not":{"Variable":1,"NumericEquals":2}},{"Or":[{"Variable":1,"NumericEquals":1}]}]}`: true,
	} {
		got, err := condition(decode(t, choice), 0)
		if got != want || err != nil {
			t.Errorf("%s: got %v, %v", choice, got, err)
		}
	}
	deep := strings.Repeat(`{"Not":`, 30) + `{"Variable":1,"NumericEquals":1}` + strings.Repeat("}", 30)
	for _, choice := range []string{
		`{}`, `{"Variable":1}`, `{"StringEquals":"a"}`, `{"Variable":1,"Matches":"a"}`, `{"Variable":"a","NumericEquals":1}`,
		`{"Variable":1,"NumericEquals":"1e999999999"}`, `{"Variable":"1e999999999999999999999999999999999999999999","NumericEquals":1}`,
		`{"Variable":"yes","BooleanEquals":true}`, `{"And":[]}`, `{"Or":["a"]}`, `{"Variable":1,"StringEquals":"1","EndsWith":"1"}`, deep,
	} {
		if got, err := condition(decode(t, choice), 0); err == nil && got {
			t.Errorf("%s holds", choice)
		}
	}
}

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var out map[string]any
	if err := decoder.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBranch(t *testing.T) {
	choice := func(value, next string) string {
		return `{"Variable":"{{ P }}","StringEquals":"` + value + `","NextStep":"` + next + `"}`
	}
	rest := "," + tagged("b", `,"isEnd":true`) + "," + tagged("c", `,"isEnd":true`)
	for name, row := range map[string]struct{ step, want string }{
		"the first that holds":  {`"inputs":{"Choices":[` + choice("y", "b") + "," + choice("x", "c") + "," + choice("x", "b") + `]}`, "Success: a=Success c=Success b=Pending"},
		"the default":           {`"inputs":{"Choices":[` + choice("y", "b") + `],"Default":"c"}`, "Success: a=Success c=Success b=Pending"},
		"none: the next step":   {`"inputs":{"Choices":[` + choice("y", "c") + `]}`, "Success: a=Success b=Success c=Pending"},
		"none: nextStep":        {`"nextStep":"c","inputs":{"Choices":[` + choice("y", "b") + `]}`, "Success: a=Success c=Success b=Pending"},
		"none: the end":         {`"isEnd":true,"inputs":{"Choices":[` + choice("y", "c") + `]}`, "Success: a=Success b=Pending c=Pending"},
		"isEnd, but a choice":   {`"isEnd":true,"inputs":{"Choices":[` + choice("x", "c") + `]}`, "Success: a=Success c=Success b=Pending"},
		"no choices":            {`"inputs":{"Choices":[]}`, "Failed: a=Failed b=Pending c=Pending"},
		"an input nobody knows": {`"inputs":{"Choices":[` + choice("x", "b") + `],"Else":"b"}`, "Failed: a=Failed b=Pending c=Pending"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(b *bubble) {
				b.want(b.after(0, b.start(`{"name":"a","action":"aws:branch",`+row.step+`}`+rest)), row.want)
			})
		})
	}
}
