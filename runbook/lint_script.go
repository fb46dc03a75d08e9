package runbook

import (
	"regexp"
	"slices"
	"strings"
)

// runtimes: docs.aws.amazon.com/systems-manager/latest/userguide/automation-action-executeScript.html and public runbooks.
var runtimes = []string{"python3.6", "python3.7", "python3.8", "python3.9", "python3.10", "python3.11", "PowerShell Core 6.0", "PowerShell 7.0", "PowerShell 7.4"}

func (l *linter) script(s *Step) {
	runtime, known := s.literal("Runtime")
	if known && !slices.Contains(runtimes, runtime) {
		l.warn(s.at("inputs", "Runtime"), "runtime", "the runtime is %q; the guide has %s", runtime, strings.Join(runtimes, ", "))
		l.fix(l.similar(runtime, runtimes))
	}
	handler, named := s.literal("Handler")
	_, given := s.Inputs["Handler"]
	python := strings.HasPrefix(strings.ToLower(runtime), "python")
	switch {
	case known && python && !given:
		l.error(s.at("inputs"), "handler", "a Python script needs the input Handler, the function to call")
	case known && !python && given:
		l.warn(s.at("inputs", "Handler"), "handler", "PowerShell takes no Handler")
	}
	if code, ok := s.Inputs["Script"].(string); ok && known && python && named && !strings.Contains(handler, ".") && !defines(code, handler) {
		l.warn(s.at("inputs", "Handler"), "handler", "the script defines no function %q", handler)
	}
	if name, ok := s.literal("Attachment"); ok && !slices.Contains(l.d.Files, name) {
		l.warn(s.at("inputs", "Attachment"), "attachment", "the document's files have no %q", name)
	}
	l.injections(s, s.at("inputs", "Script"), "InputPayload")
}

// defines says whether Python code binds a name: a function, an assignment, an import.
func defines(code, name string) bool {
	bound, err := regexp.Compile(`(?m)(^\s*(async\s+)?def\s+|^\s*|import\s.*)\b` + regexp.QuoteMeta(name) + `\b\s*(\(|=|,|$|\s)`)
	return err != nil || bound.MatchString(code)
}

// injections reports parameters that are put into the text of a program: who gives the value writes a part of it.
func (l *linter) injections(s *Step, at place, instead string) {
	at.texts(func(at place, code string) {
		for _, m := range referencePattern.FindAllStringSubmatchIndex(code, -1) {
			r := newReference(code, m)
			p, ok := l.d.Parameter(r.Name)
			if r.Kind != RefName || !ok || p.confined() {
				continue
			}
			here := at.inside(m[0])
			l.warn(here, "injection", "the value of %s becomes a part of the program, so whoever gives it can write code", r.Name)
			l.fix("Hand it over in " + instead + ", or confine it with allowedValues or allowedPattern.")
		}
	})
}

// confined says whether the values of a parameter are limited to what cannot end a text in a program and begin code.
func (p Parameter) confined() bool {
	if p.AllowedValues != nil || p.shape() == shapeInteger || p.shape() == shapeBoolean {
		return true
	}
	return harmless(p.AllowedPattern) || harmless(p.elementPattern())
}

// codeCharacters can leave a text in Python or PowerShell, or call something.
const codeCharacters = "'\"`\\\n\r()$;"

// harmless says whether a Java pattern allows none of the codeCharacters, whatever it matches.
func harmless(pattern string) bool {
	if pattern == "" {
		return false
	}
	j := &javaReader{in: []rune(pattern)}
	if _, err := j.alternatives(); err != nil || j.more() {
		return false
	}
	return !slices.ContainsFunc([]rune(codeCharacters), func(r rune) bool {
		return slices.ContainsFunc(j.all, func(set [2]rune) bool { return set[0] <= r && r <= set[1] })
	})
}
