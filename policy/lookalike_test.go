package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"handrail/policy"
)

// values are all values of a YAML document below the root: of keys, and items of lists.
func values(n *yaml.Node) []*yaml.Node {
	var found []*yaml.Node
	for i, child := range n.Content {
		if n.Kind == yaml.SequenceNode || n.Kind == yaml.MappingNode && i%2 == 1 {
			found = append(found, child)
		}
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			found = append(found, values(child)...)
		}
	}
	return found
}

// In the place of every value there is, what is no value of any kind is refused, by Parse and by the schema.
func TestEveryValueIsChecked(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t)
	var root yaml.Node
	if err := yaml.Load([]byte(full), &root); err != nil {
		t.Fatal(err)
	}
	places := values(&root)
	if len(places) < 100 {
		t.Fatalf("only %d values were found", len(places))
	}
	for _, wrong := range []yaml.Node{
		{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, {Kind: yaml.ScalarNode, Tag: "!!float", Value: "3.5"},
		{Kind: yaml.SequenceNode, Tag: "!!seq"},
		{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: ""}, {Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: "\u202e"},
		{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: strings.Repeat("é", 1100)},
	} {
		for _, place := range places {
			was := *place
			wrong.Line, wrong.Column = was.Line, was.Column
			*place = wrong
			text, err := yaml.Dump(&root)
			*place = was
			if err != nil {
				t.Fatal(err)
			}
			if _, err := policy.Parse("p", text); err == nil {
				t.Errorf("line %d, column %d takes %s %.20q", was.Line, was.Column, wrong.Tag, wrong.Value)
			}
			value, err := plainYAML(string(text))
			if err == nil && schema.Validate(value) == nil {
				t.Errorf("the schema takes %s %.20q in line %d, column %d", wrong.Tag, wrong.Value, was.Line, was.Column)
			}
		}
	}
}

// A letter that only looks like one makes another name everywhere, and is refused.
func TestLookAlikeLettersAreRefused(t *testing.T) {
	t.Parallel()
	free := []string{"orders, billing", "[a-z]{1,10}", "Not where everybody reads", "Holidays"} // where people write what they like
	tried := 0
	for at, letter := range full {
		other := map[rune]string{'a': "\u0430", 'c': "\u0441", 'e': "\u0435", 'o': "\u043e", 'A': "\u0410", 'E': "\u0415", 'S': "\u0405", '0': "\uff10", '1': "\u0661"}[letter]
		for _, text := range free {
			if i := strings.Index(full, text); at >= i && at < i+len(text) {
				other = ""
			}
		}
		if other == "" || at%2 == 0 && strings.Contains(full[max(0, at-64):at], "4c1f4c") {
			continue
		}
		tried++
		if _, err := policy.Parse("p", []byte(full[:at]+other+full[at+1:])); err == nil {
			t.Errorf("%s at %d is taken: %q", other, at, full[max(0, at-20):at+20])
		}
	}
	if tried < 300 {
		t.Errorf("only %d letters were tried", tried)
	}
}

// Every line twice, and an unknown key in every mapping.
func TestEveryLineCounts(t *testing.T) {
	t.Parallel()
	lines := strings.SplitAfter(full, "\n")
	for i, line := range lines[:len(lines)-1] {
		twice := strings.Join(lines[:i+1], "") + line + strings.Join(lines[i+1:], "")
		if _, err := policy.Parse("p", []byte(twice)); err == nil {
			t.Errorf("line %d is taken twice: %s", i+1, line)
		}
		if !strings.Contains(strings.SplitN(line, "{", 2)[0], ":") {
			continue
		}
		indent := line[:len(line)-len(strings.TrimLeft(line, " -"))]
		unknown := strings.Join(lines[:i], "") + indent + "unknown: 1\n" + strings.Repeat(" ", len(indent)) + strings.TrimLeft(line, " -") + strings.Join(lines[i+1:], "")
		if _, err := policy.Parse("p", []byte(unknown)); err == nil {
			t.Errorf("line %d takes an unknown key: %s", i+1, line)
		}
	}
	for at := range full {
		if full[at] == '{' && !strings.HasPrefix(full[at:], "{1,10}") {
			if _, err := policy.Parse("p", []byte(full[:at+1]+"unknown: 1, "+full[at+1:])); err == nil {
				t.Errorf("an unknown key is taken at %d: %s", at, full[at:at+20])
			}
		}
	}
}

// What would fill memory or time is refused at once.
func TestBombs(t *testing.T) {
	t.Parallel()
	laughs := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 30 {
		laughs += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	wrong := "version: 1\nservice_role: " + serviceRole + "\ngrants:\n"
	for i := range 2000 {
		wrong += fmt.Sprintf("- {name: g%d, to: [x%d], runbooks: [y%d], channels: [\"#a\"], when: x%d(1)}\n", i, i, i, i)
	}
	patterns := "version: 1\nservice_role: " + serviceRole + "\nrunbooks:\n  r:\n    document: Doc\n    version: latest\n    allow_unpinned: true\n    parameters:\n"
	for i := range 5000 {
		patterns += fmt.Sprintf("      P%d: {pattern: \"(\\\\pL{900}|%d){1,9}\"}\n", i, i)
	}
	for name, text := range map[string]string{
		"aliases of aliases": laughs, "merge keys": "a: &a {b: c}\nd: {<<: [*a, *a]}\n", "an alias of itself": "a: &a [*a]\n",
		"deep lists": strings.Repeat("[", 1<<19) + strings.Repeat("]", 1<<19), "deep mappings": strings.Repeat("{a: ", 100_000) + "x" + strings.Repeat("}", 100_000),
		"as many mistakes as there can be": wrong, "large patterns": patterns, "one long line": strings.Repeat("x", policy.MaxSize),
		"a long key": strings.Repeat("k", 1<<19) + ": 1\n", "a large number": "version: " + strings.Repeat("9", 1<<19) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			if _, err := policy.Parse("p", []byte(text)); err == nil {
				t.Fatal("it is taken")
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// Texts that look the same are the same only byte for byte.
func TestComposedLettersAreOthers(t *testing.T) {
	t.Parallel()
	const composed, decomposed = "caf\u00e9", "cafe\u0301"
	p := constrained(t, "{allow: ["+composed+"]}")
	if d := policy.Decide(p, request(t, with("InstanceId", composed))); !d.Allowed() {
		t.Errorf("the listed value: %s", d.Code())
	}
	if d := policy.Decide(p, request(t, with("InstanceId", decomposed))); d.Code() != policy.CodeValueNotAllowed {
		t.Errorf("another writing of it: %s", d.Code())
	}
}
