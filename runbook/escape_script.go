package runbook

import (
	"fmt"
	"regexp"
	"strings"
)

// scriptEscapes reads a script by its words, line by line; lines that are comments are left out.
func (d *Document) scriptEscapes(s *Step) []Escape {
	var out []Escape
	if !empty(s.Inputs["Attachment"]) {
		e := s.at("inputs", "Attachment").escape(Hidden, "the script is an attachment, which is not a part of the document")
		e.Fix = "Put the script into the runbook."
		out = append(out, e)
	}
	s.at("inputs", "Script").texts(func(at place, code string) {
		r := &scriptReader{d: d, at: at, code: withoutComments(code), told: map[string]bool{}}
		r.read()
		out = append(out, r.out...)
	})
	return out
}

// commandEscapes looks for AWS operations in commands that run on instances, under the instances' role.
func (d *Document) commandEscapes(s *Step) []Escape {
	var out []Escape
	s.at("inputs", "Parameters").texts(func(at place, code string) {
		for _, sign := range operationSigns() {
			if m := sign.pattern.FindStringIndex(code); m != nil && len(out) < MaxEscapes {
				e := at.inside(m[0]).escape(sign.kind, "%s (in a command)", sign.message)
				e.Fix = fixes[sign.kind]
				out = append(out, e)
			}
		}
	})
	return out
}

// scriptReader looks for signs in one script.
type scriptReader struct {
	d    *Document
	at   place
	code string
	told map[string]bool
	out  []Escape
}

func (r *scriptReader) read() {
	for _, sign := range append(operationSigns(), habitSigns()...) {
		r.search(sign)
	}
	r.references()
	if m := stsClient.FindStringIndex(r.code); m != nil && !stsHarmless.MatchString(r.code) {
		r.add(m[0], AssumesRole, "the script has a client of STS")
	}
}

func (r *scriptReader) search(sign scriptSign) {
	for _, m := range sign.pattern.FindAllStringSubmatchIndex(r.code, 100) {
		from := m[0]
		if len(m) > 2 && m[2] >= 0 {
			from = m[2]
		}
		r.add(from, sign.kind, sign.message)
	}
}

// add tells an escape once for a line.
func (r *scriptReader) add(from int, kind EscapeKind, message string) *Escape {
	line := 1 + strings.Count(r.code[:from], "\n")
	message = fmt.Sprintf("%s (line %d of the script)", message, line)
	if r.told[message] || len(r.told) >= MaxEscapes {
		return &Escape{}
	}
	r.told[message] = true
	e := r.at.inside(from).escape(kind, "%s", message)
	if e.Fix = fixes[kind]; kind == Hidden {
		e.Fix = "Write the operation out: boto3.client('ec2').stop_instances(…)."
	}
	r.out = append(r.out, e)
	return &r.out[len(r.out)-1]
}

// references finds what is put into the script's text: what it says then is known only when it runs.
func (r *scriptReader) references() {
	for _, m := range referencePattern.FindAllStringSubmatchIndex(r.code, -1) {
		ref := newReference(r.code, m)
		_, step := r.d.anyStep(ref.Name)
		_, variable := r.d.Variable(ref.Name)
		p, parameter := r.d.Parameter(ref.Name)
		switch {
		case ref.Kind == RefName && parameter && p.AllowedValues != nil:
			r.values(m[0], p)
		case ref.Kind == RefName && parameter && !p.confined(), ref.Kind == RefStep && step, ref.Kind == RefVariable && variable:
			e := r.add(m[0], Hidden, fmt.Sprintf("the value of {{ %s }} becomes a part of the script, which can then do anything", ref))
			e.Fix = "Hand the value over in InputPayload."
			if parameter && ref.Kind == RefName {
				e.Parameter, e.Fix = ref.Name, "Hand the value over in InputPayload, or confine it with allowedValues or allowedPattern."
			}
		}
	}
}

// values reads the values that can become a part of the script as scripts of their own.
func (r *scriptReader) values(from int, p Parameter) {
	inner := &scriptReader{d: &Document{}, code: strings.Join(p.AllowedValues, "\n"), told: map[string]bool{}}
	inner.read()
	for _, e := range inner.out {
		message, _, _ := strings.Cut(e.Message, " (line ")
		r.add(from, e.Kind, "with a value of "+p.Name+", "+message)
	}
}

// anyStep finds a step of that name at any depth.
func (d *Document) anyStep(name string) (Step, bool) {
	var find func(steps []Step) (Step, bool)
	find = func(steps []Step) (Step, bool) {
		for i := range steps {
			if steps[i].Name == name {
				return steps[i], true
			}
			if s, ok := find(steps[i].Steps); ok {
				return s, true
			}
		}
		return Step{}, false
	}
	return find(d.Steps)
}

// stsClient: a client of STS is for credentials, unless all that is asked is who one is.
var (
	stsClient   = regexp.MustCompile(`\b(?:client|resource)\s*\(\s*(?:service_name\s*=\s*)?["']sts["']`)
	stsHarmless = regexp.MustCompile(`\.\s*get_caller_identity\s*\(`)
)

// withoutComments blanks the lines that are nothing but a comment, so that every place stays where it is.
func withoutComments(code string) string {
	lines := strings.SplitAfter(code, "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") {
			rest := strings.TrimRight(line, "\n")
			lines[i] = strings.Repeat(" ", len(rest)) + line[len(rest):]
		}
	}
	return strings.Join(lines, "")
}
