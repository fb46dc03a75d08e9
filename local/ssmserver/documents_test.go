package ssmserver

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	oneStep   = `{"schemaVersion":"0.3","mainSteps":[{"name":"a","action":"aws:pause","inputs":{}}]}`
	otherStep = `{"schemaVersion":"0.3","mainSteps":[{"name":"b","action":"aws:pause","inputs":{}}]}`
)

// document sends an operation whose body holds a document.
func (b *bubble) document(operation string, members map[string]any) (int, map[string]any) {
	b.Helper()
	body, err := json.Marshal(members)
	if err != nil {
		b.Fatal(err)
	}
	return b.call(operation, string(body))
}

// described gives "default latest version hash" of DescribeDocument.
func (b *bubble) described(name, version string) string {
	b.Helper()
	members := map[string]any{"Name": name}
	if version != "" {
		members["DocumentVersion"] = version
	}
	status, answer := b.document("DescribeDocument", members)
	if status != 200 {
		return answer["__type"].(string)
	}
	d := answer["Document"].(map[string]any)
	return fmt.Sprint(d["DefaultVersion"], " ", d["LatestVersion"], " ", d["DocumentVersion"], " ", d["Hash"].(string)[:8])
}

func sum(content string) string {
	h := sha256.Sum256([]byte(content))
	return hex.EncodeToString(h[:])[:8]
}

func TestCreateDocumentRefuses(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		for name, row := range map[string]struct {
			members       map[string]any
			code, message string
		}{
			"reserved":         {map[string]any{"Name": "aws-Mine"}, "ValidationException", "The document name aws-Mine begins with aws, which is reserved."},
			"reserved, upper":  {map[string]any{"Name": "AMAZON-Mine"}, "ValidationException", ""},
			"taken":            {map[string]any{"Name": "Handrail-DrainAndRestart"}, "DocumentAlreadyExists", "Document with same name Handrail-DrainAndRestart already exists"},
			"a command":        {map[string]any{"DocumentType": "Command"}, "ValidationException", ""},
			"no type":          {map[string]any{"DocumentType": nil}, "ValidationException", ""},
			"attachments":      {map[string]any{"Attachments": []any{map[string]any{"Key": "SourceUrl", "Values": []string{"s3://a"}}}}, "ValidationException", "Requires and Attachments are not covered"},
			"too large":        {map[string]any{"Content": oneStep + strings.Repeat(" ", 64<<10)}, "MaxDocumentSizeExceeded", ""},
			"another schema":   {map[string]any{"Content": `{"schemaVersion":"2.2","mainSteps":[]}`}, "InvalidDocumentSchemaVersion", ""},
			"not JSON":         {map[string]any{"Content": "schemaVersion: '0.3'"}, "InvalidDocumentContent", "The content is not JSON, which is the DocumentFormat."},
			"not YAML":         {map[string]any{"Content": oneStep, "DocumentFormat": "YAML"}, "InvalidDocumentContent", ""},
			"text":             {map[string]any{"DocumentFormat": "TEXT"}, "InvalidDocumentContent", ""},
			"broken":           {map[string]any{"Content": "{"}, "InvalidDocumentContent", "The content for the document isn't valid. 1:2: not valid JSON"},
			"duplicate keys":   {map[string]any{"Content": `{"schemaVersion":"0.3","schemaVersion":"0.3"}`}, "InvalidDocumentContent", ""},
			"a circle":         {map[string]any{"Content": strings.Replace(oneStep, `"inputs"`, `"nextStep":"a","inputs"`, 1)}, "InvalidDocumentContent", "The content for the document isn't valid. 1:37: mainSteps[0]: the steps run in a circle: a → a"},
			"no operator":      {map[string]any{"Content": `{"schemaVersion":"0.3","mainSteps":[{"name":"a","action":"aws:branch","inputs":{"Choices":[{"Variable":"{{ global:DATE }}","Like":"x","NextStep":"b"}]}},{"name":"b","action":"aws:pause"}]}`}, "InvalidDocumentContent", "The content for the document isn't valid. 1:131: mainSteps[0].inputs.Choices[0].Like: there is no operator \"Like\""},
			"a parameter lost": {map[string]any{"Content": strings.Replace(oneStep, `{}`, `{"Message":"{{ Wait }}"}`, 1)}, "InvalidDocumentContent", ""},
			"a role lost":      {map[string]any{"Content": strings.Replace(oneStep, `"mainSteps"`, `"assumeRole":"{{ Role }}","mainSteps"`, 1)}, "InvalidDocumentContent", ""},
			"an action lost":   {map[string]any{"Content": strings.Replace(oneStep, `aws:pause`, `aws:puase`, 1)}, "InvalidDocumentContent", ""},
			"a step lost":      {map[string]any{"Content": strings.Replace(oneStep, `"inputs"`, `"nextStep":"z","inputs"`, 1)}, "InvalidDocumentContent", ""},
		} {
			members := map[string]any{"Name": "Mine", "Content": oneStep, "DocumentType": "Automation"}
			for key, value := range row.members {
				members[key] = value
			}
			status, answer := b.document("CreateDocument", members)
			if message, _ := answer["Message"].(string); status != 400 || answer["__type"] != row.code || !strings.HasPrefix(message, row.message) {
				b.Errorf("%s: %d %v", name, status, answer)
			}
		}
	})
}

func TestDocumentsMoveVanishAndComeBack(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		ok := func(operation string, members map[string]any) {
			b.Helper()
			if status, answer := b.document(operation, members); status != 200 {
				b.Fatalf("%s: %v", operation, answer)
			}
		}
		refused := func(code, operation string, members map[string]any) {
			b.Helper()
			if status, answer := b.document(operation, members); status != 400 || answer["__type"] != code {
				b.Errorf("%s: %d %v, want %s", operation, status, answer, code)
			}
		}
		want := func(version, want string) {
			b.Helper()
			if got := b.described("Mine", version); got != want {
				b.Errorf("version %q: got %s, want %s", version, got, want)
			}
		}
		ok("CreateDocument", map[string]any{"Name": "Mine", "Content": oneStep, "DocumentType": "Automation", "VersionName": "first"})
		want("", "1 1 1 "+sum(oneStep))
		refused("DuplicateDocumentContent", "UpdateDocument", map[string]any{"Name": "Mine", "Content": oneStep})
		refused("DuplicateDocumentVersionName", "UpdateDocument", map[string]any{"Name": "Mine", "Content": otherStep, "VersionName": "first"})
		ok("UpdateDocument", map[string]any{"Name": "Mine", "Content": otherStep, "DocumentVersion": "$LATEST"})
		want("", "1 2 1 "+sum(oneStep))
		want("$LATEST", "1 2 2 "+sum(otherStep))
		refused("InvalidDocumentVersion", "UpdateDocument", map[string]any{"Name": "Mine", "Content": oneStep + " ", "DocumentVersion": "1"})
		refused("InvalidDocumentVersion", "UpdateDocumentDefaultVersion", map[string]any{"Name": "Mine", "DocumentVersion": "3"})
		ok("UpdateDocumentDefaultVersion", map[string]any{"Name": "Mine", "DocumentVersion": "2"})
		want("$DEFAULT", "2 2 2 "+sum(otherStep))
		refused("InvalidDocumentOperation", "DeleteDocument", map[string]any{"Name": "Mine", "DocumentVersion": "2"})
		ok("DeleteDocument", map[string]any{"Name": "Mine", "DocumentVersion": "1"})
		want("1", "InvalidDocumentVersion")
		refused("InvalidDocument", "DeleteDocument", map[string]any{"Name": "Mine", "DocumentVersion": "1"})
		ok("DeleteDocument", map[string]any{"Name": "Mine"})
		want("", "InvalidDocument")
		refused("InvalidDocument", "DeleteDocument", map[string]any{"Name": "Mine"})
		refused("AutomationDefinitionNotFoundException", "StartAutomationExecution", map[string]any{"DocumentName": "Mine"})
		ok("CreateDocument", map[string]any{"Name": "Mine", "Content": otherStep, "DocumentType": "Automation"})
		want("1", "1 1 1 "+sum(otherStep))
		refused("InvalidDocumentOperation", "UpdateDocument", map[string]any{"Name": "AWS-StopEC2Instance", "Content": otherStep})
		refused("InvalidDocumentOperation", "DeleteDocument", map[string]any{"Name": "AWS-StopEC2Instance"})
	})
}

func TestARunningExecutionKeepsItsDocument(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.create("Test-Gone", ok("a", "")+","+ok("b", ""))
		id, _ := b.must("StartAutomationExecution", `{"DocumentName":"Test-Gone"}`)["AutomationExecutionId"].(string)
		b.must("DeleteDocument", `{"Name":"Test-Gone"}`)
		b.want(b.after(3e9, id), "Success: a=Success b=Success")
	})
}

func TestGetDocumentConverts(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		get := func(format string) (content, said string) {
			answer := b.must("GetDocument", fmt.Sprintf(`{"Name":"AWS-RestartEC2Instance"%s}`, format))
			return answer["Content"].(string), answer["DocumentFormat"].(string)
		}
		yaml, said := get(`,"DocumentFormat":"YAML"`)
		full, ok := DocumentHash("AWS-RestartEC2Instance")
		if said != "YAML" || !ok || full[:8] != sum(yaml) || b.described("AWS-RestartEC2Instance", "1") != "1 1 1 "+sum(yaml) {
			b.Errorf("%s %s is not the document of hash %s", said, yaml, full)
		}
		text, said := get("")
		var decoded map[string]any
		if err := json.Unmarshal([]byte(text), &decoded); err != nil || said != "JSON" || decoded["schemaVersion"] != "0.3" || decoded["assumeRole"] != "{{ AutomationAssumeRole }}" {
			b.Errorf("%s %v %s", said, err, text)
		}
		b.create("Test-JSON", `{"name":"a","action":"aws:pause"}`)
		if content := b.must("GetDocument", `{"Name":"Test-JSON","DocumentFormat":"YAML"}`)["Content"].(string); !strings.Contains(content, "schemaVersion: '0.3'\n") {
			b.Error(content)
		}
	})
	if _, ok := DocumentHash("../documents/AWS-RestartEC2Instance"); ok {
		t.Error("a path has a hash")
	}
}

// builtinNames gives the names of built-in documents, sorted.
func (b *bubble) builtinNames(prefix string) string {
	b.Helper()
	entries, err := builtin.ReadDir("documents")
	if err != nil {
		b.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if name := strings.TrimSuffix(entry.Name(), ".yaml"); strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestListDocuments(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		aws, own := b.builtinNames("AWS-"), b.builtinNames("Handrail-")+" Mine"
		if status, answer := b.document("CreateDocument", map[string]any{"Name": "Mine", "Content": oneStep, "DocumentType": "Automation",
			"TargetType": "/AWS::EC2::Instance", "Tags": []any{map[string]string{"Key": "team", "Value": "web"}}}); status != 200 {
			b.Fatal(answer)
		}
		for body, want := range map[string]string{
			`{}`: aws + " " + own,
			`{"Filters":[{"Key":"Owner","Values":["Amazon"]}]}`:     aws,
			`{"Filters":[{"Key":"Owner","Values":["Public"]}]}`:     aws,
			`{"Filters":[{"Key":"Owner","Values":["Self"]}]}`:       own,
			`{"Filters":[{"Key":"Owner","Values":["Private"]}]}`:    own,
			`{"Filters":[{"Key":"Owner","Values":["ThirdParty"]}]}`: "",
			`{"Filters":[{"Key":"Name","Values":["AWS-St","Mi"]}]}`: strings.Join([]string{"AWS-StartEC2Instance AWS-StartEC2InstanceWithApproval AWS-StartRdsInstance",
				"AWS-StopEC2Instance AWS-StopEC2InstanceWithApproval AWS-StopRdsInstance Mine"}, " "),
			`{"Filters":[{"Key":"DocumentType","Values":["Automation"]},{"Key":"Name","Values":["Mine"]}]}`: "Mine",
			`{"Filters":[{"Key":"DocumentType","Values":["Command"]}]}`:                                     "",
			`{"Filters":[{"Key":"PlatformTypes","Values":["Linux"]},{"Key":"Owner","Values":["Amazon"]}]}`:  aws,
			`{"Filters":[{"Key":"TargetType","Values":["/AWS::EC2::Instance"]}]}`:                           "Mine",
			`{"Filters":[{"Key":"tag:team","Values":["db","web"]}]}`:                                        "Mine",
			`{"DocumentFilterList":[{"key":"Owner","value":"Amazon"}]}`:                                     aws,
		} {
			if got, token := b.describe("ListDocuments", "DocumentIdentifiers", "Name", body, nil); got != want || token != "" {
				b.Errorf("%s: got %q %q", body, got, token)
			}
		}
		var pages []string
		for token, more := "", true; more; more = token != "" {
			page, next := b.describe("ListDocuments", "DocumentIdentifiers", "Name", `{"MaxResults":3,"NextToken":"`+token+`"}`, nil)
			pages, token = append(pages, page), next
		}
		if got := strings.Join(pages, " "); got != aws+" "+own || len(pages) != (len(strings.Fields(got))+2)/3 {
			b.Errorf("%q", pages)
		}
		b.must("UpdateDocument", `{"Name":"Mine","Content":`+fmt.Sprintf("%q", otherStep)+`}`)
		if got, token := b.describe("ListDocumentVersions", "DocumentVersions", "DocumentVersion", `{"Name":"Mine","MaxResults":1}`, nil); got != "2" || token == "" {
			b.Errorf("versions %q %q", got, token)
		} else if got, _ := b.describe("ListDocumentVersions", "DocumentVersions", "DocumentVersion", `{"Name":"Mine","NextToken":"`+token+`"}`, nil); got != "1" {
			b.Errorf("more versions %q", got)
		}
	})
}

func TestDocumentsFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("aws-One.json", oneStep)
	write("Two.yml", "schemaVersion: '0.3'\nmainSteps:\n- {name: a, action: aws:pause}\n")
	write("README.md", "no runbook")
	server, err := New(Options{Documents: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for name, format := range map[string]string{"aws-One": "JSON", "Two": "YAML"} {
		if d, v, ok := server.documents.find(name, "1", ""); !ok || v == nil || v.format != format || d.owner != DefaultAccount {
			t.Errorf("%s: %+v %+v", name, d, v)
		}
	}
	write("Two.json", oneStep)
	write("Bad.yaml", "schemaVersion: '0.3'\nmainSteps:\n- {name: a, action: nothing, nextStep: 7}\n")
	write("AWS-StopEC2Instance.json", oneStep)
	write("x y.json", oneStep)
	_, err = New(Options{Documents: folder})
	for _, part := range []string{"Bad.yaml:3:21: mainSteps[0].action", "Bad.yaml:3:40: mainSteps[0].nextStep", "there is already a document AWS-StopEC2Instance", "there is already a document Two", `"x y" is no document name`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v\nlacks %s", err, part)
		}
	}
}
