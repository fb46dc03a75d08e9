package runbook

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Parameter is a declared input of a document.
type Parameter struct {
	Name, Type, Description string
	// HasDefault says whether the document gives a default; without one the parameter is required.
	HasDefault bool
	// Default is the default as written: string, json.Number, bool, []any, map[string]any or nil.
	Default any
	// AllowedValues are the only values, as text; nil means any.
	AllowedValues []string
	// AllowedPattern is a Java regular expression; "" means any.
	AllowedPattern string
	// The limits are nil where the document sets none. Chars count for each value, items for lists.
	MinChars, MaxChars, MinItems, MaxItems *int
	// MinValue and MaxValue bound an Integer. They are undocumented, but public runbooks have them.
	MinValue, MaxValue *int64
	Line, Column       int
}

// Required says whether a start without this parameter is refused.
func (p Parameter) Required() bool { return !p.HasDefault }

// List says whether the parameter takes several values.
func (p Parameter) List() bool { return p.shape() == shapeList || p.shape() == shapeMaps }

type shape uint8

const (
	shapeUnknown shape = iota
	shapeString
	shapeList
	shapeInteger
	shapeBoolean
	shapeMap
	shapeMaps
)

// shape sorts the types of docs.aws.amazon.com/systems-manager/latest/userguide/documents-syntax-data-elements-parameters.html.
// An AWS:: type that is not known here is text.
func (p Parameter) shape() shape {
	switch p.Type {
	case "String":
		return shapeString
	case "StringList":
		return shapeList
	case "Integer":
		return shapeInteger
	case "Boolean":
		return shapeBoolean
	case "StringMap":
		return shapeMap
	case "MapList":
		return shapeMaps
	}
	switch {
	case strings.HasPrefix(p.Type, "AWS::SSM::Parameter::Value<List<"), p.Type == "List<String>":
		return shapeList
	case strings.HasPrefix(p.Type, "List<AWS::") && strings.HasSuffix(p.Type, ">"):
		return shapeList
	case strings.HasPrefix(p.Type, "AWS::"):
		return shapeString
	}
	return shapeUnknown
}

// elementType is the type of each value: T of List<T>, and of AWS::SSM::Parameter::Value<T>, which is the value's type
// and does not look anything up.
func (p Parameter) elementType() string {
	name := p.Type
	for _, wrapper := range []string{"AWS::SSM::Parameter::Value<", "List<"} {
		if inner, ok := strings.CutPrefix(name, wrapper); ok {
			name = strings.TrimSuffix(inner, ">")
		}
	}
	return name
}

// elementPattern is what the AWS:: types demand of each value. Patterns of Instance::Id and Role::Arn:
// docs.aws.amazon.com/systems-manager/latest/userguide/populating-input-parameters.html; of buckets:
// docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html.
func (p Parameter) elementPattern() string {
	switch p.elementType() {
	case "AWS::EC2::Instance::Id":
		return `^m?i-([a-z0-9]{8}|[a-z0-9]{17})$`
	case "AWS::IAM::Role::Arn":
		return `^arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b):iam::[0-9]{12}:role/.*$`
	case "AWS::S3::Bucket::Name":
		return `^[0-9a-z][a-z0-9.-]{3,63}$`
	}
	return ""
}

func (p *parser) parameters(n *node) []Parameter {
	p.names(n, "parameters")
	var out []Parameter
	for _, f := range n.fields {
		out = append(out, p.parameter(f, "parameters."+f.name))
	}
	return out
}

func (p *parser) parameter(f field, path string) Parameter {
	out := Parameter{Name: f.name, Line: f.line, Column: f.col}
	if !nameOK(f.name) || len(f.name) > maxNameChars {
		p.problem(f.value, path, "a parameter's name has 1 to %d letters, digits and underscores", maxNameChars)
	}
	p.names(f.value, path)
	if f.value.kind != kindObject {
		return out
	}
	for _, part := range f.value.fields {
		p.parameterField(&out, part, path+"."+part.name)
	}
	switch {
	case f.value.get("type") == nil:
		p.problem(f.value, path+".type", "is missing")
	case out.shape() == shapeUnknown:
		p.problem(f.value.get("type"), path+".type", "is %q; the types are String, StringList, Integer, Boolean, StringMap, MapList, "+
			"AWS::… and List<AWS::…>", out.Type)
	}
	return out
}

func (p *parser) parameterField(out *Parameter, f field, path string) {
	n := f.value
	switch f.name {
	case "type":
		out.Type = p.text(n, path)
	case "description":
		out.Description = p.loose(n, path)
	case "default":
		out.HasDefault, out.Default = true, n.value()
	case "allowedValues":
		out.AllowedValues = []string{}
		for i, item := range p.items(n, path) {
			out.AllowedValues = append(out.AllowedValues, p.loose(item, fmt.Sprintf("%s[%d]", path, i)))
		}
	case "allowedPattern":
		out.AllowedPattern = p.text(n, path)
		if _, err := compile(out.AllowedPattern); err != nil {
			p.notes = append(p.notes, Problem{Line: f.line, Column: f.col, Path: path, Severity: SeverityWarning, Rule: "pattern",
				Message: "cannot be checked here, so that values for it are refused: " + err.Error()})
		}
	case "minChars":
		out.MinChars = p.limit(n, path)
	case "maxChars":
		out.MaxChars = p.limit(n, path)
	case "minItems":
		out.MinItems = p.limit(n, path)
	case "maxItems":
		out.MaxItems = p.limit(n, path)
	case "minValue":
		out.MinValue = p.number(n, path)
	case "maxValue":
		out.MaxValue = p.number(n, path)
	case "displayType":
	default:
		p.unknownKey(f, path, "parameter", "type", "description", "default", "allowedValues", "allowedPattern", "minChars", "maxChars", "minItems",
			"maxItems", "minValue", "maxValue", "displayType")
	}
}

func (p *parser) number(n *node, path string) *int64 {
	if n.kind == kindNumber || n.kind == kindString {
		if v, err := strconv.ParseInt(n.text, 10, 64); err == nil {
			return &v
		}
	}
	p.problem(n, path, "must be a whole number")
	return nil
}

func (p *parser) limit(n *node, path string) *int {
	v := p.number(n, path)
	if v == nil {
		return nil
	}
	if *v < 0 || *v > 1<<31-1 {
		p.problem(n, path, "must be a whole number from 0")
		return nil
	}
	limit := int(*v)
	return &limit
}

// compactJSON writes v without spaces and without escaping <, > and &.
func compactJSON(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}
