package cloud

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// template is what of a CloudFormation template is read: parameters, outputs, and which kinds of resources it has.
type template struct {
	description string
	parameters  []templateParameter
	outputs     []templateOutput
	// capabilities are what must be acknowledged: CAPABILITY_IAM or CAPABILITY_NAMED_IAM.
	capability string
}

type templateParameter struct {
	name, value string // the default
	optional    bool
	hidden      bool // NoEcho
	allowed     []string
}

type templateOutput struct {
	name, description, export string
	value                     *yaml.Node
}

// templateError is CloudFormation's text about a template.
type templateError string

func (e templateError) Error() string { return string(e) }

func badTemplate(format string, args ...any) error {
	return templateError(fmt.Sprintf("Template format error: "+format, args...))
}

// maxTemplate is the limit of TemplateBody: docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html.
const maxTemplate = 51_200

// parseTemplate reads JSON or YAML. Its errors are CloudFormation's texts.
func parseTemplate(body string) (*template, error) {
	if len(body) > maxTemplate {
		return nil, templateError(fmt.Sprintf("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to %d", maxTemplate))
	}
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(body), &root); err != nil {
		return nil, badTemplate("YAML not well-formed. (%s)", brief(strings.ReplaceAll(err.Error(), "\n", " ")))
	}
	if len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode {
		return nil, badTemplate("unsupported structure.")
	}
	top := entries(root.Content[0])
	t := &template{description: scalarOf(top["Description"])}
	parameters, outputs := entries(top["Parameters"]), entries(top["Outputs"])
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		t.addParameter(name, entries(parameters[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		o := entries(outputs[name])
		if o["Value"] == nil {
			return nil, badTemplate("Output %s is malformed. The Value field of every Outputs member must be present",
				brief(name))
		}
		if o["Condition"] == nil {
			t.outputs = append(t.outputs, templateOutput{name: name, description: scalarOf(o["Description"]),
				export: scalarOf(entries(o["Export"])["Name"]), value: o["Value"]})
		}
	}
	return t, t.readResources(entries(top["Resources"]))
}

func (t *template) addParameter(name string, fields map[string]*yaml.Node) {
	p := templateParameter{name: name, value: scalarOf(fields["Default"]), optional: fields["Default"] != nil,
		hidden: strings.EqualFold(scalarOf(fields["NoEcho"]), "true")}
	if list := fields["AllowedValues"]; list != nil {
		for _, item := range list.Content {
			p.allowed = append(p.allowed, item.Value)
		}
	}
	t.parameters = append(t.parameters, p)
}

func (t *template) readResources(resources map[string]*yaml.Node) error {
	if len(resources) == 0 {
		return badTemplate("At least one Resources member must be defined.")
	}
	for _, name := range slices.Sorted(maps.Keys(resources)) {
		r := entries(resources[name])
		kind := scalarOf(r["Type"])
		if kind == "" {
			return badTemplate("[/Resources/%s] Every Resources object must contain a Type member.", brief(name))
		}
		if !strings.HasPrefix(kind, "AWS::IAM::") {
			continue
		}
		t.capability = max(t.capability, "CAPABILITY_IAM")
		for property := range entries(r["Properties"]) {
			if slices.Contains([]string{"RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"}, property) {
				t.capability = "CAPABILITY_NAMED_IAM" // greater as a text, too
			}
		}
	}
	return nil
}

// entries are the members of a mapping, empty if n is none. Aliases stay closed, so that none can grow without end.
func entries(n *yaml.Node) map[string]*yaml.Node {
	out := map[string]*yaml.Node{}
	if n == nil || n.Kind != yaml.MappingNode {
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		out[n.Content[i].Value] = n.Content[i+1]
	}
	return out
}

func scalarOf(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// resolve gives the value of an expression that stands on parameters alone, and whether it does.
func resolve(n *yaml.Node, of map[string]string) (string, bool) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!Ref":
		value, ok := of[n.Value]
		return value, ok
	case n.Kind == yaml.ScalarNode && n.Tag == "!Sub":
		return substitute(n.Value, of)
	case n.Kind == yaml.ScalarNode && !strings.HasPrefix(n.Tag, "!G"):
		return n.Value, !strings.HasPrefix(n.Tag, "!") || strings.HasPrefix(n.Tag, "!!")
	case n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "Ref":
		value, ok := of[n.Content[1].Value]
		return value, ok
	case n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "Fn::Sub" && n.Content[1].Kind == yaml.ScalarNode:
		return substitute(n.Content[1].Value, of)
	}
	return "", false
}

// substitute replaces ${Name}, and says whether every name is known.
func substitute(text string, of map[string]string) (string, bool) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		out.WriteString(before)
		if !found {
			return out.String(), out.Len() <= 4<<10
		}
		name, after, closed := strings.Cut(rest, "}")
		value, known := of[strings.TrimSpace(name)]
		switch {
		case !closed:
			return "", false
		case strings.HasPrefix(name, "!"):
			value = "${" + name[1:] + "}"
		case !known:
			return "", false
		}
		out.WriteString(value)
		text = after
	}
}
