package cloud

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

const yamlTemplate = `
AWSTemplateFormatVersion: "2010-09-09"
Description: A topic
Parameters:
  Name: {Type: String}
  Secret: {Type: String, NoEcho: true, Default: x}
  Size: {Type: String, AllowedValues: [small, large], Default: small}
Resources:
  Topic: {Type: AWS::SNS::Topic}
Outputs:
  Given: {Value: !Ref Name, Description: what was given, Export: {Name: given}}
  Text: {Value: !Sub "${AWS::Region}-${Name}"}
  Made: {Value: !GetAtt Topic.TopicName}
  Id: {Value: !Ref Topic}
  Joined: {Value: !Join ["", [a, b]]}
  Sometimes: {Value: x, Condition: Never}
`

func stackBody(t *testing.T, name, template, more string) string {
	t.Helper()
	quoted, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"StackName":%q,"TemplateBody":%s%s}`, name, quoted, more)
}

func TestStacks(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		const given = `,"Parameters":[{"ParameterKey":"Name","ParameterValue":"n"}],"ClientRequestToken":"once"`
		body := stackBody(s.T, "one", yamlTemplate, given)
		id := s.must("cloudformation.CreateStack", body, "StackId").(string)
		s.want("cloudformation.CreateStack", body, "StackId", id)
		s.refused("cloudformation.CreateStack", strings.Replace(body, "once", "twice", 1), "AlreadyExistsException", "Stack [one] already exists")
		status := func(want string) {
			s.Helper()
			s.want("cloudformation.DescribeStacks", `{"StackName":"`+id+`"}`, "Stacks.0.StackStatus", want)
		}
		status("CREATE_IN_PROGRESS")
		s.refused("cloudformation.UpdateStack", body, "ValidationError", "is in CREATE_IN_PROGRESS state and can not be updated.")
		time.Sleep(2 * time.Second)
		status("CREATE_COMPLETE")
		s.want("cloudformation.DescribeStacks", `{"StackName":"one"}`, "Stacks.0.Outputs.*.OutputKey", "[Given Text]")
		s.want("cloudformation.DescribeStacks", `{"StackName":"one"}`, "Stacks.0.Outputs.*.OutputValue", "[n eu-west-1-n]")
		s.want("cloudformation.DescribeStacks", `{"StackName":"one"}`, "Stacks.0.Parameters.*.ParameterValue", "[n **** small]")
		s.refused("cloudformation.UpdateStack", body, "ValidationError", "No updates are to be performed.")
		s.must("cloudformation.UpdateStack", strings.Replace(body, "A topic", "A thing", 1))
		time.Sleep(2 * time.Second)
		s.must("cloudformation.UpdateStack", body)
		time.Sleep(2 * time.Second)
		s.must("cloudformation.UpdateStack", `{"StackName":"one","UsePreviousTemplate":true,"Parameters":[{"ParameterKey":"Name","UsePreviousValue":true},{"ParameterKey":"Size","ParameterValue":"large"}]}`)
		time.Sleep(2 * time.Second)
		status("UPDATE_COMPLETE")
		s.want("cloudformation.DescribeStackEvents", `{"StackName":"one"}`, "StackEvents.*.ResourceStatus", "["+strings.Repeat("UPDATE_COMPLETE UPDATE_IN_PROGRESS ", 3)+"CREATE_COMPLETE CREATE_IN_PROGRESS]")
		s.want("cloudformation.GetTemplate", `{"StackName":"one"}`, "TemplateBody", yamlTemplate)
		s.refused("cloudformation.DeleteStack", `{"StackName":"one","RetainResources":["Topic"]}`, "ValidationError", "DELETE_FAILED")
		s.must("cloudformation.DeleteStack", `{"StackName":"one"}`)
		s.must("cloudformation.DeleteStack", `{"StackName":"one"}`)
		status("DELETE_IN_PROGRESS")
		time.Sleep(2 * time.Second)
		status("DELETE_COMPLETE")
		s.refused("cloudformation.DescribeStacks", `{"StackName":"one"}`, "ValidationError", "Stack with id one does not exist")
		s.want("cloudformation.DescribeStacks", `{}`, "Stacks.#", "0")
		s.want("cloudformation.ListStacks", `{"StackStatusFilter":["DELETE_COMPLETE"]}`, "StackSummaries.*.StackName", "[one]")
		s.must("cloudformation.DeleteStack", `{"StackName":"never"}`)
		if second := s.must("cloudformation.CreateStack", body, "StackId"); second == id {
			s.Error("the ID of a stack that is gone was given again")
		}
	})
}

func TestStacksRefuse(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		const name = `,"Parameters":[{"ParameterKey":"Name","ParameterValue":"n"}`
		for body, want := range map[string]string{
			stackBody(s.T, "a", "...", ""):                                                           "unsupported structure",
			stackBody(s.T, "a", "{", ""):                                                             "YAML not well-formed",
			stackBody(s.T, "a", "{}", ""):                                                            "At least one Resources member must be defined.",
			stackBody(s.T, "a", "{Resources: {A: {}}}", ""):                                          "[/Resources/A] Every Resources object must contain a Type member.",
			stackBody(s.T, "a", strings.Repeat("#", 51201), ""):                                      "less than or equal to 51200",
			stackBody(s.T, "a", "{Resources: {A: {Type: X}}, Outputs: {O: {}}}", ""):                 "Output O is malformed",
			stackBody(s.T, "a", yamlTemplate, ""):                                                    "Parameters: [Name] must have values",
			stackBody(s.T, "a", yamlTemplate, name+`,{"ParameterKey":"X"}]`):                         "Parameters: [X] do not exist in the template",
			stackBody(s.T, "a", yamlTemplate, name+`,{"ParameterKey":"Size","ParameterValue":"s"}]`): "Parameter 'Size' must be one of AllowedValues",
			stackBody(s.T, "1", yamlTemplate, ""):                                                    "failed to satisfy constraint",
			stackBody(s.T, "a", yamlTemplate, `,"OnFailure":"DELETE","DisableRollback":true`):        "not both",
			`{"StackName":"a"}`:                                                                      "Either Template URL or Template Body",
			`{"StackName":"a","TemplateURL":"https://s3.amazonaws.com/b/k"}`:                         "reads no TemplateURL",
			stackBody(s.T, "a", "a: &a [x,x]\nb: &b [*a,*a]\nResources: *b", ""):                     "At least one Resources member",
		} {
			s.refused("cloudformation.CreateStack", body, "ValidationError", want)
		}
		named := stackBody(s.T, "a", "{Resources: {A: {Type: AWS::IAM::Role, Properties: {RoleName: x}}}}", `,"Capabilities":["CAPABILITY_IAM"]`)
		s.refused("cloudformation.CreateStack", named, "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")
		s.must("cloudformation.CreateStack", strings.Replace(named, "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", 1))
		s.refused("cloudformation.UpdateStack", `{"StackName":"none"}`, "ValidationError", "Stack [none] does not exist")
		for _, op := range []string{"DescribeStackEvents", "GetTemplate"} {
			s.refused("cloudformation."+op, `{"StackName":"none"}`, "ValidationError", "Stack with id none does not exist")
		}
		s.must("cloudformation.CreateStack", stackBody(s.T, "kept", "{Resources: {A: {Type: X}}}", `,"EnableTerminationProtection":true`))
		time.Sleep(2 * time.Second)
		s.refused("cloudformation.DeleteStack", `{"StackName":"kept"}`, "ValidationError", "TerminationProtection")
	})
}

func TestStacksAreForgotten(t *testing.T) {
	inSky(t, Options{}, func(s *sky) {
		for i := range maxThings + 10 {
			s.must("cloudformation.CreateStack", stackBody(s.T, fmt.Sprintf("s%d", i), "{Resources: {A: {Type: X}}}", ""))
			if i%2 == 0 {
				s.must("cloudformation.DeleteStack", fmt.Sprintf(`{"StackName":"s%d"}`, i))
			}
			time.Sleep(2 * time.Second)
		}
		if n := len(s.cloud.stacks.order); n != maxThings {
			s.Errorf("%d stacks", n)
		}
		if n := s.cloud.agenda.Len(); n > 1 {
			s.Errorf("%d plans are left", n)
		}
	})
}

func TestTemplatesAreReadInTime(t *testing.T) {
	t.Parallel()
	var wide strings.Builder
	for i := range 5_000 {
		fmt.Fprintf(&wide, " p%d: x\n", i)
	}
	for _, text := range []string{strings.Repeat("[", 51_000), strings.Repeat("{a: ", 12_000), "a: &a [1,1,1,1]\n" + strings.Repeat("b: [*a,*a]\n", 3_000), "Parameters:\n" + wide.String(),
		"Resources:\n" + wide.String(), "Outputs:\n" + wide.String()} {
		began := time.Now()
		if _, err := parseTemplate(text); err == nil {
			t.Errorf("%s was taken", brief(text))
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s took %s", brief(text), took)
		}
	}
}
