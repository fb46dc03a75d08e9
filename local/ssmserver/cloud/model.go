package cloud

import (
	"embed"
	"fmt"
	"strings"
)

// models are the shapes of operations, in the notation that models/generate explains.
//
//go:embed models/*.txt
var models embed.FS

// The kinds of shapes, as models/generate writes the scalars.
const (
	kindText      = 's'
	kindInteger   = 'i'
	kindFloat     = 'f'
	kindBoolean   = 'b'
	kindTime      = 't'
	kindBytes     = 'x'
	kindList      = 'l'
	kindMap       = 'm'
	kindStructure = 'o'
)

// shape is a type of an API model.
type shape struct {
	kind    byte
	members []member // of a structure, in the model's order
	element *shape   // of a list or a map
	item    string   // a list's element name on the wire, "" for the protocol's own
}

type member struct {
	name     string
	wire     string // the name on the wire
	query    string // the name in requests of the EC2 protocol where it follows no rule
	required bool
	shape    *shape
}

func (s *shape) member(name string) *member {
	for i := range s.members {
		if s.members[i].name == name {
			return &s.members[i]
		}
	}
	return nil
}

// service is the API model of one.
type service struct {
	name, protocol, version string
	namespace               string // of its XML
	// target is what stands before the operation in X-Amz-Target, and json the version of its content type.
	target, json string
	operations   map[string]signature // by name in lower case
}

// signature is an operation's input and output; nil is an empty structure.
type signature struct {
	name          string
	input, output *shape
}

func loadModels() (map[string]*service, error) {
	files, err := models.ReadDir("models")
	if err != nil {
		return nil, err
	}
	out := map[string]*service{}
	for _, file := range files {
		text, err := models.ReadFile("models/" + file.Name())
		if err != nil {
			return nil, err
		}
		s, err := parseModel(string(text))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file.Name(), err)
		}
		out[s.name] = s
	}
	return out, nil
}

type modelParser struct {
	service *service
	shapes  map[string]*shape
	open    *shape // the structure whose lines go on
}

func parseModel(text string) (*service, error) {
	p := modelParser{service: &service{operations: map[string]signature{}}, shapes: map[string]*shape{}}
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return p.service, nil
}

func (p *modelParser) line(line string) error {
	words := strings.Fields(line)
	switch {
	case len(words) == 0:
		return fmt.Errorf("an empty line")
	case line[0] == ' ' && p.open != nil:
		return p.addMembers(words)
	case words[0] == "service" && len(words) > 1:
		return p.service.head(words[1], words[2:])
	case words[0] == "op" && len(words) == 4:
		p.service.operations[strings.ToLower(words[1])] = signature{name: words[1], input: p.structure(words[2]), output: p.structure(words[3])}
		return nil
	}
	p.open = p.structure(words[0])
	return p.addMembers(words[1:])
}

func (s *service) head(name string, words []string) error {
	s.name = name
	fields := map[string]*string{"protocol": &s.protocol, "version": &s.version, "namespace": &s.namespace, "target": &s.target, "json": &s.json}
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		if fields[key] == nil {
			return fmt.Errorf("%q is no field of a service", key)
		}
		*fields[key] = value
	}
	return nil
}

// structure is the one of this name, which may be read later.
func (p *modelParser) structure(name string) *shape {
	if name == "-" {
		return &shape{kind: kindStructure}
	}
	if p.shapes[name] == nil {
		p.shapes[name] = &shape{kind: kindStructure}
	}
	return p.shapes[name]
}

func (p *modelParser) addMembers(words []string) error {
	for _, word := range words {
		name, kind, ok := strings.Cut(word, ":")
		if !ok {
			return fmt.Errorf("%q is no member", word)
		}
		var m member
		name, m.wire, _ = strings.Cut(name, "=")
		m.wire, m.query, _ = strings.Cut(m.wire, "/")
		m.name, m.required = strings.CutSuffix(name, "!")
		if m.wire == "" {
			m.wire = m.name
		}
		var err error
		if m.shape, err = p.kind(kind); err != nil {
			return err
		}
		p.open.members = append(p.open.members, m)
	}
	return nil
}

func (p *modelParser) kind(text string) (*shape, error) {
	switch {
	case len(text) == 1 && strings.Contains("sifbtx", text):
		return &shape{kind: text[0]}, nil
	case strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}"):
		element, err := p.kind(text[1 : len(text)-1])
		return &shape{kind: kindMap, element: element}, err
	case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]"):
		inner := text[1 : len(text)-1]
		item := ""
		if i := strings.LastIndexAny(inner, "@]"); i >= 0 && inner[i] == '@' {
			inner, item = inner[:i], inner[i+1:]
		}
		element, err := p.kind(inner)
		return &shape{kind: kindList, element: element, item: item}, err
	case text != "" && text[0] >= 'A' && text[0] <= 'Z':
		return p.structure(text), nil
	}
	return nil, fmt.Errorf("%q is no type", text)
}
