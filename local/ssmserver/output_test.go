package ssmserver

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handrail/runbook"
)

func TestDeclaredOutputs(t *testing.T) {
	t.Parallel()
	const response = `{"Name":"web","Count":3,"Ratio":1.5,"On":true,"Off":"False","Number":"42","None":null,"Empty":[],
		"Names":["a","b"],"One":["a"],"Counts":[1,2],"Tags":[{"Key":"Role"},{"Key":"Env"}],"Map":{"a":1},"Nested":[["a"]]}`
	for _, row := range []struct{ selector, kind, want string }{
		{"$.Name", "", `"web"`}, {"$.Name", "String", `"web"`}, {"$.Count", "String", `"3"`}, {"$.On", "String", `"true"`}, {"$.One", "String", `"a"`},
		{"$.Count", "Integer", `3`}, {"$.Number", "Integer", `42`}, {"$.Number", "StringList", `["42"]`}, {"$.On", "Boolean", `true`}, {"$.Off", "Boolean", `false`},
		{"$.Name", "StringList", `["web"]`}, {"$.Count", "StringList", `["3"]`}, {"$.On", "StringList", `["true"]`}, {"$.Counts", "StringList", `["1","2"]`},
		{"$.Names", "StringList", `["a","b"]`}, {"$..Key", "StringList", `["Role","Env"]`}, {"$.Tags[0].Key", "String", `"Role"`}, {"$.Tags[*].Key", "StringList", `["Role","Env"]`},
		{"$.Map", "StringMap", `{"a":1}`}, {"$.Tags", "MapList", `[{"Key":"Role"},{"Key":"Env"}]`}, {"$.Ratio", "String", `"1.5"`},
		{"$.Missing", "String", `""`}, {"$.Missing", "Integer", `""`}, {"$.Missing", "StringList", `[]`}, {"$.Missing", "MapList", `[]`}, {"$.Missing", "StringMap", `{}`},
		{"$..Missing", "String", `""`}, {"$.None", "String", `""`}, {"$.Empty", "String", `""`}, {"$.Empty", "MapList", `[]`},
		{"$.Names", "String", "Output O with the selector $.Names is of type ArrayList, but expected type is String"},
		{"$.Map", "String", "Output O with the selector $.Map is of type LinkedHashMap, but expected type is String"},
		{"$.Map", "MapList", "Output O with the selector $.Map is of type LinkedHashMap, but expected type is MapList"},
		{"$.Name", "StringMap", "Output O with the selector $.Name is of type String, but expected type is StringMap"},
		{"$.Name", "Integer", "Output O with the selector $.Name is of type String, but expected type is Integer"},
		{"$.Ratio", "Integer", "Output O with the selector $.Ratio is of type Double, but expected type is Integer"},
		{"$.On", "Integer", "Output O with the selector $.On is of type Boolean, but expected type is Integer"},
		{"$.Count", "Boolean", "Output O with the selector $.Count is of type Integer, but expected type is Boolean"},
		{"$.Nested", "MapList", "Output O with the selector $.Nested is of type ArrayList, but expected type is MapList"},
		{"$.Name", "Text", "Output O with the selector $.Name is of type String, but expected type is Text"},
		{"$.Name[", "String", "taking the output O: "},
	} {
		t.Run(row.selector+" "+row.kind, func(t *testing.T) {
			t.Parallel()
			decoder := json.NewDecoder(strings.NewReader(response))
			decoder.UseNumber()
			var decoded any
			if err := decoder.Decode(&decoded); err != nil {
				t.Fatal(err)
			}
			step := runbook.Step{Outputs: []runbook.StepOutput{{Name: "O", Selector: row.selector, Type: row.kind}}}
			out, err := declaredOutputs(step, decoded)
			if err != nil {
				if !strings.HasPrefix(err.Error(), row.want) {
					t.Errorf("got  %s\nwant %s", err, row.want)
				}
				return
			}
			if diff := cmp.Diff(row.want, jsonText(out["O"])); diff != "" {
				t.Error(diff)
			}
		})
	}
	if out, err := declaredOutputs(runbook.Step{}, nil); out != nil || err != nil {
		t.Errorf("a step without outputs: %v, %v", out, err)
	}
}
