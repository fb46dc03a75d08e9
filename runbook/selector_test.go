package runbook

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const response = `{"Reservations":[{"Instances":[{"Id":"i-1","State":{"Name":"running"},"Tags":[{"Key":"Name","Value":"web"},{"Key":"N","Value":"1"}]},
	{"Id":"i-2","State":{"Name":"stopped"},"Tags":[]}]},{"Instances":[{"Id":"i-3","State":{"Name":"running"}}]}],
	"Count":3,"On":false,"None":null,"Text":"añb","a-b":{"c:d":"colon","e f":"space","0":"zero","length":"L"},"ResponseMetadata":{"HTTPStatusCode":200},
	"Sizes":[{"n":1,"t":"x"},{"n":2.5,"t":"y"},{"n":30,"t":"x"}],"Empty":[]}`

func TestSelect(t *testing.T) {
	t.Parallel()
	var data any
	decoder := json.NewDecoder(strings.NewReader(response))
	decoder.UseNumber()
	if err := decoder.Decode(&data); err != nil {
		t.Fatal(err)
	}
	for selector, want := range map[string]string{
		"$.Count": "3", "$.On": "false", "$.None": "null", " $.Text ": `"añb"`, "Count": "3", "Reservations[0].Instances[1].Id": `"i-2"`,
		"$.Reservations[0].Instances[0].Id": `"i-1"`, "$.Reservations.[0].Instances.[0].Id": `"i-1"`, "$.Reservations[1].Instances[0].State.Name": `"running"`,
		"$.Reservations[-1].Instances[-1].Id": `"i-3"`, "$..Instances[0].Id": `["i-1","i-3"]`, "$.Reservations..Name": `["running","stopped","running"]`,
		"$.Reservations..Instances..Id": `["i-1","i-2","i-3"]`, "$.Reservations[0]..Key": `["Name","N"]`, "$..HTTPStatusCode": "[200]", "..Id": `["i-1","i-2","i-3"]`,
		"$.Reservations[*].Instances[*].Id": `["i-1","i-2","i-3"]`, "$.Reservations.*.Instances.*.Id": `["i-1","i-2","i-3"]`,
		"$.Reservations[0].Instances[0].Tags[?(@.Key == 'Name')].Value": `["web"]`, `$..Tags[?(@.Key=="N")].Value`: `["1"]`,
		"$.Sizes[?(@.n == 1)].t": `["x"]`, "$.Sizes[?(@.n > 2)].n": "[2.5,30]", "$.Sizes[?(@.n >= 2.5 && @.t == 'x')].n": "[30]",
		"$.Sizes[?(@.t in ['y','z'])].n": "[2.5]", "$.Sizes[?(@.gone)].n": "[]", "$.Sizes[?(@.t == '$..x')].n": "[]", "$.a-b[?(@.length)].length": `["L"]`,
		"$.a-b.c:d": `"colon"`, "$['a-b']['e f']": `"space"`, "$.a-b.0": `"zero"`, "$['a-b'].length": `"L"`, `$["a-b"]["c:d"]`: `"colon"`,
		"$.Sizes[0:2].n": "[1,2.5]", "$.Sizes[-1:].n": "[30]", "$.Sizes[:1].n": "[1]", "$.Sizes[0,2].n": "[1,30]", "$.Sizes[5:9].n": "[]", "$.Sizes[0]['n','t']": `[1,"x"]`,
		"$.Sizes.length()": "3", "$.Text.length()": "3", "$.a-b.length()": "4", "$..Id.length()": "3", "$.Empty.length()": "0", "$.ResponseMetadata.*": "[200]", "$.a-b.*": `["zero","colon","space","L"]`,
		"$.Empty": "[]", "$..Nowhere": "[]",
		// nothing matches
		"$.Gone": "-", "$.Count.More": "-", "$.Reservations.Instances": "-", "$.Reservations[9].Instances": "-", "$.Reservations[-9]": "-",
		"$.Count[0]": "-", "$.Count.length()": "-", "$.Gone.length()": "-", "$.reservations": "-",
	} {
		value, found, err := Select(selector, data)
		if err != nil {
			t.Errorf("%s: %v", selector, err)
			continue
		}
		got := compactJSON(value)
		if value == nil && !found {
			got = "-"
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", selector, got, want)
		}
		if list, _ := value.([]any); found == (got == "-" || list != nil && len(list) == 0 && strings.ContainsAny(selector, "?*:") || selector == "$..Nowhere") {
			t.Errorf("%s: found is %v", selector, found)
		}
	}
	for _, whole := range []string{"", "$", "$.", " "} {
		if value, found, err := Select(whole, data); !found || err != nil || !cmp.Equal(value, data) {
			t.Errorf("%q: %v %v", whole, found, err)
		}
	}
}

func TestSelectRefuses(t *testing.T) {
	t.Parallel()
	for _, selector := range []string{"$.a[", "$.a[0", "$..", "$.a..", "$.a...b", "$.a b", "$.a[]", "$.a[?(", "$.a[?(@.b ==)]", "$.a[(@.length-1)]", "$.a.min()",
		"$.a.length().b", "$$.a", "$a", "$.a[0:4:2]", "$.a'b", "$.a[0]b", "$.a]", "$.a[?(@.b =~ /(/)]", "$.a[?", "$.a[?(@..b)]", "$.a[?(@.b == $.c)]", "$." + strings.Repeat("a", maxSelector)} {
		if value, found, err := Select(selector, map[string]any{"a": []any{}}); err == nil {
			t.Errorf("%s: got %v, %v", selector, value, found)
		}
	}
}

func TestSelectIsBounded(t *testing.T) {
	t.Parallel()
	var deep any = "x"
	for range 80 {
		deep = map[string]any{"a": deep, "b": []any{"y"}}
	}
	for _, selector := range []string{"$..*..*..*..*..*", "$" + strings.Repeat("..a", 40), "$" + strings.Repeat("..[?(@.a)]", 30)} {
		if _, _, err := Select(selector, deep); err == nil {
			t.Errorf("%.40s was evaluated to its end", selector)
		}
	}
}

func FuzzSelect(f *testing.F) {
	for _, selector := range []string{"$.Reservations[0].Instances[*].Id", "$..Tags[?(@.Key == 'Name')].Value", "$.Sizes[-1:].n", "$.a-b['c:d']", "x[0].y.length()", "$.Sizes[?(@.n > 2 || !(@.t))]"} {
		f.Add(selector)
	}
	var data any
	if err := json.Unmarshal([]byte(response), &data); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, selector string) {
		value, found, err := Select(selector, data)
		if err != nil && (value != nil || found) {
			t.Errorf("%q: an error beside %v", selector, value)
		}
		again, _, _ := Select(selector, data)
		if !cmp.Equal(value, again) {
			t.Errorf("%q answers %v, then %v", selector, value, again)
		}
	})
}
