package runbook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// ToJSON writes a document as indented JSON, as the service does with documents created in YAML. The order of keys is
// kept; comments, anchors and the layout are not. The error is a *ParseError.
func ToJSON(content []byte) ([]byte, error) {
	root, err := readTree(content)
	if err != nil {
		return nil, err
	}
	var compact strings.Builder
	if !writeJSON(&compact, root, &budget{left: maxExpanded}) {
		return nil, fail(0, 0, "the document's aliases expand to more than 1 MB")
	}
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(compact.String()), "", "  "); err != nil {
		return nil, fail(0, 0, "writing JSON: %s", err)
	}
	return out.Bytes(), nil
}

// writeJSON answers false once the text is too long.
func writeJSON(b *strings.Builder, n *node, left *budget) bool {
	if !left.spend(len(n.text)) {
		return false
	}
	switch n.kind {
	case kindString:
		b.WriteString(compactJSON(n.text))
	case kindNumber, kindBool:
		b.WriteString(n.text)
	case kindNull:
		b.WriteString("null")
	case kindList:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteByte(',')
			}
			if !writeJSON(b, item, left) {
				return false
			}
		}
		b.WriteByte(']')
	case kindObject:
		b.WriteByte('{')
		for i, f := range n.fields {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(compactJSON(f.name) + ":")
			if !writeJSON(b, f.value, left) {
				return false
			}
		}
		b.WriteByte('}')
	}
	return true
}

// ToYAML writes a document as YAML, the order of keys kept.
func ToYAML(content []byte) ([]byte, error) {
	root, err := readTree(content)
	if err != nil {
		return nil, err
	}
	out, err := yaml.Dump(yamlNode(root))
	if err != nil {
		return nil, fmt.Errorf("writing YAML: %w", err)
	}
	return out, nil
}

func yamlNode(n *node) *yaml.Node {
	out := &yaml.Node{Kind: yaml.ScalarNode, Value: n.text}
	switch n.kind {
	case kindNull:
		out.Tag, out.Value = "!!null", "null"
	case kindString:
		out.SetString(n.text)
	case kindNumber:
		out.Tag = "!!int"
		if strings.ContainsAny(n.text, ".eE") {
			out.Tag = "!!float"
		}
	case kindBool:
		out.Tag = "!!bool"
	case kindList:
		out.Kind, out.Tag = yaml.SequenceNode, "!!seq"
		for _, item := range n.items {
			out.Content = append(out.Content, yamlNode(item))
		}
	case kindObject:
		out.Kind, out.Tag = yaml.MappingNode, "!!map"
		for _, f := range n.fields {
			key := &yaml.Node{}
			key.SetString(f.name)
			out.Content = append(out.Content, key, yamlNode(f.value))
		}
	}
	return out
}
