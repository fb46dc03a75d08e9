package ssmserver

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"
)

func TestTagsOverTheWire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, quick())
	if _, err := w.client.CreateDocument(t.Context(), &ssm.CreateDocumentInput{Name: aws.String("Test-Tags"), DocumentType: types.DocumentTypeAutomation,
		Tags:    []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")}},
		Content: aws.String(`{"schemaVersion":"0.3","mainSteps":[` + ok("x", "") + `]}`)}); err != nil {
		t.Fatal(err)
	}
	out, err := w.client.StartAutomationExecution(t.Context(), &ssm.StartAutomationExecutionInput{DocumentName: aws.String("Test-Tags"),
		Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")}}})
	if err != nil {
		t.Fatal(err)
	}
	for kind, id := range map[types.ResourceTypeForTagging]string{types.ResourceTypeForTaggingAutomation: *out.AutomationExecutionId,
		types.ResourceTypeForTaggingDocument: "arn:aws:ssm:eu-west-1:123456789012:document/Test-Tags"} {
		if _, err := w.client.AddTagsToResource(t.Context(), &ssm.AddTagsToResourceInput{ResourceType: kind, ResourceId: &id,
			Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("3")}, {Key: aws.String("c"), Value: aws.String("")}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.client.RemoveTagsFromResource(t.Context(), &ssm.RemoveTagsFromResourceInput{ResourceType: kind, ResourceId: &id, TagKeys: []string{"a", "z"}}); err != nil {
			t.Fatal(err)
		}
		list, err := w.client.ListTagsForResource(t.Context(), &ssm.ListTagsForResourceInput{ResourceType: kind, ResourceId: &id})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, tag := range list.TagList {
			got[*tag.Key] = *tag.Value
		}
		if diff := cmp.Diff(map[string]string{"b": "3", "c": ""}, got); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
	for key, want := range map[string]int{"a": 0, "c": 1} {
		found, err := w.client.DescribeAutomationExecutions(t.Context(), &ssm.DescribeAutomationExecutionsInput{
			Filters: []types.AutomationExecutionFilter{{Key: types.AutomationExecutionFilterKeyTagKey, Values: []string{key}}}})
		if err != nil || len(found.AutomationExecutionMetadataList) != want {
			t.Errorf("with the tag %s: %v, %v", key, found, err)
		}
	}
}

func TestTagsThatAreRefused(t *testing.T) {
	inBubble(t, Options{}, func(b *bubble) {
		id := b.start(ok("a", ""))
		var many []string
		for i := range 49 {
			many = append(many, `{"Key":"k`+string(rune('A'+i%26))+string(rune('a'+i/26))+`","Value":""}`)
		}
		automation := `"ResourceType":"Automation","ResourceId":"` + id + `"`
		b.must("AddTagsToResource", `{`+automation+`,"Tags":[`+strings.Join(many, ",")+`]}`)
		for name, row := range map[string]struct{ operation, request, code string }{
			"fifty-one":        {"AddTagsToResource", automation + `,"Tags":[{"Key":"1","Value":""},{"Key":"2","Value":""}]`, "TooManyTagsError"},
			"reserved":         {"AddTagsToResource", automation + `,"Tags":[{"Key":"aws:x","Value":""}]`, "ValidationException"},
			"an odd letter":    {"AddTagsToResource", automation + `,"Tags":[{"Key":"#","Value":""}]`, "ValidationException"},
			"another type":     {"ListTagsForResource", `"ResourceType":"PatchBaseline","ResourceId":"pb-1"`, "InvalidResourceType"},
			"an unknown type":  {"ListTagsForResource", `"ResourceType":"Instance","ResourceId":"i-1"`, "ValidationException"},
			"an unknown ID":    {"ListTagsForResource", `"ResourceType":"Automation","ResourceId":"x"`, "InvalidResourceId"},
			"no document":      {"RemoveTagsFromResource", `"ResourceType":"Document","ResourceId":"Test-Nothing","TagKeys":["a"]`, "InvalidResourceId"},
			"one of Amazon's":  {"AddTagsToResource", `"ResourceType":"Document","ResourceId":"AWS-StopEC2Instance","Tags":[{"Key":"1","Value":""}]`, "InvalidResourceId"},
			"another account":  {"ListTagsForResource", `"ResourceType":"Document","ResourceId":"arn:aws:ssm:eu-west-1:999999999999:document/Test-0"`, "InvalidResourceId"},
			"nothing to write": {"AddTagsToResource", automation, "ValidationException"},
		} {
			if status, answer := b.call(row.operation, `{`+row.request+`}`); status != 400 || answer["__type"] != row.code {
				b.Errorf("%s: %d %v", name, status, answer)
			}
		}
		if list := b.must("ListTagsForResource", `{`+automation+`}`)["TagList"].([]any); len(list) != 49 {
			b.Errorf("%d tags are left", len(list))
		}
	})
}
