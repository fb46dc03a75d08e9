package ssmserver

import (
	"fmt"
	"strings"
	"testing"
)

// numbered is a document that differs from others of its kind.
func numbered(n int) string {
	return strings.Replace(oneStep, `"name":"a"`, fmt.Sprintf(`"name":"step%d"`, n), 1)
}

func (b *bubble) documentCode(operation string, members map[string]any) string {
	b.Helper()
	_, answer := b.document(operation, members)
	code, _ := answer["__type"].(string)
	return code
}

func TestDocumentsAreLimited(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		own := b.server.documents.owned()
		for i := range maxDocuments - own + 1 {
			got := b.documentCode("CreateDocument", map[string]any{"Name": fmt.Sprint("Mine-", i), "Content": oneStep, "DocumentType": "Automation"})
			if (got == "DocumentLimitExceeded") != (i == maxDocuments-own) {
				b.Fatalf("document %d: %q", own+i+1, got)
			}
		}
		b.must("DeleteDocument", `{"Name":"Mine-0"}`)
		b.must("CreateDocument", `{"Name":"Other","DocumentType":"Automation","Content":`+jsonText(oneStep)+`}`)
		for i := range maxVersions {
			got := b.documentCode("UpdateDocument", map[string]any{"Name": "Other", "Content": numbered(i), "VersionName": fmt.Sprint("v", i)})
			if (got == "DocumentVersionLimitExceeded") != (i == maxVersions-1) {
				b.Fatalf("version %d: %q", i+2, got)
			}
		}
		b.must("DeleteDocument", `{"Name":"Other","VersionName":"v5"}`)
		b.must("UpdateDocument", `{"Name":"Other","Content":`+jsonText(numbered(maxVersions))+`}`)
		if got := b.described("Other", "$LATEST"); !strings.HasPrefix(got, "1 1001 1001 ") {
			b.Error(got)
		}
		if got := b.documentCode("DescribeDocument", map[string]any{"Name": "Other", "VersionName": "v5"}); got != "InvalidDocumentVersion" {
			b.Error(got)
		}
	})
}

func TestContentIsLimited(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		large := oneStep + strings.Repeat(" ", 63<<10)
		b.must("CreateDocument", `{"Name":"Large","DocumentType":"Automation","Content":`+jsonText(oneStep)+`}`)
		for i := range maxContent>>16 + 20 {
			if got := b.documentCode("UpdateDocument", map[string]any{"Name": "Large", "Content": large + strings.Repeat(" ", i%1024+1)}); got != "" {
				if got != "DocumentVersionLimitExceeded" || i < 500 {
					b.Errorf("version %d: %s", i, got)
				}
				return
			}
		}
		b.Error("there is no end to what documents may hold")
	})
}

func TestDocumentsAreShared(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		b.must("CreateDocument", `{"Name":"Mine","DocumentType":"Automation","Content":`+jsonText(oneStep)+`}`)
		shared := func(page string) string {
			b.Helper()
			return jsonText(b.must("DescribeDocumentPermission", `{"Name":"Mine","PermissionType":"Share"`+page+`}`))
		}
		public := func() bool {
			b.Helper()
			got, _ := b.describe("ListDocuments", "DocumentIdentifiers", "Name", `{"Filters":[{"Key":"Owner","Values":["Public"]},{"Key":"Name","Values":["Mine"]}]}`, nil)
			return got == "Mine"
		}
		if got := shared(""); got != `{"AccountIds":[],"AccountSharingInfoList":[]}` || public() {
			b.Error(got)
		}
		b.must("ModifyDocumentPermission", `{"Name":"Mine","PermissionType":"Share","AccountIdsToAdd":["All","210987654321"],"SharedDocumentVersion":"$LATEST"}`)
		if got := shared(`,"MaxResults":1`); !strings.Contains(got, `"AccountIds":["210987654321"],"AccountSharingInfoList":[{"AccountId":"210987654321","SharedDocumentVersion":"$LATEST"}],"NextToken":"`) || !public() {
			b.Error(got)
		}
		if got := b.documentCode("DeleteDocument", map[string]any{"Name": "Mine"}); got != "InvalidDocumentOperation" {
			b.Errorf("a shared document: %q", got)
		}
		b.must("ModifyDocumentPermission", `{"Name":"Mine","PermissionType":"Share","AccountIdsToRemove":["all","210987654321"]}`)
		b.must("DeleteDocument", `{"Name":"Mine"}`)
		for _, row := range []struct{ members, code string }{
			{`{"Name":"Mine","PermissionType":"Share"}`, "InvalidDocument"},
			{`{"Name":"AWS-StopEC2Instance","PermissionType":"Share"}`, "InvalidDocument"},
			{`{"Name":"Mine","PermissionType":"Lend"}`, "ValidationException"},
			{`{"Name":"Mine","PermissionType":"Share","AccountIdsToAdd":["some"]}`, "ValidationException"},
		} {
			if _, answer := b.call("ModifyDocumentPermission", row.members); answer["__type"] != row.code {
				b.Errorf("%s: %v", row.members, answer)
			}
		}
	})
}
